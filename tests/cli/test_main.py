"""The command line around its commands: options in any place, every kind of bad path, faults."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.collections import add_finished_job, add_scores
from synthcur.__main__ import main
from synthcur.cli import commands
from synthcur.cli.answers import Answer
from synthcur.cli.parser import build_parser
from synthcur.schema import Collection
from synthcur.store.store import Store

FILE_OUT, FOLDER_OUT, FILE_IN, ROWS_IN = "file out", "folder out", "file in", "rows in"
WORKSPACE, MODEL = "ws", "model"


def make_ready(folder: Path, collection: Collection) -> Path:
    """Make a workspace in which every command would do its work."""
    store = Store(folder / "ws")
    store.add_collection(collection)
    add_scores(store, collection)
    add_finished_job(store, collection, {"ce": 0.4, "imp": 0.8})
    store.close()
    collection.synthetic[["text", "label"]].to_csv(folder / "good.csv", index=False)
    return folder


@pytest.fixture
def ready(tmp_path: Path, small_collection: Collection) -> Path:
    return make_ready(tmp_path, small_collection)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, small_collection: Collection) -> Path:
    """One of which nothing may be changed."""
    return make_ready(tmp_path_factory.mktemp("shared"), small_collection)


@pytest.fixture(scope="module")
def bad(shared: Path) -> dict[str, str]:
    return bad_paths(shared)


@pytest.mark.parametrize(
    ("before", "behind", "folder", "as_json"),
    [
        (["--workspace", "/a"], [], "/a", False),
        ([], ["--workspace", "/a"], "/a", False),
        (["--workspace", "/a"], ["--workspace", "/b"], "/b", False),
        (["--workspace=/a", "--json"], [], "/a", True),
        (["--json"], ["--workspace", "/b"], "/b", True),
        (["--workspace", "/a"], ["--json"], "/a", True),
        ([], [], "/variable", False),
    ],
)
@pytest.mark.parametrize("command", [["jobs"], ["results", "x"], ["clean", "--yes"], ["serve"]])
def test_the_options_of_all_commands_stand_before_the_command_or_behind_it(
    command: list[str],
    before: list[str],
    behind: list[str],
    folder: str,
    as_json: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SYNTHCUR_WORKSPACE", "/variable")
    options = build_parser().parse_args([*before, *command, *behind])
    assert (options.workspace, options.json) == (Path(folder), as_json)


def test_the_workspace_before_the_command_is_the_one_that_is_used(
    ready: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ready)
    assert main(["--json", "--workspace", str(ready / "ws"), "results", "small"]) == 0
    assert json.loads(capsys.readouterr().out)["test_rows"] == 12
    assert not (ready / "workspace").exists()


def bad_paths(folder: Path) -> dict[str, str]:
    """Make every kind of path that some option cannot use."""
    (folder / "file").write_text("not a folder")
    os.mkfifo(folder / "pipe")
    (folder / "circle").symlink_to(folder / "circle")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(folder / "socket"))
    return {
        "through a file": str(folder / "file" / "x"),
        "a name too long": str(folder / ("x" * 300)),
        "a path too long": str(folder / "/".join(["y" * 200] * 30)),
        "below folders that are not there, too long": str(folder / "new" / "er" / ("x" * 300)),
        "a NUL byte": f"{folder}/a\x00b",
        "nothing": "",
        "blank": "  ",
        "a circle": str(folder / "circle" / "x"),
        "a pipe": str(folder / "pipe"),
        "a socket": str(folder / "socket"),
        "where nobody may write": "/proc/synthcur/x",
        "through a device": "/dev/null/x",
        "a folder": str(folder),
        "a file": str(folder / "file"),
        "missing": str(folder / "missing"),
        "a device": "/dev/full",
        "unreadable": "/proc/self/mem",
        "no such user": "~nobody-of-that-name/x",
    }


KINDS = (
    *("through a file", "a name too long", "a path too long", "a NUL byte", "nothing", "blank"),
    *("below folders that are not there, too long", "a circle", "a pipe", "a socket"),
    *("where nobody may write", "through a device", "a folder", "a file", "missing", "a device"),
    *("unreadable", "no such user"),
)

EXPECTS = {
    FILE_OUT: {"a folder"},
    FOLDER_OUT: {"a file"},
    FILE_IN: {"a folder", "missing", "a device", "unreadable"},
    ROWS_IN: {"missing", "a device", "unreadable"},
    WORKSPACE: {"a file", "a device", "no such user"},
    MODEL: {"missing", "a file", "a device", "no such user"},
}
"""Kinds that are bad for some paths only; all others are bad for every path."""

OPTIONS: dict[str, tuple[str, list[str]]] = {
    "import --synthetic": (ROWS_IN, ["import", "x", "--real", "GOOD", "--synthetic"]),
    "import --real": (ROWS_IN, ["import", "x", "--synthetic", "GOOD", "--real"]),
    "import --validation": (
        ROWS_IN,
        ["import", "x", "--real", "GOOD", "--synthetic", "GOOD", "--validation"],
    ),
    "import --test": (ROWS_IN, ["import", "x", "--real", "GOOD", "--synthetic", "GOOD", "--test"]),
    **{
        f"add-rows --{part}": (ROWS_IN, ["add-rows", "small", f"--{part}"])
        for part in ("synthetic", "real", "validation", "test")
    },
    "decide --from": (FILE_IN, ["decide", "small", "--from"]),
    "weights --out": (FILE_OUT, ["weights", "small", "--out"]),
    "report --out": (FILE_OUT, ["report", "small", "--out"]),
    "export --out": (FOLDER_OUT, ["export", "small", "--out"]),
    "score --base-model": (MODEL, ["score", "small", "--checkers", "finetune", "--base-model"]),
    "train --base-model": (MODEL, ["train", "small", "--base-model"]),
    "learning-curve --base-model": (MODEL, ["learning-curve", "small", "--base-model"]),
    **{
        f"{' '.join(command)} --workspace": (WORKSPACE, [*command, "--workspace"])
        for command in (
            *(["demo"], ["jobs"], ["clean"], ["serve"], ["doctor"], ["results", "small"]),
            *(["cancel", "1f"], ["resume", "1f"], ["first", "1f"], ["score", "small"]),
            *(["train", "small"], ["learning-curve", "small"], ["push", "small", "--repo", "a/b"]),
            *(["export", "small", "--out", "OUT"], ["weights", "small", "--out", "OUT"]),
            *(["report", "small", "--out", "OUT"], ["decide", "small", "--from", "GOOD"]),
            ["import", "x", "--real", "GOOD", "--synthetic", "GOOD"],
            *([each, "small"] for each in ("versions", "history", "undo", "rename", "delete")),
            *(["add-rows", "small", "--real", "GOOD"], ["labels", "small", "--rename", "a", "b"]),
            *(
                ["exclude", "small", "--column", "x", "--value", "y"],
                ["remove-rows", "small", "1f"],
            ),
            *(["compare-versions", "small", "1", "2"], ["duplicate", "small", "other"]),
            *(["restore", "small"], ["erase", "small", "--row", "1f"]),
        )
    },
}
"""Every option that is a path: what it expects, and a command that ends with it."""

CASES = [
    (option, kind)
    for option, (expects, _) in OPTIONS.items()
    for kind in KINDS
    if kind in EXPECTS[expects] or not any(kind in some for some in EXPECTS.values())
]


def tree(folder: Path) -> set[str]:
    return {str(path) for path in folder.rglob("*")}


def test_every_option_that_is_a_path_stands_in_the_table() -> None:
    from argparse import _SubParsersAction

    (commands_,) = (each for each in build_parser()._actions if isinstance(each, _SubParsersAction))
    paths = {"DIR", "FILE", "FILE.parquet", "MODEL"}
    found = {
        (name, action.option_strings[0])
        for name, parser in commands_.choices.items()
        for action in parser._actions
        if action.metavar in paths
    }
    assert found == {(key.split()[0], key.split()[-1]) for key in OPTIONS}


@pytest.mark.parametrize(("option", "kind"), CASES)
def test_every_bad_path_is_one_line_and_exit_code_two_and_nothing_is_left_behind(
    shared: Path, bad: dict[str, str], capsys: pytest.CaptureFixture[str], option: str, kind: str
) -> None:
    expects, command = OPTIONS[option]
    there = {"GOOD": str(shared / "good.csv"), "OUT": str(shared / "out")}
    arguments = [there.get(each, each) for each in command]
    arguments.append(bad[kind])
    if expects != WORKSPACE:
        arguments += ["--workspace", str(shared / "ws")]
    before = tree(shared)
    assert run(arguments) == 2
    err = capsys.readouterr().err
    assert len(err.splitlines()) == 1, err
    assert err.startswith("synthcur: ")
    assert "Traceback" not in err
    assert "no collection" not in err, "it is the path that is refused"
    if bad[kind].strip() and "\x00" not in bad[kind]:
        assert bad[kind] in err
    assert tree(shared) == before
    assert not Path("/dev/full").is_file()


def run(arguments: list[str]) -> int:
    """Return the exit code, be it returned or, for arguments that cannot be read, raised."""
    try:
        return main(arguments)
    except SystemExit as end:
        return int(end.code or 0)


def test_no_pipe_or_device_is_replaced_by_what_is_written(
    ready: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    os.mkfifo(ready / "pipe")
    arguments = ["weights", "small", "--out", str(ready / "pipe"), f"--workspace={ready / 'ws'}"]
    assert main(arguments) == 2
    assert (ready / "pipe").is_fifo()
    assert "not a regular file" in capsys.readouterr().err


def test_a_file_may_have_the_longest_name_there_is(ready: Path) -> None:
    out = ready / f"{'w' * 247}.parquet"
    assert main(["weights", "small", "--out", str(out), f"--workspace={ready / 'ws'}"]) == 0
    assert out.is_file()


def test_a_workspace_variable_that_is_no_path_is_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SYNTHCUR_WORKSPACE", "~nobody-of-that-name/ws")
    assert main(["jobs"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "SYNTHCUR_WORKSPACE" in line


def test_a_present_folder_that_was_deleted_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    (tmp_path / "here").rmdir()
    monkeypatch.delenv("SYNTHCUR_WORKSPACE", raising=False)
    assert main(["jobs"]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def break_jobs(monkeypatch: pytest.MonkeyPatch, answer: Callable[..., Answer]) -> None:
    monkeypatch.setattr(commands, "list_jobs", answer)


def faulty(_: object) -> Answer:
    raise KeyError("a fault of ours")


def test_a_fault_is_one_line_with_the_place_of_its_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    break_jobs(monkeypatch, faulty)
    monkeypatch.delenv("SYNTHCUR_DEBUG", raising=False)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert main(["jobs", "--json"]) == 70
    said = capsys.readouterr()
    (line,) = said.err.splitlines()
    (log,) = tmp_path.glob("*.log")
    assert f"with {log}" in line
    assert "a fault of ours" in line
    assert "Traceback" in log.read_text()
    assert "in faulty" in log.read_text()
    assert "fault" in json.loads(said.out)["error"]


def test_a_fault_is_a_traceback_where_one_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    break_jobs(monkeypatch, faulty)
    monkeypatch.setenv("SYNTHCUR_DEBUG", "1")
    with pytest.raises(KeyError, match="a fault of ours"):
        main(["jobs"])


def test_a_path_that_is_no_text_is_answered_as_json(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    break_jobs(monkeypatch, lambda _: Answer({"out": "caf\udce9.csv"}, "caf\udce9.csv"))
    assert main(["jobs", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"out": "caf\udce9.csv"}
    assert main(["jobs"]) == 0


def answering(command: str, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", f"{sys.executable} -m synthcur jobs {command}; exit ${{PIPESTATUS[0]}}"],
        stderr=subprocess.PIPE,
        text=True,
        timeout=1200,
        check=False,
        **options,  # type: ignore[call-overload]
    )


def test_an_answer_that_the_disk_does_not_take_is_told_and_a_closed_pipe_is_not(
    tmp_path: Path,
) -> None:
    full = answering(f"--workspace {tmp_path} > /dev/full")
    assert full.returncode == 2
    (line,) = full.stderr.splitlines()
    assert "No space left on device" in line
    closed = answering(f"--workspace {tmp_path} | true")
    assert (closed.returncode, closed.stderr) == (0, "")
