"""What workers write for servers of other releases: records, job folders, model folders, schema."""

import hashlib
import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from harness.collections import add_scores, discard_first
from synthcur import demo
from synthcur.errors import InputError
from synthcur.jobs import job_queue
from synthcur.models.classifier import Classifier
from synthcur.review.decisions import EDIT, Decision
from synthcur.schema import Collection
from synthcur.settings import FitSettings, ScoreSettings, TrainSettings
from synthcur.store.artefacts import Artefacts
from synthcur.store.database import DATABASE, MIGRATIONS
from synthcur.store.records import Job
from synthcur.store.spool import Spool, read_spool
from synthcur.store.store import Store
from synthcur.training.learning_curve import LearningCurveSettings
from synthcur.training.trainer import Fit
from synthcur.worker import __main__ as worker
from synthcur.worker import pipeline
from synthcur.workspace import open_store

RECORDS = {
    "started": {"pid", "identity", "memory_kills", "log_bytes"},
    "phase": {"phase", "title", "done", "total", "eta_s"},
    "scored": {"checkers", "artefacts", "trust"},
    "recipe": {"found"},
    "run_started": {"arm", "seed", "steps"},
    "metric": {
        *("arm", "seed", "step", "epoch", "loss", "samples_per_s", "ess", "learned"),
        *("val_accuracy", "val_macro_f1", "val_log_loss"),
    },
    "epoch_done": {"arm", "seed", "dynamics"},
    "run_done": {
        *("arm", "seed", "accuracy", "macro_f1", "val_accuracy", "val_log_loss", "learned"),
        *("best_epoch", "predictions", "dynamics", "model", "seconds", "samples_per_s", "rows"),
    },
    "learning_run": {
        *("arm", "seed", "n_real", "accuracy", "macro_f1", "val_accuracy", "val_log_loss"),
        *("learned", "unfinished", "quality_accuracy", "predictions", "seconds", "rows"),
    },
    "done": set(),
    "failed": {"what", "fix"},
    "cancelled": set(),
}
"""Fields of every kind of record beside ``t`` and ``at``; some of a kind may be left out."""

SCRIPTS = (
    *("709ab31c5af9a77e", "b03dcf0780f514d3", "afa8549cb9a5b42e", "39ecad52978f151b"),
    *("59af4cad622cf498", "61a89e616e49e0b9", "716355b579c2e488", "8f00e605c2997e78"),
)
"""Digests of the scripts of the database that people's workspaces have seen, but for blanks; what
comes behind them is not released and may still change."""


def test_a_script_that_the_database_has_seen_is_never_changed():
    digests = [hashlib.sha256(" ".join(each.split()).encode()).hexdigest() for each in MIGRATIONS]
    assert tuple(each[:16] for each in digests[: len(SCRIPTS)]) == SCRIPTS


def test_the_database_has_the_name_it_had():
    assert DATABASE == "synthcur.sqlite3"


class Process:
    """Takes the place of a worker's process and remembers how it was called."""

    called: ClassVar[list[list[str]]] = []

    def __init__(self, command: list[str], **_: Any) -> None:
        self.called.append(command)
        self.pid = os.getpid()

    def wait(self) -> int:
        return 0


@pytest.fixture
def store(
    tmp_path: Path, small_collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Store]:
    """A workspace with a scored collection, some decisions and the demo."""
    monkeypatch.setattr(job_queue.subprocess, "Popen", Process)
    store = open_store(tmp_path / "workspace")
    store.add_collection(small_collection)
    add_scores(store, small_collection)
    discard_first(store, small_collection, 1)
    edit = Decision(sample_id=small_collection.synthetic_ids[1], action=EDIT, text="à la carte")
    store.decisions.append_batch("small", [replace(edit, annotator="Ana")], "tab", 9, expected=[0])
    demo.ensure(store)
    usual = signal.getsignal(signal.SIGTERM)
    yield store
    signal.signal(signal.SIGTERM, usual)
    store.close()


def records(job: Job) -> list[dict[str, Any]]:
    return read_spool(job.folder / "spool.jsonl", 0)[0]


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_job_is_handed_to_its_worker_as_it_was(store: Store, small_collection: Collection):
    job = job_queue.submit_train(store, "small", TrainSettings(arms=("imp",), seeds=1))
    assert Process.called[-1] == [sys.executable, "-m", "synthcur.worker", str(job.folder)]
    assert job.folder == store.workspace / "jobs" / job.id
    assert files(job.folder) == {"spec.json", "log.txt", "reserve"}
    spec = json.loads((job.folder / "spec.json").read_text("utf-8"))
    first, second = small_collection.synthetic_ids[:2]
    assert spec == {
        "job_id": job.id,
        "kind": "train",
        "collection": "small",
        "collection_fp": small_collection.fingerprint,
        "origin": small_collection.origin,
        "version": 1,
        "earlier": [
            {
                "collection_fp": small_collection.fingerprint,
                "scores": dict(store.scores("small")["probe"].artefacts),
            }
        ],
        "settings": TrainSettings(arms=("imp",), seeds=1).to_dict() | {"arms": ["imp"]},
        "scores": dict(store.scores("small")["probe"].artefacts),
        "decisions": [
            {"sample_id": first, "action": "discard", "label": None},
            {"sample_id": second, "action": "edit", "text": "à la carte"},
        ],
        "artefacts_root": str(store.workspace / "artefacts"),
    }


