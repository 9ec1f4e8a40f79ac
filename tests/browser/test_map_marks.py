"""Which marks are drawn of more rows than all can be, in which order, and that this is said."""

import numpy as np
import pytest
from playwright.sync_api import Page

from synthcur.ui.curate import map as row_map

ROWS, LOOKS, MOST, LEFT = 80_000, 12, 50_000, 25_000


@pytest.fixture(scope="module")
def rows() -> dict[str, np.ndarray]:
    random = np.random.default_rng(0)
    mask = random.random(ROWS) < 0.02
    return {
        "x": random.integers(0, 1_000, ROWS),
        "y": random.integers(0, 1_000, ROWS),
        "mask": mask,
        "visible": random.random(ROWS) < 0.9,
        "looks": random.integers(0, LOOKS // 2, ROWS) + mask * (LOOKS // 2),
    }


def drawn(page: Page, rows: dict[str, np.ndarray], ranges: dict[str, list[int]]) -> tuple:
    """Rows to draw in their order, how many lie in view, and what is said of that."""
    page.goto("about:blank")
    order, in_view, words = page.evaluate(
        """async ([source, columns, ranges, nLooks, limit]) => {
            const module = new Blob([source], { type: 'text/javascript' });
            const { rowsToDraw, inLookOrder, thinningWords } = await import(
                URL.createObjectURL(module));
            const mask = Uint8Array.from(columns.mask);
            const shown = { mask, visible: Uint8Array.from(columns.visible) };
            const { rows, inView } = rowsToDraw(columns, shown, ranges, limit);
            const order = inLookOrder(rows, Uint8Array.from(columns.looks), nLooks);
            const words = thinningWords({ inView, drawn: rows.length }, false);
            return [Array.from(order), inView, words];
        }""",
        [
            "\n".join(
                (row_map.FOLDER / f"{name}.js").read_text("utf-8")
                for name in ("divisions", "panels", "marks", "contents")
            ),
            {name: column.astype(int).tolist() for name, column in rows.items()},
            ranges,
            LOOKS,
            {"most": MOST, "left": LEFT},
        ],
    )
    return np.array(order), in_view, words


def in_ranges(rows: dict[str, np.ndarray], ranges: dict[str, list[int]]) -> np.ndarray:
    (left, right), (bottom, top) = ranges["x"], ranges["y"]
    inside = (rows["x"] >= left) & (rows["x"] <= right)
    return inside & (rows["y"] >= bottom) & (rows["y"] <= top) & rows["visible"]


def test_too_many_rows_are_thinned_evenly_and_that_is_said(
    page: Page, rows: dict[str, np.ndarray]
) -> None:
    whole = {"x": [0, 999], "y": [0, 999]}
    order, in_view, words = drawn(page, rows, whole)
    expected = in_ranges(rows, whole)
    assert in_view == expected.sum() > MOST
    assert len(np.unique(order)) == len(order)
    assert expected[order].all()
    selected = np.flatnonzero(expected & rows["mask"])
    assert np.isin(selected, order).all(), "what is selected is thinned by itself"
    assert len(order) - len(selected) == pytest.approx(LEFT, rel=0.01)
    quarter = np.bincount(2 * (rows["x"][order] > 499) + (rows["y"][order] > 499))
    assert quarter == pytest.approx(len(order) / 4, rel=0.05)
    assert words.startswith(f"Marks: {len(order):,} of {in_view:,} rows in view, evenly thinned")
    assert "shading: all" in words


def test_looks_are_drawn_one_after_the_other(page: Page, rows: dict[str, np.ndarray]) -> None:
    order, *_ = drawn(page, rows, {"x": [0, 999], "y": [0, 999]})
    assert (np.diff(rows["looks"][order]) >= 0).all()


def test_zooming_in_keeps_what_is_drawn_and_at_last_draws_every_row(
    page: Page, rows: dict[str, np.ndarray]
) -> None:
    before, *_ = drawn(page, rows, {"x": [0, 999], "y": [0, 999]})
    closer = {"x": [100, 500], "y": [100, 500]}
    order, in_view, words = drawn(page, rows, closer)
    inside = in_ranges(rows, closer)
    assert np.array_equal(np.sort(order), np.flatnonzero(inside))
    assert in_view == len(order)
    assert words == ""
    assert np.isin(before[inside[before]], order).all()
