"""Live training curves: metrics of the runs so far to one small table and a Vega-Lite chart.

Vega-Lite and not plotly, because Streamlit gives a plotly chart a new identity with every new
figure and draws it afresh; here the specification stays the same for a whole job and only the data
change, so lines grow in place.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from synthcur.arms import short_name
from synthcur.charts.curve_axis import Axis
from synthcur.charts.figures import FONT, arm_colour
from synthcur.charts.majority_line import majority_layers, majority_row
from synthcur.charts.palette import Palette
from synthcur.stats.bootstrap import ACCURACY, MACRO_F1

MOST_POINTS = 400
"""Points drawn in one chart; more are averaged in bins of equal width."""

_MEASURED = "datum.kind == 'mean' || datum.kind == 'running'"
COLUMNS = ("kind", "arm", "epoch", "value", "low", "high", "text")
_LABEL_GAP = 0.11
"""Smallest distance of two end labels, as a share of the height of the plot."""


@dataclass(frozen=True)
class Measure:
    """A column of the metrics that has a chart of its own.

    Attributes
    ----------
    column
        Column of `Store.metrics`.
    title
        Heading of the chart.
    axis
        How values are written: ``number``, ``percent`` or ``count``.
    is_per_epoch
        Whether there are so few values that each is marked with a point.
    """

    column: str
    title: str
    axis: str
    is_per_epoch: bool = True


LOSS = Measure("loss", "Training loss", "number", is_per_epoch=False)
VAL_LOG_LOSS = Measure("val_log_loss", "Validation log loss", "number")
VAL_ACCURACY = Measure("val_accuracy", "Validation accuracy", "percent")
VAL_MACRO_F1 = Measure("val_macro_f1", "Validation macro-F1", "percent")
EFFECTIVE_ROWS = Measure("ess", "Effective rows", "count")

SCORES: Mapping[str, Measure] = MappingProxyType({ACCURACY: VAL_ACCURACY, MACRO_F1: VAL_MACRO_F1})
"""The measure of every score that always naming the largest label has as well."""


def curve_table(
    metrics: pd.DataFrame,
    measure: Measure,
    *,
    finished: Sequence[tuple[str, int]],
    arms: Sequence[str],
    most_points: int = MOST_POINTS,
    majority: float | None = None,
) -> pd.DataFrame:
    """Turn the metrics of a job into the rows of one chart.

    Parameters
    ----------
    metrics
        Rows of `Store.metrics`: arm, seed, epoch and the measure's column, NaN where not measured;
        after `on_one_axis`.
    measure
        What is drawn.
    finished
        (arm, seed) of the runs that have ended well. Their mean is the arm's line and their range
        its band; a run that still goes on is a line of its own, so that a mean never changes its
        number of seeds half-way.
    arms
        Names of the arms, in the order of the job.
    most_points
        Upper limit of the points of all lines together.
    majority
        What always naming the largest label scores by this measure, if it has such a score.

    Returns
    -------
    pandas.DataFrame
        Columns `COLUMNS`; ``kind`` is ``mean`` (low and high are the band), ``running``, ``end``
        (one label per arm: value is where it stands, text what it says), or for the majority
        ``majority``, ``majority below`` or ``majority above``: too far off for a line.
    """
    measured = metrics[metrics[measure.column].notna()]
    shown = [arm for arm in arms if (measured["arm"] == arm).any()]
    if not shown:
        return pd.DataFrame(columns=list(COLUMNS))
    n_bins = max(2, most_points // (2 * len(shown)))
    lines: list[_Line] = []
    for arm in shown:
        own = measured[measured["arm"] == arm]
        seeds, epochs = own["seed"].to_numpy(), own["epoch"].to_numpy()
        done = {seed for name, seed in finished if name == arm}
        lines += _arm_lines(arm, seeds, epochs, own[measure.column].to_numpy(), done, n_bins)
    rows = [row for line in lines for row in line.rows()]
    low = float(min(line.low.min() for line in lines))
    high = float(max(line.high.max() for line in lines))
    drawn = [low, high]
    if majority is not None:
        rows.append(majority_row(majority, low, high))
        drawn.append(rows[-1][3])
    if measure.axis == "count":
        drawn.append(0.0)
    # Where all is one value the axis still has a height, and the labels stand apart on it.
    rows += _end_rows(lines, measure, max(max(drawn) - min(drawn), 0.05 * abs(high)))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def curve_chart(
    measure: Measure, arms: Sequence[str], *, axis: Axis, palette: Palette, height: int = 260
) -> dict[str, Any]:
    """Return the Vega-Lite specification in which `curve_table` is drawn.

    It depends on the job's settings and the theme only, never on the data.
    """
    names = [short_name(arm) for arm in arms]
    colour = {
        "field": "arm",
        "type": "nominal",
        "legend": None,
        "scale": {"domain": names, "range": [arm_colour(arm, palette) for arm in arms]},
    }
    x = {"field": "epoch", "type": "quantitative", **_x_axis(axis)}
    y = {"field": "value", "type": "quantitative", **_value_axis(measure)}
    line: dict[str, Any] = {"type": "line"}
    if measure.is_per_epoch:
        line["point"] = {"filled": True, "size": 22}
    return {
        "height": height,
        "padding": {"left": 2, "top": 6, "bottom": 4, "right": 8},
        "config": _config(palette),
        "encoding": {"color": colour},
        "layer": [
            {
                "transform": [{"filter": "datum.kind == 'mean'"}],
                "mark": {"type": "area", "opacity": 0.13},
                "encoding": {"x": x, "y": {**y, "field": "low"}, "y2": {"field": "high"}},
            },
            {
                "transform": [{"filter": "datum.kind == 'running'"}],
                "mark": {**line, "strokeWidth": 1, "strokeDash": [4, 2]},
                "encoding": {"x": x, "y": y},
            },
            {
                "transform": [{"filter": "datum.kind == 'mean'"}],
                "mark": {**line, "strokeWidth": 2},
                "encoding": {"x": x, "y": y},
            },
            {
                # A line of one point is nothing to see.
                "transform": [
                    {"filter": _MEASURED},
                    {
                        "joinaggregate": [{"op": "count", "as": "n_points"}],
                        "groupby": ["kind", "arm"],
                    },
                    {"filter": "datum.n_points == 1"},
                ],
                "mark": {"type": "point", "filled": True, "size": 22, "opacity": 1},
                "encoding": {"x": x, "y": y},
            },
            _hover_layer(x, y, measure, axis),
            *_label_layers(y, palette),
            *majority_layers(y, palette),
        ],
    }


def spread(values: np.ndarray, gap: float) -> np.ndarray:
    """Move values (n,) apart until neighbours differ by at least `gap`; order and centre stay."""
    order = np.argsort(values, kind="stable")
    placed = values[order].astype(float)
    for i in range(1, len(placed)):
        placed[i] = max(placed[i], placed[i - 1] + gap)
    placed -= placed.mean() - values.mean()
    spread = np.empty_like(placed)
    spread[order] = placed
    return spread


@dataclass(frozen=True)
class _Line:
    """One line of the chart: kind, arm, and (n,) arrays of its points and their band."""

    kind: str
    arm: str
    epoch: np.ndarray
    value: np.ndarray
    low: np.ndarray
    high: np.ndarray

    def rows(self) -> list[tuple[Any, ...]]:
        name = short_name(self.arm)
        points = zip(self.epoch, self.value, self.low, self.high, strict=True)
        return [(self.kind, name, *map(float, point), "") for point in points]


def _arm_lines(
    arm: str,
    seeds: np.ndarray,
    epochs: np.ndarray,
    values: np.ndarray,
    ended: set[int],
    n_bins: int,
) -> list[_Line]:
    """Mean line with its band over the ended seeds, and the line of the seed in progress."""
    is_ended = np.isin(seeds, list(ended))
    lines = []
    if is_ended.any():
        lines.append(_line("mean", arm, seeds, epochs, values, is_ended, n_bins))
    if not is_ended.all():
        latest = seeds == seeds[~is_ended].max()
        lines.append(_line("running", arm, seeds, epochs, values, latest, n_bins))
    return lines


def _line(
    kind: str,
    arm: str,
    seeds: np.ndarray,
    epochs: np.ndarray,
    values: np.ndarray,
    chosen: np.ndarray,
    n_bins: int,
) -> _Line:
    """Average the chosen rows by place and seed, then over seeds.

    The places are the epochs themselves or, where there are more than `n_bins`, bins of them.
    """
    seeds, epochs, values = seeds[chosen], epochs[chosen], values[chosen]
    at, place = np.unique(epochs, return_inverse=True)
    if len(at) > n_bins:
        edges = np.linspace(at[0], at[-1], n_bins + 1)[1:-1]
        _, place = np.unique(np.searchsorted(edges, epochs, side="right"), return_inverse=True)
        at = np.bincount(place, epochs) / np.bincount(place)
    _, row = np.unique(seeds, return_inverse=True)
    cells = row * len(at) + place
    size = (row.max() + 1) * len(at)
    count = np.bincount(cells, minlength=size).reshape(-1, len(at))
    total = np.bincount(cells, values, minlength=size).reshape(-1, len(at))
    by_seed = np.divide(total, count, out=np.full_like(total, np.nan), where=count > 0)
    mean, low, high = (f(by_seed, axis=0) for f in (np.nanmean, np.nanmin, np.nanmax))
    return _Line(kind, arm, at, mean, low, high)


def _end_rows(lines: Sequence[_Line], measure: Measure, height: float) -> list[tuple[Any, ...]]:
    """One label per arm, apart on an axis of that height: where its mean, else first run, ends."""
    ends: dict[str, _Line] = {}
    for line in lines:
        ends.setdefault(line.arm, line)
    last = np.array([line.value[-1] for line in ends.values()])
    placed = spread(last, _LABEL_GAP * height)
    return [
        ("end", short_name(arm), line.epoch[-1], y, y, y, _written(value, measure))
        for (arm, line), y, value in zip(ends.items(), placed, last, strict=True)
    ]


def _written(value: float, measure: Measure) -> str:
    return {
        "percent": f"{100 * value:.0f} %",
        "count": f"{value:,.0f}",
        "number": f"{value:.2f}",
    }[measure.axis]


def _x_axis(axis: Axis) -> dict[str, Any]:
    step = max(1, round(axis.length / 5))
    if step > 10:
        step = round(step, 1 - len(str(step)))  # 136 steps are marked every 100
    values = list(range(0, axis.length + 1, step))
    return {
        "scale": {"domain": [0, axis.length], "nice": False},
        "axis": {"title": axis.unit, "grid": False, "values": values, "labelFlush": False},
    }


def _value_axis(measure: Measure) -> dict[str, Any]:
    label = {
        "percent": "format(100 * datum.value, '.0f') + ' %'",
        "count": "format(datum.value, ',.0f')",
        "number": "format(datum.value, '~g')",
    }[measure.axis]
    return {
        "scale": {"zero": measure.axis != "percent", "nice": True},
        "axis": {"title": None, "grid": True, "tickCount": 5, "labelExpr": label},
    }


def _hover_layer(
    x: Mapping[str, Any], y: Mapping[str, Any], measure: Measure, axis: Axis
) -> dict[str, Any]:
    at_format = ".2f" if axis.unit == "epoch" else ",.0f"
    value_format = {"percent": ".1%", "count": ",.0f", "number": ".3f"}[measure.axis]
    return {
        "transform": [{"filter": _MEASURED}],
        "params": [
            {
                "name": "near",
                "select": {
                    "type": "point",
                    "on": "pointerover",
                    "clear": "pointerout",
                    "nearest": True,
                },
            }
        ],
        "mark": {"type": "point", "filled": True, "size": 50},
        "encoding": {
            "x": x,
            "y": y,
            "opacity": {"condition": {"param": "near", "empty": False, "value": 1}, "value": 0},
            "tooltip": [
                {"field": "arm", "title": "arm"},
                {"field": "epoch", "title": axis.unit, "format": at_format},
                {"field": "value", "title": measure.title, "format": value_format},
            ],
        },
    }


def _label_layers(y: Mapping[str, Any], palette: Palette) -> list[dict[str, Any]]:
    """Square in the line's colour, value in bold, name: at the right edge of the plot."""
    only_ends = [{"filter": "datum.kind == 'end'"}]
    mark = {"type": "text", "align": "left", "baseline": "middle", "fontSize": 12, "clip": False}
    place = {"x": {"value": "width"}, "y": y}
    ink = {**place, "color": {"value": palette.text}}
    return [
        {
            "transform": only_ends,
            "mark": {"type": "square", "size": 70, "opacity": 1, "xOffset": 12, "clip": False},
            "encoding": place,
        },
        {
            "transform": only_ends,
            "mark": {**mark, "dx": 20, "fontWeight": 600},
            "encoding": {**ink, "text": {"field": "text"}},
        },
        {
            "transform": only_ends,
            "mark": {**mark, "dx": 58},
            "encoding": {**ink, "text": {"field": "arm"}},
        },
    ]


def _config(palette: Palette) -> dict[str, Any]:
    return {
        "background": "transparent",
        "font": FONT,
        "view": {"stroke": None},
        "axis": {
            "domain": False,
            "ticks": False,
            "gridColor": palette.grid,
            "labelColor": palette.muted,
            "labelFontSize": 12,
            "labelPadding": 6,
            "titleColor": palette.muted,
            "titleFontSize": 12,
            "titleFontWeight": "normal",
            "titlePadding": 6,
        },
    }
