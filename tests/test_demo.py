"""The demo that is shipped: its data, and the results that spare a new user the first minute."""

import json

import numpy as np
import pytest

from synthcur import demo
from synthcur.settings import ScoreSettings
from synthcur.store.artefacts import Artefacts
from synthcur.store.spool import Spool, read_spool
from synthcur.workspace import open_store

PARTS = {"train": 240, "validation": 120, "test": 600, "synthetic": 1800}


def test_a_new_workspace_opens_with_the_demo_scored(tmp_path):
    store = open_store(tmp_path / "ws")
    demo.ensure(store)
    demo.ensure(store)
    (info,) = store.collections()
    assert dict(info.counts) == PARTS
    scores = store.scores(demo.NAME)["probe"]
    assert all(store.artefacts.has(name) for name in scores.artefacts.values())
    probs = store.artefacts.array(scores.artefacts["quality"], "synthetic")
    assert probs.shape == (1800, len(store.collection(demo.NAME).labels))
    np.testing.assert_allclose(probs.sum(axis=1), 1, atol=1e-4)
    store.close()


def test_scores_that_are_shipped_no_more_are_replaced(tmp_path):
    store = open_store(tmp_path / "ws")
    demo.ensure(store)
    shipped = dict(store.scores(demo.NAME)["probe"].artefacts)
    stale = {**shipped, "quality": "0123456789abcdef"}
    trust = dict(store.scores(demo.NAME)["probe"].trust)
    store.add_scores(demo.NAME, checkers="probe", artefacts=stale, trust=trust)
    demo.ensure(store)
    assert store.scores(demo.NAME)["probe"].artefacts == shipped
    store.close()


def test_the_planted_flaws_are_kept_beside_the_rows_and_are_no_column_of_them():
    collection = demo.load_demo()
    assert "flaw" not in collection.rows.columns
    assert collection.provenance["flaw"].value_counts()["wrong_label"] == 144
    assert set(collection.guidelines) == set(collection.labels)


def overlap(first, second, *, k=15):
    """Share of each point's k nearest points that two layouts agree on."""

    def nearest(points):
        distances = ((points[:, None] - points[None]) ** 2).sum(axis=2)
        return np.argsort(distances, axis=1)[:, 1 : k + 1]

    pairs = zip(nearest(first), nearest(second), strict=True)
    return np.mean([len(np.intersect1d(a, b)) / k for a, b in pairs])


@pytest.mark.real
def test_computing_the_shipped_results_again_gives_the_same(tmp_path):
    from synthcur.worker.scoring import score

    artefacts, path = Artefacts(tmp_path / "artefacts"), tmp_path / "spool.jsonl"
    score(demo.load_demo(), ScoreSettings(), artefacts, Spool(path))
    records, _ = read_spool(path, 0)
    scored = next(record for record in records if record["t"] == "scored")
    shipped = json.loads((demo.FOLDER / "scores.json").read_text("utf-8"))["probe"]
    assert scored["artefacts"] == shipped["artefacts"], "other settings or another stage version"
    there = Artefacts(demo.ARTEFACTS)

    def both(stage, name):
        fingerprint = shipped["artefacts"][stage]
        return artefacts.array(fingerprint, name), there.array(fingerprint, name)

    # bfloat16 rounds differently from processor to processor.
    mine, theirs = both("embeddings", "synthetic")
    assert (mine * theirs).sum(axis=1).min() > 0.99
    for stage in ("quality", "diversity"):
        mine, theirs = both(stage, "synthetic")
        assert np.abs(mine - theirs).mean() < 0.02
        assert (mine.argmax(axis=1) == theirs.argmax(axis=1)).mean() > 0.97
    mine, theirs = both("coordinates", "synthetic")
    assert mine.shape == theirs.shape
    assert overlap(mine, theirs) > 0.4, "the neighbourhoods of the map are others"
    for part in ("quality", "diversity"):
        difference = scored["trust"][part]["accuracy"] - shipped["trust"][part]["accuracy"]
        assert abs(difference) < 0.02
