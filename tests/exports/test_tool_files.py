"""Rows that leave for another tool come back as they were: texts, labels, weights, decisions."""

import io
import json
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from xml.etree import ElementTree

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harness.collections import add_scores
from synthcur.__main__ import main
from synthcur.data.loading import accept, build
from synthcur.data.reading import read_table
from synthcur.errors import InputError
from synthcur.exports import downloads
from synthcur.exports.tool_files import FORMATS, PLAIN, tool_files
from synthcur.schema import Collection
from synthcur.store.store import Store
from synthcur.store.taking import take

LABELS = ("billing & <co>", "delivery", "repair")
ANN = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"
STAYING = ("chat", "distilabel")
"""Formats that hold the rows that stay alone."""


def own_rows(source: str, n: int) -> list[dict]:
    """Rows with columns of several kinds, some called as a tool or synthcur calls its own."""
    return [
        {
            "text": f"{'=' if i == 4 else ''}{source} text {i}\nwith a line, “quotes” and \t tabs",
            "label": LABELS[i % 3],
            "generator": ["gen-7b", None, "gen-1b"][i % 3],
            "temperature": None if i == 5 else i / 10,
            "tokens": 2**53 + i,
            "flag": i % 2 == 0,
            "weight": f"heavy {i}",
            "meta": '{"a": [1, 2]}',
            "id": f"row-{i}",
            "nothing": None,
        }
        for i in range(n)
    ]


def as_jsonl(rows: list[dict]) -> bytes:
    return "".join(f"{json.dumps(row)}\n" for row in rows).encode()


REAL = as_jsonl(own_rows("real", 30))


def imported(store: Store, name: str, synthetic: bytes) -> Collection:
    """Import rows with the decisions in them, every proposal declined."""
    tables = {"synthetic": read_table(synthetic, "s"), "train": read_table(REAL, "r")}
    draft = build(name, tables, takes_decisions=True)
    collection = accept(draft, frozenset())
    store.add_collection(collection)
    taken = take(store, collection, draft.said)
    assert not taken.left
    assert taken.added == len(draft.said)
    return store.collection(name)


def decide(store: Store, collection: Collection) -> None:
    """Let two people keep, discard, relabel, edit, note and take back."""
    ids = collection.synthetic_ids
    steps = [
        ("ada", ids[0], "discard", {"reason": "off topic"}),
        ("ada", ids[1], "relabel", {"label": LABELS[2]}),
        (ANN, ids[2], "keep", {"note": "fine"}),
        ("ada", ids[3], "edit", {"text": "+edited text\r\nof row 3"}),
        ("ada", ids[3], "keep", {}),
        ("ada", ids[4], "relabel", {"label": LABELS[0]}),
        ("ada", ids[4], "keep", {}),
        (ANN, ids[5], "unsure", {}),
        ("ada", ids[6], "note", {"note": "a “note”"}),
        ("ada", ids[7], "discard", {}),
        ("ada", ids[8], "edit", {"text": "edited and undecided"}),
    ]
    for number, (who, sample_id, action, more) in enumerate(steps, start=1):
        store.decisions.append(
            collection.name,
            sample_id=sample_id,
            annotator=who,
            action=action,
            client_id="tab",
            client_seq=number,
            expected_seq=store.decisions.state(collection.name).versions.get(sample_id, 0),
            **more,
        )
    store.decisions.undo(collection.name, annotator=ANN, client_id="tab", client_seq=99)


def standing(store: Store, name: str, among: set[str]) -> list[tuple]:
    table = downloads.decisions_table(store.decisions.log(name))
    table = table.astype(object).where(table.notna(), None)
    return sorted(
        (row for row in table.itertuples(index=False, name=None) if row[0] in among), key=repr
    )


def content(collection: Collection, among: set[str]) -> dict[str, tuple]:
    rows = collection.synthetic
    cells = zip(rows["text"], rows["text_pair"], rows["label"], strict=True)
    return {i: c for i, c in zip(rows["sample_id"], cells, strict=True) if i in among}


