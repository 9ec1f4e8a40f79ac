"""The Data page without a browser: files in, findings out, nothing stored before the button."""

import csv
import io
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from harness import samples
from harness.house import ROOT
from synthcur.jobs import job_queue
from synthcur.store.store import Store

PAGE = str(ROOT / "pages" / "data.py")
PARTS = ("synthetic", "train", "validation", "test")
STORED_BEFORE = {"small", "demo"}
Rows = list[tuple[str, str]]


def clean() -> dict[str, Rows]:
    real = {
        split: [(text, label) for label in samples.LABELS for text in samples.REAL[label][part]]
        for split, part in samples.REAL_PARTS.items()
    }
    synthetic = [(text, label) for label in samples.LABELS for text in samples.SYNTHETIC[label]]
    return {"synthetic": synthetic, **real}


def as_csv(rows: Rows, header: tuple[str, ...] = ("text", "label"), delimiter: str = ",") -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=delimiter).writerows([header, *rows])
    return buffer.getvalue().encode()


@pytest.fixture
def store(fill: Callable[..., Store], small_collection, monkeypatch) -> Store:
    """A workspace with one collection, in which no worker starts."""
    monkeypatch.setattr(job_queue, "start_next", lambda *_, **__: None)
    return fill(small_collection)


@pytest.fixture
def app(store: Store) -> AppTest:
    """The page with an import begun."""
    app = AppTest.from_file(PAGE, default_timeout=300)
    app.query_params["collection"] = "small"
    app.run()
    return press(app, "Add a collection")


def press(app: AppTest, beginning: str) -> AppTest:
    found = [button for button in app.button if button.label.startswith(beginning)]
    assert found, f"no button {beginning!r} among {[button.label for button in app.button]}"
    assert not found[0].disabled, f"{found[0].label} is disabled: {found[0].help}"
    return found[0].click().run()


def labels(app: AppTest) -> list[str]:
    return [button.label for button in app.button]


def upload(app: AppTest, files: dict[str, bytes]) -> AppTest:
    """Give files by part; the four of the form come in the order of the parts."""
    for part, data in files.items():
        app.file_uploader[PARTS.index(part)].set_value((f"{part}.csv", data, "text/csv"))
    return app.run()


def words(app: AppTest) -> str:
    elements = [*app.title, *app.caption, *app.error, *app.markdown]
    return "\n".join(element.value.replace("\\", "") for element in elements)


def findings(app: AppTest) -> dict[str, str]:
    table = next(frame.value for frame in app.dataframe if "Finding" in frame.value)
    return {row.Finding: row.State[0] for row in table.itertuples()}


def test_the_open_collection_is_shown_with_its_checks_and_rows(store: Store):
    app = AppTest.from_file(PAGE, default_timeout=300)
    app.query_params["collection"] = "small"
    app.run()
    assert app.title[0].value == "88 rows: 40 synthetic, 48 real, 3 labels"
    assert set(findings(app).values()) <= {"Fine", "Check"}
    assert len(next(f.value for f in app.dataframe if "Text" in f.value)) == 88


def test_rows_are_found_by_part_label_and_literal_text(store: Store):
    app = AppTest.from_file(PAGE, default_timeout=300)
    app.query_params["collection"] = "small"
    app.run()

    def shown() -> int:
        return len(next(frame.value for frame in app.dataframe if "Text" in frame.value))

    next(box for box in app.selectbox if box.label == "Part").select("test").run()
    assert shown() == 12
    next(box for box in app.selectbox if box.label == "Label").select("pests").run()
    assert shown() == 4
    next(box for box in app.text_input if box.label == "Text contains").input("(").run()
    assert "0 rows of 88." in words(app)


def test_clean_files_are_stored_scored_and_opened(app: AppTest, store: Store):
    upload(app, {part: as_csv(rows) for part, rows in clean().items()})
    assert app.title[0].value == "88 rows read from 4 files"
    press(app, "Check 88 rows")
    assert app.title[0].value.startswith("88 rows read, 0 findings")
    assert "88 kept + 0 left out = 88 rows" in words(app)
    next(field for field in app.text_input if field.label == "Name").input("nursery").run()
    press(app, "Store 88 rows")
    assert not app.error
    assert store.collection_info("nursery").counts == {
        "synthetic": 40,
        "train": 24,
        "validation": 12,
        "test": 12,
    }
    job = store.jobs("nursery")[0]
    assert (job.kind, job.settings["checkers"]) == ("score", "probe")
    assert app.session_state["synthcur"].collection == "nursery"
    assert app.title[0].value.startswith("88 rows: 40 synthetic")


