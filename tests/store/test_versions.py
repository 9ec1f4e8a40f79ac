"""Versions of a collection: each comes back exactly, and what hangs on it with it."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.collections import add_finished_job, add_scores, make_scores
from synthcur.data import changes
from synthcur.data.changes import Change
from synthcur.errors import ConflictError, InputError, NotFoundError
from synthcur.exports.downloads import curated_table, weights_table
from synthcur.results.comparison import made_from
from synthcur.results.provenance import facts
from synthcur.review.decisions import Decision
from synthcur.schema import Collection
from synthcur.settings import WeightingSettings
from synthcur.store.spool import Spool
from synthcur.store.store import Store

NAME = "small"


@pytest.fixture
def opened(tmp_path: Path, small_collection: Collection) -> Iterator[Store]:
    store = Store(tmp_path / "ws")
    store.add_collection(replace(small_collection, guidelines={"pests": "Insects."}))
    add_scores(store, small_collection)
    store.tags.add(NAME, small_collection.synthetic_ids[:2], "odd", annotator="Ana")
    yield store
    store.close()


def make(store: Store, change: Change, **more: Any) -> int:
    made_from = store.collection_info(NAME).version
    return store.versions.add(
        NAME, change.collection, made_from=made_from, what=change.what, change=change.data, **more
    ).number


def decide(store: Store, sample_id: str, action: str, **more: Any) -> None:
    seq = store.decisions.state(NAME).versions.get(sample_id, 0)
    decision = Decision(sample_id=sample_id, action=action, annotator="Ana", **more)
    number = store.decisions.count(NAME) + 1
    store.decisions.append_batch(NAME, [decision], "tab", number, expected=[seq])


def everything(store: Store) -> dict[str, Any]:
    """What a version comes to: rows, scores, weights and decisions."""
    collection, info = store.collection(NAME), store.collection_info(NAME)
    weights = weights_table(store, NAME, checkers="probe", weighting=WeightingSettings())
    state = store.decisions.state(NAME)
    return {
        "rows": collection.rows.to_dict("records"),
        "labels": collection.labels,
        "provenance": collection.provenance.to_dict("list"),
        "names": (info.fingerprint, info.origin, dict(info.counts), info.version),
        "scores": {kind: dict(each.artefacts) for kind, each in store.scores(NAME).items()},
        "weights": weights.to_dict("list"),
        "decisions": [
            (each.sample_id, each.action, each.label) for each in store.decisions.log(NAME)
        ],
        "current": {key: (each.action, each.label) for key, each in state.current.items()},
        "texts": dict(state.texts),
        "tags": store.tags.rows(NAME),
    }


def test_a_new_collection_is_its_first_version(opened, small_collection):
    (first,) = opened.versions.all(NAME)
    assert (first.number, first.parent, first.what) == (1, None, "88 rows imported")
    assert first.fingerprint == small_collection.fingerprint
    assert opened.collection_info(NAME).version == 1


def test_undo_brings_back_the_exact_state(opened, small_collection):
    ids = small_collection.synthetic_ids
    decide(opened, ids[0], "discard")
    decide(opened, ids[1], "relabel", label="watering")
    decide(opened, ids[2], "edit", text="Other words")
    before = everything(opened)
    assert make(opened, changes.remove_rows(small_collection, ids[:2]), annotator="Ana") == 2
    assert opened.scores(NAME) == {}
    after = opened.collection(NAME)
    add_scores(opened, after, scores=make_scores(after, seed=3))
    second = everything(opened)
    assert second["names"] != before["names"]
    assert ids[0] not in set(
        weights_table(opened, NAME, checkers="probe", weighting=WeightingSettings())["sample_id"]
    )
    opened.versions.undo(NAME, annotator="Ana")
    assert everything(opened) == before
    opened.versions.open(NAME, 2)
    assert everything(opened) == second
    assert [text for _, text in opened.events(NAME)][:2] == [
        "Version 2 opened again",
        "Version 1 opened again",
    ]


def test_undo_ends_at_the_first_version_and_a_change_after_it_is_the_next_number(
    opened, small_collection
):
    with pytest.raises(ConflictError, match="nothing before it"):
        opened.versions.undo(NAME)
    ids = small_collection.synthetic_ids
    make(opened, changes.remove_rows(small_collection, ids[:1]))
    opened.versions.undo(NAME)
    make(opened, changes.remove_rows(small_collection, ids[1:2]))
    assert [(each.number, each.parent) for each in opened.versions.all(NAME)] == [
        (1, None),
        (2, 1),
        (3, 1),
    ]
    with pytest.raises(NotFoundError, match="no version 4"):
        opened.versions.open(NAME, 4)


def test_a_change_of_a_version_that_is_no_longer_open_is_refused(opened, small_collection):
    change = changes.remove_rows(small_collection, small_collection.synthetic_ids[:1])
    make(opened, change)
    with pytest.raises(ConflictError, match="is open, not 1"):
        opened.versions.add(NAME, change.collection, made_from=1, what="x", change={})
    with pytest.raises(InputError, match="changes nothing"):
        opened.versions.add(NAME, change.collection, made_from=2, what="x", change={})


def test_decisions_follow_a_label_to_its_new_name_and_back(opened, small_collection):
    ids = small_collection.synthetic_ids
    decide(opened, ids[1], "relabel", label="watering")
    make(opened, changes.rename_labels(small_collection, {"watering": "water"}))
    assert opened.decisions.state(NAME).current[ids[1]].label == "water"
    decide(opened, ids[3], "relabel", label="water")
    second = opened.collection(NAME)
    make(opened, changes.rename_labels(second, {"water": "pests"}))
    current = opened.decisions.state(NAME).current
    assert (current[ids[1]].label, current[ids[3]].label) == ("pests", "pests")
    opened.versions.open(NAME, 1)
    assert opened.decisions.state(NAME).current[ids[1]].label == "watering"
    assert opened.decisions.log(NAME)[0].label == "watering"


def test_a_renamed_label_keeps_its_guideline(opened, small_collection):
    make(opened, changes.rename_labels(small_collection, {"pests": "bugs"}))
    assert opened.collection_info(NAME).guidelines["bugs"] == "Insects."
    opened.versions.undo(NAME)
    assert opened.collection(NAME).guidelines["pests"] == "Insects."


def test_what_was_decided_about_a_row_comes_back_with_it(opened, small_collection):
    gone = small_collection.synthetic_ids[0]
    decide(opened, gone, "discard")
    make(opened, changes.remove_rows(small_collection, [gone]))
    row = small_collection.rows.iloc[[0]].assign(row=1)
    provenance = small_collection.provenance.iloc[[0]]
    again = replace(small_collection, rows=row, provenance=provenance, labels=(row["label"][0],))
    make(opened, changes.add_rows(opened.collection(NAME), again))
    assert opened.collection(NAME).rows["sample_id"].iloc[-1] == gone
    assert gone not in set(curated_table(opened, NAME, checkers=None)["sample_id"])


def test_scores_of_a_job_belong_to_the_version_that_it_read(opened, small_collection):
    job = opened.add_job("score", NAME, settings={"checkers": "finetune"}, scores={})
    assert (job.version, job.spec["version"]) == (1, 1)
    assert job.spec["earlier"] == [
        {
            "collection_fp": small_collection.fingerprint,
            "scores": dict(opened.scores(NAME)["probe"].artefacts),
        }
    ]
    make(opened, changes.remove_rows(small_collection, small_collection.synthetic_ids[:1]))
    job.folder.mkdir(parents=True)
    spool = Spool(job.folder / "spool.jsonl")
    spool.append("started", pid=1, identity="x")
    spool.append("scored", checkers="finetune", artefacts={"quality": "0" * 16}, trust={})
    spool.close()
    opened.ingest(job.id)
    assert opened.scores(NAME) == {}
    assert set(opened.versions.scores(NAME, 1)) == {"probe", "finetune"}


def test_a_job_and_its_results_say_which_version_they_read(opened, small_collection):
    make(opened, changes.remove_rows(small_collection, small_collection.synthetic_ids[:1]))
    job = add_finished_job(opened, opened.collection(NAME), {"ce": 0.5})
    assert (job.version, made_from(job).version, facts(job)["version"]) == (2, 2, "2")
    opened.versions.undo(NAME)
    assert opened.versions.read_by(job).counts["synthetic"] == 39
    assert replace(job, spec={}).version == 1


def test_a_stored_version_holds_its_record_and_room_for_texts_without_labels(opened):
    row = opened._db.rows("SELECT * FROM version")[0]
    assert (json.loads(row["change"]), row["unlabelled"]) == ({"kind": "import"}, None)
    assert np.isfinite(row["created_at"])
