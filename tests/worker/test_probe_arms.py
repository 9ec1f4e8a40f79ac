"""Arms that are probes: what they read and learn, what they report, which model they leave."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from synthcur.arms import ARMS, FLOOR, OFFERED
from synthcur.models import bundled, encoders
from synthcur.review.decisions import DISCARD, EDIT, RELABEL, Decision
from synthcur.schema import TEST, VALIDATION, Collection
from synthcur.settings import FitSettings, TrainSettings
from synthcur.stats.calibration import calibrated_losses
from synthcur.training.pools import judging_rows, make_pool
from synthcur.training.training_sets import rows_of
from synthcur.worker import pipeline, probe_arms
from synthcur.worker.probe_arms import read_vectors
from tests.support.job_desk import Desk, desk

__all__ = ["desk"]  # a fixture


@pytest.fixture(autouse=True)
def reads(tiny_model: str, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Embed with the tiny model; return the texts that were read, one list per call."""
    seen: list[list[str]] = []
    original = encoders.encode

    def encode(rows: pd.DataFrame, **options: Any) -> np.ndarray:
        seen.append(rows["text"].tolist())
        return original(rows, **options)

    monkeypatch.setattr(bundled, "model_folder", lambda: Path(tiny_model))
    monkeypatch.setattr(encoders, "encode", encode)
    return seen


def settings(tiny_model: str, **changes: Any) -> TrainSettings:
    recipe = FitSettings(base_model=tiny_model, epochs=2, learning_rate=3e-3, batch_size=8)
    return TrainSettings(**({"arms": FLOOR, "seeds": 2, "fit": recipe} | changes))


def train(collection: Collection, settings: TrainSettings, desk: Desk, **options: Any) -> None:
    artefacts, spool = desk.artefacts, desk.spool
    pipeline.train(collection, settings, {}, artefacts, spool, desk.folder, **options)


def test_the_default_comparison_holds_the_floor():
    assert FLOOR == ("probe_real", "probe_both")
    assert set(FLOOR) < set(OFFERED)
    assert not any(ARMS[arm].needs_scores for arm in FLOOR)


def test_a_probe_reports_its_figures_and_no_epoch(
    small_collection: Collection, tiny_model: str, desk: Desk
):
    train(small_collection, settings(tiny_model), desk)
    judges = {each: judging_rows(small_collection, each) for each in (VALIDATION, TEST)}
    done = desk.said("run_done")
    assert [(each["arm"], each["seed"]) for each in done] == [
        (arm, seed) for seed in (0, 1) for arm in FLOOR
    ]
    assert {each["arm"]: each["rows"] for each in done} == {"probe_real": 24, "probe_both": 64}
    for each in done:
        name = each["predictions"]
        probs = desk.artefacts.array(name, "probs")
        said = desk.artefacts.array(name, "val_probs")
        labels = judges[VALIDATION].labels
        np.testing.assert_array_equal(desk.artefacts.array(name, "val_labels"), labels)
        assert each["accuracy"] == (probs.argmax(axis=1) == judges[TEST].labels).mean()
        assert each["val_accuracy"] == (said.argmax(axis=1) == labels).mean()
        losses = calibrated_losses(said, labels)
        assert each["val_log_loss"] == pytest.approx(losses.mean(), rel=1e-4)
        assert not {"best_epoch", "dynamics", "learned", "samples_per_s"} & set(each)
    assert not desk.said("metric")
    assert all(each.get("steps") is None for each in desk.said("run_started"))


def test_probes_come_first_and_count_as_one_step(
    small_collection: Collection, tiny_model: str, desk: Desk
):
    train(small_collection, settings(tiny_model, arms=("ce", "probe_both"), seeds=1), desk)
    assert [each["arm"] for each in desk.said("run_done")] == ["probe_both", "ce"]
    phases = [each for each in desk.said("phase") if each["phase"] == "train"]
    assert phases[-1]["done"] == phases[-1]["total"] == 1 + 2 * 5


def test_texts_are_read_once_for_all_seeds_and_jobs(
    small_collection: Collection,
    tiny_model: str,
    desk: Desk,
    reads: list[list[str]],
    tmp_path: Path,
):
    train(small_collection, settings(tiny_model), desk)
    assert sorted(map(len, reads)) == [12, 12, 64]
    other = Desk(tmp_path / "other")
    other.artefacts = desk.artefacts
    train(small_collection, settings(tiny_model, seeds=1), other)
    assert len(reads) == 3
    first, again = (
        {r["arm"]: r["predictions"] for r in each.said("run_done") if not r["seed"]}
        for each in (desk, other)
    )
    assert first == again