def test_missing_splits_are_drawn_and_said(app: AppTest):
    rows = clean()
    real = [*rows["train"], *rows["validation"], *rows["test"]]
    upload(app, {"synthetic": as_csv(rows["synthetic"]), "train": as_csv(real)})
    press(app, "Check 88 rows")
    assert "validation and test drawn from train" in words(app)
    assert findings(app)["Drawn from real train: validation 9, test 9"] == "Check"


def with_faults() -> dict[str, bytes]:
    rows = clean()
    rows["synthetic"] += [
        ("", "pests"),
        rows["test"][0],
        rows["synthetic"][0],
        ("What soil do ferns like?", "soil"),
        ("my parcel is soaked", "delivery"),
        ("My parcel is soaked", "pests"),
    ]
    files = {part: as_csv(part_rows) for part, part_rows in rows.items()}
    files["synthetic"] += b"one cell only\r\n"
    return files


def test_findings_must_be_resolved_before_the_rows_can_be_stored(app: AppTest, store: Store):
    upload(app, with_faults())
    press(app, "Check 95 rows")
    assert app.title[0].value == "95 rows read, 6 findings, 5 must be fixed before storing"
    assert findings(app)["Same text, two labels"] == "Must fix"
    button = next(button for button in app.button if button.label.startswith("Store"))
    assert button.disabled
    assert "Still open" in button.help
    assert {info.name for info in store.collections()} == STORED_BEFORE
    press(app, "Accept 6 proposals")
    assert "88 kept + 7 left out = 95 rows" in words(app)
    assert findings(app)["Same text, two labels"] == "Accepted"
    press(app, "Store 88 rows")
    assert store.collection_info("my-rows").counts["synthetic"] == 40


def select_finding(app: AppTest, title: str) -> AppTest:
    rows = list(findings(app))
    state = app.session_state["import"]
    app.session_state[f"findings-{state.draft}-{state.id}"] = {
        "selection": {"rows": [rows.index(title)], "columns": [], "cells": []}
    }
    return app.run()


def test_one_proposal_is_accepted_and_taken_back_by_its_rows(app: AppTest):
    upload(app, with_faults())
    press(app, "Check 95 rows")
    select_finding(app, "Exact duplicates")
    press(app, "Exclude 1")
    assert "93 kept + 2 left out = 95 rows" in words(app)
    press(app, "Take back")
    assert "94 kept + 1 left out = 95 rows" in words(app)


def test_rows_that_could_not_be_read_are_listed_with_line_and_reason(app: AppTest):
    upload(app, with_faults())
    press(app, "Check 95 rows")
    select_finding(app, "Rows that could not be read")
    table = next(frame.value for frame in app.dataframe if "Reason" in frame.value)
    assert table.iloc[0].to_dict() == {
        "Row": 47,
        "Line": 48,
        "Reason": "1 cell where the header has 2",
    }


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is empty"),
        (b"text,label\n", "has a header but no rows"),
        (b"text,label\na\x00b,pests\n", "a NUL byte on line 2"),
        (b"text,label\na;pests\nb;pests\n", "1 cell where the header has 2"),
        ("text,label\nfiancé,pests\n".encode() + b"\xe9,a\n", "is not UTF-8: byte 25"),
        (b'text,label\n"open,pests\n', "is never closed"),
        (b"PK\x03\x04", "a damaged ZIP file"),
    ],
)
def test_a_file_that_is_no_table_is_one_clear_error_and_stores_nothing(
    app: AppTest, store: Store, data: bytes, said: str
):
    upload(app, {"synthetic": data, "train": as_csv(clean()["train"])})
    assert len(app.error) == 1
    assert said in app.error[0].value.replace("\\", "")
    assert "Nothing of it was stored" in app.error[0].value
    assert next(b for b in app.button if b.label.startswith("Check")).disabled
    assert {info.name for info in store.collections()} == STORED_BEFORE


