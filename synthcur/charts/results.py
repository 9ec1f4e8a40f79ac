"""Charts of the Results and Train pages that are drawn from what runs leave behind."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from synthcur.arms import short_name
from synthcur.charts.figures import arm_colour, base, literal
from synthcur.charts.palette import Palette
from synthcur.stats.reliability import Bin

MOST_POINTS = 3_000
"""Rows drawn in a cartography plot; of more, every so-manyth is taken."""


def reliability_figure(
    named: Sequence[tuple[str, Sequence[Bin]]], *, palette: Palette, height: int = 300
) -> go.Figure:
    """Draw share right against stated probability, with intervals, beside the diagonal.

    Parameters
    ----------
    named
        (arm, bins) of the lines, at most three.
    palette
        Colours of the theme.
    height
        Pixels.
    """
    figure = base(palette, height=height)
    ends = [min(each.sureness, each.low) for _, bins in named for each in bins]
    low = 100 * min(0.9, *ends)
    figure.add_scatter(
        x=[low, 100],
        y=[low, 100],
        mode="lines",
        hoverinfo="skip",
        line={"color": palette.reference, "width": 1, "dash": "dot"},
    )
    for arm, bins in named:
        colour, name = arm_colour(arm, palette), literal(short_name(arm))
        right = [100 * each.right for each in bins]
        figure.add_scatter(
            x=[100 * each.sureness for each in bins],
            y=right,
            mode="lines+markers",
            line={"color": colour, "width": 2},
            marker={"size": 7, "color": colour, "symbol": "circle" if arm == "ce" else "square"},
            error_y={
                "type": "data",
                "symmetric": False,
                "array": [100 * (each.high - each.right) for each in bins],
                "arrayminus": [100 * (each.right - each.low) for each in bins],
                "color": colour,
                "thickness": 1,
                "width": 0,
            },
            customdata=[each.rows for each in bins],
            hovertemplate=f"{name}: says %{{x:.0f}} %, right %{{y:.0f}} % of %{{customdata:.0f}} "
            "rows<extra></extra>",
        )
    figure.update_xaxes(title_text="stated probability", ticksuffix=" %", showgrid=False, nticks=5)
    figure.update_yaxes(ticksuffix=" %", nticks=6)
    return figure


def weight_heatmap(
    counts: np.ndarray, edges: np.ndarray, *, palette: Palette, height: int = 228
) -> go.Figure:
    """Draw the weights of every epoch as columns of a histogram, nearer to the ink for more rows.

    Parameters
    ----------
    counts
        (E, B) rows by epoch and bin.
    edges
        (B + 1,) of the bins, powers of ten apart by equal factors.
    palette
        Colours of the theme.
    height
        Pixels.
    """
    figure = base(palette, height=height)
    centres = np.log10(np.sqrt(edges[:-1] * edges[1:]))
    figure.add_heatmap(
        x=[f"{epoch}" for epoch in range(1, len(counts) + 1)],
        y=centres,
        z=np.sqrt(counts.T),
        customdata=counts.T,
        colorscale=[[0, palette.page], [0.02, palette.raised], [1, palette.text]],
        showscale=False,
        xgap=1,
        hovertemplate="epoch %{x}, weight about %{text}: %{customdata} rows<extra></extra>",
        text=[[f"{10**centre:.2g}"] * len(counts) for centre in centres],
    )
    figure.add_hline(y=0, line={"color": palette.keep, "width": 1})
    powers = range(round(np.log10(edges[0])), round(np.log10(edges[-1])) + 1)
    figure.update_yaxes(
        tickvals=list(powers),
        ticktext=[f"{10.0**power:g}" for power in powers],
        range=[np.log10(edges[0]), np.log10(edges[-1])],
        showgrid=False,
    )
    figure.update_xaxes(title_text="epoch", type="category", showgrid=False)
    return figure


def cartography_figure(
    table: pd.DataFrame, texts: Sequence[str], *, palette: Palette, height: int = 300
) -> go.Figure:
    """Draw where the rows of a run lie: confidence against variability (Swayamdipta et al. 2020).

    Parameters
    ----------
    table
        Of `signals.cartography` with correctness, one row a training row.
    texts
        What to show of each row when it is pointed at.
    palette
        Colours of the theme.
    height
        Pixels.
    """
    step = max(1, -(-len(table) // MOST_POINTS))
    shown = table.iloc[::step]
    bins = np.asarray(palette.weight_bins, dtype=object)
    share = shown["correctness"].fillna(0).to_numpy()
    colours = bins[np.minimum((share * len(bins)).astype(int), len(bins) - 1)]
    figure = base(palette, height=height)
    figure.add_scattergl(
        x=shown["variability"],
        y=100 * shown["confidence"],
        mode="markers",
        marker={"size": 5, "color": colours.tolist(), "opacity": 0.75},
        customdata=[literal(text, limit=90) for text in np.asarray(texts, dtype=object)[::step]],
        hovertemplate="%{customdata}<br>confidence %{y:.0f} %, variability %{x:.2f}<extra></extra>",
    )
    figure.update_xaxes(
        title_text="variability over the epochs", rangemode="tozero", showgrid=False
    )
    figure.update_yaxes(ticksuffix=" %", range=[-3, 103], nticks=6)
    return figure
