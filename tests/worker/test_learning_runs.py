"""The runs of a learning curve: what each learns, keeps and tells."""

from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import strategies as st

from synthcur.errors import InputError, WorkerError
from synthcur.jobs.estimate import estimate_learning_curve
from synthcur.models import bundled, encoders
from synthcur.results.learning_curves import learning_results, learning_text, newest_job
from synthcur.review.decisions import DISCARD, Decision
from synthcur.schema import REAL, TEST, TRAIN, Collection
from synthcur.settings import FitSettings, TrainSettings
from synthcur.store.artefacts import Artefacts
from synthcur.store.spool import Spool, read_spool
from synthcur.store.store import Store
from synthcur.training import trainer
from synthcur.training.learning_curve import LearningCurveSettings, chosen_rows
from synthcur.worker import learning_runs, probe_arms

label_ids = st.lists(st.integers(0, 4), min_size=2, max_size=80).map(np.array)


@pytest.fixture
def as_encoder(tiny_model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Embed with the tiny model."""
    monkeypatch.setattr(bundled, "model_folder", lambda: Path(tiny_model))


def short(tiny_model: str, **changes: object) -> LearningCurveSettings:
    recipe = FitSettings(base_model=tiny_model, epochs=1, learning_rate=3e-3, batch_size=16)
    given = {"arms": ("ce", "ce_real", "imp"), "seeds": 1, "sizes": (6, 12), "fit": recipe}
    return LearningCurveSettings(**(given | changes))


class Bench:
    """A job folder, with what its spool says."""

    def __init__(self, folder: Path, artefacts: Path) -> None:
        folder.mkdir()
        self.folder, self.artefacts = folder, Artefacts(artefacts)
        self.spool = Spool(folder / "spool.jsonl")

    def learn(self, collection: Collection, settings: LearningCurveSettings, **more: object):
        learning_runs.learn(collection, settings, self.artefacts, self.spool, self.folder, **more)
        return self.said("learning_run")

    def said(self, kind: str) -> list[dict]:
        records, _ = read_spool(self.folder / "spool.jsonl", 0)
        return [record for record in records if record["t"] == kind]


@pytest.fixture
def benches(tmp_path: Path, as_encoder: None) -> Iterator[Bench]:
    """Jobs one after the other in one workspace."""
    return (Bench(tmp_path / f"job{i}", tmp_path / "artefacts") for i in range(9))


def test_a_curve_is_run_reported_and_never_run_again(
    benches: Iterator[Bench],
    small_collection: Collection,
    tiny_model: str,
    monkeypatch: pytest.MonkeyPatch,
):
    learned: list[tuple[int, int]] = []
    original = trainer.fit

    def watch(train, validation, **options):
        learned.append((len(train.labels), options["seed"]))
        return original(train, validation, **options)

    monkeypatch.setattr(trainer, "fit", watch)
    bench = next(benches)
    runs = bench.learn(small_collection, short(tiny_model))
    assert [(run["arm"], run["n_real"]) for run in runs] == [
        *[("ce", 0), ("ce_real", 6), ("imp", 6), ("ce_real", 12), ("imp", 12)]
    ]
    assert learned == [(40, 0), (6, 0), (40, 0), (12, 0), (40, 0)]
    test = small_collection.part(REAL, TEST)
    for run in runs:
        found = bench.artefacts.array(run["predictions"], "probs")
        assert found.shape == (len(test), 3)
        right = found.argmax(axis=1) == small_collection.label_ids(test)
        assert run["accuracy"] == pytest.approx(right.mean())
        assert (run["quality_accuracy"] is None) == (run["arm"] != "imp")
    phases = bench.said("phase")
    assert phases[-1]["done"] == phases[-1]["total"]
    assert {phase["phase"] for phase in phases} == {"learn"}
    kept = {path.name for path in bench.folder.iterdir()}
    assert kept == {"spool.jsonl"}, "checkers of a part are not kept"

    again = next(benches).learn(small_collection, short(tiny_model, sizes=(6, 12, 24)))
    assert learned[5:] == [(24, 0), (40, 0)], "only the new size is trained"
    assert [{**run, "at": 0} for run in again[:5]] == [{**run, "at": 0} for run in runs]
    decided = [Decision(sample_id=small_collection.synthetic["sample_id"][0], action=DISCARD)]
    next(benches).learn(small_collection, short(tiny_model), decisions=decided)
    assert [rows for rows, _ in learned[7:]] == [39, 6, 39, 12, 39]


def test_probes_learn_the_chosen_rows_and_are_kept_whatever_the_recipe(
    benches: Iterator[Bench],
    small_collection: Collection,
    tiny_model: str,
    monkeypatch: pytest.MonkeyPatch,
):
    fitted: list[int] = []
    original = probe_arms.fit

    def watch(rows, *args, **options):
        fitted.append(len(rows.labels))
        return original(rows, *args, **options)

    monkeypatch.setattr(probe_arms, "fit", watch)
    bench, arms = next(benches), ("probe_real", "probe_both")
    runs = bench.learn(small_collection, short(tiny_model, arms=arms))
    assert fitted == [6, 46, 12, 52]
    assert [(run["arm"], run["n_real"]) for run in runs] == [
        (arm, size) for size in (6, 12) for arm in arms
    ]
    for run in runs:
        assert bench.artefacts.array(run["predictions"], "probs").shape == (12, 3)
        assert run["learned"] is None
        assert run["val_log_loss"] > 0
    phases = bench.said("phase")
    assert phases[-1]["done"] == phases[-1]["total"] == 4
    longer = short(tiny_model, arms=arms, fit=FitSettings(base_model=tiny_model, epochs=3))
    next(benches).learn(small_collection, longer)
    assert len(fitted) == 4


def test_checkers_learn_from_the_chosen_rows_alone(
    benches: Iterator[Bench],
    small_collection: Collection,
    tiny_model: str,
    monkeypatch: pytest.MonkeyPatch,
):
    asked: list[Collection] = []
    pools = []
    check, read_pool = learning_runs.check, learning_runs.read_pool

    def watch(collection, *args):
        asked.append(collection)
        return check(collection, *args)

    def keep(*args):
        pools.append(read_pool(*args))
        return pools[-1]

    monkeypatch.setattr(learning_runs, "check", watch)
    monkeypatch.setattr(learning_runs, "read_pool", keep)
    bench = next(benches)
    bench.learn(small_collection, short(tiny_model, arms=("imp",), sizes=(6,)))
    (part,) = asked
    chosen = chosen_rows(small_collection, 6, seed=0)
    expected = small_collection.real_train["sample_id"][chosen]
    assert part.real_train["sample_id"].tolist() == expected.tolist()
    texts = encoders.encode(part.real_train)
    np.testing.assert_allclose(pools[0].embeddings[1], texts, atol=0.03)  # bfloat16
    assert bench.said("scored") == [], "a part's scores are not the collection's"


def test_a_label_without_rows_is_refused_before_any_run(
    benches: Iterator[Bench], small_collection: Collection, tiny_model: str
):
    rows = small_collection.rows
    gone = (rows["source"] == REAL) & (rows["split"] == TRAIN) & (rows["label"] == "pests")
    bare = replace(
        small_collection,
        rows=rows[~gone].reset_index(drop=True),
        provenance=small_collection.provenance[~gone].reset_index(drop=True),
    )
    bench = next(benches)
    with pytest.raises(InputError, match="'ce_real' hold 2 of the 3 labels"):
        bench.learn(bare, short(tiny_model))
    assert bench.said("learning_run") == []


def test_a_run_that_has_to_stop_is_named_and_the_finished_ones_are_kept(
    benches: Iterator[Bench],
    small_collection: Collection,
    tiny_model: str,
    monkeypatch: pytest.MonkeyPatch,
):
    original = trainer.fit

    def refuse(train, *args, **options):
        if len(train.labels) == 6:
            raise WorkerError("The loss is no longer a number.", fix="Clip the weights.")
        return original(train, *args, **options)

    monkeypatch.setattr(trainer, "fit", refuse)
    bench = next(benches)
    with pytest.raises(WorkerError, match=r"Arm ce_real, seed 0, 6 real rows: The loss"):
        bench.learn(small_collection, short(tiny_model, arms=("ce", "ce_real")))
    assert [run["arm"] for run in bench.said("learning_run")] == ["ce"]


def test_what_a_worker_says_stands_in_the_store_once(fill, small_collection: Collection):
    store: Store = fill(small_collection)
    settings = LearningCurveSettings(arms=("ce_real", "ce"), seeds=1, sizes=(6, 24))
    assert newest_job(store, "small") is None
    job = add_curve(store, small_collection, settings, {("ce", 0): 0.5, ("ce_real", 6): 0.75})
    store.ingest(job.id)
    found = learning_results(store, store.job(job.id))
    assert (found.runs_finished, found.runs_planned) == (2, 3)
    assert found.test_rows == 12
    assert found.summary is not None
    assert [arm.arm for arm in found.summary.arms] == ["ce_real", "ce"]
    text = learning_text(found)
    assert "2 of 3 runs finished" in text
    assert "ce_real  75.0 [" in text
    assert store.events("small")[0][1] == f"Learning curve {job.number} finished"


def add_curve(
    store: Store,
    collection: Collection,
    settings: LearningCurveSettings,
    accuracy: dict[tuple[str, int], float],
    *,
    end: str = "done",
):
    """Store a learning curve with invented predictions of these accuracies."""
    job = store.add_job("learning_curve", collection.name, settings=asdict(settings), scores={})
    job.folder.mkdir(parents=True)
    labels = collection.label_ids(collection.part(REAL, TEST))
    spool = Spool(job.folder / "spool.jsonl")
    spool.append("started", pid=1, identity="test")
    for number, ((arm, n_real), share) in enumerate(accuracy.items()):
        for seed in range(settings.seeds):
            right = np.arange(len(labels)) < round(share * len(labels))
            said = np.where(right, labels, (labels + 1) % len(collection.labels))
            name = f"{number:08x}{seed:08x}"
            store.artefacts.write(
                name, arrays={"probs": np.eye(len(collection.labels))[said], "labels": labels}
            )
            figures = {"accuracy": share, "macro_f1": share, "val_accuracy": share}
            where = {"arm": arm, "n_real": n_real, "seed": seed}
            more = {"quality_accuracy": None, "seconds": 1.0, "rows": 40, "predictions": name}
            spool.append("learning_run", **where, **figures, **more)
    if end:
        spool.append(end)
    spool.close()
    store.ingest(job.id)
    return store.job(job.id)


def test_the_time_of_a_curve_counts_plain_synthetic_training_once(fill, small_collection):
    store: Store = fill(small_collection)
    job = store.add_job("train", "small", settings=asdict(TrainSettings()), scores={})
    job.folder.mkdir(parents=True)
    spool = Spool(job.folder / "spool.jsonl")
    spool.append("run_started", arm="ce", seed=0, steps=20)
    spool.append("run_done", arm="ce", seed=0, seconds=10, rows=100)  # 5 epochs: 0.02 s a row
    spool.close()
    store.ingest(job.id)
    settings = LearningCurveSettings(arms=("ce", "ce_real", "ce_both"), seeds=2, sizes=(4, 50))
    found = estimate_learning_curve(store, settings, {"synthetic": 100, "validation": 30})
    # Real rows alone take 150 steps where the pool takes 20: 150 passes of 4 rows, 75 of 50, and
    # every fifth and every third is judged on 30 validation rows for the time of 10.
    read = 500 + (150 * 4 + 30 * 10 + 520) + (75 * 50 + 25 * 10 + 750)
    assert found.seconds == pytest.approx(0.02 * read * 2)
    assert (found.n_runs, found.measured_on) == (2 * (1 + 2 + 2), job.number)
