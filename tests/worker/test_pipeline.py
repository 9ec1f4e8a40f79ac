"""Jobs from their spec to their spool: what is trained, what is kept, what is refused."""

import json
from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from transformers import AutoModelForSequenceClassification

from synthcur.errors import InputError, WorkerError
from synthcur.review.decisions import DISCARD, RELABEL, Decision
from synthcur.schema import REAL, Collection
from synthcur.settings import FitSettings, TrainSettings
from synthcur.store.job_kinds import JobKind
from synthcur.store.spool import Spool
from synthcur.training import trainer
from synthcur.worker import pipeline
from synthcur.worker.progress import Progress
from tests.support.job_desk import Desk, arrays, desk, scored

__all__ = ["desk", "scored"]  # fixtures


def settings(tiny_model: str, **changes: Any) -> TrainSettings:
    recipe = FitSettings(base_model=tiny_model, epochs=2, learning_rate=3e-3, batch_size=8)
    return TrainSettings(**({"arms": ("ce", "imp", "dimp"), "seeds": 2, "fit": recipe} | changes))


@pytest.fixture(scope="module")
def trained(
    scored: tuple[Desk, dict[str, str]],
    small_collection: Collection,
    tiny_model: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Desk:
    desk = Desk(tmp_path_factory.mktemp("trained"))
    pipeline.train(
        small_collection,
        settings(tiny_model),
        scored[1],
        scored[0].artefacts,
        desk.spool,
        desk.folder,
    )
    return desk


def test_all_arms_of_a_seed_run_before_the_next_seed(trained: Desk):
    order = [(record["arm"], record["seed"]) for record in trained.said("run_started")]
    assert order == [(arm, seed) for seed in (0, 1) for arm in ("ce", "imp", "dimp")]
    assert order == [(record["arm"], record["seed"]) for record in trained.said("run_done")]


def test_a_finished_run_reports_its_figures_and_its_predictions(
    trained: Desk, scored: tuple[Desk, dict[str, str]], small_collection: Collection
):
    test = small_collection.part(REAL, "test")
    for record in trained.said("run_done"):
        found = arrays(scored[0], record["predictions"], ("probs", "labels"))
        assert found["probs"].shape == (len(test), 3)
        assert found["probs"].dtype == np.float32
        np.testing.assert_array_equal(found["labels"], small_collection.label_ids(test))
        right = (found["probs"].argmax(axis=1) == found["labels"]).mean()
        assert record["accuracy"] == pytest.approx(right)
        dynamics = scored[0].artefacts.array(record["dynamics"], "margin")
        assert dynamics.shape == (2, 40)
        first, last = (
            each["dynamics"]
            for each in trained.said("epoch_done")
            if (each["arm"], each["seed"]) == (record["arm"], record["seed"])
        )
        assert last == record["dynamics"]
        assert not scored[0].artefacts.has(first), "only the whole history stays"
        assert record["rows"] == 40
        assert record["best_epoch"] in (1, 2)
        assert record["seconds"] > 0
        assert record["samples_per_s"] > 0


def test_the_curve_of_a_run_stands_in_the_spool(trained: Desk):
    metrics = [r for r in trained.said("metric") if (r["arm"], r["seed"]) == ("dimp", 1)]
    assert [r["step"] for r in metrics if "loss" in r] == [10]
    assert [r["epoch"] for r in metrics if "val_accuracy" in r] == [1, 2]
    phases = [r for r in trained.said("phase") if r["phase"] == "train"]
    assert phases[-1]["done"] == phases[-1]["total"] == 6 * 10
    assert "seed 2 of 2" in phases[-1]["title"]


def test_of_every_arm_the_model_of_the_best_seed_is_kept(trained: Desk):
    done = trained.said("run_done")
    for arm in ("ce", "imp", "dimp"):
        runs = [record for record in done if record["arm"] == arm]
        keeper = min(runs, key=lambda record: (record["val_log_loss"], record["seed"]))
        assert keeper["model"] == f"models/{arm}-{keeper['seed']}"
        folder = trained.folder / keeper["model"]
        assert json.loads((folder / "synthcur.json").read_text())["seed"] == keeper["seed"]
        assert AutoModelForSequenceClassification.from_pretrained(folder).config.num_labels == 3
    kept = {record["model"] for record in done if record["model"]}
    folders = {f"models/{path.name}" for path in (trained.folder / "models").iterdir()}
    assert len(folders) == 3, "one model an arm"
    assert folders <= kept


def test_the_same_job_gives_the_same_figures(
    trained: Desk,
    scored: tuple[Desk, dict[str, str]],
    small_collection: Collection,
    tiny_model: str,
    desk: Desk,
):
    one = settings(tiny_model, seeds=1)
    pipeline.train(small_collection, one, scored[1], scored[0].artefacts, desk.spool, desk.folder)
    again = {record["arm"]: record["predictions"] for record in desk.said("run_done")}
    before = {r["arm"]: r["predictions"] for r in trained.said("run_done") if r["seed"] == 0}
    assert again == before


def test_decisions_change_what_is_trained_on(
    scored: tuple[Desk, dict[str, str]],
    small_collection: Collection,
    tiny_model: str,
    desk: Desk,
    monkeypatch: pytest.MonkeyPatch,
):
    ids = small_collection.synthetic["sample_id"]
    first = small_collection.label_ids(small_collection.synthetic)[0]
    label = small_collection.labels[(first + 1) % 3]
    seen = []
    original = trainer.fit

    def watch(train: Any, *args: Any, **options: Any) -> Any:
        seen.append(train)
        return original(train, *args, **options)

    monkeypatch.setattr(trainer, "fit", watch)
    pipeline.train(
        small_collection,
        settings(tiny_model, arms=("p_only",), seeds=1),
        scored[1],
        scored[0].artefacts,
        desk.spool,
        desk.folder,
        decisions=[
            Decision(sample_id=ids[0], action=RELABEL, label=label, seq=1),
            Decision(sample_id=ids[3], action=DISCARD, seq=2),
        ],
    )
    quality = scored[0].artefacts.array(scored[1]["quality"], "synthetic")
    assert len(seen[0].labels) == 39
    assert seen[0].labels[0] == (first + 1) % 3
    assert seen[0].factor[0] == pytest.approx(quality[0, (first + 1) % 3])
    assert desk.said("run_done")[0]["rows"] == 39


def test_an_untrainable_arm_stops_the_job_before_any_run(
    small_collection: Collection, tiny_model: str, desk: Desk
):
    rows = small_collection.rows
    gone = (rows["source"] == REAL) & (rows["split"] == "train") & (rows["label"] == "pests")
    bare = replace(
        small_collection,
        rows=rows[~gone].reset_index(drop=True),
        provenance=small_collection.provenance[~gone].reset_index(drop=True),
    )
    with pytest.raises(InputError, match=r"'ce_real' hold 2 of the 3 labels \(.*pests: 0"):
        pipeline.train(
            bare,
            settings(tiny_model, arms=("ce", "ce_real")),
            {},
            desk.artefacts,
            desk.spool,
            desk.folder,
        )
    assert desk.said("run_started") == []


def test_a_run_that_has_to_stop_is_named(
    small_collection: Collection, tiny_model: str, desk: Desk, monkeypatch: pytest.MonkeyPatch
):
    def refuse(*args: object, **options: object) -> None:
        raise WorkerError("The loss is no longer a number.", fix="Clip the weights.")

    monkeypatch.setattr(trainer, "fit", refuse)
    arms = settings(tiny_model, arms=("ce",))
    with pytest.raises(WorkerError, match=r"Arm ce, seed 0: The loss .* Clip the weights"):
        pipeline.train(small_collection, arms, {}, desk.artefacts, desk.spool, desk.folder)


def write_spec(desk: Desk, collection: Collection, **spec: Any) -> None:
    fixed = {
        "job_id": "test",
        "collection": collection.name,
        "collection_fp": desk.artefacts.write_collection(collection),
        "artefacts_root": str(desk.artefacts.root),
        "decisions": [],
        "scores": {},
    }
    (desk.folder / "spec.json").write_text(json.dumps(fixed | spec))


def test_a_worker_does_what_the_spec_says(
    small_collection: Collection, tiny_model: str, desk: Desk
):
    ids = small_collection.synthetic["sample_id"]
    write_spec(
        desk,
        small_collection,
        kind="train",
        settings=settings(tiny_model, arms=("ce",), seeds=1).to_dict(),
        decisions=[{"sample_id": ids[0], "action": "discard", "label": None}],
    )
    pipeline.execute(desk.folder)
    (done,) = desk.said("run_done")
    assert done["rows"] == 39
    assert desk.said()[0]["phase"] == "start"
    assert Counter(record["t"] for record in desk.said())["run_started"] == 1


def test_a_worker_knows_what_to_do_for_each_kind_of_job():
    assert set(pipeline.RUNNERS) == set(JobKind)


def test_being_asked_to_stop_passes_through_and_keeps_finished_runs(
    small_collection: Collection, tiny_model: str, desk: Desk, monkeypatch: pytest.MonkeyPatch
):
    class Stop(BaseException):
        pass

    class Impatient(Spool):
        def append(self, t: str, **fields: Any) -> None:
            super().append(t, **fields)
            if t == "metric" and fields["seed"] == 1:
                raise Stop

    spool = Impatient(desk.folder / "spool.jsonl")
    with pytest.raises(Stop):
        pipeline.train(
            small_collection,
            settings(tiny_model, arms=("ce",)),
            {},
            desk.artefacts,
            spool,
            desk.folder,
        )
    assert [record["seed"] for record in desk.said("run_done")] == [0]
    assert [path.name for path in (desk.folder / "models").iterdir()] == ["ce-0"]


def test_progress_tells_first_and_last_and_little_between(desk: Desk):
    progress = Progress(desk.spool, "embed", "Reading the texts", total=1000)
    for done in range(1, 1001):
        progress(done)
    told = [record["done"] for record in desk.said("phase")]
    assert told[0] == 0
    assert told[-1] == 1000
    assert len(told) < 10
