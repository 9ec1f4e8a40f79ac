"""A collection that grows, goes to the bin and comes back, as somebody does it by hand."""

import re
from pathlib import Path

from playwright.sync_api import Page, expect

from harness.serving import Server
from synthcur.workspace import open_store


def test_rows_are_added_and_the_version_before_is_opened_again(
    page: Page, server: Server, tmp_path: Path
) -> None:
    file = tmp_path / "more.csv"
    file.write_text("text,label\nWhere is the van with my parcel now?,delivery\n", "utf-8")
    page.goto(f"{server.url}/data?collection=demo")
    page.get_by_role("button", name="Add rows").click()
    page.locator('[data-testid="stFileUploader"] input[type="file"]').first.set_input_files(file)
    expect(page.get_by_text(re.compile(r"1 rows?\. "))).to_be_visible()
    page.get_by_role("button", name="Check 1 row").click()
    page.get_by_role("button", name="Add 1 row", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("1,801 synthetic")
    expect(page.get_by_text("version 2 of 2,")).to_be_visible()
    page.get_by_text("Versions and name").click()
    page.get_by_role("button", name="Open version 1").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("1,800 synthetic")
    store = open_store(server.workspace)
    assert [each.counts["synthetic"] for each in store.versions.all("demo")] == [1800, 1801]
    assert set(store.scores("demo")) == {"probe"}
    store.close()


def test_a_collection_is_deleted_and_brought_back(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/data?collection=demo")
    page.get_by_text("Versions and name").click()
    page.get_by_role("tab", name="Name").click()
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Move to the bin").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("This workspace holds no collection")
    page.reload()
    page.get_by_role("button", name="Bring back").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("1,800 synthetic")
