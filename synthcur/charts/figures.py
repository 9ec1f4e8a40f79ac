"""Tables to plotly figures, all from one template; colours by `Palette`, no screen code.

Texts from users (labels) go through `literal`: plotly reads a few HTML tags in ticks and hovers.
"""

import html
import math
from collections.abc import Container, Sequence
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from synthcur.arms import base_of
from synthcur.charts.palette import Palette
from synthcur.stats.metrics import Difference
from synthcur.wording import points

FONT = "IBM Plex Sans"
MOST_LEVEL = 8
"""Columns of `confusion_chart` whose names stand level; those of more stand upright."""

ROW_HEIGHT = 32
"""Height of a table row beside which `interval_chart` is drawn, in pixels."""


def base(palette: Palette, *, height: int) -> go.Figure:
    """Return an empty figure in the product's template.

    Transparent ground, hairline grid, no legend, no zero line; the caller turns off the grid of
    the axis that does not need it.
    """
    axis = {
        "gridcolor": palette.grid,
        "zeroline": False,
        "showline": False,
        "ticks": "",
        "tickfont": {"size": 12, "color": palette.muted},
        "title": {"font": {"size": 12, "color": palette.muted}, "standoff": 6},
        "automargin": True,
        "ticklabelstandoff": 6,
        "fixedrange": True,
    }
    font = {"family": FONT, "size": 12, "color": palette.text}
    figure = go.Figure()
    figure.update_layout(
        height=height,
        margin={"l": 4, "r": 8, "t": 6, "b": 30},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font=font,
        xaxis=axis,
        yaxis=axis,
        showlegend=False,
        hoverlabel={"bgcolor": palette.raised, "bordercolor": palette.border, "font": font},
    )
    return figure


def enlarged(figure: go.Figure, scale: float) -> go.Figure:
    """Return a copy of a figure whose type is larger by `scale`, and its height as much."""
    data = figure.to_dict()
    waiting: list[Any] = [data]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            for key, value in node.items():
                if key.endswith("font") and isinstance(value, dict) and "size" in value:
                    value["size"] *= scale
                waiting.append(value)
        elif isinstance(node, list | tuple):
            waiting.extend(node)
    data["layout"]["height"] *= scale
    return go.Figure(data)


def literal(text: object, *, limit: int = 24) -> str:
    """Shorten a text and escape what plotly would read as HTML."""
    words = str(text)
    words = words if len(words) <= limit else words[: limit - 1] + "…"
    return html.escape(words, quote=False)


_COLOURED = ("witnesses", "dimp", "p_only", "imp", "ce_both", "ce_real", "scheme")
"""Arms with a category of the palette of their own, in its order."""

_FADED = ("consensus", "focal", "quality_filter", "random_drop", "distill", "rho", "votes")
"""Arms seen rarely: the categories over again, half way to the muted ink."""


def arm_colour(arm: str, palette: Palette) -> str:
    """Return the colour of an arm's curve: ink for plain training, a category for the others.

    Probes, the floor of a comparison, are grey like other lines of reference.
    """
    if base_of(arm) != arm:  # what leaves rows out has the colour of its arm, paler
        return blend(arm_colour(base_of(arm), palette), palette.reference, 0.55)
    greys = {"ce": palette.text, "probe_both": palette.muted, "probe_real": palette.reference}
    if arm in greys:
        return greys[arm]
    if arm in _FADED:
        return blend(palette.category(1 + _FADED.index(arm)), palette.muted, 0.5)
    is_known = arm in _COLOURED
    return palette.category(_COLOURED.index(arm) if is_known else len(palette.categories))


def blend(first: str, second: str, share: float) -> str:
    """Return the colour ``#RRGGBB`` that lies `share` (0 to 1) of the way to the second."""
    pairs = zip(_channels(first), _channels(second), strict=True)
    return "#" + "".join(f"{round(a + share * (b - a)):02X}" for a, b in pairs)


def contrast(first: str, second: str) -> float:
    """Return the contrast ratio of two colours, 1 to 21 (WCAG 2.2, relative luminance)."""
    darker, lighter = sorted((_luminance(first), _luminance(second)))
    return (lighter + 0.05) / (darker + 0.05)


