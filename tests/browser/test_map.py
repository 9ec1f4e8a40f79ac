"""The map in a real browser: exact selection, the same weights as Python's, harmless texts."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, Request, expect

from synthcur.review import current_decisions
from synthcur.schema import REAL, SYNTHETIC, Collection
from synthcur.settings import WeightingSettings
from synthcur.ui import map as row_map
from synthcur.weighting import (
    LOG_WEIGHT_EDGES,
    sample_weight,
    weight_bins,
    weight_histogram,
)
from synthcur.workspace import open_store
from tests.conftest import add_scores, make_collection, make_scores
from tests.serving import Server, served

VIEW = "window.synthcurMap.view"
LABELS = ("bulbs", "hedges", "ponds", "sheds", "tools")
N, M = 600, 150


@pytest.fixture(scope="module")
def garden() -> Collection:
    """600 synthetic and 150 real rows with 5 labels and short made-up texts."""
    rows = [(SYNTHETIC, "train", f"synthetic text {i}", LABELS[i % 5]) for i in range(N)]
    rows += [(REAL, "train", f"real text {i}", LABELS[i % 5]) for i in range(M)]
    rows += [(REAL, split, f"{split} text", "bulbs") for split in ("validation", "test")]
    return make_collection("garden", rows, LABELS)


@pytest.fixture(scope="module")
def garden_server(
    browser: Browser,
    tmp_path_factory: pytest.TempPathFactory,
    garden: Collection,
    hostile_collection: Collection,
) -> Iterator[Server]:
    """A server with the garden and a hostile collection, both scored, entered by its door."""
    workspace = tmp_path_factory.mktemp("map") / "ws"
    store = open_store(workspace)
    for collection in (garden, hostile_collection):
        store.add_collection(collection)
        add_scores(store, collection)
    store.close()
    with served(workspace) as server:
        page = browser.new_page()
        page.goto(server.url)
        page.get_by_role("link", name="Curate").wait_for()
        page.close()
        yield server


@dataclass
class Map:
    """The map of an open page, driven as a person does."""

    page: Page

    def open(self, server: Server, collection: str = "garden") -> "Map":
        self.page.goto(f"{server.url}/curate?collection={collection}")
        self.page.wait_for_selector(".sm[data-drawn]")
        return self

    def ask(self, expression: str) -> object:
        return self.page.evaluate(expression)

    @property
    def selected(self) -> list[int]:
        return self.ask(f"{VIEW}.state.selected")

    @property
    def ranges(self) -> dict[str, list[float]]:
        return self.ask(f"{VIEW}.ranges")

    @property
    def drawings(self) -> int:
        return int(self.ask(f"{VIEW}.drawings"))

    @property
    def box(self) -> dict[str, float]:
        return self.page.locator(".sm-map").bounding_box()

    def after(self, act: Callable[[], object]) -> None:
        """Do something that redraws the map and wait for that."""
        before = self.drawings
        act()
        self.page.wait_for_function(f"{VIEW}.drawings > {before}")

    def colour(self, mode: str) -> None:
        self.after(lambda: self.page.get_by_label("Colour", exact=True).select_option(mode))

    def isolate(self, label: str) -> None:
        self.after(lambda: self.page.locator(".sm-strip button", has_text=label).click())

    def zoom(self, turns: int) -> None:
        box, before = self.box, self.ranges
        self.page.mouse.move(box["x"] + 0.4 * box["width"], box["y"] + 0.5 * box["height"])
        for _ in range(turns):
            self.page.mouse.wheel(0, -120)
        self.page.wait_for_function(f"{VIEW}.ranges.x[0] !== {before['x'][0]}")
        self.page.wait_for_timeout(400)

    def lasso(self, corners: np.ndarray, *, adds: bool = False) -> np.ndarray:
        """Draw around pixels of the page; returns the polygon in the unit of the axes."""
        polygon = self.to_axes(corners)
        if adds:
            self.page.keyboard.down("Shift")
        self.page.mouse.move(*corners[0])
        self.page.mouse.down()
        for corner in corners[1:]:
            self.page.mouse.move(*corner)
        self.after(self.page.mouse.up)
        if adds:
            self.page.keyboard.up("Shift")
        return polygon

    def to_axes(self, corners: np.ndarray) -> np.ndarray:
        """Convert with the chart library's own axes, which the selection does not use."""
        box = self.box
        convert = (
            f"points => {{ const {{xaxis, yaxis}} = {VIEW}.charts.map._fullLayout;"
            "return points.map(([x, y]) => [xaxis.p2d(x), yaxis.p2d(y)]) }"
        )
        return np.array(self.page.evaluate(convert, (corners - [box["x"], box["y"]]).tolist()))

    def expect_table_of(self, n: int) -> None:
        """Wait until the heading of the table below the map says so."""
        words = f"{n} row{'s' * (n != 1)} selected"
        expect(
            self.page.get_by_test_id("stMarkdown").get_by_text(words, exact=True)
        ).to_be_visible()

    def square(self, left: float, top: float, *, size: float) -> np.ndarray:
        """Corners in pixels of the page, from a place on the map."""
        x, y = round(self.box["x"] + left), round(self.box["y"] + top)
        return np.array([[x, y], [x + size, y], [x + size, y + size], [x, y + size]], dtype=float)

    def pixel_of(self, row: int) -> tuple[float, float]:
        box = self.box
        x, y = self.ask(
            f"(() => {{ const view = {VIEW}, {{xaxis, yaxis}} = view.charts.map._fullLayout;"
            f"return [xaxis.d2p(view.points.x[{row}]), yaxis.d2p(view.points.y[{row}])] }})()"
        )
        return box["x"] + x, box["y"] + y