def beside(collection: Collection, columns: list[str], *, as_text: bool) -> dict[str, list]:
    """Other cells of the synthetic rows by sample id."""
    cells = collection.provenance.loc[(collection.rows["source"] == "synthetic").to_numpy()]
    cells = cells[columns].astype(object).where(cells[columns].notna(), None)
    shown = [
        [None if c is None else str(c) for c in row] if as_text else row
        for row in cells.to_numpy().tolist()
    ]
    return dict(zip(collection.synthetic_ids, shown, strict=True))


@pytest.mark.parametrize("kind", [k for k in (*FORMATS, *PLAIN) if k != "distilabel"])
def test_rows_decisions_and_weights_are_the_same_after_three_generations(kind: str, tmp_path: Path):
    store = Store(tmp_path / "ws")
    first = imported(store, "g0", as_jsonl(own_rows("made", 12)))
    add_scores(store, first)
    decide(store, first)
    stays = set(downloads.curated_table(store, "g0", checkers=None)["sample_id"])
    among = stays if kind in STAYING else set(first.synthetic_ids)
    files = [tool_files(store, "g0", kind, checkers="probe")]
    for generation in ("g1", "g2", "g3"):
        found = imported(store, generation, next(iter(files[-1].values())))
        assert content(found, among) == content(first, among)
        assert set(found.synthetic_ids) == among
        assert standing(store, generation, among) == standing(store, "g0", among)
        theirs = list(first.provenance.columns)
        as_text = kind == "csv"
        known = beside(first, theirs, as_text=as_text)
        kept = beside(found, theirs, as_text=as_text)
        assert kept == {sample_id: known[sample_id] for sample_id in among}
        figures = {"synthcur.weight", "synthcur.p", "synthcur.q"}
        assert set(found.provenance.columns) == {*theirs, *figures}
        files.append(tool_files(store, generation, kind, checkers=None))
    assert files[1] == files[2] == files[3]
    assert weights(files[0]) == weights(files[1])
    assert len(weights(files[0])) > 5
    store.close()


def test_a_collection_that_is_scored_here_tells_its_own_weights(tmp_path: Path):
    store = Store(tmp_path / "ws")
    rows = own_rows("made", 12)
    (data,) = tool_files(
        _scored(store, "g0", as_jsonl(rows)), "g0", "jsonl", checkers="probe"
    ).values()
    lines = [json.loads(line) for line in data.splitlines()]
    changed = as_jsonl([{**line, "weight": 7.5} for line in lines])
    _scored(store, "g1", changed)
    assert set(weights(tool_files(store, "g1", "jsonl", checkers=None))) == {7.5}
    assert tool_files(store, "g1", "jsonl", checkers="probe") == {"rows.jsonl": data}
    store.close()


def _scored(store: Store, name: str, synthetic: bytes) -> Store:
    add_scores(store, imported(store, name, synthetic))
    return store


def weights(files: Mapping[str, bytes]) -> list[float]:
    table = read_table(next(iter(files.values())), "again")
    cells = table.frame["synthcur.weight"].tolist()
    return [float(cell) for cell in cells if cell is not None]


def test_pairs_of_texts_go_there_and_back(tmp_path: Path, pair_collection: Collection):
    store = Store(tmp_path / "ws")
    store.add_collection(pair_collection)
    real = pair_collection.rows[pair_collection.rows["source"] == "real"]
    rows = real[["text", "text_pair", "label"]].to_dict("records")
    for kind in (k for k in (*FORMATS, *PLAIN) if k != "distilabel"):
        (data, *_) = tool_files(store, "pairs", kind, checkers=None).values()
        tables = {"synthetic": read_table(data, "s"), "train": read_table(as_jsonl(rows), "r")}
        found = accept(build("again", tables, takes_decisions=True), frozenset())
        assert found.synthetic_ids == pair_collection.synthetic_ids
    store.close()


STAGE = pa.schema(
    [
        pa.field("instruction", pa.string()),
        pa.field("input_text", pa.large_string()),
        pa.field("labels", pa.list_(pa.string())),
        pa.field("generations", pa.list_(pa.field("item", pa.string()))),
        pa.field(
            "distilabel_metadata", pa.struct([("raw", pa.string()), ("at", pa.timestamp("us"))])
        ),
        pa.field("scores", pa.map_(pa.string(), pa.float32())),
        pa.field("embedding", pa.list_(pa.float32(), 2)),
        pa.field("tokens", pa.int32()),
        pa.field("cost", pa.decimal128(9, 4)),
        pa.field("made", pa.timestamp("ms", tz="UTC")),
        pa.field("ok", pa.bool_()),
        pa.field("model_name", pa.dictionary(pa.int32(), pa.string())),
        pa.field("nothing", pa.null()),
    ],
    metadata={b"pipeline": b"v1"},
)


