"""What scripts of other people rely on: commands, options, answers as JSON, files, environment.

A name that is gone or means something else breaks them; one that is new is written down here.
"""

import argparse
import hashlib
import json
import re
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from harness.house import ROOT
from synthcur.__main__ import main
from synthcur.cli.parser import build_parser
from synthcur.exports import hub
from synthcur.jobs import job_queue
from synthcur.store.store import Store
from tests.promises import workspaces
from tests.promises.workspaces.make import NAME

SOURCES = [ROOT / "app.py", *ROOT.glob("pages/*.py"), *ROOT.glob("synthcur/**/*.py")]

NEEDED = "needed"
FIT = {
    "--recipe": "automatic",
    "--epochs": None,
    "--lr": None,
    "--steps": None,
    "--base-model": "bundled-minilm",
}
SAID = {"--language": "", "--license": "", "--dataset": ""}

WHO = {"--annotator": "command line"}
CHANGE = {"--preview": False, "--no-score": False, **WHO}
READ: dict[str, Any] = {"--delimiter": [], "--encoding": [], "--header": [], "--sheet": []}
COLUMNS: dict[str, Any] = {
    **{"--text": [], "--text-pair": [], "--label": [], "--split": [], "--guess-columns": False},
    **READ,
    "--accept": [],
}
COMMANDS: dict[str, dict[str, Any]] = {
    "demo": {},
    "import": {
        "NAME": NEEDED,
        "--synthetic": NEEDED,
        "--real": NEEDED,
        "--validation": None,
        "--test": None,
        **COLUMNS,
        "--decisions": False,
        "--seed": 0,
        "--no-score": False,
    },
    "score": {"NAME": NEEDED, "--checkers": "probe", "--seed": 0, **FIT},
    "weights": {
        "NAME": NEEDED,
        "--rule": "imp",
        "--diversity": None,
        "--scheme": None,
        "--out": NEEDED,
        "--checkers": None,
    },
    "train": {
        "NAME": NEEDED,
        "--arms": "ce,probe_real,probe_both,imp,dimp,witnesses",
        "--without": [],
        "--seeds": 5,
        "--checkers": None,
        "--scheme": None,
        **FIT,
    },
    "learning-curve": {"NAME": NEEDED, "--sizes": None, "--arms": None, "--seeds": 3, **FIT},
    "results": {
        "NAME": NEEDED,
        "--job": None,
        "--baseline": "ce",
        "--metric": None,
        "--by": None,
    },
    "report": {
        "NAME": NEEDED,
        "--out": NEEDED,
        "--job": None,
        "--baseline": "ce",
        "--metric": None,
        "--by": None,
    },
    "export": {"NAME": NEEDED, "--out": NEEDED, "--xlsx": False, "--format": None, **SAID},
    "push": {
        "NAME": NEEDED,
        "--repo": NEEDED,
        "--model": None,
        "--job": None,
        "--public": False,
        **SAID,
    },
    "decide": {
        "NAME": NEEDED,
        "--from": NEEDED,
        "--annotator": "command line",
        "--override": False,
    },
    "versions": {"NAME": NEEDED},
    "history": {"NAME": NEEDED},
    "add-rows": {
        "NAME": NEEDED,
        "--synthetic": None,
        "--real": None,
        "--validation": None,
        "--test": None,
        **COLUMNS,
        "--pool": None,
        "--replace": None,
        **CHANGE,
    },
    "labels": {
        "NAME": NEEDED,
        "--rename": [],
        "--split": None,
        "--column": None,
        "--into": None,
        "--tag": None,
        "--row": [],
        **CHANGE,
    },
    "exclude": {"NAME": NEEDED, "--column": NEEDED, "--value": NEEDED, **CHANGE},
    "remove-rows": {"NAME": NEEDED, "ID": NEEDED, **CHANGE},
    "undo": {"NAME": NEEDED, "--to": None, **WHO},
    "compare-versions": {"NAME": NEEDED, "FIRST": NEEDED, "SECOND": NEEDED},
    "rename": {"NAME": NEEDED, "NEW": None, "--title": None, "--note": None, **WHO},
    "duplicate": {"NAME": NEEDED, "NEW": NEEDED, **WHO},
    "delete": {"NAME": NEEDED, "--for-good": False, **WHO},
    "restore": {"NAME": None, "--as": None, **WHO},
    "erase": {"NAME": NEEDED, "--row": [], "--containing": "", "--yes": False, **WHO},
    "jobs": {},
    "cancel": {"JOB": NEEDED},
    "resume": {"JOB": NEEDED},
    "first": {"JOB": NEEDED},
    "clean": {"--models": False, "--yes": False},
    "serve": {"--port": 8501, "--address": "127.0.0.1"},
    "doctor": {},
}
"""Options and arguments of every command with what they are where they are left out."""