def test_decisions_change_what_a_probe_learns_and_an_edited_text_is_read_anew(
    small_collection: Collection, desk: Desk, reads: list[list[str]]
):
    ids = small_collection.synthetic["sample_id"]
    label = small_collection.labels[2]
    decisions = [
        Decision(sample_id=ids[0], action=EDIT, text="the parcel came late", seq=1),
        Decision(sample_id=ids[1], action=DISCARD, seq=2),
        Decision(sample_id=ids[2], action=RELABEL, label=label, seq=3),
    ]
    judges = {each: judging_rows(small_collection, each) for each in (VALIDATION, TEST)}
    pool = make_pool(small_collection, decisions)
    vectors = read_vectors(small_collection, pool, judges, desk.artefacts, desk.spool)
    assert ["the parcel came late"] in reads
    rows = rows_of(ARMS["probe_both"], pool)
    assert len(rows.labels) == 63
    assert rows.labels[1] == 2
    now = pd.DataFrame({"text": rows.rows["text"], "text_pair": None})
    # In bfloat16, which some processors compute in, a row is a little different beside others.
    np.testing.assert_allclose(vectors.of(rows.rows), encoders.encode(now), atol=5e-3)
    before = encoders.encode(small_collection.synthetic.head(1))
    assert np.abs(vectors.of(rows.rows)[:1] - before).max() > 5e-2


def test_the_regularisation_is_chosen_on_the_real_rows(
    small_collection: Collection, desk: Desk, monkeypatch: pytest.MonkeyPatch
):
    asked: dict[str, Any] = {}

    def choose(embeddings: np.ndarray, labels: np.ndarray, n_labels: int, **options: Any) -> float:
        asked.update(options, labels=labels)
        return 10.0

    monkeypatch.setattr(probe_arms, "choose_c", choose)
    judges = {each: judging_rows(small_collection, each) for each in (VALIDATION, TEST)}
    pool = make_pool(small_collection, [])
    vectors = read_vectors(small_collection, pool, judges, desk.artefacts, desk.spool)
    fitted = probe_arms.fit(rows_of(ARMS["probe_both"], pool), vectors, n_labels=3, seed=0)
    np.testing.assert_array_equal(asked["labels"], small_collection.real_train_labels)
    np.testing.assert_array_equal(asked["beside"][1], small_collection.synthetic_labels)
    assert (fitted.c, fitted.validation.shape, fitted.test.shape) == (10.0, (12, 3), (12, 3))


def test_pairs_are_read_as_pairs(pair_collection: Collection, tiny_model: str, desk: Desk):
    train(pair_collection, settings(tiny_model, seeds=1), desk)
    assert len(desk.said("run_done")) == 2


def test_of_a_probe_the_model_of_the_best_seed_is_kept_with_its_encoder(
    small_collection: Collection, tiny_model: str, desk: Desk
):
    train(small_collection, settings(tiny_model), desk)
    folders = sorted(path.name for path in (desk.folder / "models").iterdir())
    assert [name.rpartition("-")[0] for name in folders] == ["probe_both", "probe_real"]
    folder = desk.folder / "models" / folders[0]
    modules = json.loads((folder / "modules.json").read_text())
    kinds = [each["type"].rpartition(".")[2] for each in modules]
    assert kinds == ["Transformer", "Pooling", "Normalize", "Dense"]
    assert all((folder / each["path"]).is_dir() for each in modules)
    note = json.loads((folder / "synthcur.json").read_text())
    assert (note["arm"], note["labels"]) == ("probe_both", list(small_collection.labels))
    assert note["c"] in probe_arms.GRID
    tokenizer = json.loads((folder / "tokenizer_config.json").read_text())
    assert tokenizer["model_max_length"] == 64, "what the encoder reads of a text"


def test_a_job_that_goes_on_fits_no_probe_twice(
    small_collection: Collection, tiny_model: str, desk: Desk
):
    train(small_collection, settings(tiny_model, seeds=1), desk)
    train(small_collection, settings(tiny_model, seeds=2), desk)
    done = [(each["arm"], each["seed"]) for each in desk.said("run_done")]
    assert done == [(arm, seed) for seed in (0, 1) for arm in FLOOR]


def test_a_label_without_real_rows_refuses_the_probe_of_real_rows(
    small_collection: Collection, tiny_model: str, desk: Desk
):
    rows = small_collection.rows
    gone = (rows["source"] == "real") & (rows["split"] == "train") & (rows["label"] == "pests")
    bare = replace(
        small_collection,
        rows=rows[~gone].reset_index(drop=True),
        provenance=small_collection.provenance[~gone].reset_index(drop=True),
    )
    with pytest.raises(Exception, match="'probe_real' hold 2 of the 3 labels"):
        train(bare, settings(tiny_model), desk)
    train(bare, settings(tiny_model, arms=("probe_both",), seeds=1), desk)
    assert len(desk.said("run_done")) == 1
