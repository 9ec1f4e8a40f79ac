"""What is drawn around is selected: every row inside, none outside, whatever the map shows."""

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import Page

from synthcur.ui.curate import map as row_map
from synthcur.ui.curate.rows import CurateRows
from tests.browser.map_driver import GARDEN_LABELS, M, Map, N, rows_inside, star, tangle

POLYGONS = 15
"""Drawn on the whole map; the other states get fewer."""

STATES = (
    *("whole", "zoomed", "recoloured", "one label", "one cluster", "synthetic only"),
    "one label of the real rows, zoomed",
)


def bring_about(on_map: Map, rows: CurateRows, clusters: pd.Series, state: str) -> np.ndarray:
    """Bring the map into a state; returns which rows can be selected there, (N + M,)."""
    shown = np.ones(N + M, dtype=bool)
    if "zoomed" in state:
        on_map.zoom(3)
    if state == "recoloured":
        on_map.colour("predicted")
    if "one label" in state:
        on_map.isolate("ponds")
        shown &= (rows.frame["label"] == GARDEN_LABELS.index("ponds")).to_numpy()
    if state == "one cluster":
        on_map.colour("cluster")
        on_map.isolate("Cluster 3")
        shown &= (clusters[rows.frame["sample_id"]] == 2).to_numpy()
    if "synthetic" in state:
        on_map.show("synthetic")
        shown[N:] = False
    if "real" in state:
        on_map.show("real")
        shown[:N] = False
    return shown


@pytest.mark.parametrize("state", STATES)
def test_a_lasso_selects_exactly_the_shown_rows_inside_it(
    garden_map: Map, garden_rows: CurateRows, garden_clusters: pd.Series, state: str
) -> None:
    shown = bring_about(garden_map, garden_rows, garden_clusters, state)
    random = np.random.default_rng(STATES.index(state))
    sizes = []
    for number in range(POLYGONS if state == "whole" else 6):
        draw = tangle if number % 3 == 0 else star
        polygon = garden_map.lasso(draw(random, garden_map.box))
        inside = rows_inside(garden_rows.places, polygon)
        expected = inside[shown[inside]].tolist()
        assert garden_map.selected == expected
        sizes.append(len(expected))
    assert max(sizes) > 5
    assert len(set(sizes)) > 3
    garden_map.expect_table_of(len(expected))


def test_rows_that_are_selected_stay_so_while_they_are_not_shown(
    garden_map: Map, garden_rows: CurateRows
) -> None:
    garden_map.lasso(star(np.random.default_rng(8), garden_map.box))
    before = set(garden_map.selected)
    garden_map.isolate("ponds")
    assert set(garden_map.selected) == before
    labels = garden_rows.frame["label"].to_numpy()
    ponds = GARDEN_LABELS.index("ponds")
    corners = star(np.random.default_rng(9), garden_map.box)
    polygon = garden_map.lasso(corners, adds=True)
    inside = rows_inside(garden_rows.places, polygon)
    added = set(inside[labels[inside] == ponds].tolist())
    assert added - before
    assert set(garden_map.selected) == before | added


def test_inside_is_by_the_even_odd_rule_for_any_polygon(page: Page) -> None:
    random = np.random.default_rng(11)
    places = random.uniform(0, 100, size=(400, 2))
    visible = random.random(len(places)) < 0.8
    polygons = [random.uniform(-20, 120, size=(random.integers(3, 30), 2)) for _ in range(300)]
    page.goto("about:blank")
    found = page.evaluate(
        """async ([source, xs, ys, visible, polygons]) => {
            const module = new Blob([source], { type: 'text/javascript' });
            const { rowsInside } = await import(URL.createObjectURL(module));
            return polygons.map((each) => Array.from(rowsInside(xs, ys, visible, each)));
        }""",
        [
            (row_map.FOLDER / "geometry.js").read_text("utf-8"),
            *places.T.tolist(),
            visible.astype(int).tolist(),
            [each.tolist() for each in polygons],
        ],
    )
    for polygon, rows in zip(polygons, found, strict=True):
        inside = rows_inside(places, polygon)
        assert rows == inside[visible[inside]].tolist()