def test_columns_that_cannot_be_guessed_are_asked_for(app: AppTest):
    rows = clean()
    upload(
        app,
        {
            "synthetic": as_csv(rows["synthetic"], header=("a", "b"), delimiter="^"),
            "train": as_csv(rows["train"]),
        },
    )
    assert "Choose the columns of the text and the label." in words(app)
    assert next(b for b in app.button if b.label.startswith("Check")).disabled


def test_another_delimiter_is_guessed_and_reported(app: AppTest):
    upload(app, {"synthetic": as_csv(clean()["synthetic"], delimiter=";")})
    assert "40 rows. CSV with semicolons, UTF-8." in words(app)


def test_columns_can_be_chosen_against_the_guess(app: AppTest):
    rows = clean()
    swapped = {p: as_csv(r, header=("label", "text")) for p, r in rows.items()}
    upload(app, swapped)
    next(box for box in app.selectbox if box.label == "Text").select("label")
    next(box for box in app.selectbox if box.label == "Label").select("text").run()
    press(app, "Check 88 rows")
    assert app.title[0].value.startswith("88 rows read, 0 findings")


def test_the_same_column_for_text_and_label_is_refused(app: AppTest, store: Store):
    upload(app, {part: as_csv(rows) for part, rows in clean().items()})
    next(box for box in app.selectbox if box.label == "Text").select("label").run()
    press(app, "Check 88 rows")
    assert "two uses" in app.error[0].value
    assert not any(label.startswith("Store") for label in labels(app))


def test_the_name_of_a_file_suggests_one_that_can_be_typed(app: AppTest):
    files = {part: as_csv(rows) for part, rows in clean().items()}
    upload(app, files)
    box = next(each for each in app.text_input if each.label == "Name")
    assert box.value == "my-rows"
    box.set_value("")
    uploader = next(each for each in app.get("file_uploader") if each.label == "Synthetic rows")
    uploader.set_value(("Gäste-Fragen 2.csv", files["synthetic"], "text/csv")).run()
    assert next(each for each in app.text_input if each.label == "Name").value == "gaste-fragen-2"


def test_a_name_that_is_taken_or_not_usable_keeps_the_rows_from_being_stored(app: AppTest):
    upload(app, {part: as_csv(rows) for part, rows in clean().items()})
    press(app, "Check 88 rows")
    for name, reason in (("small", "exists already"), ("no spaces", "cannot be a collection")):
        next(field for field in app.text_input if field.label == "Name").input(name).run()
        button = next(b for b in app.button if b.label.startswith("Store"))
        assert button.disabled
        assert reason in button.help


def test_files_are_read_by_path_inside_the_allowed_folder_only(
    app: AppTest, tmp_path: Path, monkeypatch
):
    inside = tmp_path / "inside"
    inside.mkdir()
    monkeypatch.setenv("SYNTHCUR_IMPORT_ROOT", str(inside))
    for part, rows in clean().items():
        (inside / f"{part}.csv").write_bytes(as_csv(rows))
    (tmp_path / "secret.csv").write_bytes(as_csv(clean()["train"]))
    (inside / "link.csv").symlink_to(tmp_path / "secret.csv")
    app.radio[0].set_value("Path on the server").run()
    assert "inside" in words(app)

    def give(part: str, path: str) -> None:
        title = {"synthetic": "Synthetic rows"}.get(part, f"Real rows, {part}")
        next(field for field in app.text_input if field.label == title).input(path).run()

    for path in ("../secret.csv", "link.csv", str(tmp_path / "secret.csv"), "/etc/passwd"):
        give("synthetic", path)
        assert "is not inside" in app.error[0].value.replace("\\", "")
    give("synthetic", "..\\secret.csv")
    assert "not usable" in app.error[0].value
    give("synthetic", "missing.csv")
    assert "There is no file" in app.error[0].value
    for part in PARTS:
        give(part, f"{part}.csv")
    assert not app.error
    assert app.title[0].value == "88 rows read from 4 files"


def test_without_a_setting_files_are_read_in_a_folder_of_their_own(app: AppTest, workspace: Path):
    table = next(workspace.glob("artefacts/*/rows.parquet"))
    (workspace / "imports").mkdir()
    (workspace / "imports" / "rows.csv").write_bytes(as_csv(clean()["synthetic"]))
    app.radio[0].set_value("Path on the server").run()
    assert str(workspace / "imports") in words(app)
    field = next(each for each in app.text_input if each.label == "Synthetic rows")
    for path in (str(table), f"../{table.relative_to(workspace)}"):
        field = field.input(path).run().text_input(key=field.key)
        assert "file of the workspace itself" in app.error[0].value.replace("\\", "")
    field.input("rows.csv").run()
    assert not app.error
    assert "40 rows" in words(app)


