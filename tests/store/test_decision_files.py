"""Decisions from files: applied once each, all or none, and never over somebody else's unasked."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from synthcur.__main__ import main
from synthcur.schema import Collection
from synthcur.store.store import Store

NAME = "small"
Decide = Callable[..., tuple[int, str, str]]


@pytest.fixture
def opened(tmp_path: Path, small_collection: Collection):
    store = Store(tmp_path / "ws")
    store.add_collection(small_collection)
    store.add_collection(replace(small_collection, name="base2"))
    yield store
    store.close()


@pytest.fixture
def samples(small_collection: Collection) -> list[str]:
    return small_collection.synthetic["sample_id"].tolist()


@pytest.fixture
def decide(opened: Store, tmp_path: Path, capsys: pytest.CaptureFixture) -> Decide:
    """Write lines into a file and apply it; return exit code, output and errors."""

    def run(lines: list[dict[str, Any]], *options: str, name: str = NAME):
        path = tmp_path / "d.jsonl"
        path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
        workspace = ("--workspace", str(opened.workspace))
        code = main(["decide", name, "--from", str(path), *options, *workspace])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def line(sample: str, action: str = "discard", **more: Any) -> dict[str, Any]:
    return {"sample_id": sample, "action": action, **more}


def by(store: Store, who: str, sample: str, action: str = "keep", **more: Any) -> None:
    store.decisions.append(
        NAME,
        sample_id=sample,
        annotator=who,
        action=action,
        client_id=f"tab of {who}",
        client_seq=store.decisions.count(NAME) + 1,
        expected_seq=store.decisions.state(NAME).versions.get(sample, 0),
        **more,
    )


def test_the_same_file_is_added_to_each_collection_and_for_each_annotator(decide, opened, samples):
    lines = [line(each) for each in samples[:5]]
    assert decide(lines)[1] == "5 of 5 decisions added\n"
    assert decide(lines)[1] == "0 of 5 decisions added; the rest was there\n"
    assert decide(lines, name="base2")[1] == "5 of 5 decisions added\n"
    assert decide(lines, name="base2")[1] == "0 of 5 decisions added; the rest was there\n"
    assert set(opened.decisions.state("base2").current) == set(samples[:5])
    notes = [line(each, "note", note="seen") for each in samples[:5]]
    assert decide(notes)[1].startswith("5 of 5")
    assert decide(notes, "--annotator", "ben", "--override")[1].startswith("5 of 5")


def test_what_others_decided_is_named_and_nothing_is_applied(decide, opened, samples):
    by(opened, "ana", samples[1])
    by(opened, "ben", samples[3], "discard")
    before = opened.decisions.log(NAME)
    code, out, err = decide([line(each) for each in samples[:5]])
    assert (code, out) == (2, "")
    assert "2 of 5 decisions are about rows that are somebody else’s" in err
    assert "line 2: ana has decided it" in err
    assert "line 4: ben has decided it" in err
    assert "--override" in err
    assert opened.decisions.log(NAME) == before


def test_override_decides_them_all_the_same_and_the_log_keeps_both(decide, opened, samples):
    by(opened, "ana", samples[1])
    code, out, _ = decide([line(each) for each in samples[:3]], "--override")
    assert (code, out) == (0, "3 of 3 decisions added\n")
    assert opened.decisions.state(NAME).current[samples[1]].action == "discard"
    assert opened.decisions.log(NAME)[0].annotator == "ana"


@pytest.mark.parametrize("options", [(), ("--override",)])
def test_a_row_that_somebody_has_before_them_is_left_to_them(decide, opened, samples, options):
    opened.turns.take(NAME, "ana", samples[:2])
    code, _, err = decide([line(each) for each in samples[1:4]], *options)
    assert code == 2
    assert "1 of 3 decisions is about a row that is somebody else’s" in err
    assert "line 1: ana has it before them now" in err
    assert opened.decisions.log(NAME) == []
    assert decide([line(samples[0], annotator="ana")])[0] == 0, "ana’s own file is hers"


@pytest.mark.parametrize(
    ("done", "asked", "is_refused"),
    [
        ({"action": "note", "note": "a"}, {"action": "note", "note": "b"}, True),
        ({"action": "edit", "text": "a"}, {"action": "edit", "text": "b"}, True),
        ({"action": "keep"}, {"action": "discard"}, True),
        ({"action": "note", "note": "a"}, {"action": "discard"}, False),
        ({"action": "keep"}, {"action": "note", "note": "b"}, False),
    ],
)
def test_only_what_a_line_would_replace_stands_in_its_way(
    decide, opened, samples, done, asked, is_refused
):
    by(opened, "ana", samples[0], **done)
    assert decide([{"sample_id": samples[0], **asked}])[0] == (2 if is_refused else 0)


def test_what_was_taken_back_and_what_is_ones_own_stands_in_nobodys_way(decide, opened, samples):
    by(opened, "ana", samples[0])
    opened.decisions.undo(NAME, annotator="ana", client_id="tab of ana", client_seq=9)
    by(opened, "ben", samples[1])
    lines = [line(samples[0]), line(samples[1], annotator="ben")]
    assert decide(lines)[1].startswith("2 of 2")
    assert opened.decisions.state(NAME).current[samples[1]].action == "discard"


def test_several_people_in_one_file_may_decide_one_row(decide, opened, samples):
    lines = [line(samples[0], "keep", annotator="ana"), line(samples[0], annotator="ben")]
    assert decide(lines)[1].startswith("2 of 2")
    assert decide(lines)[1].startswith("0 of 2")
    assert opened.decisions.state(NAME).current[samples[0]].annotator == "ben"


def test_a_file_that_fails_on_the_way_is_not_half_applied(decide, opened, samples, monkeypatch):
    from synthcur.store import decision_rows

    written = decision_rows.append

    def failing(db, name, decisions, client_id, client_seq):
        if client_seq == 3:
            raise KeyboardInterrupt
        return written(db, name, decisions, client_id, client_seq)

    monkeypatch.setattr(decision_rows, "append", failing)
    assert decide([line(each) for each in samples[:5]])[0] == 130
    assert opened.decisions.log(NAME) == []
    monkeypatch.undo()
    assert decide([line(each) for each in samples[:5]])[1].startswith("5 of 5")


@pytest.mark.parametrize(
    "bad",
    [
        {"action": "note", "note": "a\ud83d"},
        {"action": "edit", "text": "\udc00"},
        {"action": "relabel", "label": "\ud83d"},
        {"action": "discard", "reason": "\ud83d"},
        {"action": "\ud83d"},
        {"action": "keep", "sample_id": "\ud83d"},
        {"action": "edit", "text": "x" * 200_001},
    ],
)
def test_half_a_character_and_a_text_too_long_are_refused_by_line(decide, opened, samples, bad):
    code, _, err = decide([line(samples[0]), {"sample_id": samples[1], **bad}])
    assert code == 2
    assert "line 2" in err
    assert "Traceback" not in err
    assert opened.decisions.log(NAME) == []


def test_a_name_that_cannot_be_used_is_refused_with_its_line(decide: Decide, samples: list[str]):
    code, _, said = decide([line(samples[0]), line(samples[1], annotator="\x07")])
    assert code == 2
    assert "line 2: The annotator's name" in said


def test_what_is_said_is_true_of_all_some_and_no_lines(decide: Decide, samples: list[str]):
    assert decide([line(samples[0])])[1] == "1 of 1 decisions added\n"
    assert decide([line(samples[0])])[1] == "0 of 1 decisions added; the rest was there\n"
    assert decide([])[1].endswith("holds no decisions\n")
