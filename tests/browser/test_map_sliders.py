"""The map follows a slider while it moves, and the server's answer changes nothing on it."""

import numpy as np
from playwright.sync_api import Page

from synthcur.settings import WeightingSettings
from synthcur.ui.curate.rows import CurateRows
from tests.browser.map_driver import VIEW, Map


def drawn_weights(on_map: Map) -> np.ndarray:
    return np.array(on_map.ask(f"Array.from({VIEW}.weights)"), dtype=float)


def settled(page: Page) -> None:
    """Wait until the server has heard of every move and nothing more comes of it."""
    page.wait_for_function(f"Object.keys({VIEW}.lead.settings).length === 0")
    page.wait_for_selector('[data-test-script-state="notRunning"]')
    page.wait_for_timeout(700)


def press(page: Page, slider: str, key: str, *, nth: int = 0) -> None:
    page.locator(f".st-key-{slider} input[type=range]").nth(nth).focus()
    page.keyboard.press(key)


def note_draws(on_map: Map) -> None:
    """Keep, for every drawing of the map, its exponent and whether the server has been heard."""
    on_map.ask(
        f"""() => {{
            window.seen = [];
            const draw = {VIEW}.draw.bind({VIEW});
            {VIEW}.draw = (how) => {{
                window.seen.push([{VIEW}.control.settings.quality_exponent, how?.tells ?? true]);
                draw(how);
            }};
        }}"""
    )


def test_the_map_is_drawn_once_before_the_server_answers(
    garden_map: Map, garden_rows: CurateRows
) -> None:
    page = garden_map.page
    note_draws(garden_map)
    figure = page.locator(".sm-figures .sm-value").first
    before = figure.inner_text()
    press(page, "curate_quality_exponent", "ArrowRight")
    settled(page)
    assert garden_map.ask("window.seen") == [[1.05, False]]
    assert figure.inner_text() != before
    expected = garden_rows.weights(WeightingSettings(quality_exponent=1.05))
    assert np.allclose(drawn_weights(garden_map), expected, rtol=1e-6)


def test_what_every_slider_sets_is_what_the_server_makes_of_it(
    garden_map: Map, garden_rows: CurateRows
) -> None:
    page = garden_map.page
    moves = (
        ("curate_quality_exponent", "ArrowRight", 0, {"quality_exponent": 1.05}),
        ("curate_diversity_exponent", "ArrowLeft", 0, {"diversity_exponent": 0.95}),
        ("curate_floor", "ArrowRight", 0, {"floor": 0.05}),
        ("curate_clip", "ArrowRight", 0, {"clip_low": -4.5}),
        ("curate_clip", "ArrowLeft", 1, {"clip_high": 4.5}),
        ("curate_clip", "ArrowRight", 1, {"clip_high": None}),
    )
    changed: dict = {}
    for slider, key, nth, change in moves:
        garden_map.after(lambda: press(page, slider, key, nth=nth))  # noqa: B023
        changed |= change
        expected = garden_rows.weights(WeightingSettings(**changed))
        assert np.allclose(drawn_weights(garden_map), expected, rtol=1e-6), slider
        settled(page)
        assert np.allclose(drawn_weights(garden_map), expected, rtol=1e-6), slider
        assert garden_map.ask(f"{VIEW}.lead.settings") == {}, "the server has heard of it"


def test_moving_on_before_the_answer_never_goes_back(
    garden_map: Map, garden_rows: CurateRows
) -> None:
    page = garden_map.page
    note_draws(garden_map)
    for _ in range(8):
        press(page, "curate_quality_exponent", "ArrowRight")
        page.wait_for_timeout(60)
    settled(page)
    seen = [exponent for exponent, _ in garden_map.ask("window.seen")]
    assert seen == sorted(seen)
    expected = garden_rows.weights(WeightingSettings(quality_exponent=1.4))
    assert np.allclose(drawn_weights(garden_map), expected, rtol=1e-6)
