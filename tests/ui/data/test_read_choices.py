"""A file on the Data page is read another way when somebody says so, and shows how it was read."""

from streamlit.testing.v1 import AppTest

from harness.bombs import zipped
from harness.hostile import workbook
from tests.ui.data.test_page import PARTS, app, press, store, words

__all__ = ["app", "store"]


def give(app: AppTest, part: str, name: str, data: bytes) -> AppTest:
    app.file_uploader[PARTS.index(part)].set_value((name, data, ""))
    return app.run()


def choices(app: AppTest) -> dict[str, list[str]]:
    titles = ("Encoding", "Cells are separated by", "The first line is", "Sheet")
    return {box.label: box.options for box in app.selectbox if box.label in titles}


def choose(app: AppTest, title: str, value: object) -> AppTest:
    return next(box for box in app.selectbox if box.label == title).select(value).run()


def shown(app: AppTest) -> list[list[str]]:
    frame = next(frame.value for frame in app.dataframe if "Row" in frame.value)
    return frame.drop(columns="Row").to_numpy().tolist()


def test_what_was_guessed_is_shown_and_can_be_changed(app: AppTest):
    rows = "text;label\nGrüße, und danke;a\nÜbel, sehr übel;b\n"
    give(app, "synthetic", "rows.csv", rows.encode("cp1252"))
    said = "2 rows. CSV with semicolons, Windows-1252 (guessed), such as “Grüße”."
    assert said in words(app)
    assert {title: options[0] for title, options in choices(app).items()} == {
        "Encoding": "Guessed: Windows-1252",
        "Cells are separated by": "Guessed: semicolons",
        "The first line is": "Guessed: the header",
    }
    choose(app, "Encoding", "cp1251")
    assert "CSV with semicolons, Windows-1251 (Cyrillic)." in words(app)
    assert shown(app)[0][0] == rows.splitlines()[1].split(";")[0].encode("cp1252").decode("cp1251")
    choose(app, "The first line is", False)
    assert "3 rows. " in words(app)
    choose(app, "Encoding", "")
    assert shown(app)[1][0] == "Grüße, und danke"


def test_a_file_that_cannot_be_read_as_guessed_can_be_read_otherwise(app: AppTest):
    data = "text,label\nGröße,a\nGrüße,b\n".encode() + b"na\xefve,c\n"
    give(app, "synthetic", "rows.csv", data)
    assert len(app.error) == 1
    choose(app, "Encoding", "cp1252")
    assert not app.error
    assert "3 rows. CSV with commas, Windows-1252." in words(app)


def test_a_sheet_is_chosen_and_another_file_is_guessed_anew(app: AppTest):
    rows = [["text", "label"], ["The fern wilts", "care"], ["Where is it", "delivery"]]
    book = workbook(rows, sheets=("Notes", "Data"))
    give(app, "synthetic", "rows.xlsx", book)
    assert choices(app)["Sheet"] == ["Guessed: Data", "Notes", "Data"]
    assert "Encoding" not in choices(app)
    choose(app, "Sheet", "Notes")
    assert "has no sheet with rows" in words(app)
    choose(app, "Sheet", "")
    assert not app.error
    choose(app, "Sheet", "Notes")
    give(app, "synthetic", "other.xlsx", zipped({"a.xlsx": book}))
    assert not app.error
    assert choices(app)["Sheet"][0] == "Guessed: Data"


def test_an_import_stores_what_was_read_as_it_was_chosen(app: AppTest, store):
    labels = ("a", "b")
    lines = [f"Grüße {i} an alle hier;{labels[i % 2]}" for i in range(40)]
    real = [f"Übel {i} ist es auch;{labels[i % 2]}" for i in range(40)]
    give(app, "synthetic", "s.csv", "\n".join(["text;label", *lines]).encode("cp1252"))
    give(app, "train", "r.csv", "\n".join(["text;label", *real]).encode())
    press(app, "Check 80 rows")
    next(field for field in app.text_input if field.label == "Name").input("greetings").run()
    press(app, "Store 80 rows")
    assert not app.error
    assert store.collection("greetings").synthetic["text"][0] == "Grüße 0 an alle hier"
