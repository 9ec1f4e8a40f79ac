"""Always naming the largest label, in the live curves: its row, and the layers that draw it."""

from collections.abc import Mapping
from typing import Any

from synthcur.charts.palette import Palette
from synthcur.stats.majority import is_in_view, majority_in_words


def majority_row(majority: float, low: float, high: float) -> tuple[Any, ...]:
    """Return the row of `curves.curve_table` that says where the majority's score lies.

    Parameters
    ----------
    majority
        The score.
    low, high
        Ends of what is drawn beside it.
    """
    words = majority_in_words(majority)
    if is_in_view(majority, low, high):
        return ("majority", "", 0.0, majority, majority, majority, words)
    # A value far off would stretch the axis: the label stands at the end that is nearest to it.
    is_below = majority < low
    kind, end = ("majority below", low) if is_below else ("majority above", high)
    return (kind, "", 0.0, end, end, end, f"{'↓' if is_below else '↑'} {words}")


def majority_layers(y: Mapping[str, Any], palette: Palette) -> list[dict[str, Any]]:
    """Dotted line with its label above it; far off, the label at that end of the plot."""
    ink = {"color": {"value": palette.muted}}
    mark = {"type": "text", "align": "left", "dx": 4, "fontSize": 12}
    text = {"x": {"value": 0}, "text": {"field": "text"}, **ink}
    layers: list[dict[str, Any]] = [
        {
            "transform": [{"filter": "datum.kind == 'majority'"}],
            "mark": {"type": "rule", "strokeDash": [1, 3], "strokeWidth": 1.5, "opacity": 1},
            "encoding": {"y": y, **ink},
        }
    ]
    places = {"majority": y, "majority below": {"value": "height"}, "majority above": {"value": 0}}
    for kind, place in places.items():
        layers.append(
            {
                "transform": [{"filter": f"datum.kind == '{kind}'"}],
                "mark": {**mark, "baseline": "top" if kind.endswith("above") else "bottom"},
                "encoding": {**text, "y": place},
            }
        )
    return layers
