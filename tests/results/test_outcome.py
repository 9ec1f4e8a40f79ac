"""What ``results`` and ``learning-curve`` answer, down to the last key: other programs read it."""

import json
from dataclasses import asdict
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest

from synthcur.__main__ import main
from synthcur.jobs import job_queue
from synthcur.store.spool import Spool
from synthcur.training.learning_curve import LearningCurveSettings
from tests.results.test_comparison import ALL_RIGHT, FOUR_WRONG, IMP, TRUE, add_runs
from tests.results.test_comparison_learning import DONE, ONE_LABEL, SLOW

ANSWER = Path(__file__).parent / "answer.json"
LEARNING_ANSWER = Path(__file__).parent / "learning_answer.json"
"""What they printed when their results were still dictionaries."""


@pytest.fixture
def every_case(fill, small_collection, monkeypatch):
    """A job with an arm of each kind: better, no evidence, idle, still learning, below a probe."""
    monkeypatch.setattr("synthcur.store.store.uuid.uuid4", lambda: UUID(int=7 << 96))
    store = fill(small_collection)
    predicted = {
        "ce": FOUR_WRONG,
        "imp": ALL_RIGHT,
        "dimp": ALL_RIGHT[:1],
        "p_only": ONE_LABEL,
        "probe_both": IMP,
    }
    learned = {**DONE, "macro_f1": 0.65, "best_epoch": 2, "seconds": 1.5, "samples_per_s": 80.0}
    told = {"ce": {**learned, "val_log_loss": 0.9, "model": "models/ce-0"}, "dimp": SLOW}
    validation = {"ce": 0.5, "probe_both": 0.95}
    add_runs(store, small_collection, predicted, steps=200, told=told, validation=validation)
    return store


def test_the_answer_has_the_keys_and_values_it_had(every_case, capsys):
    assert main(["results", "small", "--json", f"--workspace={every_case.workspace}"]) == 0
    assert as_read(capsys.readouterr().out) == as_read(ANSWER.read_text("utf-8"))


def as_read(answer):
    """Write an answer anew with shorter numbers; as text, for the order of keys belongs to it."""
    return json.dumps(json.loads(answer, parse_float=lambda text: round(float(text), 9)), indent=1)


RUNS = {
    ("ce", 0): ALL_RIGHT,
    ("ce_real", 6): ONE_LABEL,
    ("ce_real", 12): FOUR_WRONG,
    ("ce_real", 24): FOUR_WRONG,
    ("imp", 6): ALL_RIGHT,
    ("imp", 12): IMP,
    ("imp", 24): ALL_RIGHT,
}


@pytest.fixture
def curve(fill, small_collection, monkeypatch):
    """A learning curve with a size of each kind: better, no evidence, no verdict."""
    monkeypatch.setattr("synthcur.store.store.uuid.uuid4", lambda: UUID(int=7 << 96))
    store = fill(small_collection)
    settings = LearningCurveSettings(arms=("ce_real", "ce", "imp"), seeds=2, sizes=(6, 12, 24))
    job = store.add_job("learning_curve", "small", settings=asdict(settings), scores={})
    monkeypatch.setattr(job_queue, "submit_learning_curve", lambda *_: job)
    monkeypatch.setattr(job_queue, "wait", lambda *_, **__: job)
    return store, job


def add_learning_runs(store, job):
    """Store the runs of a learning curve, through the spool of its worker."""
    job.folder.mkdir(parents=True)
    spool = Spool(job.folder / "spool.jsonl")
    spool.append("started", pid=1, identity="nobody")
    for number, ((arm, n_real), predicted) in enumerate(RUNS.items()):
        for seed, said in enumerate(predicted):
            name = f"{number:08x}{seed:08x}"
            store.artefacts.write(name, arrays={"probs": np.eye(3)[list(said)], "labels": TRUE})
            told = {"arm": arm, "n_real": n_real, "seed": seed, "predictions": name}
            if arm == "imp":
                told["quality_accuracy"] = 0.5 + n_real / 100 + seed / 10
            if (arm, n_real, seed) == ("imp", 24, 1):
                told["unfinished"] = "it took 9 steps"
            spool.append("learning_run", **told)
    spool.append("done")
    spool.close()
    store.ingest(job.id)


def test_a_learning_curve_has_the_keys_and_values_it_had(curve, capsys):
    store, job = curve
    add_learning_runs(store, job)
    assert main(["learning-curve", "small", "--json", f"--workspace={store.workspace}"]) == 0
    assert as_read(capsys.readouterr().out) == as_read(LEARNING_ANSWER.read_text("utf-8"))


def test_a_learning_curve_without_a_run_says_nothing_of_arms(curve, capsys):
    store, _ = curve
    assert main(["learning-curve", "small", "--json", f"--workspace={store.workspace}"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["arms"], found["pays"], found["verdict"]) == ([], [], "")
    assert {"majority", "learned_nothing", "unfinished"}.isdisjoint(found)