def stage() -> pa.Table:
    """A stage of a pipeline that waits: nested columns of every kind, nulls among them."""
    moment = datetime(2026, 3, 1, 10, 0, 0, 123000)
    rows = [
        {
            "instruction": None if i == 2 else "Write a message",
            "input_text": f"made text {i}",
            "labels": [LABELS[i % 3]],
            "generations": None if i == 3 else ["a", None, f"“{i}”"],
            "distilabel_metadata": None if i == 4 else {"raw": "x", "at": moment},
            "scores": [("p", 0.1), ("q", None)],
            "embedding": [0.1, float(i)],
            "tokens": None if i == 5 else i,
            "cost": Decimal("1.2500"),
            "made": moment.replace(tzinfo=None),
            "ok": i % 2 == 0,
            "model_name": "gen-7b",
            "nothing": None,
        }
        for i in range(12)
    ]
    return pa.Table.from_pylist(rows, schema=STAGE)


def as_parquet(table: pa.Table) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(table, buffer)
    return buffer.getvalue()


def test_a_paused_pipeline_gets_its_own_columns_back(tmp_path: Path):
    store = Store(tmp_path / "ws")
    first = imported(store, "g0", as_parquet(stage()))
    add_scores(store, first)
    decide(store, first)
    stays = set(downloads.curated_table(store, "g0", checkers=None)["sample_id"])
    files = [tool_files(store, "g0", "distilabel", checkers="probe")]
    for generation in ("g1", "g2", "g3"):
        data = files[-1]["distilabel.parquet"]
        found = pq.read_table(io.BytesIO(data))
        assert found.schema.remove_metadata() == STAGE.remove_metadata()
        assert found.schema.metadata[b"pipeline"] == b"v1"
        was = stage().to_pylist()
        left = [row for place, row in enumerate(was) if place not in (0, 7)]
        left[0]["labels"], left[3]["labels"] = [LABELS[2]], [LABELS[0]]
        left[2]["input_text"] = "+edited text\r\nof row 3"
        left[6]["input_text"] = "edited and undecided"
        assert found.to_pylist() == left
        collection = imported(store, generation, data)
        assert content(collection, stays) == content(first, stays)
        assert standing(store, generation, stays) == standing(store, "g0", stays)
        files.append(tool_files(store, generation, "distilabel", checkers=None))
    assert files[1] == files[2] == files[3]
    assert weights(files[0]) == weights(files[1])
    store.close()


def test_rows_that_did_not_come_as_parquet_have_no_columns_to_give_back(
    tmp_path: Path, small_collection: Collection
):
    store = Store(tmp_path / "ws")
    store.add_collection(small_collection)
    with pytest.raises(InputError, match="Parquet"):
        tool_files(store, "small", "distilabel", checkers=None)
    store.close()


@pytest.fixture
def decided(tmp_path: Path) -> Store:
    store = Store(tmp_path / "ws")
    first = imported(store, "g0", as_jsonl(own_rows("made", 12)))
    add_scores(store, first)
    decide(store, first)
    return store


def test_label_studio_sorts_predictions_by_weight_and_shows_verdicts_as_annotations(decided: Store):
    files = tool_files(decided, "g0", "label-studio", checkers="probe")
    tasks = json.loads(files["label-studio.json"])
    curated = downloads.curated_table(decided, "g0", checkers="probe")
    scores = [t["predictions"][0]["score"] for t in tasks if "score" in t["predictions"][0]]
    assert scores == curated["weight"].tolist()
    assert tasks[0]["annotations"] == [{"result": [], "was_cancelled": True}]
    choice = {"from_name": "label", "to_name": "text", "type": "choices"}
    assert tasks[1]["annotations"][0]["result"] == [{**choice, "value": {"choices": [LABELS[2]]}}]
    assert tasks[1]["predictions"][0]["result"][0]["value"] == {"choices": [LABELS[1]]}
    assert "annotations" not in tasks[6]
    assert tasks[3]["data"]["text"] == "+edited text\r\nof row 3"
    view = ElementTree.fromstring(files["label-studio-config.xml"])
    assert [each.get("value") for each in view.iter("Choice")] == list(LABELS)