def test_single_rows_of_a_text_with_two_labels_can_be_kept(app: AppTest):
    upload(app, with_faults())
    press(app, "Check 95 rows")
    select_finding(app, "Same text, two labels")
    state = app.session_state["import"]
    ticks = f"rows-{state.draft}-{state.id}-two_labels"
    app.session_state[ticks] = {"selection": {"rows": [0, 1], "columns": [], "cells": []}}
    press(app.run(), "Keep the ticked")
    assert "would keep two labels" in words(app)
    app.session_state[ticks] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    press(app.run(), "Keep the ticked")
    assert "93 kept + 2 left out = 95 rows" in words(app)
    press(app, "Take back")
    assert "94 kept + 1 left out = 95 rows" in words(app)


def test_a_file_taken_away_leads_back_to_the_files(app: AppTest):
    upload(app, {part: as_csv(rows) for part, rows in clean().items()})
    press(app, "Check 88 rows")
    app.file_uploader[0].set_value([]).run()
    assert "Choose a file of synthetic and a file of real rows." in words(app)
    assert app.expander[0].proto.expanded


def test_leaving_stores_nothing(app: AppTest, store: Store):
    upload(app, {part: as_csv(rows) for part, rows in clean().items()})
    press(app, "Check 88 rows")
    press(app, "Leave without storing")
    assert app.title[0].value.startswith("88 rows: 40 synthetic")
    assert {info.name for info in store.collections()} == STORED_BEFORE


def test_hostile_text_labels_columns_and_file_names_are_shown_as_characters(app: AppTest):
    markup = samples.MARKUP[2]
    rows = [(f"{text} {i}", label) for i, text in enumerate(samples.MARKUP) for label in "ab"]
    for position, name in enumerate([f"{markup}.csv", ":red[x].csv"]):
        data = as_csv([(t, la, "x") for t, la in rows], header=("text", "label", markup))
        app.file_uploader[position].set_value((name, data, "text/csv"))
    app.run()
    press(app, "Check ")
    assert not app.exception
    for sink in (app.title, app.caption, app.error, app.markdown, app.subheader):
        for element in sink:
            assert "![beacon]" not in element.value
            assert ":red[" not in element.value


CASES = ROOT / "tests" / "cases"


def upload_case(app: AppTest, folder: str, synthetic: str, real: str) -> AppTest:
    for position, name in enumerate((synthetic, real)):
        data = (CASES / folder / name).read_bytes()
        app.file_uploader[position].set_value((name, data, "text/plain"))
    return app.run()


def findings_table(app: AppTest):
    table = next(frame.value for frame in app.dataframe if "Finding" in frame.value)
    return table.set_index("Finding")


def test_the_label_that_both_files_share_is_guessed_and_said(app: AppTest):
    upload_case(app, "10-label-and-label-text", "synthetic.csv", "real.jsonl")
    assert "text = “text”, label = “label”." in words(app)
    assert "text = “text”, label = “label_text”; kept beside: “label”" in words(app)
    press(app, "Check 72 rows")
    assert findings_table(app)["State"]["Label only in one source"] == ["Fine"]


def test_columns_can_be_chosen_for_each_file(app: AppTest):
    rows = clean()
    upload(app, {part: as_csv(rows[part]) for part in ("synthetic", "train")})
    assert [box.label for box in app.selectbox].count("Label") == 1
    next(box for box in app.checkbox if box.label == "Columns for each file").check().run()
    assert [box.label for box in app.selectbox].count("Label") == 2


def test_columns_that_are_not_guessed_are_asked_for_with_the_reason(app: AppTest):
    upload_case(app, "13-one-hot-columns", "synthetic.csv", "real.csv")
    assert "several 0/1 columns: “billing”, “delivery”, “repair”" in words(app)
    assert next(box for box in app.selectbox if box.label == "Label").value is None
    assert next(b for b in app.button if b.label.startswith("Check")).disabled


