"""The two charts of the Overview: where the weight goes, and the arms side by side."""

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from synthcur.charts.figures import base
from synthcur.charts.palette import Palette
from synthcur.stats.majority import is_in_view, majority_in_words
from synthcur.stats.metrics import Interval
from synthcur.weighting.weight_flow import WeightFlow

MINUS = "\N{MINUS SIGN}"
HEIGHT = 240
ROWS_IN_HEIGHT = 6
"""Arms that fill the height; fewer stand in the middle at the same distance."""


def waterfall(flow: WeightFlow, palette: Palette) -> go.Figure:
    """Draw rows in, what each step takes away, and the effective rows that are left."""
    steps = _steps(flow, palette)
    figure = base(palette, height=HEIGHT)
    figure.update_layout(margin={"l": 8, "r": 60, "t": 6, "b": 24})
    figure.add_bar(
        orientation="h",
        y=[name for name, *_ in steps],
        x=[length for _, length, *_ in steps],
        base=[start for _, _, start, *_ in steps],
        text=[words for *_, words, _ in steps],
        marker={"color": [colour for *_, colour in steps]},
        width=0.62,
        textposition="outside",
        textfont={"size": 12, "color": palette.text},
        cliponaxis=False,
        hovertemplate="%{y}: %{text} rows<extra></extra>",
    )
    figure.update_yaxes(
        autorange="reversed", showgrid=False, tickfont={"size": 13, "color": palette.text}
    )
    figure.update_xaxes(range=[0, 1.09 * max(flow.rows_in, 1)], tickformat=",", nticks=6)
    return figure


def _steps(flow: WeightFlow, palette: Palette) -> list[tuple[str, float, float, str, str]]:
    """Name, length, start, words and colour of every bar."""
    left = flow.rows_in
    steps: list[tuple[str, float, float, str, str]] = [
        ("Rows in", left, 0, f"{left:,}", palette.reference)
    ]
    lost = [
        ("Exact duplicates", flow.copies),
        ("Discarded by people", flow.discarded),
        ("Down-weighted", round(flow.down_weighted)),
    ]
    for name, rows in lost:
        left -= rows
        words = f"{MINUS}{rows:,}" if rows else "0"
        steps.append((name, rows, left, words, palette.discard))
    steps.append(("Effective rows", left, 0, f"{left:,}", palette.keep))
    return steps


@dataclass(frozen=True)
class ArmInterval:
    """What is drawn of an arm: its name, its title, what it scored, whether its marks are faint."""

    name: str
    title: str
    score: Interval
    is_faint: bool = False


def arm_intervals(
    arms: Sequence[ArmInterval],
    *,
    baseline: str,
    leader: str | None,
    palette: Palette,
    majority: float | None = None,
) -> go.Figure:
    """Draw mean and interval of every arm, best on top, and plain training as a dashed line.

    Always naming the largest label is a dotted line with a label; where it lies far off, the label
    points there.

    Parameters
    ----------
    arms
        By falling mean; scores are 0 to 1.
    baseline
        Arm at which the dashed line stands.
    leader
        Arm drawn in blue because it beats the baseline; None if there is none.
    palette
        Colours of the theme.
    majority
        Score of always naming the largest label, if it is known.
    """
    figure = base(palette, height=HEIGHT)
    figure.update_layout(margin={"l": 8, "r": 48, "t": 6, "b": 24})
    for arm in reversed(arms):
        colour = palette.muted if arm.is_faint else palette.text
        colour = palette.keep if arm.name == leader else colour
        _add_interval(figure, arm, colour, palette)
        if arm.name == baseline:
            line = {"color": palette.reference, "width": 1, "dash": "dash"}
            figure.add_vline(x=100 * arm.score.mean, line=line)
    low, high = min(arm.score.low for arm in arms), max(arm.score.high for arm in arms)
    if majority is not None:
        is_seen = is_in_view(majority, low, high)
        _add_majority(figure, majority, palette, is_seen=is_seen, is_below=majority < low)
        low, high = (min(low, majority), max(high, majority)) if is_seen else (low, high)
    room = max(0.02, 0.08 * (high - low))
    spare = max(0, ROWS_IN_HEIGHT - len(arms)) / 2
    figure.update_yaxes(
        showgrid=False,
        tickfont={"size": 13, "color": palette.text},
        range=[-0.5 - spare, len(arms) - 0.5 + spare],
    )
    figure.update_xaxes(range=[100 * (low - room), 100 * (high + room)], ticksuffix=" %", nticks=5)
    return figure


def _add_majority(
    figure: go.Figure, majority: float, palette: Palette, *, is_seen: bool, is_below: bool
) -> None:
    """Draw the dotted line of always naming the largest label, or point to where it would be.

    The words stand at an end of the plot: beside a line in its middle there is no room for them.
    """
    words = majority_in_words(majority)
    if is_seen:
        line = {"color": palette.muted, "width": 1.5, "dash": "dot"}
        figure.add_vline(x=100 * majority, line=line)
        words = f"dotted: {words}"
    else:
        words = f"← {words}" if is_below else f"{words} →"
    figure.update_layout(margin={"t": 24})
    figure.add_annotation(
        x=0 if is_below else 1,
        xref="paper",
        xanchor="left" if is_below else "right",
        y=1.0,
        yref="paper",
        yanchor="bottom",
        text=words,
        showarrow=False,
        font={"size": 12, "color": palette.muted},
    )


def _add_interval(figure: go.Figure, arm: ArmInterval, colour: str, palette: Palette) -> None:
    mean, low, high = (100 * each for each in (arm.score.mean, arm.score.low, arm.score.high))
    hover = f"{arm.title}: {mean:.1f} % [{low:.1f}, {high:.1f}]<extra></extra>"
    figure.add_scatter(
        x=[low, high],
        y=[arm.title] * 2,
        mode="lines",
        line={"color": colour, "width": 2},
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=[mean],
        y=[arm.title],
        mode="markers",
        marker={"size": 9, "color": colour, "symbol": "square"},
        hovertemplate=hover,
    )
    figure.add_annotation(
        x=1.0,
        xref="paper",
        xanchor="left",
        xshift=8,
        y=arm.title,
        text=f"{mean:.1f}",
        showarrow=False,
        font={"size": 12, "color": palette.text},
    )