def test_prodigy_gets_options_and_the_answer_of_whoever_decided(decided: Store):
    data = tool_files(decided, "g0", "prodigy", checkers="probe")["prodigy.jsonl"]
    tasks = [json.loads(line) for line in data.decode().splitlines()]
    assert tasks[0]["options"] == [{"id": label, "text": label} for label in LABELS]
    assert [t.get("answer") for t in tasks[:7]] == [
        *("reject", "accept", "accept", "accept", "accept", None, None),
    ]
    assert (tasks[1]["accept"], tasks[1]["_annotator_id"]) == ([LABELS[2]], "ada")
    assert tasks[1]["meta"]["weight"] > 0


def test_argilla_gets_a_suggestion_and_the_response_of_its_own_users_alone(decided: Store):
    records = json.loads(tool_files(decided, "g0", "argilla", checkers="probe")["argilla.json"])
    assert records[1]["suggestions"]["label"]["value"] == LABELS[1]
    assert records[1]["responses"] == {}
    response = {"value": LABELS[2], "user_id": ANN, "status": "submitted"}
    assert records[2]["responses"] == {"label": [response]}


def test_chat_holds_the_rows_that_stay_under_their_final_labels(decided: Store):
    data = tool_files(decided, "g0", "chat", checkers=None)["chat.jsonl"]
    chats = [json.loads(line)["messages"] for line in data.decode().split("\n")[:-1]]
    assert len(chats) == 10
    assert [turn["role"] for turn in chats[0]] == ["user", "assistant"]
    assert chats[0][1]["content"] == LABELS[2]


def test_generated_conversations_go_back_as_conversations(tmp_path: Path):
    def chat(i: int, source: str) -> dict:
        turns = [("system", "You are a customer."), ("user", f"Write message {i}.")]
        turns += [("assistant", "Hello?"), ("user", "Go on."), ("assistant", f"{source} text {i}")]
        messages = [{"role": role, "content": said} for role, said in turns]
        return {"messages": messages, "label": LABELS[i % 3]}

    store = Store(tmp_path / "ws")
    first = imported(store, "g0", as_jsonl([chat(i, "a made long") for i in range(12)]))
    assert first.synthetic["text"][0] == "a made long text 0"
    decide(store, first)
    chats = tool_files(store, "g0", "chat", checkers=None)["chat.jsonl"]
    found = [json.loads(line)["messages"] for line in chats.decode().split("\n")[:-1]]
    assert found[0] == chat(1, "a made long")["messages"]
    assert found[2][-1]["content"] == "+edited text\r\nof row 3"
    second = imported(store, "g1", chats)
    among = set(second.synthetic_ids)
    assert content(second, among) == content(first, among)
    assert standing(store, "g1", among) == standing(store, "g0", among)
    assert tool_files(store, "g1", "chat", checkers=None)["chat.jsonl"] == chats
    store.close()


@pytest.mark.parametrize("kind", ["label-studio", "csv"])
def test_the_command_writes_the_files_of_one_format_alone(
    decided: Store, kind: str, tmp_path: Path
):
    out = tmp_path / "out"
    words = ["export", "g0", "--out", str(out), "--format", kind]
    assert main([*words, "--workspace", str(decided.workspace)]) == 0
    files = tool_files(decided, "g0", kind, checkers="probe")
    assert {path.name: path.read_bytes() for path in out.iterdir()} == files


def test_a_plain_table_is_safe_for_a_spreadsheet_and_tells_the_verdict(decided: Store):
    data = tool_files(decided, "g0", "csv", checkers="probe")["rows.csv"]
    table = pd.read_csv(io.BytesIO(data), dtype=str, keep_default_na=False)
    assert table["decision"].tolist()[:3] == ["discard", "relabel", "keep"]
    assert table["text"][3] == "'+edited text\r\nof row 3"
    assert table["label"][1] == LABELS[2]