def test_rejected_rows_and_their_labels_are_shown_and_nothing_is_accepted_unasked(
    app: AppTest, store: Store
):
    upload_case(app, "02-prodigy-binary-reject", "synthetic.csv", "real.jsonl")
    press(app, "Check 72 rows")
    row = findings_table(app).loc["Rejected or skipped by an annotator"]
    assert (row["State"], row["Rows"]) == (["Must fix"], 10)
    assert row["Labels"] == "“repair” 4, “billing” 3, “delivery” 3"
    assert "Labels: “repair” 4, “billing” 3, “delivery” 3" in words(app)
    assert "Look first: “Rejected or skipped by an annotator” leaves out 10 of 30" in words(app)
    assert next(button for button in app.button if button.label.startswith("Store")).disabled
    press(app, "Exclude 10")
    press(app, "Store 62 rows")
    assert sum(store.collection_info("my-rows").counts.values()) == 62


def test_decorated_labels_are_merged_when_that_is_accepted(app: AppTest, store: Store):
    upload_case(app, "17-llm-decorated-labels", "synthetic.jsonl", "real.csv")
    press(app, "Check 72 rows")
    row = findings_table(app).loc["One label written in several ways"]
    assert "“1. delivery” 5" in row["Labels"]
    assert row["Proposal"] == "Merge into “billing”, “delivery”, “repair”"
    press(app, "Accept ")
    press(app, "Store ")
    assert store.collection("my-rows").labels == ("billing", "delivery", "repair")


def test_a_label_that_accepting_a_proposal_would_end_is_named_before(app: AppTest):
    rows = clean()
    rows["synthetic"] += [("What soil do ferns like?", "soil"), ("Is peat any good?", "soil")]
    upload(app, {part: as_csv(part_rows) for part, part_rows in rows.items()})
    press(app, "Check 90 rows")
    said = "“Label only in one source” leaves out 2 of 42 synthetic rows, the last ones of “soil”"
    assert f"Look first: {said}." in words(app)


def with_column(part: str, name: str, says: list[str]) -> bytes:
    rows = [(*row, says[i % len(says)]) for i, row in enumerate(clean()[part])]
    return as_csv(rows, header=("text", "label", name))


def box(app: AppTest, label: str):
    return next(each for each in app.selectbox if each.label.replace("\\", "") == label)


def import_with_mood(app: AppTest) -> AppTest:
    files = {part: with_column(part, "mood", ["good", "bad"]) for part in ("synthetic", "train")}
    return upload(app, files)


def test_columns_chosen_last_are_proposed_again_said_and_forgotten(app: AppTest):
    import_with_mood(app)
    assert "As chosen last time" not in words(app)
    box(app, "Label").select("mood").run()
    press(app, "Check")
    if any(button.label.startswith("Accept") for button in app.button):
        press(app, "Accept")
    press(app, "Store")
    press(app, "Add a collection")
    import_with_mood(app)
    assert box(app, "Label").value == "mood"
    assert "As chosen last time for files with this header." in words(app)
    press(app, "Forget and guess")
    assert box(app, "Label").value == "label"
    assert "As chosen last time" not in words(app)


def test_a_column_of_splits_can_be_chosen_for_a_real_file(app: AppTest):
    rows = clean()
    files = {"synthetic": as_csv(rows["synthetic"]), "validation": as_csv(rows["validation"])}
    upload(app, {**files, "train": with_column("train", "part", ["train", "train", "test"])})
    choice = box(app, "Splits of train.csv")
    assert choice.options == ["Automatic", "No column", "Column part"]
    press(app, "Check")
    assert any(title.startswith("Drawn from real train: test") for title in findings(app))
    choice.select_index(2).run()
    assert any(title.startswith("Splits taken from column “part”") for title in findings(app))


def test_what_is_merely_offered_is_not_accepted_with_the_rest(app: AppTest):
    rows = clean()
    rows["synthetic"] += [
        ("As an AI language model, I cannot write such a message.", "pests"),
        ("The **leaves** of my fern have turned brown since last week", "pests"),
    ]
    upload(app, {part: as_csv(rows[part]) for part in PARTS})
    press(app, "Check")
    press(app, "Accept 1 proposal")
    table = findings_table(app)
    assert table["State"]["Refusal or opening instead of a text"] == ["Accepted"]
    assert table["State"]["Markdown or a code fence in the text"] == ["Check"]