@pytest.fixture
def garden_map(page: Page, garden_server: Server) -> Map:
    return Map(page).open(garden_server)


def star(random: np.random.Generator, box: dict[str, float]) -> np.ndarray:
    """Corners of a random star-shaped polygon inside a box, in whole pixels."""
    turns = np.sort(random.uniform(0, 2 * np.pi, size=int(random.integers(5, 12))))
    reach = random.uniform(0.3, 0.95, size=len(turns))
    middle = np.array([box["x"] + box["width"] / 2, box["y"] + box["height"] / 2])
    half = np.array([box["width"] / 2, box["height"] / 2])
    return np.round(middle + half * np.stack([np.cos(turns), np.sin(turns)], 1) * reach[:, None])


def rows_inside(coordinates: np.ndarray, polygon: np.ndarray) -> np.ndarray:
    """Rows inside a polygon by counting crossings of a ray, all rows at once."""
    x, y = coordinates.T[:, :, None].astype(np.float64)
    (x0, y0), (x1, y1) = polygon.T, np.roll(polygon, -1, axis=0).T
    with np.errstate(divide="ignore", invalid="ignore"):
        crosses = ((y0 > y) != (y1 > y)) & (x < x0 + (y - y0) / (y1 - y0) * (x1 - x0))
    return np.flatnonzero(crosses.sum(axis=1) % 2 == 1)


def places(collection: Collection) -> np.ndarray:
    found = make_scores(collection)["coordinates"]
    return np.concatenate([found["synthetic"], found["real"]])


