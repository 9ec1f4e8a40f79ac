"""What a finished run left behind, on the Train page: weights, map, movers."""

from dataclasses import asdict

import numpy as np
import pytest

from synthcur.settings import TrainSettings, fingerprint
from synthcur.store.spool import Spool
from tests.ui.test_pages import complaints, open_page


def add_run(store, collection, own, *, arm="dimp", is_done=True):
    """Store a job of one run, finished or not, with this history of p(y|x), shape (E, N)."""
    scores = store.scores(collection.name)["probe"].artefacts
    settings = TrainSettings(arms=(arm,), seeds=1)
    job = store.add_job("train", collection.name, settings=asdict(settings), scores=scores)
    job.folder.mkdir(parents=True)
    name = fingerprint("dynamics", arm, own.tolist())
    margin = (own - 0.5).astype(np.float16)
    store.artefacts.write(name, arrays={"own_probability": own, "margin": margin})
    spool = Spool(job.folder / "spool.jsonl")
    spool.append("started", pid=1, identity="nobody")
    spool.append("run_started", arm=arm, seed=0, steps=2)
    if is_done:
        spool.append("run_done", arm=arm, seed=0, accuracy=0.5, val_accuracy=0.5, dynamics=name)
        spool.append("done")
    else:
        spool.append("epoch_done", arm=arm, seed=0, dynamics=name)
    spool.close()
    store.ingest(job.id)
    return job


@pytest.fixture
def history(small_collection):
    """p of every row's label rises eightfold, but for row 1, where it falls, and row 2."""
    own = np.tile(np.array([[0.1], [0.4], [0.8]]), (1, len(small_collection.synthetic)))
    own[:, 1], own[:, 2] = own[::-1, 1].copy(), 0.5
    return own.astype(np.float16)


def test_movers_can_be_filtered_and_their_weights_are_p_prime_over_p(
    fill, small_collection, history
):
    store = fill(small_collection)
    add_run(store, small_collection, history)
    app = open_page("train", "small")
    assert not complaints(app)
    n = len(small_collection.synthetic)
    radio = app.radio(key="train_movers")
    assert radio.options == [f"Fell {n - 2}", "Rose 1", "Flat 1"]
    radio.set_value("rose").run()
    (table,) = (each.value for each in app.dataframe if "Now" in each.value)
    texts = small_collection.synthetic["text"]
    assert table["Text"].tolist() == [texts[1]]
    quality = store.artefacts.array(
        store.scores("small")["probe"].artefacts["quality"], "synthetic"
    )
    own = quality[1, small_collection.label_ids(small_collection.synthetic)[1]]
    assert table["Now"][0] == pytest.approx(own / 0.1, rel=1e-2)
    assert table["Weight"][0] == pytest.approx([own / 0.8, own / 0.4, own / 0.1], rel=1e-2)


def test_the_history_of_a_run_grows_while_it_trains(fill, small_collection, history):
    store = fill(small_collection)
    job = add_run(store, small_collection, history[:2], is_done=False)
    app = open_page("train", "small")
    assert not complaints(app)
    chosen = app.selectbox(key=f"train_history_{job.id}")
    assert chosen.options == ["Newest: DIMP, seed 0, so far", "DIMP, seed 0, so far"]
    (table,) = (each.value for each in app.dataframe if "Now" in each.value)
    assert {len(weights) for weights in table["Weight"]} == {2}
    own = fingerprint("dynamics", "whole")
    arrays = {"own_probability": history, "margin": (history - 0.5).astype(np.float16)}
    store.artefacts.write(own, arrays=arrays)
    spool = Spool(job.folder / "spool.jsonl")
    spool.append("epoch_done", arm="dimp", seed=0, dynamics=own)
    spool.close()
    store.ingest(job.id)
    app.run()
    (table,) = (each.value for each in app.dataframe if "Now" in each.value)
    assert {len(weights) for weights in table["Weight"]} == {3}


def test_an_arm_with_fixed_weights_has_no_movers_and_says_so(fill, small_collection, history):
    store = fill(small_collection)
    add_run(store, small_collection, history, arm="imp")
    app = open_page("train", "small")
    assert not complaints(app)
    said = " ".join(each.value for each in app.caption)
    assert "IMP gives a row the same weight in every epoch" in said
    assert "This arm's are fixed before training" in said


def test_a_history_that_does_not_fit_the_rows_is_said_not_drawn(fill, small_collection, history):
    store = fill(small_collection)
    add_run(store, small_collection, history[:, :-1])
    app = open_page("train", "small")
    assert not complaints(app)
    assert "cannot be read" in " ".join(each.value for each in app.caption)
