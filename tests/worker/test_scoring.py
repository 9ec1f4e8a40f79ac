"""Scoring jobs from their settings to their artefacts: what is computed, reused, refused."""

from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from synthcur.checkers.pool_coverage import real_rows_covered
from synthcur.errors import InputError
from synthcur.models import encoders
from synthcur.schema import REAL, Collection
from synthcur.settings import FitSettings, ScoreSettings
from synthcur.worker import pipeline
from tests.support.job_desk import Desk, arrays, desk, scored

__all__ = ["desk", "scored"]  # fixtures

SHAPES = {
    "embeddings": {"real": (24, 32), "synthetic": (40, 32)},
    "coordinates": {"real": (24, 2), "synthetic": (40, 2)},
    "neighbours": {
        "real_index": (40, 3),
        "real_cosine": (40, 3),
        "synthetic_index": (40, 2),
        "synthetic_cosine": (40, 2),
    },
    "quality": {
        "synthetic": (40, 3),
        "calibrated": (40, 3),
        "members": (5, 40, 3),
        "out_of_fold": (24, 3),
        "real": (24, 3),
    },
    "diversity": {
        "synthetic": (40, 3),
        "calibrated": (40, 3),
        "members": (0, 40, 3),
        "out_of_fold": (40, 3),
        "real": (24, 3),
    },
    "signals": {
        "label_quality": (40,),
        "is_likely_mislabelled": (40,),
        "duplicate_group": (40,),
        "uncertainty": (40,),
        "density_ratio": (40,),
    },
    "clusters": {"synthetic": (40,), "real": (24,), "centres": (6, 32)},
    "coverage": {"synthetic_index": (24, 20), "synthetic_cosine": (24, 20)},
}


def test_scoring_leaves_every_result_in_its_shape(scored: tuple[Desk, dict[str, str]]):
    desk, names = scored
    assert set(names) == set(SHAPES)
    for kind, shapes in SHAPES.items():
        found = arrays(desk, names[kind], shapes)
        assert {name: array.shape for name, array in found.items()} == shapes
        assert all(np.isfinite(array).all() for array in found.values())
    (record,) = desk.said("scored")
    assert record["artefacts"] == names
    assert record["checkers"] == "probe"
    assert record["trust"]["quality"]["n"] == 24
    assert record["trust"]["diversity"]["n"] == 40


def test_clusters_have_names_and_real_rows_their_nearest_synthetic_ones(
    scored: tuple[Desk, dict[str, str]],
):
    desk, names = scored
    terms = desk.artefacts.meta(names["clusters"])["terms"]
    assert len(terms) == 6
    assert any(terms)
    found = arrays(desk, names["clusters"], ("synthetic", "real"))
    assert set(found["synthetic"]) | set(found["real"]) == set(range(6))
    real, synthetic = (
        desk.artefacts.array(names["embeddings"], of) for of in ("real", "synthetic")
    )
    index = desk.artefacts.array(names["coverage"], "synthetic_index")
    np.testing.assert_array_equal(index[:, 0], (real @ synthetic.T).argmax(axis=1))


def test_a_scoring_notes_how_near_the_pool_is_to_the_real_rows(scored: tuple[Desk, dict[str, str]]):
    desk, names = scored
    noted = desk.artefacts.meta(names["signals"])
    real, synthetic = (
        desk.artefacts.array(names["embeddings"], of) for of in ("real", "synthetic")
    )
    assert noted["real_covered"] == asdict(real_rows_covered(real, synthetic))
    assert noted["real_vs_synthetic"]["n_positive"] == 24


def test_scoring_says_what_it_is_doing(scored: tuple[Desk, dict[str, str]]):
    phases = scored[0].said("phase")
    named = list(dict.fromkeys(record["phase"] for record in phases))
    assert named == [
        *("embed", "map", "neighbours", "quality", "diversity", "signals", "clusters", "coverage")
    ]
    embed = [record for record in phases if record["phase"] == "embed"]
    assert (embed[0]["done"], embed[-1]["done"], embed[-1]["total"]) == (0, 64, 64)
    assert embed[-1]["eta_s"] == 0


