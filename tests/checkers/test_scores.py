"""What scoring computes, without a folder and with nobody to hear of it."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from synthcur.checkers import scores
from synthcur.models import encoders
from synthcur.schema import Collection
from synthcur.settings import FitSettings, ScoreSettings
from synthcur.worker import pipeline
from synthcur.worker.scoring import check, read_checked
from tests.support.job_desk import Desk, desk, scored

__all__ = ["desk", "scored"]  # fixtures


@pytest.fixture
def vectors(scored: tuple[Desk, dict[str, str]]) -> dict[str, np.ndarray]:
    """Embeddings of the real training rows and of the synthetic rows."""
    desk, names = scored
    name = names["embeddings"]
    return desk.artefacts.array(name, "real"), desk.artefacts.array(name, "synthetic")


def require_kept(desk: Desk, name: str, arrays: Mapping[str, np.ndarray]) -> None:
    for each, value in arrays.items():
        kept = desk.artefacts.array(name, each)
        np.testing.assert_array_equal(value, kept, err_msg=each)
        assert value.dtype == kept.dtype, each


def test_arrays_are_those_that_a_scoring_keeps(
    scored: tuple[Desk, dict[str, str]],
    vectors: tuple[np.ndarray, np.ndarray],
    small_collection: Collection,
    tiny_model: str,
    monkeypatch: pytest.MonkeyPatch,
):
    desk, names = scored
    monkeypatch.setattr(encoders, "model_folder", lambda base_model: Path(tiny_model))
    quality = read_checked(desk.artefacts, names["quality"])
    computed = {
        "embeddings": scores.compute_embeddings(small_collection),
        "coordinates": scores.compute_coordinates(*vectors),
        "neighbours": scores.compute_neighbours(*vectors),
        "signals": scores.compute_signals(*vectors, small_collection.synthetic_labels, quality),
        "clusters": scores.compute_clusters(small_collection, *vectors),
        "coverage": scores.compute_coverage(*vectors),
    }
    for stage, each in computed.items():
        require_kept(desk, names[stage], each.arrays)
        assert dict(each.meta) == desk.artefacts.meta(names[stage])


@pytest.mark.parametrize("role", ["quality", "diversity"])
def test_a_checker_of_both_kinds_is_the_average_that_a_scoring_keeps(
    role: str,
    vectors: tuple[np.ndarray, np.ndarray],
    small_collection: Collection,
    tiny_model: str,
    desk: Desk,
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(encoders, "model_folder", lambda base_model: Path(tiny_model))
    fit = FitSettings(base_model=tiny_model, epochs=1)
    settings = ScoreSettings(checkers="average", fit=fit, finetune_folds=2, quality_steps=3)
    names = check(small_collection, settings, desk.artefacts)
    told: list[tuple[int, int]] = []
    found = scores.compute_checker(
        role, small_collection, *vectors, settings, lambda done, total: told.append((done, total))
    )
    kept = read_checked(desk.artefacts, names[role])
    require_kept(desk, names[role], {each: getattr(found, each) for each in ("real", "calibrated")})
    assert found.trust == kept.trust
    assert sum(done == total for done, total in told) == 2, "each kind is told to its end"
    assert desk.said() == [], "nobody hears of a check without a spool"


def test_what_takes_no_time_is_no_phase(
    scored: tuple[Desk, dict[str, str]],
    small_collection: Collection,
    tiny_model: str,
    desk: Desk,
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(encoders, "model_folder", lambda base_model: Path(tiny_model))
    fit = FitSettings(base_model=tiny_model, epochs=1)
    settings = ScoreSettings(checkers="average", fit=fit, finetune_folds=2, quality_steps=3)
    pipeline.score(small_collection, settings, desk.artefacts, desk.spool)
    begun = [each["phase"] for each in desk.said("phase") if each["done"] == 0]
    assert begun == [
        *("embed", "map", "neighbours", "quality", "quality", "diversity", "diversity"),
        *("signals", "clusters", "coverage"),
    ]