def test_a_worker_tells_what_it_told(
    store: Store, tiny_model: str, monkeypatch: pytest.MonkeyPatch
):
    fit = FitSettings(base_model=tiny_model, epochs=1, learning_rate=3e-3, batch_size=4)
    monkeypatch.setattr("synthcur.training.recipes.automatic_recipe", lambda *_, **__: fit)
    ended = []

    def work(job: Job) -> Job:
        worker.work(job.folder)
        store.ingest(job.id)
        ended.append(store.job(job.id))
        return ended[-1]

    work(job_queue.submit_score(store, demo.NAME, ScoreSettings()))
    settings = TrainSettings(arms=("imp",), seeds=1, fit=fit, recipe="automatic")
    trained = work(job_queue.submit_train(store, "small", settings))
    assert files(trained.folder) == {"spec.json", "log.txt", "spool.jsonl", "models"}
    curve = LearningCurveSettings(arms=("ce_real",), seeds=1, sizes=(6,), fit=fit)
    work(job_queue.submit_learning_curve(store, "small", curve))
    for error in (InputError("What?", fix="So."), worker.Cancelled()):
        with monkeypatch.context() as patch:
            patch.setattr(pipeline, "execute", raising(error))
            work(job_queue.submit_train(store, "small", TrainSettings(arms=("ce",))))
    assert [job.status for job in ended] == ["done", "done", "done", "failed", "cancelled"]
    fields: dict[str, set[str]] = {}
    for record in (each for job in ended for each in records(job)):
        fields.setdefault(record["t"], set()).update(record)
    assert {kind: found - {"t", "at"} for kind, found in fields.items()} == RECORDS
    metrics = [set(each) for each in records(trained) if each["t"] == "metric"]
    at = {"t", "at", "arm", "seed", "step", "epoch"}
    assert at | {"loss", "samples_per_s"} in metrics


def raising(error: BaseException) -> Callable[[Path], None]:
    def execute(folder: Path) -> None:
        raise error

    return execute


class Unsaved:
    """Takes the place of a model and of its tokenizer where one is written."""

    def save_pretrained(self, folder: Path) -> None:
        pass


def test_what_a_run_leaves_has_the_names_it_had(
    small_collection: Collection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    probs = np.arange(36, dtype=np.float32).reshape(12, 3) / 36
    own = np.arange(80, dtype=np.float16).reshape(2, 40) / 128
    checkpoints = []

    def fit(*_: Any, on_epoch: Any, checkpoint: Any, labels: tuple[str, ...], **__: Any) -> Fit:
        checkpoints.append(checkpoint.path)
        on_epoch(own[:1], -own[:1])
        on_epoch(own, -own)
        return Fit(
            classifier=Classifier(Unsaved(), Unsaved(), labels, 128),  # type: ignore[arg-type]
            best_epoch=2,
            val_accuracy=0.75,
            val_macro_f1=0.7,
            val_log_loss=0.5,
            learned=0.25,
            seconds=2.0,
            samples_per_s=90.0,
            own_probability=own,
            margin=-own,
        )

    monkeypatch.setattr("synthcur.training.trainer.fit", fit)
    monkeypatch.setattr("synthcur.models.classifier.predict_proba", lambda *_: probs)
    folder = tmp_path / "job0"
    folder.mkdir()
    artefacts, spool = Artefacts(tmp_path / "artefacts"), Spool(folder / "spool.jsonl")
    settings = TrainSettings(arms=("ce",), seeds=1)
    pipeline.train(small_collection, settings, {}, artefacts, spool, folder)
    (done,) = (each for each in read_spool(folder / "spool.jsonl", 0)[0] if each["t"] == "run_done")
    assert (done["predictions"], done["dynamics"]) == ("7c1cd07c800e0a6c", "f1446908e0c4b2f1")
    assert files(artefacts.root / done["predictions"]) == {
        *("labels.npy", "probs.npy", "val_labels.npy", "val_probs.npy", "meta.json")
    }
    assert files(artefacts.root / done["dynamics"]) == {
        *("own_probability.npy", "margin.npy", "meta.json")
    }
    assert files(artefacts.root) == {done["predictions"], done["dynamics"]}
    assert checkpoints == [folder / "checkpoint.safetensors"]
    assert done["model"] == "models/ce-0"
    assert json.loads((folder / done["model"] / "synthcur.json").read_text("utf-8")) == {
        "arm": "ce",
        "seed": 0,
        "val_accuracy": 0.75,
        "val_log_loss": 0.5,
        "collection": "small",
        "base_model": "bundled-minilm",
    }
