"""A workbook by upload in a real browser: read, read otherwise, stored."""

from pathlib import Path

from playwright.sync_api import Page, expect

from harness.hostile import workbook
from harness.serving import Server
from synthcur.workspace import open_store

LABELS = ("care", "delivery")
ROWS = [[f"The fern number {i} wilts again", LABELS[i % 2]] for i in range(40)]


def test_a_workbook_is_read_otherwise_and_stored(
    page: Page, server: Server, tmp_path: Path
) -> None:
    book, real = tmp_path / "synthetic.xlsx", tmp_path / "real.csv"
    book.write_bytes(workbook([["text", "label"], *ROWS], sheets=("Notes", "Data")))
    lines = [f"Where is the fern {i} of mine;{LABELS[i % 2]}" for i in range(40)]
    real.write_bytes("\n".join(["text;label", *lines, "Größe fehlt;care"]).encode("cp1252"))
    page.goto(f"{server.url}/data?collection=demo")
    page.get_by_role("button", name="Add a collection").click()
    inputs = page.locator('[data-testid="stFileUploader"] input[type="file"]')
    expect(inputs).to_have_count(4)
    inputs.nth(0).set_input_files(book)
    expect(page.get_by_text("40 rows. Sheet “Data” of a workbook.")).to_be_visible()
    inputs.nth(1).set_input_files(real)
    expect(page.get_by_text("Windows-1252 (guessed), such as “Größe”.")).to_be_visible()
    page.get_by_role("button", name="Read it otherwise").nth(1).click()
    box = page.get_by_role("combobox", name="Encoding")
    expect(box).to_be_visible()
    box.click()
    page.get_by_role("option", name="Windows-1252", exact=True).click()
    expect(page.get_by_text("41 rows. CSV with semicolons, Windows-1252.")).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Check 81 rows").click()
    page.get_by_role("button", name="Store 81 rows").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("40 synthetic")
    store = open_store(server.workspace)
    assert store.collection("my-rows").synthetic["text"].tolist() == [row[0] for row in ROWS]
    store.close()