CHOICES = {
    "--checkers": ("probe", "finetune", "average"),
    "--rule": ("ce", "imp", "dimp", "p_only", "quality_filter"),
    "--diversity": ("in_sample", "out_of_fold"),
    "--recipe": ("automatic", "published"),
    "--metric": ("accuracy", "macro_f1"),
    "--format": (
        *("label-studio", "prodigy", "doccano", "argilla", "distilabel", "chat"),
        *("csv", "jsonl", "parquet"),
    ),
}

COLLECTION = {"collection", "labels", "rows", "fingerprint", "scores"}
RESULTS = {
    *("collection", "job", "number", "status", "runs_finished", "runs_planned", "metric"),
    *("baseline", "test_rows", "majority", "made_from", "arms", "verdict", "doubt"),
    *("below_probe", "largest", "worth", "by"),
}
JOB = {
    *("id", "number", "kind", "collection", "status", "alive", "phase", "done", "total", "eta_s"),
    *("what", "fix"),
}
CHANGED = {"collection", "what", "preview", "version"}
VERSION = {
    *("number", "parent", "fingerprint", "rows", "created_at", "annotator", "what", "scores"),
}
PREVIEW = {"added", "removed", "relabelled", "counts", "labels", "removed_mass"}
RECORD = {"kind", "files", "left_out", "merged", "drawn", "seed", "rows"}
ANSWERS = {
    "demo": COLLECTION | {"real_covered"},
    "import": COLLECTION | {"findings", "mapping", "decisions"},
    "score": COLLECTION,
    "weights": {"rows", "out", "checkers", "doubt"},
    "train": RESULTS,
    "learning-curve": {
        *("collection", "job", "number", "status", "runs_finished", "runs_planned", "sizes"),
        *("seeds", "test_rows", "validation_rows", "quality", "quality_majority", "arms", "pays"),
        *("verdict", "majority", "learned_nothing", "unfinished"),
    },
    "results": RESULTS,
    "report": {"out", "bytes"},
    "export": {"files"},
    "push": {"address", "kind"},
    "decide": {"read", "added"},
    "versions": {"collection", "open", "versions"},
    "history": {"collection", "versions", "events"},
    **dict.fromkeys(("add-rows", "labels", "exclude", "remove-rows"), CHANGED),
    "undo": {"collection", "version"},
    "compare-versions": {"collection", "first", "second", "difference", "figures"},
    "rename": {"collection", "title", "note"},
    "duplicate": COLLECTION,
    "delete": {"collection", "days"},
    "restore": COLLECTION,
    "erase": {"collection", "rows", "erased"},
    "jobs": {"jobs"},
    "cancel": JOB,
    "resume": JOB,
    "first": JOB,
    "clean": {"bytes", "removed", "leftovers"},
}
"""Keys of what commands answer with ``--json``; ``serve`` answers nothing, and what the doctor does
is seen in test_command_line."""

OF_LISTS = {
    ("jobs", "jobs"): JOB,
    ("versions", "versions"): VERSION,
    ("history", "versions"): VERSION | {"change"},
    ("history", "events"): {"at", "text", "annotator"},
    ("compare-versions", "figures"): {
        *("version", "job", "arm", "title", "metric", "mean", "low", "high"),
    },
    ("clean", "leftovers"): {"path", "what", "size"},
    ("results", "arms"): {
        *("arm", "title", "rows", "learned_nothing", "runs", "mean", "low", "high", "n_rows"),
        *("n_seeds", "difference", "verdict", "unfinished"),
    },
    ("learning-curve", "arms"): {"arm", "title", "points"},
    ("learning-curve", "quality"): {"n_real", "accuracy"},
    ("import", "findings"): {
        *("code", "title", "state", "rows", "of", "proposal", "left_out", "labels"),
        *("advice", "offered"),
    },
}
"""Keys of every item of a list in an answer."""

