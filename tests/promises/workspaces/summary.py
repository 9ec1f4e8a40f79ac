"""What a store reads in a workspace, as plain data that can be written down and compared."""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from synthcur.review.decisions import Decision
from synthcur.store.store import Store

DATABASE = "synthcur.sqlite3"

Tables = dict[str, list[dict[str, Any]]]
"""Rows by table, in the order they were written."""


def tables(workspace: Path) -> Tables:
    """Read every table of a workspace as it stands in its file."""
    with closing(sqlite3.connect(workspace / DATABASE)) as db:
        db.row_factory = sqlite3.Row
        names = db.execute(
            "SELECT name FROM sqlite_master WHERE type='table' AND name NOT LIKE 'sqlite_%'"
        ).fetchall()
        return {
            name: [dict(row) for row in db.execute(f"SELECT * FROM {name} ORDER BY rowid")]
            for (name,) in names
        }


def read(store: Store) -> dict[str, Any]:
    """Return what the store says of everything in its workspace."""
    return {
        "rows": {name: len(rows) for name, rows in sorted(tables(store.workspace).items())},
        "collections": {each.name: _collection(store, each.name) for each in store.collections()},
        "jobs": {str(job.number): _job(store, job.id) for job in reversed(store.jobs())},
    }


def _collection(store: Store, name: str) -> dict[str, Any]:
    info, collection, state = store.collection_info(name), store.collection(name), log(store, name)
    scores = store.scores(name)
    return {
        "title": info.title,
        "note": info.note,
        "guidelines": dict(info.guidelines),
        "fingerprint": info.fingerprint,
        "counts": dict(info.counts),
        "labels": list(collection.labels),
        "made_splits": list(collection.made_splits),
        "sample_ids": collection.rows["sample_id"].tolist(),
        "file_rows": collection.rows["row"].tolist(),
        "text_pairs": int(collection.rows["text_pair"].notna().sum()),
        "provenance": collection.provenance.astype(object).to_dict("list"),
        "scores": {
            kind: {"artefacts": dict(each.artefacts), "trust": dict(each.trust)}
            for kind, each in scores.items()
        },
        "schemes": {each: found.to_dict() for each, found in store.schemes(name).items()},
        "overlap": store.turns.overlap(name),
        "tags": {each: list(tags) for each, tags in store.tags.rows(name).items()},
        "cluster_names": {
            kind: {
                str(number): given
                for number, given in store.cluster_names.given(
                    name, each.artefacts["clusters"]
                ).items()
            }
            for kind, each in scores.items()
        },
        "events": [text for _, text in store.events(name, limit=1000)],
        "log": state,
    }


def log(store: Store, name: str) -> dict[str, Any]:
    """Return what the log of a collection comes to."""
    state = store.decisions.state(name)
    return {
        "length": store.decisions.count(name),
        "current": _decisions(state.current),
        "notes": dict(state.notes),
        "texts": dict(state.texts),
        "versions": dict(state.versions),
        "verdicts": {each: _decisions(given) for each, given in state.verdicts.items()},
        "own": {who: [row.seq for row in rows] for who, rows in state.own.items()},
        "undone": {who: [row.seq for row in rows] for who, rows in state.undone.items()},
    }


def _decisions(found: Mapping[str, Decision]) -> dict[str, Any]:
    return {
        key: [each.seq, each.action, each.label, each.annotator, each.reason, each.queue]
        for key, each in found.items()
    }


def _job(store: Store, job_id: str) -> dict[str, Any]:
    job, metrics = store.job(job_id), store.metrics(job_id)
    of_job = ("id", "kind", "collection", "status", "lane", "priority", "place", "pid", "identity")
    of_phase = ("phase", "phase_title", "done", "total", "eta_s", "what", "fix")
    of_run = (
        *("arm", "seed", "status", "steps", "accuracy", "macro_f1", "val_accuracy", "best_epoch"),
        *("predictions", "dynamics", "model", "seconds", "samples_per_s", "rows"),
    )
    of_size = (
        *("arm", "seed", "n_real", "accuracy", "macro_f1", "val_accuracy", "quality_accuracy"),
        *("predictions", "seconds", "rows"),
    )
    return {
        **{each: getattr(job, each) for each in (*of_job, *of_phase)},
        "settings": dict(job.settings),
        "spec": dict(job.spec),
        "runs": [[getattr(run, each) for each in of_run] for run in store.runs(job_id)],
        "metrics": len(metrics),
        "losses": [each for each in metrics["loss"].tolist() if each == each],
        "val_accuracies": [each for each in metrics["val_accuracy"].tolist() if each == each],
        "learning_runs": [
            [getattr(run, each) for each in of_size] for run in store.learning_runs(job_id)
        ],
    }
