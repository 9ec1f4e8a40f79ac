"""The map of an open page, driven as a person does, and what it is compared with."""

import io
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image
from playwright.sync_api import Page, expect

from harness.serving import Server

VIEW = "window.synthcurMap.view"
GARDEN_LABELS = ("bulbs", "hedges", "ponds", "sheds", "tools")
N, M = 600, 150


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
        return self.ask(f"Array.from({VIEW}.state.selected)")

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

    def show(self, source: str) -> None:
        self.after(lambda: self.page.get_by_label("Show", exact=True).select_option(source))

    def isolate(self, label: str) -> None:
        self.after(lambda: self.page.locator(".sm-strip button", has_text=label).click())

    def zoom(self, turns: int) -> None:
        box = self.box
        self.page.mouse.move(box["x"] + 0.4 * box["width"], box["y"] + 0.5 * box["height"])
        for _ in range(turns):
            before = self.ranges["x"][0]
            self.page.mouse.wheel(0, -120)
            self.page.wait_for_function(f"{VIEW}.ranges.x[0] !== {before}")

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
        """Convert pixels of the page to the unit of the axes, which fill the stage."""
        box, ranges = self.box, self.ranges
        share = (corners - [box["x"], box["y"]]) / [box["width"], box["height"]]
        (left, right), (bottom, top) = ranges["x"], ranges["y"]
        return np.stack(
            [left + share[:, 0] * (right - left), top - share[:, 1] * (top - bottom)], axis=1
        )

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
        """Middle of the mark of a row in pixels of the page."""
        place = self.ask(f"[{VIEW}.points.x[{row}], {VIEW}.points.y[{row}]]")
        x, y = self.pixels_of(np.array([place]))[0]
        return x, y

    def pixels_of(self, places: np.ndarray) -> np.ndarray:
        """Places in the unit of the axes as pixels of the page, (N, 2)."""
        box, ranges = self.box, self.ranges
        low, high = np.array([ranges["x"], ranges["y"]]).T
        x, up = ((places - low) / (high - low)).T
        return np.stack([box["x"] + x * box["width"], box["y"] + (1 - up) * box["height"]], axis=1)

    def inked(self, pixels: np.ndarray, *, reach: int) -> np.ndarray:
        """Whether something is drawn within `reach` of pixels of the page, (N,)."""
        picture = np.asarray(Image.open(io.BytesIO(self.page.screenshot())).convert("L"))
        corners = np.round(pixels).astype(int) - reach
        side = 2 * reach + 1
        return np.array(
            [picture[max(y, 0) : y + side, max(x, 0) : x + side].min(initial=255) < 200
             for x, y in corners]
        )  # fmt: skip

    def is_bare(self, pixels: np.ndarray) -> np.ndarray:
        """Whether pixels of the page lie well inside the map and away from its key, (N,)."""
        key = self.page.locator(".sm-key").bounding_box()
        return within(pixels, self.box, -20) & ~within(pixels, key, 20)


def within(pixels: np.ndarray, box: dict[str, float], margin: float) -> np.ndarray:
    """Whether pixels lie in a box that is made larger by a margin, (N,)."""
    low = np.array([box["x"], box["y"]]) - margin
    high = low + np.array([box["width"], box["height"]]) + 2 * margin
    return ((pixels >= low) & (pixels <= high)).all(axis=1)


def star(random: np.random.Generator, box: dict[str, float]) -> np.ndarray:
    """Corners of a random star-shaped polygon inside a box, in whole pixels."""
    turns = np.sort(random.uniform(0, 2 * np.pi, size=int(random.integers(5, 12))))
    reach = random.uniform(0.3, 0.95, size=len(turns))
    middle = np.array([box["x"] + box["width"] / 2, box["y"] + box["height"] / 2])
    half = np.array([box["width"] / 2, box["height"] / 2])
    return np.round(middle + half * np.stack([np.cos(turns), np.sin(turns)], 1) * reach[:, None])


def tangle(random: np.random.Generator, box: dict[str, float]) -> np.ndarray:
    """Corners of a random polygon inside a box whose sides cross, in whole pixels."""
    shares = random.uniform(0.05, 0.95, size=(int(random.integers(5, 10)), 2))
    corners = np.array([box["x"], box["y"]]) + shares * [box["width"], box["height"]]
    return np.round(corners)


def rows_inside(places: np.ndarray, polygon: np.ndarray) -> np.ndarray:
    """Rows inside a polygon by counting crossings of a ray, all rows at once."""
    x, y = places.T[:, :, None].astype(np.float64)
    (x0, y0), (x1, y1) = polygon.T, np.roll(polygon, -1, axis=0).T
    with np.errstate(divide="ignore", invalid="ignore"):
        crosses = ((y0 > y) != (y1 > y)) & (x < x0 + (y - y0) / (y1 - y0) * (x1 - x0))
    return np.flatnonzero(crosses.sum(axis=1) % 2 == 1)