@pytest.mark.parametrize("state", ["whole", "zoomed", "recoloured", "isolated", "synthetic only"])
def test_a_lasso_selects_exactly_the_rows_inside_it(
    garden_map: Map, garden: Collection, state: str
) -> None:
    shown = np.ones(N + M, dtype=bool)
    if state == "zoomed":
        garden_map.zoom(3)
    if state == "recoloured":
        garden_map.colour("predicted")
    if state == "isolated":
        garden_map.isolate("ponds")
        shown = np.arange(N + M) % 5 == 2
    if state == "synthetic only":
        select = garden_map.page.get_by_label("Show", exact=True)
        garden_map.after(lambda: select.select_option("synthetic"))
        shown = np.arange(N + M) < N
    random = np.random.default_rng(5)
    sizes = []
    for _ in range(4):
        polygon = garden_map.lasso(star(random, garden_map.box))
        expected = [row for row in rows_inside(places(garden), polygon) if shown[row]]
        assert garden_map.selected == expected
        sizes.append(len(expected))
    assert max(sizes) > 10
    garden_map.expect_table_of(len(expected))


def test_a_box_selects_exactly_the_rows_inside_it(garden_map: Map, garden: Collection) -> None:
    garden_map.page.get_by_label(re.compile("^Box")).click()
    box = garden_map.box
    left, top = round(box["x"] + 200), round(box["y"] + 60)
    corners = np.array([[left, top], [left + 300, top + 200]], dtype=float)
    (x0, y1), (x1, y0) = garden_map.lasso(corners)
    x, y = places(garden).T
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


def test_a_slider_moves_the_figures_and_the_weights_on_the_map(
    garden_map: Map, garden: Collection
) -> None:
    page = garden_map.page
    before = page.locator("[data-testid=stMetricValue]").first.inner_text()
    page.get_by_role("slider").nth(1).focus()
    for _ in range(4):
        garden_map.after(lambda: page.keyboard.press("ArrowRight"))
    settings = WeightingSettings(diversity_exponent=1.2)
    page.wait_for_function(f"{VIEW}.control.settings.diversity_exponent === 1.2")
    assert np.allclose(browser_weights(garden_map), weights_of(garden, settings), rtol=1e-9)
    expect(page.locator("[data-testid=stMetricValue]").first).not_to_have_text(before)


def browser_weights(garden_map: Map) -> np.ndarray:
    return np.array(garden_map.ask(f"Array.from({VIEW}.weights)"))


def weights_of(collection: Collection, settings: WeightingSettings) -> np.ndarray:
    found = make_scores(collection)
    labels = collection.label_ids(collection.synthetic)
    quality, diversity = found["quality"]["synthetic"], found["diversity"]["synthetic"]
    return sample_weight(quality, diversity, labels, settings)


IMP = WeightingSettings()
CASES = [
    IMP,
    WeightingSettings(rule="ce"),
    WeightingSettings(rule="p_only", quality_exponent=2.5),
    WeightingSettings(rule="dimp", diversity_exponent=0.3),
    WeightingSettings(quality_exponent=0.0),
    WeightingSettings(diversity_exponent=0.0, normalise=True),
    WeightingSettings(quality_exponent=3.0, diversity_exponent=3.0),
    WeightingSettings(clip_low=-2.0, clip_high=0.5),
    WeightingSettings(clip_low=-1.0, floor=0.35, normalise=True),
    WeightingSettings(clip_high=1.5, floor=1.0),
    WeightingSettings(rule="dimp", clip_low=-0.5, clip_high=0.5, floor=0.9, normalise=True),
]


@pytest.mark.parametrize("settings", CASES, ids=str)
def test_the_browser_weighs_as_python_does(page: Page, settings: WeightingSettings) -> None:
    quality, diversity, labels = probabilities(np.random.default_rng(3))
    expected = sample_weight(quality, diversity, labels, settings)
    own = np.arange(len(labels)), labels
    page.goto("about:blank")
    found = page.evaluate(
        """async ([source, p, q, settings, edges]) => {
            const module = new Blob([source], { type: 'text/javascript' });
            const { sampleWeights, weightSteps, stepCounts } = await import(
                URL.createObjectURL(module));
            const kept = new Uint8Array(p.length).fill(1);
            const { weights } = sampleWeights(Float32Array.from(p), Float32Array.from(q), kept,
                settings);
            return [weights, weightSteps(weights, edges), stepCounts(weights, edges)]
                .map((values) => Array.from(values));
        }""",
        [
            (row_map.FOLDER / "weights.js").read_text("utf-8"),
            quality[own].tolist(),
            diversity[own].tolist(),
            {**settings.to_dict(), "n_labels": quality.shape[1]},
            list(LOG_WEIGHT_EDGES[1:-1]),
        ],
    )
    weights, steps, counts = map(np.array, found)
    assert np.allclose(weights, expected, rtol=1e-9, atol=0)
    assert np.array_equal(steps, weight_bins(expected))
    assert np.array_equal(counts, weight_histogram(expected))