def readable(ground: str, palette: Palette) -> str:
    """Return the one of ink and page colour that is easier to read on a ground."""
    return max(palette.text, palette.page, key=lambda colour: contrast(colour, ground))


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _luminance(colour: str) -> float:
    shares = (channel / 255 for channel in _channels(colour))
    red, green, blue = (
        share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def interval_chart(
    differences: Sequence[Difference | None],
    *,
    baseline: str,
    palette: Palette,
    unmarked: Container[int] = (),
) -> go.Figure:
    """Draw each arm's difference to the baseline, to stand right of a table of the same rows.

    Parameters
    ----------
    differences
        One per table row; None for the baseline itself and for arms that cannot be compared.
    baseline
        Short name of the baseline, written at 0.
    palette
        Colours of the theme.
    unmarked
        Table rows of arms that give no verdict: nothing is drawn beside them.
    """
    figure = base(palette, height=ROW_HEIGHT * (len(differences) + 1) + 2)
    figure.update_layout(margin={"l": 34, "r": 16, "t": ROW_HEIGHT, "b": 1})
    figure.add_vline(x=0, line={"color": palette.reference, "width": 1})
    for row, difference in enumerate(differences):
        if row not in unmarked:
            _add_difference(figure, row, difference, palette)
    figure.update_yaxes(range=[len(differences) - 0.5, -0.5], showticklabels=False, showgrid=False)
    known = [difference for difference in differences if difference]
    low = min([0.0, *(100 * difference.low for difference in known)])
    high = max([0.0, *(100 * difference.high for difference in known)])
    ticks = round_ticks(low, high)
    figure.update_xaxes(
        side="top",
        ticklabeloverflow="allow",
        automargin=False,
        range=[
            min(low, ticks[0]) - 0.04 * (high - low),
            max(high, ticks[-1]) + 0.04 * (high - low),
        ],
        tickvals=ticks,
        ticktext=[f"0 = {literal(baseline)}" if tick == 0 else _signed(tick) for tick in ticks],
    )
    return figure


def _add_difference(
    figure: go.Figure, row: int, difference: Difference | None, palette: Palette
) -> None:
    if difference is None:
        ring = {"size": 10, "color": palette.page, "line": {"width": 2, "color": palette.reference}}
        figure.add_scatter(x=[0], y=[row], mode="markers", marker=ring, hoverinfo="skip")
        return
    outcome = difference.outcome
    colour = {"better": palette.keep, "worse": palette.discard}.get(outcome, palette.muted)
    symbol = {"better": "square", "worse": "diamond"}.get(outcome, "circle")
    mean, low, high = (100 * each for each in (difference.mean, difference.low, difference.high))
    figure.add_scatter(
        x=[low, high],
        y=[row, row],
        mode="lines",
        line={"color": colour, "width": 2.5},
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=[mean],
        y=[row],
        mode="markers",
        marker={"size": 10, "color": colour, "symbol": symbol},
        hovertemplate=f"{_signed(mean)} [{_signed(low)}, {_signed(high)}] points<extra></extra>",
    )


def label_chart(by_label: pd.DataFrame, *, palette: Palette, height: int = 300) -> go.Figure:
    """Draw the share of every label's rows that is predicted right, from baseline to arm.

    Parameters
    ----------
    by_label
        Columns label, baseline, arm; shares from 0 to 1; drawn from bottom to top.
    palette
        Colours of the theme.
    height
        Pixels.
    """
    figure = base(palette, height=height)
    names = [literal(label) for label in by_label["label"]]
    for row, (before, after) in enumerate(zip(by_label["baseline"], by_label["arm"], strict=True)):
        colour, symbol = _direction(after - before, palette)
        hover = f"{names[row]}: {100 * before:.1f} to {100 * after:.1f} %<extra></extra>"
        figure.add_scatter(
            x=[100 * before, 100 * after],
            y=[row, row],
            mode="lines+markers",
            line={"color": palette.reference, "width": 2},
            marker={
                "size": 9,
                "opacity": 1,
                "symbol": ["circle", symbol],
                "color": [palette.page, colour],
                "line": {"width": 2, "color": [palette.muted, colour]},
            },
            hovertemplate=hover,
        )
    figure.update_yaxes(
        tickvals=list(range(len(names))),
        ticktext=names,
        range=[-0.6, len(names) - 0.4],
        showgrid=False,
        tickfont={"size": 13, "color": palette.text},
    )
    figure.update_xaxes(ticksuffix=" %", nticks=5)
    return figure


def _direction(change: float, palette: Palette) -> tuple[str, str]:
    """Colour and shape of a mark that has gone up, down, or stayed where it was."""
    if change == 0:
        return palette.muted, "circle"
    return (palette.keep, "square") if change > 0 else (palette.discard, "diamond")


def confusion_chart(
    change: np.ndarray, labels: Sequence[str], *, palette: Palette, height: int = 300
) -> go.Figure:
    """Draw how the counts of true (rows) and predicted (columns) labels change.

    More right answers and fewer confusions are blue, the opposite orange; counts are rounded.

    Parameters
    ----------
    change
        (K, K) arm minus baseline.
    labels
        The K labels.
    palette
        Colours of the theme.
    height
        Pixels.
    """
    change = np.asarray(change, dtype=float)
    better = np.where(np.eye(len(change), dtype=bool), 1, -1) * change
    largest = max(1.0, float(np.abs(change).max(initial=0)))
    names = [literal(label, limit=18) for label in labels]
    is_crowded = len(names) > MOST_LEVEL
    figure = base(palette, height=height)
    figure.update_layout(margin={"l": 4, "r": 4, "t": 6, "b": 4})
    figure.add_heatmap(
        z=better,
        zmin=-largest,
        zmax=largest,
        xgap=2,
        ygap=2,
        colorscale=[
            [0, palette.weight_bins[2]],
            [0.5, palette.raised],
            [1, palette.weight_bins[7]],
        ],
        showscale=False,
        customdata=_confusion_hover(change, labels),
        hovertemplate="%{customdata}<extra></extra>",
    )
    for true, predicted in np.argwhere(np.round(change) != 0).tolist():
        value = float(change[true, predicted])
        end = palette.weight_bins[7 if better[true, predicted] > 0 else 2]
        ground = blend(palette.raised, end, abs(value) / largest)
        figure.add_annotation(
            x=predicted,
            y=true,
            text=_signed(value, digits=0),
            showarrow=False,
            font={"size": 10 if is_crowded else 12, "color": readable(ground, palette)},
        )
    ticks = list(range(len(names)))
    figure.update_yaxes(autorange="reversed", showgrid=False, tickvals=ticks, ticktext=names)
    figure.update_xaxes(
        showgrid=False,
        tickangle=-90 if is_crowded else 0,
        tickvals=ticks,
        ticktext=[
            literal(label, limit=14) if is_crowded else _abbreviated(label, 34 // len(names))
            for label in labels
        ],
    )
    return figure


def _confusion_hover(change: np.ndarray, labels: Sequence[str]) -> list[list[str]]:
    names = [literal(label, limit=40) for label in labels]
    return [
        [
            f"{names[true]} read as {names[said]}: {_signed(value)} rows"
            for said, value in enumerate(row)
        ]
        for true, row in enumerate(change)
    ]


def _abbreviated(label: str, letters: int) -> str:
    letters = max(3, letters - 1)
    return literal(label if len(label) <= letters + 1 else f"{label[:letters]}.")


def _signed(value: float, *, digits: int = 1) -> str:
    if digits == 1:
        words = points(value / 100, signed=True)
        return words.removesuffix(".0")
    return f"{value:+.0f}".replace("-", "−")


def round_ticks(low: float, high: float, *, about: int = 6) -> list[float]:
    """Return round numbers at equal steps within [low, high], `about` as many at most."""
    span = max(high - low, 1e-9)
    power = 10.0 ** math.floor(math.log10(span / about))
    step = next(each * power for each in (1, 2, 5, 10) if each * power * about >= span)
    first, last = math.ceil(round(low / step, 6)), math.floor(round(high / step, 6))
    return [round(step * i, 10) for i in range(first, last + 1)]
