"""The map coloured and the weight divided by further columns of the files."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import Page, expect

from harness.collections import add_scores
from harness.serving import served
from synthcur.schema import Collection
from synthcur.workspace import open_store
from tests.browser.map_driver import VIEW, Map, N
from tests.browser.test_map_clusters import legend

MARKUP = "<img src=x onerror=alert(1)> **bold** :red[x]"


@pytest.fixture
def told(garden: Collection, tmp_path: Path, page: Page) -> Iterator[Map]:
    """A garden whose rows say more: a batch of synthetic ones, a length, and a hostile column."""
    at = np.arange(len(garden.rows))
    columns = {
        "generator": garden.provenance["generator"],
        "batch": np.where(at < N, at % 4, np.nan),
        "length": 10 + at // 2,
        MARKUP: np.where(at % 3, MARKUP, "plain"),
        "id": [f"id-{each}" for each in at],
    }
    own = replace(garden, name="told", provenance=pd.DataFrame(columns))
    store = open_store(tmp_path / "ws")
    store.add_collection(own)
    add_scores(store, own)
    store.close()
    with served(store.workspace) as server:
        yield Map(page).open(server, "told")


def unpacked(on_map: Map) -> list[str]:
    """Keys of the further columns that the browser has unpacked."""
    asked = f"{VIEW}.control.groupings.filter((each) => each.is_column && each.codes)"
    return list(on_map.ask(f"{asked}.map((each) => each.key)"))  # type: ignore[call-overload]


def test_every_column_that_is_worth_it_colours_and_filters_the_map(told: Map) -> None:
    offered = told.page.get_by_label("Colour", exact=True).locator("optgroup option")
    assert offered.all_inner_texts() == ["batch", "length", f"{MARKUP[:39]}…"]
    assert unpacked(told) == []
    told.colour("column:batch")
    assert legend(told) == dict.fromkeys("0123", "150")
    expect(told.page.locator(".sm-key")).to_contain_text("batch, synthetic rows only")
    told.isolate("2")
    shown = np.array(told.ask(f"Array.from({VIEW}.visible)"), dtype=bool)
    assert shown.sum() == 150
    assert not shown[N:].any()
    told.colour("column:length")
    assert unpacked(told) == ["column:batch", "column:length"]
    assert next(iter(legend(told))).startswith("under ")
    assert told.ask(f"{VIEW}.state.only") is None


def test_the_weight_is_divided_by_a_column_and_an_address_opens_with_it(told: Map) -> None:
    page = told.page
    page.get_by_label("By", exact=True).select_option("column:batch")
    rows = page.get_by_role("table", name="Weight by batch").locator("tbody tr")
    expect(rows).to_have_count(4)
    told.colour("column:length")
    page.wait_for_function("location.search.includes('colour=column')")
    page.reload()
    page.wait_for_selector(".sm[data-drawn]")
    assert page.get_by_label("Colour", exact=True).input_value() == "column:length"
    assert next(iter(legend(told))).startswith("under ")
    page.goto(page.url.replace("length", "nothing"))
    page.wait_for_selector(".sm[data-drawn]")
    assert page.get_by_label("Colour", exact=True).input_value() == "weight"


def test_names_of_columns_and_groups_are_shown_as_their_characters(told: Map) -> None:
    told.colour(f"column:{MARKUP[:39]}…")
    assert list(legend(told)) == [f"{MARKUP[:39]}…", "plain"]
    assert not told.page.locator(".sm img, .sm b", has_text="bold").count()
