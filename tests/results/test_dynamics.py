"""Weights of a run told afterwards: against the losses themselves and examples by hand."""

import hashlib
from dataclasses import asdict, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from synthcur.results import dynamics
from synthcur.settings import TrainSettings, fingerprint
from synthcur.store.spool import Spool

NAN = np.nan


def test_dynamic_weights_are_those_of_the_losses():
    import torch

    from synthcur.training.losses import DYNAMIC_WEIGHTS

    random = np.random.default_rng(0)
    logits, labels = torch.tensor(random.normal(size=(30, 4))), torch.tensor([0, 1, 2] * 10)
    factor = random.uniform(0, 1, size=30)
    own = torch.softmax(logits, dim=1).gather(1, labels[:, None]).squeeze(1).numpy()
    for name in ("dimp", "focal"):
        told = dynamics.weights_by_epoch(factor, name, own[None])
        learned = DYNAMIC_WEIGHTS[name](logits, labels, torch.tensor(factor)).numpy()
        assert told[0] == pytest.approx(learned, rel=1e-4)


def test_a_fixed_weight_stays_and_a_batch_s_weight_cannot_be_told():
    own = np.array([[0.5, NAN], [0.1, 0.9]])
    fixed = dynamics.weights_by_epoch(np.array([2.0, 3.0]), "", own)
    assert np.array_equal(fixed, [[2, NAN], [2, 3]], equal_nan=True)
    assert dynamics.weights_by_epoch(np.ones(2), "rho", own) is None


def test_a_probability_too_small_for_the_history_gives_a_finite_weight():
    (weights,) = dynamics.weights_by_epoch(np.array([0.5]), "dimp", np.array([[0.0]]))
    assert np.isfinite(weights).all()


def test_movers_fall_rise_or_stay_and_come_by_the_size_of_the_change():
    weights = np.array([[1.0, 1.0, 1.0, NAN], [1.5, 4.0, NAN, 1.0], [1.9, 8.0, 0.05, NAN]])
    table = dynamics.movers(weights)
    assert table["row"].tolist() == [2, 1, 0]
    assert table["went"].tolist() == ["fell", "rose", "flat"]
    assert table["change"].tolist() == pytest.approx([0.05, 8, 1.9])
    assert table["weights"][0] == [1.0, 0.05]


def test_effective_rows_of_equal_weights_are_the_rows():
    weights = np.array([[2.0, 2.0, 2.0], [1.0, 0.0, NAN], [0.0, 0.0, 0.0]])
    assert dynamics.effective_rows(weights) == pytest.approx([3, 1, 0])


@given(some.lists(some.floats(0, 1e9), min_size=1, max_size=30))
def test_every_weight_is_in_one_bin_however_large_or_small(values):
    counts = dynamics.weight_histogram(np.array([values]))
    assert counts.sum() == len(values)
    assert counts[0, -1] >= sum(value >= 100 for value in values)


def test_a_run_is_read_with_its_own_rows_and_weights(fill, small_collection):
    store = fill(small_collection)
    scores = store.scores("small")["probe"].artefacts
    settings = TrainSettings(arms=("dimp",), seeds=1)
    sample = small_collection.synthetic["sample_id"][0]
    store.decisions.append(
        "small",
        sample_id=sample,
        annotator="ada",
        action="discard",
        client_id="t",
        client_seq=1,
        expected_seq=0,
    )
    job = store.add_job("train", "small", settings=asdict(settings), scores=scores)
    n = len(small_collection.synthetic) - 1
    own = np.full((2, n), 0.5, dtype=np.float16)
    name = fingerprint("dynamics", hashlib.sha256(own.tobytes()).hexdigest())
    store.artefacts.write(name, arrays={"own_probability": own, "margin": own})
    job.folder.mkdir(parents=True)
    spool = Spool(job.folder / "spool.jsonl")
    spool.append("run_started", arm="dimp", seed=0, steps=1)
    spool.append("run_done", arm="dimp", seed=0, accuracy=0.5, dynamics=name)
    spool.close()
    store.ingest(job.id)
    (run,) = store.runs(job.id)
    seen = dynamics.read_dynamics(store, job, run)
    assert seen is not None
    assert sample not in set(seen.rows["sample_id"])
    quality = store.artefacts.array(scores["quality"], "synthetic")[1:]
    labels = small_collection.label_ids(small_collection.synthetic)[1:]
    assert seen.weights[1] == pytest.approx(quality[np.arange(n), labels] / 0.5)
    assert dynamics.read_dynamics(store, job, replace(run, dynamics=None)) is None
