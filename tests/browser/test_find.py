"""Rows found on the Curate page, from what is typed to the bench, in a browser."""

from playwright.sync_api import Locator, Page, expect

from harness.serving import Server
from synthcur.schema import Collection
from tests.browser.map_driver import VIEW, Map
from tests.ui.curate.test_rows import joined

TICK = (16, 50)
"""Where the first row of a table is ticked, from its upper left corner."""


def find(page: Page, query: str) -> None:
    box = page.get_by_placeholder("Find rows")
    box.fill(query)
    box.press("Enter")


def record(page: Page) -> Locator:
    """Return the texts of the row that is open."""
    card = page.get_by_test_id("stVerticalBlock").filter(
        has=page.get_by_role("button", name="12 rows like it")
    )
    return card.last.get_by_test_id("stText")


def test_a_sentence_finds_rows_of_its_meaning_and_one_of_them_goes_to_the_bench(
    page: Page, demo_server: Server
) -> None:
    page.goto(f"{demo_server.url}/curate?collection=demo")
    page.wait_for_selector(".sm[data-drawn]")
    page.get_by_text("Meaning", exact=True).click()
    find(page, "I cannot get into my account, the code never comes")
    on_map = Map(page)
    on_map.expect_table_of(50)
    page.wait_for_function(f"{VIEW}.state.selected.length === 50")
    found = page.locator(".sm-strip button", has_text="account_access").inner_text()
    selected, of = found.removeprefix("account_access").split(" / ")
    assert int(selected) > 25
    assert int(of) == 340
    table = page.locator("[data-testid=stDataFrame]:visible").first
    table.scroll_into_view_if_needed()
    table.click(position={"x": TICK[0], "y": TICK[1]})
    page.get_by_role("button", name="Show on map").click()
    on_map.expect_table_of(1)
    text = record(page).first.inner_text()
    page.wait_for_function(f"{VIEW}.state.selected.length === 1")
    page.get_by_role("button", name="Open in review").click()
    expect(page.get_by_text(text).first).to_be_visible()
    expect(page).to_have_url(f"{demo_server.url}/review?collection=demo")


def test_a_tag_is_offered_to_everybody_and_can_be_undone(page: Page, garden_server: Server) -> None:
    Map(page).open(garden_server)
    find(page, '"synthetic text 17"')
    Map(page).expect_table_of(1)
    page.get_by_role("button", name="Tag", exact=True).click()
    page.get_by_label("Tag 1 row").fill("tone **x**")
    page.get_by_role("button", name="Put on").click()
    expect(page.get_by_text("Tag tone **x** put on 1 row.")).to_be_visible()
    other = page.context.new_page()
    Map(other).open(garden_server)
    other.get_by_role("combobox", name="Tag").click()
    other.get_by_role("option", name="tone **x**, 1").click()
    Map(other).expect_table_of(1)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("put on 1 row")).to_be_hidden()
    Map(other).open(garden_server)
    expect(other.get_by_role("combobox", name="Tag")).to_have_count(0)


def test_an_open_row_shows_a_strangers_words_as_characters_and_fetches_nothing(
    page: Page, garden_server: Server, hostile_collection: Collection, strangers: list[str]
) -> None:
    on_map = Map(page).open(garden_server, "hostile")
    frame = joined(hostile_collection).frame
    for row in range(0, len(frame), max(1, len(frame) // 12)):
        page.mouse.click(*on_map.pixel_of(row))
        expect(record(page).first).to_have_js_property("textContent", frame["text"][row])
    assert page.evaluate("document.title") != "owned"
    assert not page.get_by_test_id("stMain").locator("img, a[href*='//']").count()
    assert strangers == []
