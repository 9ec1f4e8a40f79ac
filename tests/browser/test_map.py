"""The map in a real browser: exact selection, what survives what, discarding and reviewing."""

import re
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from playwright.sync_api import Page, expect

from harness.collections import add_scores
from harness.serving import Server
from synthcur.review.decisions import current_decisions
from synthcur.schema import Collection
from synthcur.ui.curate.rows import CurateRows
from synthcur.workspace import open_store
from tests.browser.map_driver import GARDEN_LABELS, VIEW, Map, N, star


def test_marks_are_drawn_where_their_rows_are(garden_map: Map, garden_rows: CurateRows) -> None:
    # Outlines of gaps and names are no marks.
    garden_map.after(garden_map.page.get_by_role("button", name="Gaps").click)
    garden_map.after(garden_map.page.get_by_role("button", name="Names").click)
    garden_map.isolate("ponds")
    garden_map.zoom(2)
    is_shown = (garden_rows.frame["label"] == GARDEN_LABELS.index("ponds")).to_numpy()
    pixels = garden_map.pixels_of(garden_rows.places)
    inked = garden_map.inked(pixels, reach=5)
    apart = np.array([np.abs(pixels[is_shown] - each).max(axis=1).min() > 14 for each in pixels])
    seen = garden_map.is_bare(pixels)
    assert (seen & is_shown).sum() > 20
    assert (seen & apart).sum() > 20
    assert inked[seen & is_shown].all()
    assert not inked[seen & apart].any()


def test_a_box_selects_exactly_the_rows_inside_it(garden_map: Map, garden_rows: CurateRows) -> None:
    garden_map.page.get_by_label(re.compile("^Box")).click()
    box = garden_map.box
    left, top = round(box["x"] + 200), round(box["y"] + 60)
    corners = np.array([[left, top], [left + 300, top + 200]], dtype=float)
    (x0, y1), (x1, y0) = garden_map.lasso(corners)
    x, y = garden_rows.places.T
    inside = (x >= x0) & (x <= x1) & (y >= y0) & (y <= y1)
    assert garden_map.selected == np.flatnonzero(inside).tolist()
    assert inside.sum() > 10


def test_shift_adds_a_click_selects_one_and_escape_clears(garden_map: Map) -> None:
    garden_map.lasso(garden_map.square(250, 80, size=150))
    first = set(garden_map.selected)
    garden_map.lasso(garden_map.square(450, 80, size=150), adds=True)
    both = set(garden_map.selected)
    assert first
    assert first < both
    garden_map.after(lambda: garden_map.page.mouse.click(*garden_map.pixel_of(33)))
    (only,) = garden_map.selected
    assert np.allclose(garden_map.pixel_of(only), garden_map.pixel_of(33), atol=10)
    garden_map.expect_table_of(1)
    garden_map.after(lambda: garden_map.page.keyboard.press("Escape"))
    assert garden_map.selected == []
    expect(garden_map.page.get_by_text("Lowest weights")).to_be_visible()


def test_escape_gives_up_the_line_being_drawn_before_the_selection(garden_map: Map) -> None:
    garden_map.lasso(star(np.random.default_rng(1), garden_map.box))
    before = garden_map.selected
    box, mouse = garden_map.box, garden_map.page.mouse
    mouse.move(box["x"] + 100, box["y"] + 100)
    mouse.down()
    mouse.move(box["x"] + 200, box["y"] + 100)
    mouse.move(box["x"] + 200, box["y"] + 200)
    garden_map.page.keyboard.press("Escape")
    mouse.up()
    assert garden_map.selected == before


def test_zoom_and_selection_survive_recolouring_a_slider_and_another_page(
    garden_map: Map,
) -> None:
    page = garden_map.page
    garden_map.zoom(2)
    garden_map.lasso(star(np.random.default_rng(2), garden_map.box))
    kept = garden_map.selected, garden_map.ranges
    garden_map.colour("label")
    assert (garden_map.selected, garden_map.ranges) == kept
    page.get_by_role("slider").first.focus()
    garden_map.after(lambda: page.keyboard.press("ArrowRight"))
    assert (garden_map.selected, garden_map.ranges) == kept
    page.get_by_role("link", name="Overview").click()
    page.wait_for_function(f"!{VIEW}")
    page.get_by_role("link", name="Curate").click()
    page.wait_for_selector(".sm[data-drawn]")
    garden_map.expect_table_of(len(kept[0]))
    assert (garden_map.selected, garden_map.ranges) == kept


def test_discarding_a_selection_is_stored_and_can_be_undone(
    page: Page, garden: Collection, garden_rows: CurateRows, server: Server
) -> None:
    store = open_store(server.workspace)
    own = replace(garden, name="own")
    store.add_collection(own)
    add_scores(store, own)
    own_map = Map(page).open(server, "own")
    own_map.lasso(own_map.square(400, 150, size=100))
    ids = garden_rows.frame["sample_id"]
    expected = {ids[row] for row in own_map.selected if row < N}
    assert len(expected) > 3
    page.get_by_role("button", name=re.compile("Discard")).click()
    expect(page.get_by_text(f"{len(expected)} rows discarded")).to_be_visible()
    decided = current_decisions(store.decisions.log("own"))
    assert {each for each, decision in decided.items() if decision.action == "discard"} == expected
    page.wait_for_function(f"Array.from({VIEW}.points.kept).includes(0)")
    page.get_by_role("button", name=re.compile("Undo")).click()
    page.wait_for_function(f"!Array.from({VIEW}.points.kept).includes(0)")
    assert not current_decisions(store.decisions.log("own"))
    store.close()


def test_a_selection_goes_to_the_review_queue_from_the_map(garden_map: Map) -> None:
    garden_map.lasso(star(np.random.default_rng(4), garden_map.box))
    synthetic = [row for row in garden_map.selected if row < N]
    button = garden_map.page.get_by_role("button", name=f"Review {len(synthetic)} rows")
    button.click()
    garden_map.page.wait_for_url("**/review*")


def test_what_draws_tables_is_loaded_before_a_table_is_wanted(garden_map: Map) -> None:
    page = garden_map.page
    scripts = (
        "performance.getEntriesByType('resource').map(({ name }) => name)"
        ".filter((name) => /\\/DataFrame\\..*js$/.test(name))"
    )
    page.wait_for_function(f"{scripts}.length > 0")
    loaded = page.evaluate(scripts)
    expect(page.get_by_test_id("stDataFrame")).to_have_count(0)
    page.get_by_text("Compare schemes").click()
    expect(page.get_by_test_id("stDataFrame")).to_be_visible()
    assert page.evaluate(scripts) == loaded  # the one that Streamlit asks for, so not asked again


def test_what_a_figure_is_of_can_be_read_whole_on_a_narrow_screen(
    new_page: Callable[..., Page], garden_server: Server
) -> None:
    page = Map(new_page(width=1024, height=768)).open(garden_server).page
    notes = page.locator(".sm-figure .sm-note")
    assert [note for note in notes.all_inner_texts() if "largest label" in note]
    cut = "notes => notes.some(note => note.scrollWidth > note.clientWidth)"
    assert not notes.evaluate_all(cut)