def test_what_exists_is_not_computed_again(
    scored: tuple[Desk, dict[str, str]],
    small_collection: Collection,
    monkeypatch: pytest.MonkeyPatch,
):
    desk, names = scored

    def refuse(*args: object, **options: object) -> None:
        raise AssertionError("computed again")

    monkeypatch.setattr(encoders, "encode", refuse)
    before = len(desk.said("phase"))
    again = pipeline.score(small_collection, ScoreSettings(), desk.artefacts, desk.spool)
    assert again == names
    assert len(desk.said("phase")) == before
    assert desk.said("scored")[-1]["trust"] == desk.said("scored")[0]["trust"]


def test_a_setting_of_one_stage_leaves_the_others_as_they_are(
    scored: tuple[Desk, dict[str, str]], small_collection: Collection
):
    desk, names = scored
    folds = pipeline.score(small_collection, ScoreSettings(folds=3), desk.artefacts, desk.spool)
    changed = {kind for kind in names if names[kind] != folds[kind]}
    assert changed == {"quality", "diversity", "signals"}


def test_validation_and_test_rows_change_no_score_of_a_probe(
    scored: tuple[Desk, dict[str, str]],
    small_collection: Collection,
    tiny_model: str,
    desk: Desk,
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(encoders, "model_folder", lambda base_model: Path(tiny_model))
    rows = small_collection.rows.copy()
    judges = (rows["split"] != "train").to_numpy()
    rows.loc[judges, "text"] = "something else altogether"
    other = replace(small_collection, rows=rows)
    names = pipeline.score(other, ScoreSettings(), desk.artefacts, desk.spool)
    for kind in ("embeddings", "quality", "diversity"):
        np.testing.assert_array_equal(
            desk.artefacts.array(names[kind], "synthetic"),
            scored[0].artefacts.array(scored[1][kind], "synthetic"),
        )


def test_rows_of_one_label_are_refused_before_any_model_is_loaded(
    small_collection: Collection, desk: Desk
):
    rows = small_collection.rows.copy()
    rows.loc[(rows["source"] == REAL) & (rows["split"] == "train"), "label"] = "pests"
    with pytest.raises(InputError, match="real training rows hold 1 of the 3 labels") as caught:
        pipeline.score(
            replace(small_collection, rows=rows), ScoreSettings(), desk.artefacts, desk.spool
        )
    assert "pests: 24" in caught.value.what
    assert desk.said() == []


def test_the_average_reads_through_what_both_kinds_have_said(
    scored: tuple[Desk, dict[str, str]], small_collection: Collection, tiny_model: str
):
    desk, names = scored
    both = ScoreSettings(
        checkers="average",
        fit=FitSettings(base_model=tiny_model, epochs=1, batch_size=8),
        finetune_folds=2,
        quality_steps=0,
    )
    found = pipeline.score(small_collection, both, desk.artefacts, desk.spool)
    tuned = pipeline.score(
        small_collection, replace(both, checkers="finetune"), desk.artefacts, desk.spool
    )
    for role in ("quality", "diversity"):
        means = [desk.artefacts.array(each[role], "synthetic") for each in (names, tuned)]
        mine = desk.artefacts.array(found[role], "synthetic")
        np.testing.assert_allclose(mine, np.mean(means, axis=0), atol=1e-6)
    assert desk.artefacts.array(found["quality"], "members").shape == (5 + 2, 40, 3)
    assert found["embeddings"] == names["embeddings"]


@pytest.mark.real
def test_fine_tuned_checkers_score_with_the_real_encoder(
    small_collection: Collection, tiny_model: str, desk: Desk
):
    recipe = FitSettings(base_model=tiny_model, epochs=1, batch_size=8)
    names = pipeline.score(
        small_collection,
        ScoreSettings(checkers="finetune", fit=recipe, finetune_folds=2, quality_steps=0),
        desk.artefacts,
        desk.spool,
    )
    assert desk.artefacts.array(names["embeddings"], "synthetic").shape == (40, 384)
    assert desk.artefacts.array(names["quality"], "synthetic").shape == (40, 3)
    assert desk.said("scored")[0]["trust"]["quality"]["how"] == "out of fold"
