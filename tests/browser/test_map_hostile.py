"""Five texts that try to be more than characters, everywhere that the Curate page shows texts."""

import re

import pytest
from playwright.sync_api import Page, expect

from harness.collections import add_scores, make_collection
from harness.serving import Server
from synthcur.schema import REAL, SYNTHETIC, Collection
from synthcur.ui.curate.rows import CurateRows
from synthcur.workspace import open_store
from tests.browser.map_driver import VIEW, Map
from tests.browser.test_find import find
from tests.ui.curate.test_rows import joined

IMAGE = "<img src=x onerror=\"document.title='owned'\"> picture"
MARKDOWN = "![beacon](https://beacon.invalid/a.png) [link](https://beacon.invalid) markdown"
LONG = "long " + "x" * 100_000
RIGHT_TO_LEFT = "\u202eevil\u202c שלום, זה טקסט מימין לשמאל"
NUL = "before\x00after **bold** nul"
TEXTS = (IMAGE, MARKDOWN, LONG, RIGHT_TO_LEFT, NUL)
LABELS = ("<img src=x onerror=\"document.title='owned'\">", "![b](https://beacon.invalid/l.png)")
SHORT = 60
NAMES = ("<img src=x onerror=alert(1)>", "![b](https://beacon.invalid/n.png)", "שלום זה טקסט")
"""What clusters and tags may be called; commas and controls of direction are refused there."""


@pytest.fixture(scope="module")
def strange() -> Collection:
    """30 synthetic and 20 real rows that have no other texts."""
    rows = [
        (source, split, text if copy == 0 else f"{text} {copy}", LABELS[copy % 2])
        for source, split, copies in (
            (SYNTHETIC, "train", 6), (REAL, "train", 4), (REAL, "validation", 1), (REAL, "test", 1),
        )
        for copy in range(copies)
        for text in (f"{each} {source} {split}" for each in TEXTS)
    ]  # fmt: skip
    return make_collection("strange", rows, LABELS)


@pytest.fixture(scope="module")
def strange_server(demo_server: Server, strange: Collection) -> Server:
    """A server with those rows, whose clusters and tags have such names too."""
    store = open_store(demo_server.workspace)
    store.add_collection(strange)
    add_scores(store, strange)
    clusters = store.scores("strange")["probe"].artefacts["clusters"]
    for number, name in enumerate(NAMES):
        store.cluster_names.rename("strange", clusters, number, name, annotator="Ana")
    ids = strange.synthetic["sample_id"].tolist()
    for name in NAMES:
        store.tags.add("strange", ids, name, annotator="Ana")
    store.close()
    return demo_server


@pytest.fixture
def strange_map(strange_server: Server, page: Page, strangers: list[str]) -> Map:
    return Map(page).open(strange_server, "strange")


def cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"


def holds_nothing_foreign(on_map: Map, strangers: list[str]) -> None:
    """Nothing has run, nothing was fetched, nothing was made of a text but text."""
    page = on_map.page
    assert page.evaluate("document.title") != "owned"
    parts = "[data-testid=stMain] img, [data-testid=stMain] script, [href*=beacon], .sm a, .sm img"
    assert not page.locator(parts).count()
    assert strangers == []


def test_at_the_pointer_and_in_the_lists_below_the_map(
    strange_map: Map, strange: Collection, strangers: list[str]
) -> None:
    page, rows = strange_map.page, joined(strange)
    seen = set()
    for row in range(len(rows.frame)):
        page.mouse.move(*strange_map.pixel_of(row))
        tip = page.locator(".sm-tip-text")
        if tip.is_visible():
            seen.add(tip.evaluate("node => node.textContent"))
    whole = rows.frame["text"].tolist()
    assert seen <= {cut(text, 200) for text in whole}
    for text in TEXTS:
        assert any(each.startswith(text[:SHORT]) for each in seen), text[:SHORT]
    assert max(map(len, seen)) == 200
    for name in ("Rows of lowest weight", "Real rows with the least weight around them"):
        table = page.get_by_role("table", name=name)
        shown = table.locator("td button").evaluate_all("all => all.map((n) => n.textContent)")
        assert shown
        assert set(shown) <= {cut(text, 200) for text in whole}
    labels = page.get_by_role("table", name="Weight by Label").locator("td:first-child")
    assert set(labels.all_inner_texts()) == set(LABELS)
    holds_nothing_foreign(strange_map, strangers)


def test_as_names_of_clusters_and_tags(strange_map: Map, strangers: list[str]) -> None:
    page = strange_map.page
    names = set(NAMES)
    strange_map.colour("cluster")
    legend = page.locator(".sm-strip .sm-name").evaluate_all("all => all.map((n) => n.textContent)")
    assert set(legend) == names
    on_map = page.locator(".sm-names span").evaluate_all("all => all.map((n) => n.textContent)")
    assert set(on_map) == names
    strange_map.after(lambda: page.get_by_label("By", exact=True).select_option("Cluster"))
    groups = page.get_by_role("table", name="Weight by Cluster").locator("td:first-child")
    assert set(groups.evaluate_all("all => all.map((n) => n.textContent)")) <= names
    page.get_by_role("button", name="Clusters").click()
    fields = page.get_by_label(re.compile("^Name of cluster"))
    expect(fields).to_have_count(3)
    assert {field.input_value() for field in fields.all()} == names
    page.keyboard.press("Escape")
    page.get_by_role("combobox", name="Tag").click()
    options = page.get_by_role("option").all_inner_texts()
    assert set(options) == {f"{name}, 30" for name in NAMES}
    page.get_by_role("option").first.click()
    strange_map.expect_table_of(30)
    page.get_by_role("button", name="Tag", exact=True).click()
    for name in NAMES:
        expect(page.get_by_text(f"{name}, 30 rows", exact=True)).to_be_visible()
    holds_nothing_foreign(strange_map, strangers)


@pytest.mark.parametrize(
    ("words", "text"),
    list(zip(("picture", "markdown", "long", "מימין", "after"), TEXTS, strict=True)),
    ids=["image", "markdown", "long", "right to left", "nul"],
)
def test_in_what_a_search_finds_in_a_record_and_among_its_neighbours(
    strange_map: Map, strange: Collection, strangers: list[str], words: str, text: str
) -> None:
    page, rows = strange_map.page, joined(strange)
    find(page, words)
    strange_map.expect_table_of(10)
    cells = page.locator("[data-testid=stDataFrame] table td")
    expect(cells.filter(has_text=text[: SHORT // 2]).first).to_be_attached()
    row = first_row_of(rows, text)
    strange_map.after(lambda: page.mouse.click(*strange_map.pixel_of(row)))
    strange_map.expect_table_of(1)
    (opened,) = strange_map.selected
    record = page.get_by_test_id("stText").first
    expect(record).to_have_js_property("textContent", rows.frame["text"][opened][:4_000])
    page.get_by_role("button", name="12 rows like it").click()
    strange_map.expect_table_of(13)
    page.wait_for_function(f"{VIEW}.state.selected.length === 13")
    holds_nothing_foreign(strange_map, strangers)


def first_row_of(rows: CurateRows, text: str) -> int:
    return int(rows.frame["text"].str.startswith(text[:SHORT]).to_numpy().argmax())
