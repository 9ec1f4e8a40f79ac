"""Files of annotation tools: known by their fields, read as people there meant them."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from synthcur.__main__ import main
from synthcur.data import said as words
from synthcur.data.loading import build
from synthcur.data.reading import read_table
from synthcur.data.tables import RawTable
from synthcur.errors import InputError
from synthcur.review.decisions import ACTIONS, REASONS
from synthcur.store.store import Store
from synthcur.store.taking import take
from tests.support.importing import collections, hotel, run_import, write

Row = dict[str, object]


def table_of(rows: Sequence[Row], *, lines: bool = True) -> RawTable:
    data = "\n".join(map(json.dumps, rows)) if lines else json.dumps(list(rows))
    return read_table(data.encode(), "theirs")


def column(table: RawTable, name: str) -> list[object]:
    return table.frame[name].tolist()


def said(table: RawTable) -> list[tuple[object, ...]]:
    return [(each.row, each.action, each.annotator, each.label) for each in table.said]


def choice(label: str | list[str], control: str = "topic") -> Row:
    labels = [label] if isinstance(label, str) else label
    return {
        "from_name": control,
        "to_name": "text",
        "type": "choices",
        "value": {"choices": labels},
    }


def annotation(label: str | list[str], who: object = 1, **more: object) -> Row:
    return {"result": [choice(label)], "completed_by": who, **more}


def task(number: int, annotations: Sequence[Row] = (), **more: object) -> Row:
    data = {"body": f"text {number}", "source": "mail"}
    return {"id": number, "data": data, "annotations": list(annotations), **more}


# Label Studio


def test_a_task_of_label_studio_is_a_row_with_the_label_of_most_people():
    rows = [
        task(1, [annotation("a"), annotation("b", 2), annotation("a", 3)]),
        task(2, [annotation("a"), annotation("b", 2)]),
        task(3, [annotation(["a", "b"])]),
        task(4, [annotation("a"), annotation("b", 2, ground_truth=True)]),
        task(5, [{"result": [], "completed_by": 1, "was_cancelled": True}]),
        task(6),
    ]
    table = table_of(rows, lines=False)
    assert column(table, "body") == [f"text {n}" for n in range(1, 7)]
    assert column(table, "topic") == ["a", '["a", "b"]', '["a", "b"]', "b", None, None]
    assert column(table, "source") == ["mail"] * 6
    assert table.label == "topic"
    assert "Label Studio" in table.notes[0]
    assert "2 tasks" not in table.notes[1]
    assert table.notes[1].startswith("3 tasks answered by several people")


def test_a_person_in_label_studio_keeps_or_changes_what_a_model_predicted():
    predictions = [{"model_version": "m", "score": 0.4, "result": [choice("a")]}]
    people = {"email": "ann@example.org", "id": 7}
    when = "2026-03-01T10:00:00.5Z"
    rows = [
        task(1, [annotation("a", people, updated_at=when)], predictions=predictions),
        task(2, [annotation("b", 3)], predictions=predictions),
        task(3, [], predictions=predictions),
    ]
    table = table_of(rows, lines=False)
    assert said(table) == [
        (1, "keep", "ann@example.org", None),
        (2, "relabel", "Label Studio user 3", "b"),
    ]
    assert table.said[0].at == pytest.approx(1772359200.5)
    assert table.proposed == {"topic": ["a", "a", "a"]}
    assert column(table, "topic.prediction.score") == [0.4, 0.4, 0.4]


def test_tasks_of_an_early_label_studio_and_those_that_nobody_answered_are_read():
    early = [{"id": n, "data": {"text": "t"}, "completions": [annotation("a")]} for n in range(2)]
    assert column(table_of(early, lines=False), "topic") == ["a", "a"]
    waiting = [{"data": {"text": f"text {n}", "intent": "a"}} for n in range(2)]
    table = table_of(waiting, lines=False)
    assert (column(table, "text"), column(table, "intent")) == (["text 0", "text 1"], ["a", "a"])


def test_two_questions_in_label_studio_are_two_columns():
    results = [choice("a"), choice("good", "mood")]
    table = table_of([task(n, [{"result": results}]) for n in range(4)], lines=False)
    assert (set(column(table, "topic")), set(column(table, "mood"))) == ({"a"}, {"good"})
    assert table.label == ""


def test_an_export_of_label_studio_without_choices_is_refused_in_words():
    spans = {"type": "labels", "value": {"labels": ["PER"], "start": 0, "end": 3}}
    with pytest.raises(InputError, match="without choices"):
        table_of([task(1, [{"result": [spans]}])], lines=False)


def test_rows_of_one_task_in_short_form_are_joined():
    def row(number: int, who: object, topic: object) -> Row:
        beside = {"annotator": who, "annotation_id": number * 10, "lead_time": 1.5}
        return {"text": f"text {number}", "id": number, "topic": topic, **beside}

    rows = [
        row(1, "a@b.c", "x"),
        row(1, "d@e.f", "x"),
        row(2, 4, "y"),
        row(2, 5, {"choices": ["x", "y"]}),
    ]
    table = table_of(rows, lines=False)
    assert column(table, "topic") == ["x", '["x", "y"]']
    assert said(table)[:2] == [(1, "keep", "a@b.c", None), (1, "keep", "d@e.f", None)]
    assert table.rows.tolist() == [1, 3]


# Prodigy


def prodigy(number: int, answer: str | None, **more: object) -> Row:
    answered = {} if answer is None else {"answer": answer}
    return {"text": f"text {number}", "_task_hash": number, **answered, **more}


OPTIONS = [{"id": 0, "text": "x"}, {"id": 1, "text": "y"}]


def test_choices_of_prodigy_are_called_by_name_and_joined_by_task():
    rows = [
        prodigy(1, "accept", options=OPTIONS, accept=[1], _annotator_id="ann", _timestamp=1.7e9),
        prodigy(1, "accept", options=OPTIONS, accept=[1], _annotator_id="bob"),
        prodigy(2, "ignore", options=OPTIONS, accept=[], _annotator_id="ann"),
        prodigy(3, None, options=OPTIONS, accept=[0]),
    ]
    table = table_of(rows)
    assert column(table, "accept") == ["y", None, None]
    assert said(table) == [
        (1, "keep", "ann", None),
        (1, "keep", "bob", None),
        (3, "unsure", "ann", None),
    ]
    assert table.said[0].at == 1.7e9
    assert table.proposed == {"accept": [None, None, "x"]}


def test_a_rejected_label_of_prodigy_is_a_discarded_row():
    rows = [prodigy(1, "accept", label="x"), prodigy(2, "reject", label="x")]
    assert said(table_of(rows)) == [
        (1, "keep", "Prodigy user", None),
        (2, "discard", "Prodigy user", None),
    ]


# doccano


def test_doccano_is_known_by_its_lists_and_its_comments():
    rows = [
        {"id": 1, "data": "text 1", "labels": ["x"], "Comments": ["look"]},
        {"id": 2, "data": "text 2", "labels": [], "Comments": []},
    ]
    table = table_of(rows)
    assert "doccano" in table.notes[0]
    assert [(s.row, s.action, s.annotator, s.note) for s in table.said] == [
        (1, "note", "doccano user", "look"),
    ]


@pytest.mark.parametrize(
    "row",
    [
        {"id": 1, "text": "a text", "label": [[0, 3, "PER"]]},
        {"id": 1, "text": "a text", "label": "x"},
        {"text": "a text", "labels": ["x"], "model": "gen-7b"},
        {"messages": "a text", "label": "x"},
        {"text": "a text", "answer": "accept", "label": "x"},
        {"fields": "a", "responses": "b"},
        {"data": "a text", "annotations": 3},
    ],
)
def test_what_is_called_as_in_a_tool_but_looks_otherwise_is_a_plain_table(row: Row):
    table = table_of([row, row])
    assert list(table.frame.columns) == list(row)
    assert table.notes == ()


# Argilla


def argilla(number: int, responses: object, **more: object) -> Row:
    fields = {"text": f"text {number}"}
    return {"id": str(number), "fields": fields, "responses": responses, **more}


def test_records_of_argilla_have_the_submitted_labels_and_the_suggestion_beside_them():
    def by(user: str, value: str, status: str | None = None) -> Row:
        return {"value": value, "user_id": user} | ({"status": status} if status else {})

    suggestions = {"topic": {"value": "x", "score": 0.25, "agent": "llm"}}
    rows = [
        argilla(1, {"topic": [by("u1", "x", "submitted")]}, suggestions=suggestions),
        argilla(2, {"topic": [by("u1", "y")]}, suggestions=suggestions),
        argilla(3, {"topic": [by("u1", "y", "draft")]}, suggestions=suggestions),
        argilla(4, {"topic": [by("u2", "y", "discarded")]}, metadata={"lang": "en"}),
    ]
    table = table_of(rows, lines=False)
    assert column(table, "topic.responses") == ["x", "y", None, None]
    assert column(table, "topic.suggestion.score") == [0.25, 0.25, 0.25, None]
    assert column(table, "lang") == [None, None, None, "en"]
    assert said(table) == [
        (1, "keep", "u1", None),
        (2, "relabel", "u1", "y"),
        (4, "discard", "u2", None),
    ]
    assert table.proposed == {"topic.responses": ["x", "x", "x", None]}


def test_lists_of_the_first_argilla_are_read_as_well():
    response = {"user_id": "u1", "value": "y", "status": "submitted"}
    row = {"text": "a text", "topic": [response], "topic-suggestion": "x", "external_id": "e"}
    table = table_of([row, {**row, "topic": []}])
    assert column(table, "topic.responses") == ["y", None]
    assert said(table) == [(1, "relabel", "u1", "y")]


def test_records_of_the_earliest_argilla_are_read_as_well():
    guesses = [{"label": "x", "score": 0.9}, {"label": "y", "score": 0.1}]
    row = {"inputs": {"text": "a text"}, "prediction": guesses, "prediction_agent": "m"}
    rows = [
        {**row, "annotation": "y", "annotation_agent": "ann", "status": "Validated"},
        {**row, "annotation": None, "annotation_agent": None, "status": "Default"},
        {**row, "annotation": None, "annotation_agent": "bob", "status": "Discarded"},
    ]
    table = table_of(rows, lines=False)
    assert column(table, "text") == ["a text"] * 3
    assert column(table, "label.responses") == ["y", None, None]
    assert said(table) == [(1, "relabel", "ann", "y"), (3, "discard", "bob", None)]
    assert table.proposed == {"label.responses": ["x", "x", "x"]}


# Chat


def chat(*turns: tuple[str, object], **more: object) -> Row:
    return {"messages": [{"role": role, "content": said} for role, said in turns], **more}


def test_short_answers_that_repeat_are_labels():
    part = [{"type": "text", "text": "text 1"}]
    rows = [
        chat(("system", "Name it."), ("user", f"text {i}"), ("assistant", f"{'xy'[i % 2]} "))
        for i in range(8)
    ]
    rows.append(chat(("user", part), ("assistant", "x")))
    table = table_of(rows)
    assert column(table, "label") == [*("xy" * 4), "x"]
    assert column(table, "text")[-2:] == ["text 7", "text 1"]
    assert column(table, "system")[0] == "Name it."
    assert "the assistant’s answer the label" in table.notes[0]


def test_long_answers_are_texts_and_the_label_is_another_column():
    rows = [
        {
            "conversations": [
                {"from": "human", "value": "Write."},
                {"from": "gpt", "value": f"A long text {i}"},
            ],
            "intent": "xy"[i % 2],
        }
        for i in range(8)
    ]
    table = table_of(rows)
    assert column(table, "text")[3] == "A long text 3"
    assert "the assistant’s answer is the text" in table.notes[0]
    assert table.label == ""


def test_prompts_of_older_models_lose_the_mark_that_ends_them():
    rows = [{"prompt": f"text {i}\n\n###\n\n", "completion": f" {'xy'[i % 2]}"} for i in range(8)]
    table = table_of(rows)
    assert (column(table, "text")[1], column(table, "label")[1]) == ("text 1", "y")
    assert any("is taken off" in note for note in table.notes)


# Decisions


def studio(rows: Sequence[Row], decided: dict[int, list[Row]]) -> list[Row]:
    """Tasks whose label a model predicted, some of them with annotations."""
    return [
        {
            "id": i,
            "data": {"text": row["text"]},
            "predictions": [{"result": [choice(str(row["label"]))]}],
            "annotations": decided.get(i, []),
        }
        for i, row in enumerate(rows)
    ]


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """40 generated rows that two people looked at in Label Studio, and real ones."""
    skip = {"result": [], "was_cancelled": True, "completed_by": {"email": "bob@b.c"}}
    decided = {
        0: [annotation("Zimmer", {"email": "ann@b.c"}, created_at="2026-03-01T10:00:00Z")],
        1: [annotation("Anreise", {"email": "ann@b.c"}, created_at="2026-03-02T10:00:00Z")],
        2: [skip],
        3: [annotation("Unknown", {"email": "bob@b.c"})],
    }
    (tmp_path / "made.json").write_text(json.dumps(studio(hotel(100, 40), decided)))
    return {
        "synthetic": tmp_path / "made.json",
        "real": write(tmp_path / "real.csv", hotel(200, 40)),
        "validation": write(tmp_path / "val.csv", hotel(300, 20)),
        "test": write(tmp_path / "test.csv", hotel(400, 20)),
    }


def test_decisions_in_a_file_are_named_and_left_unless_asked_for(files, tmp_path: Path, capsys):
    assert run_import(tmp_path, files, "--accept", "all") == 0
    line = "made.json: 4 decisions of ann@b.c, bob@b.c: 1 kept, 2 relabelled, 1 unsure; not taken"
    assert line in capsys.readouterr().err
    stored = collections(tmp_path)["hotel"].synthetic
    # People's labels stand; where they gave none, that of the model.
    assert stored["label"].tolist()[:3] == ["Zimmer", "Anreise", "Rechnung"]
    assert len(stored) == 39
    store = Store(tmp_path / "ws")
    assert store.decisions.count("hotel") == 0
    store.close()


def test_decisions_are_taken_under_their_names_and_times_once(files, tmp_path: Path, capsys):
    assert run_import(tmp_path, files, "--decisions") == 0
    said = capsys.readouterr().err
    assert "3 decisions taken; 1 left out: 'Unknown' is not a label of this collection" in said
    store = Store(tmp_path / "ws")
    collection = store.collection("hotel")
    assert collection.synthetic["label"].tolist()[:4] == [
        "Zimmer",
        "Frühstück",
        "Rechnung",
        "Anreise",
    ]
    log = {each.sample_id: each for each in store.decisions.log("hotel")}
    first, second, third = (log[each] for each in collection.synthetic_ids[:3])
    assert (first.action, first.annotator, first.created_at) == ("keep", "ann@b.c", 1772359200)
    assert (second.action, second.label) == ("relabel", "Anreise")
    assert (third.action, third.annotator) == ("unsure", "bob@b.c")
    assert third.created_at > 1772359200
    tables = {
        part: read_table(files[name])
        for part, name in (("synthetic", "synthetic"), ("train", "real"))
    }
    again = take(store, collection, build("hotel", tables, takes_decisions=True).said)
    assert (again.added, again.known) == (0, 3)
    store.close()


def test_the_answer_of_an_import_counts_decisions(files, tmp_path: Path, capsys):
    given = [word for name, path in files.items() for word in (f"--{name}", str(path))]
    words = ["import", "hotel", *given, "--no-score", "--decisions", "--json"]
    assert main([*words, "--workspace", str(tmp_path / "ws")]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["decisions"] == {"in_file": 4, "taken": 3}


def test_rejected_rows_are_decisions_where_those_are_taken_and_a_finding_elsewhere(tmp_path: Path):
    rows = [
        prodigy(i, "reject" if i < 3 else "accept", **row) for i, row in enumerate(hotel(1, 40))
    ]
    tables = {"synthetic": table_of(rows), "train": table_of(hotel(200, 40))}
    for takes, rejected in ((False, 3), (True, 0)):
        draft = build("hotel", tables, takes_decisions=takes)
        found = next(each for each in draft.findings if each.code == "rejected_rows")
        assert len(found.rows) == rejected
        assert len(draft.said) == (40 if takes else 0)


def test_one_who_rejects_a_row_is_outvoted_by_two_who_accept_it():
    def answers(i: int) -> list[str]:
        return ["accept", "accept", "reject"] if i < 3 else ["reject", "accept", "reject"]

    rows = [
        prodigy(i, answer, **row, _annotator_id=who)
        for i, row in enumerate(hotel(1, 40))
        for who, answer in zip(("ann", "bob", "cem"), answers(i), strict=True)
    ]
    tables = {"synthetic": table_of(hotel(200, 40)), "train": table_of(rows)}
    draft = build("hotel", tables)
    found = next(each for each in draft.findings if each.code == "rejected_rows")
    assert len(found.rows) == 37


def test_a_label_that_nobody_gave_is_missing_in_a_real_file_alone():
    rows = studio(hotel(1, 40), {0: [annotation("Zimmer")]})
    tables = {"synthetic": table_of(rows, lines=False), "train": table_of(rows, lines=False)}
    draft = build("hotel", tables)
    missing = next(each for each in draft.findings if each.code == "missing_label")
    assert {file.split(":")[0] for file, _ in missing.rows} == {"train"}
    assert len(missing.rows) == 39


def test_the_words_for_what_people_say_are_those_of_the_log():
    own = (words.KEEP, words.DISCARD, words.RELABEL, words.UNSURE, words.NOTE, words.EDIT)
    assert own == ACTIONS
    assert "wrong label" in REASONS


HOSTILE = [
    {"data": {"text": {"a": [1]}}, "annotations": [3, None, {"result": "x"}], "predictions": 7},
    {"data": {"text": "t"}, "annotations": [{"result": [{"type": "choices", "value": 3}]}]},
    {
        "text": "t",
        "options": [{"id": {"a": 1}, "text": None}],
        "accept": {"a": 1},
        "answer": "accept",
    },
    {"fields": {"text": 1}, "responses": {"q": "x", "r": [1, None]}, "suggestions": {"q": 5}},
    {"messages": [{"role": "user", "content": None}, {"role": "assistant", "content": [1, {}]}]},
    {"text": "t", "label": "x", "synthcur": '{"label": "x", "decisions": [{"action": 1}]}'},
    {"text": "t", "label": ["x"], "Comments": [{"text": 4}, 7], "id": None},
    {"text": "\ud83d", "topic": "x", "annotator": {"email": "\u202e\n" * 90}, "annotation_id": 1},
]


@pytest.mark.parametrize("row", HOSTILE)
def test_odd_values_in_known_fields_are_read_or_refused_in_words(row: Row):
    for rows in ([row, row], [row, {"text": "x"}]):
        try:
            table = table_of(rows, lines=False)
        except InputError:
            continue
        assert all(each.annotator.isprintable() for each in table.said)