MAPPING = {"file", "text", "text_pair", "label", "beside", "how", "read"}
"""Keys of what an import says of every file."""

CURATED = (
    *("sample_id", "text", "label", "p", "q", "weight"),
    *("decision", "imported_label", "reason", "note", "annotator"),
)
DECISIONS = {
    *("sample_id", "action", "label", "note", "reason", "text", "annotator", "queue"),
    "created_at",
}

VARIABLES = {
    *("SYNTHCUR_CHECKPOINT_SECONDS", "SYNTHCUR_DEBUG", "SYNTHCUR_IMPORT_MEMORY_MB"),
    *("SYNTHCUR_IMPORT_ROOT", "SYNTHCUR_JOBS", "SYNTHCUR_MODEL_ROOT", "SYNTHCUR_READ_MEMORY_MB"),
    *("SYNTHCUR_READ_ROWS", "SYNTHCUR_READ_SECONDS", "SYNTHCUR_READ_SIZE_MB", "SYNTHCUR_SPARE"),
    *("SYNTHCUR_USER_HEADER", "SYNTHCUR_WORKSPACE"),
}


SHARED = ("-h", "--json", "--workspace")


def parsers() -> dict[str, argparse.ArgumentParser]:
    (commands,) = (each for each in build_parser()._actions if each.dest == "command")
    return dict(commands.choices or {})


def options(parser: argparse.ArgumentParser) -> dict[str, argparse.Action]:
    """Return what a command takes, but for what all commands take."""
    found = {(each.option_strings or [each.metavar])[0]: each for each in parser._actions}
    return {name: each for name, each in found.items() if name not in SHARED}


def test_every_command_answers_under_keys_that_are_known():
    assert set(COMMANDS) == {*ANSWERS, "serve", "doctor"}


def test_every_command_takes_what_it_took_with_the_same_defaults():
    assert {
        command: {
            name: NEEDED if each.required else each.default
            for name, each in options(parser).items()
        }
        for command, parser in parsers().items()
    } == COMMANDS


def test_what_all_commands_take_stands_before_them_too():
    for parser in (build_parser(), *parsers().values()):
        assert set(SHARED) <= {each for action in parser._actions for each in action.option_strings}


def test_options_with_choices_offer_what_they_offered():
    found = {
        (name, tuple(each.choices))
        for parser in parsers().values()
        for name, each in options(parser).items()
        if each.choices
    }
    assert found == set(CHOICES.items())


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """The workspace of the latest release or of the next."""
    return shutil.copytree(workspaces.newest() / "workspace", tmp_path / "workspace")


@pytest.fixture
def answer(workspace: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., dict[str, Any]]:
    def run(*words: object) -> dict[str, Any]:
        assert main([*map(str, words), "--json", f"--workspace={workspace}"]) == 0
        return json.loads(capsys.readouterr().out)

    return run