def probabilities(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """P', Q and labels, with certainties, impossibilities and what lies beyond the clamp."""
    labels = random.integers(0, 4, size=400)
    tables = []
    for extremes in ([0.0, 1.0, 1e-20, 1e-12, 0.5], [1.0, 0.0, 0.5, 1e-30, 1e-20]):
        table = random.dirichlet(np.full(4, 0.4), size=len(labels)).astype(np.float32)
        table[np.arange(5), labels[:5]] = extremes
        tables.append(table)
    return tables[0], tables[1], labels


def test_discarding_a_selection_is_stored_and_can_be_undone(
    page: Page, garden: Collection, server: Server
) -> None:
    store = open_store(server.workspace)
    own = replace(garden, name="own")
    store.add_collection(own)
    add_scores(store, own)
    own_map = Map(page).open(server, "own")
    own_map.lasso(own_map.square(400, 150, size=100))
    ids = garden.synthetic["sample_id"]
    expected = {ids[row] for row in own_map.selected if row < N}
    assert len(expected) > 3
    page.get_by_role("button", name=re.compile("Discard")).click()
    expect(page.get_by_text(f"{len(expected)} rows discarded")).to_be_visible()
    decided = current_decisions(store.decisions("own"))
    assert {each for each, decision in decided.items() if decision.action == "discard"} == expected
    page.wait_for_function(f"Array.from({VIEW}.points.kept).includes(0)")
    page.get_by_role("button", name=re.compile("Undo")).click()
    page.wait_for_function(f"!Array.from({VIEW}.points.kept).includes(0)")
    assert not current_decisions(store.decisions("own"))
    store.close()


def test_a_selection_goes_to_the_review_queue_from_the_map(garden_map: Map) -> None:
    garden_map.lasso(star(np.random.default_rng(4), garden_map.box))
    synthetic = [row for row in garden_map.selected if row < N]
    button = garden_map.page.get_by_role("button", name=f"Review {len(synthetic)} rows")
    button.click()
    garden_map.page.wait_for_url("**/review*")


def test_hostile_texts_are_shown_as_characters_and_fetch_nothing(
    page: Page, garden_server: Server, hostile_collection: Collection
) -> None:
    strangers: list[str] = []

    def note(request: Request) -> None:
        if not request.url.startswith((garden_server.url, "blob:", "data:")):
            strangers.append(request.url)

    page.on("request", note)
    hostile = Map(page).open(garden_server, "hostile")
    texts = [
        *hostile_collection.synthetic["text"],
        *hostile_collection.real_train["text"],
    ]
    seen = set()
    for row in range(len(texts)):
        page.mouse.move(*hostile.pixel_of(row))
        tip = page.locator(".sm-tip-text")
        if tip.is_visible():
            seen.add(tip.evaluate("node => node.textContent"))
    hostile.lasso(star(np.random.default_rng(6), hostile.box))
    page.wait_for_timeout(500)
    assert len(seen) > 10
    assert seen <= {text if len(text) <= 200 else f"{text[:199]}…" for text in texts}
    assert page.locator(".sm-strip .sm-name").all_inner_texts() == list(hostile_collection.labels)
    assert page.evaluate("document.title") != "owned"
    assert not page.locator(".sm img, .sm script, .sm a").count()
    assert strangers == []
