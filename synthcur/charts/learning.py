"""The chart of a learning curve: accuracy against the number of real training rows."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import plotly.graph_objects as go

from synthcur.arms import short_name
from synthcur.charts.curves import spread
from synthcur.charts.figures import arm_colour, base, blend
from synthcur.charts.palette import Palette
from synthcur.stats.majority import is_in_view, majority_in_words
from synthcur.training.curve_results import Curve
from synthcur.training.learning_curve import NO_REAL_ROWS

BAND = 0.14
"""Opacity of an interval: several lie over each other."""

_LABEL_GAP = 0.085
"""Smallest distance of two end labels, as a share of the height of the plot."""


def learning_chart(
    arms: Sequence[Curve],
    sizes: Sequence[int],
    *,
    palette: Palette,
    height: int = 320,
    majority: float | None = None,
) -> go.Figure:
    """Draw every arm's accuracy with its interval as a band, sizes on a logarithmic axis.

    An arm that reads no real row is a level line; always naming the largest label is a dotted one
    with a label, or, where that lies far off, the label alone.

    Parameters
    ----------
    arms
        The curves, at least one.
    sizes
        All numbers of real rows of the job, so that the axis stays while points come in.
    palette
        Colours of the theme.
    height
        Pixels.
    majority
        Score of always naming the largest label, if it is known.
    """
    figure = base(palette, height=height)
    figure.update_layout(margin={"l": 4, "r": 112, "t": 6, "b": 30}, hovermode="closest")
    for arm in arms:
        _add_curve(figure, arm, sizes, palette)
    seen = [point.accuracy for arm in arms for point in arm.points]
    low, high = 100 * min(each.low for each in seen), 100 * max(each.high for each in seen)
    is_seen = majority is not None and is_in_view(majority, low / 100, high / 100)
    if majority is not None and is_seen:
        low, high = min(low, 100 * majority), max(high, 100 * majority)
    room = max(0.5, 0.05 * (high - low))
    figure.update_yaxes(ticksuffix=" %", nticks=6, range=[low - room, high + room])
    _add_end_labels(figure, arms, low - room, high + room, palette)
    if majority is not None:
        _add_majority(figure, majority, palette, is_seen=is_seen, is_below=100 * majority < high)
    ends = np.log10([sizes[0], sizes[-1]])
    margin = 0.03 * max(ends[1] - ends[0], 0.3)
    figure.update_xaxes(
        type="log",
        range=[ends[0] - margin, ends[1] + margin],
        tickvals=list(sizes),
        ticktext=[f"{size:,}" for size in sizes],
        title={"text": "real training rows"},
        showgrid=False,
    )
    return figure


def _add_curve(figure: go.Figure, arm: Curve, sizes: Sequence[int], palette: Palette) -> None:
    points, colour, name = arm.points, arm_colour(arm.arm, palette), short_name(arm.arm)
    is_level = points[0].n_real == NO_REAL_ROWS
    if is_level:
        points = tuple(replace(points[0], n_real=size) for size in (sizes[0], sizes[-1]))
    x = [point.n_real for point in points]
    mean = [100 * point.accuracy.mean for point in points]
    low = [100 * point.accuracy.low for point in points]
    high = [100 * point.accuracy.high for point in points]
    figure.add_scatter(
        x=[*x, *x[::-1]],
        y=[*low, *high[::-1]],
        fill="toself",
        fillcolor=_see_through(colour),
        mode="lines",
        line={"width": 0},
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=x,
        y=mean,
        mode="lines" if is_level else "lines+markers",
        line={"color": colour, "width": 2, "dash": "dash" if is_level else "solid"},
        marker={"size": 7, "color": colour},
        customdata=list(zip(low, high, strict=True)),
        hovertemplate=f"{name}: %{{y:.1f}} % [%{{customdata[0]:.1f}}, %{{customdata[1]:.1f}}]"
        "<extra></extra>",
    )


def _add_end_labels(
    figure: go.Figure, arms: Sequence[Curve], low: float, high: float, palette: Palette
) -> None:
    """Name every curve right of the plot, beside where it has got to."""
    last = np.array([100 * arm.points[-1].accuracy.mean for arm in arms])
    gap = _LABEL_GAP * (high - low)
    placed = spread(last, gap)
    # What lies outside the axis is not drawn.
    placed -= max(0.0, placed.max() - (high - gap / 2))
    placed += max(0.0, low + gap / 2 - placed.min())
    for arm, y, value in zip(arms, placed, last, strict=True):
        figure.add_annotation(
            x=1.0,
            xref="paper",
            xanchor="left",
            xshift=8,
            y=float(y),
            text=f"<b>{value:.0f} %</b> {short_name(arm.arm)}",
            showarrow=False,
            font={"size": 12, "color": blend(arm_colour(arm.arm, palette), palette.text, 0.35)},
        )


def _add_majority(
    figure: go.Figure, majority: float, palette: Palette, *, is_seen: bool, is_below: bool
) -> None:
    """Draw the dotted line of always naming the largest label, or point to where it would be."""
    words = majority_in_words(majority)
    if is_seen:
        line = {"color": palette.muted, "width": 1.5, "dash": "dot"}
        figure.add_hline(y=100 * majority, line=line)
        place = {"y": 100 * majority, "yref": "y"}
    else:
        words = f"{'↓' if is_below else '↑'} {words}"
        place = {"y": 0 if is_below else 1, "yref": "paper"}
    figure.add_annotation(
        **place,
        yanchor="bottom" if is_seen or is_below else "top",
        x=0.01,
        xref="paper",
        xanchor="left",
        text=words,
        showarrow=False,
        font={"size": 12, "color": palette.muted},
    )


def _see_through(colour: str) -> str:
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{BAND})"