def test_commands_answer_under_the_keys_they_did(
    workspace: Path,
    answer: Callable[..., dict[str, Any]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    store = Store(workspace)
    newest = {job.kind: job for job in store.jobs(NAME) if job.status == "done"}
    rows = store.collection(NAME).rows
    store.close()
    for kind, job in newest.items():
        monkeypatch.setattr(job_queue, f"submit_{kind}", lambda *_, job=job: job)
    monkeypatch.setattr(job_queue, "resume", lambda *_: newest["train"])
    monkeypatch.setattr(job_queue, "wait", lambda *_, **__: newest["train"])
    monkeypatch.setattr(hub, "push", lambda *_, **__: "https://hub.invalid/a/b")
    files = {"synthetic": rows["source"] == "synthetic", "real": rows["source"] == "real"}
    for name, chosen in files.items():
        rows.loc[chosen, ["text", "label"]].to_csv(tmp_path / f"{name}.csv", index=False)
    more = pd.DataFrame({"text": ["Never seen before"], "label": [rows["label"][0]]})
    more.to_csv(tmp_path / "more.csv", index=False)
    decision = {"sample_id": rows["sample_id"][30], "action": "keep"}
    (tmp_path / "decisions.jsonl").write_text(json.dumps(decision))
    given = {
        "import": ["own", *(f"--{name}={tmp_path / name}.csv" for name in files), "--no-score"],
        "weights": [NAME, "--out", tmp_path / "weights.parquet"],
        "report": [NAME, "--out", tmp_path / "report.html"],
        "export": [NAME, "--out", tmp_path / "out"],
        "push": [NAME, "--repo", "a/b"],
        "decide": [NAME, "--from", tmp_path / "decisions.jsonl"],
        "clean": ["--models"],
        "add-rows": ["own", f"--synthetic={tmp_path / 'more.csv'}", "--no-score"],
        "labels": ["own", "--rename", rows["label"][0], "other", "--preview"],
        "exclude": [NAME, "--column", "language", "--value", "en", "--preview"],
        "remove-rows": ["own", rows["sample_id"][0], "--no-score"],
        "compare-versions": [NAME, 1, 2],
        "rename": ["own", "--title", "Own"],
        "duplicate": ["own", "copy"],
        "erase": ["own", "--row", rows["sample_id"][2]],
        **{each: ["own"] for each in ("undo", "delete", "restore")},
        **{each: [NAME] for each in ("versions", "history")},
        **{each: [NAME] for each in ("score", "train", "learning-curve", "results")},
        **{each: [newest["train"].id] for each in ("cancel", "resume", "first")},
    }
    answers = {command: answer(command, *given.get(command, ())) for command in ANSWERS}
    assert {command: set(found) for command, found in answers.items()} == ANSWERS
    assert {key for each in answers["import"]["mapping"].values() for key in each} == MAPPING
    for command, found in answers.items():
        assert set(found.get("preview", PREVIEW)) == PREVIEW, command
        assert set(found.get("difference", PREVIEW)) == PREVIEW, command
    assert set(answers["add-rows"]["version"]) == set(answers["undo"]["version"]) == VERSION
    assert answers["exclude"]["version"] is None
    for (command, key), keys in OF_LISTS.items():
        assert answers[command][key], (command, key)
        assert all(set(each) == keys for each in answers[command][key]), (command, key)


def test_an_export_holds_the_files_and_columns_it_held(
    answer: Callable[..., dict[str, Any]], tmp_path: Path
):
    out = tmp_path / "out"
    written = answer("export", NAME, "--out", out)["files"]
    assert [Path(each).name for each in written] == [
        *("curated.parquet", "curated.jsonl", "curated.csv", "decisions.jsonl", "dataset"),
        *("results.json", "model-imp.zip"),
    ]
    dataset = {str(path.relative_to(out)) for path in out.glob("dataset/**/*") if path.is_file()}
    assert dataset == {
        *("dataset/README.md", "dataset/data/train.parquet", "dataset/decisions.jsonl"),
        "dataset/croissant.json",
    }
    curated = pd.read_parquet(out / "curated.parquet")
    assert tuple(curated.columns[: len(CURATED)]) == CURATED
    held = pd.read_parquet(out / "dataset/data/train.parquet").columns
    assert list(held) == [*curated.columns, "scheme_hash"]
    with open(out / "decisions.jsonl", encoding="utf-8") as lines:
        assert {key for line in lines for key in json.loads(line)} == DECISIONS
    assert set(json.loads((out / "results.json").read_text("utf-8"))) == RESULTS - {"doubt", "by"}


def test_a_file_of_decisions_is_known_again_by_what_it_holds(
    workspace: Path, answer: Callable[..., dict[str, Any]], tmp_path: Path
):
    store = Store(workspace)
    sample = store.collection(NAME).synthetic_ids[30]
    store.close()
    content = json.dumps({"sample_id": sample, "action": "keep"})
    (tmp_path / "decisions.jsonl").write_text(content)
    answer("decide", NAME, "--from", tmp_path / "decisions.jsonl")
    client = f"file:{hashlib.sha256(content.encode()).hexdigest()[:16]}"
    with closing(sqlite3.connect(workspace / "synthcur.sqlite3")) as db:
        last = "SELECT annotator, queue, client_id, client_seq FROM decision ORDER BY seq DESC"
        assert db.execute(last).fetchone() == ("command line", "file", client, 1)


def test_the_environment_is_asked_under_the_names_it_was():
    found = {
        name
        for path in SOURCES
        for name in re.findall(r"\bSYNTHCUR_[A-Z_]+\b", path.read_text("utf-8"))
    }
    assert found == VARIABLES
    assert hub.TOKEN == "HF_TOKEN"
