"""The address bar opens the map as it was left."""

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from harness.serving import Server
from synthcur.settings import WeightingSettings
from synthcur.workspace import open_store
from tests.browser.map_driver import VIEW, Map


def asked(page: Page) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


def wait_for_address(page: Page, part: str) -> None:
    page.wait_for_function(f"location.search.includes('{part}')")


def test_a_link_restores_collection_colour_scheme_and_view(
    garden_server: Server, new_page: Callable[..., Page]
) -> None:
    store = open_store(garden_server.workspace)
    store.save_scheme("garden", "Careful & flat", WeightingSettings(floor=0.5))
    store.close()
    page = new_page()
    first = Map(page).open(garden_server)
    first.colour("label")
    first.zoom(3)
    page.get_by_role("combobox", name="Scheme").click()
    page.get_by_role("option", name="Careful & flat").click()
    wait_for_address(page, "scheme=Careful")
    wait_for_address(page, "view=")
    page.wait_for_function(f"{VIEW}.control.settings.floor === 0.5")
    left = first.ranges

    other = new_page()
    other.goto(page.url)
    other.wait_for_selector(".sm[data-drawn]")
    second = Map(other)
    assert asked(other) == asked(page)
    assert set(asked(page)) == {"collection", "colour", "scheme", "view"}
    assert other.get_by_label("Colour", exact=True).input_value() == "label"
    assert second.ask(f"{VIEW}.control.settings.floor") == 0.5
    expect(other.get_by_role("combobox", name="Scheme")).to_be_visible()
    for axis in "xy":
        assert second.ranges[axis] == pytest.approx(left[axis], abs=1)


def test_the_whole_map_in_its_first_colour_needs_no_words(garden_map: Map) -> None:
    garden_map.colour("quality")
    wait_for_address(garden_map.page, "colour=quality")
    garden_map.colour("weight")
    garden_map.page.wait_for_function("!location.search.includes('colour')")
    assert "view" not in asked(garden_map.page)


@pytest.mark.parametrize(
    "query",
    ["colour=constructor&view=1_2_3", "view=9_1_0_5&scheme=nobody", "view=a_b_c_d&colour=<b>"],
)
def test_an_address_that_makes_no_sense_opens_the_map_as_ever(
    page: Page, garden_server: Server, query: str
) -> None:
    page.goto(f"{garden_server.url}/curate?collection=garden&{query}")
    page.wait_for_selector(".sm[data-drawn]")
    assert page.get_by_label("Colour", exact=True).input_value() == "weight"
    assert Map(page).ask(f"{VIEW}.state.ranges") is None
    assert Map(page).ask(f"{VIEW}.control.settings.floor") == 0
