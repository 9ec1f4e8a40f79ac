"""Charts as inline SVG, for a page that opens without a script, a server or a font of ours.

Colours are CSS variables (``var(--keep)``), so that one drawing serves both themes and paper.
Texts are escaped here; a caller hands over plain text.
"""

import html
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from synthcur.charts.curves import spread
from synthcur.charts.figures import round_ticks
from synthcur.results.outcome import ArmResult
from synthcur.stats.majority import is_in_view, majority_in_words
from synthcur.stats.metrics import Difference
from synthcur.stats.reliability import Bin
from synthcur.wording import points

WIDTH = 520
"""Units across a drawing; the page scales it to its column."""


@dataclass(frozen=True)
class Line:
    """One line of a chart: name, CSS colour, and (n,) points with the band around them."""

    name: str
    colour: str
    x: Sequence[float]
    y: Sequence[float]
    low: Sequence[float] = ()
    high: Sequence[float] = ()
    is_dashed: bool = False


def escaped(text: object) -> str:
    """Escape a text for HTML, in attributes too; control characters become spaces."""
    words = "".join(each if each >= " " or each in "\n\t" else " " for each in str(text))
    return html.escape(words, quote=True)


def forest(arms: Sequence[ArmResult], *, baseline: str) -> Markup:
    """Draw every arm's difference to the baseline with its interval, in points.

    Parameters
    ----------
    arms
        The arms; beside one that is undertrained nothing is drawn.
    baseline
        Name written at 0.
    """
    known = [arm.difference for arm in arms if arm.difference]
    low = min([0.0, *(100 * each.low for each in known)])
    high = max([0.0, *(100 * each.high for each in known)])
    x = _scale(low, max(high, low + 1), 190, WIDTH - 40)
    parts, height = [], 34 + 30 * len(arms)
    for tick in round_ticks(low, high):
        words = f"0 = {baseline}" if tick == 0 else f"{tick:+g}".replace("-", "−")
        colour = "reference" if tick == 0 else "grid"
        parts += [_rule(x(tick), 24, x(tick), height, colour), _text(x(tick), 14, words, "middle")]
    for row, arm in enumerate(arms):
        y = 44 + 30 * row
        parts.append(_text(180, y + 4, arm.title, "end", colour="text"))
        if not arm.is_undertrained:
            parts += _difference_marks(arm.difference, x, y)
    return _drawing(height, parts, "Differences to the baseline with their intervals, in points")


def lines_chart(
    lines: Sequence[Line],
    *,
    title: str,
    write: Callable[[float], str],
    x_title: str = "epoch",
    majority: float | None = None,
) -> Markup:
    """Draw lines with their bands, each named at its end; `write` words a value of the axis.

    What always naming the largest label scores is a dotted line with a label, where it is known.
    """
    height, right = 230, WIDTH - 140
    every = np.concatenate([np.asarray([*line.y, *line.low, *line.high]) for line in lines])
    low, high = float(every.min()), float(every.max())
    is_seen = majority is not None and is_in_view(majority, low, high)
    if majority is not None and is_seen:
        low, high = min(low, majority), max(high, majority)
    x = _scale(0, max(max(line.x) for line in lines), 60, right)
    y = _scale(low, max(high, low + 1e-9), height - 40, 16)
    parts = []
    for tick in round_ticks(low, high, about=5):
        parts += [_rule(60, y(tick), right, y(tick), "grid"), _text(52, y(tick) + 4, write(tick))]
    for tick in round_ticks(0, max(max(line.x) for line in lines), about=6):
        parts.append(_text(x(tick), height - 20, f"{tick:g}", "middle"))
    parts.append(_text((60 + right) / 2, height - 4, x_title, "middle"))
    for line in lines:
        parts.append(_band(line, x, y))
        dash = ' stroke-dasharray="4 3"' if line.is_dashed else ""
        path = _path(zip(line.x, line.y, strict=True), x, y)
        parts.append(
            f'<path d="{path}" fill="none" style="stroke:{line.colour}" stroke-width="2"{dash}/>'
        )
    if majority is not None:
        words, at = majority_in_words(majority), y(majority)
        if is_seen:
            parts.append(_rule(60, at, right, at, "muted", dash="1 3"))
        else:
            words, at = (f"↓ {words}", y(low)) if majority < low else (f"↑ {words}", y(high) + 16)
        parts.append(_text(64, at - 4, words, "start"))
    ends = spread(np.array([y(line.y[-1]) for line in lines]), 18)
    for line, at in zip(lines, ends, strict=True):
        parts.append(_square(right + 12, at, line.colour))
        words = f"{line.name}  {write(line.y[-1])}"
        parts.append(_text(right + 24, at + 4, words, "start", colour="text"))
    return _drawing(height, parts, title)


def matrix(counts: np.ndarray, labels: Sequence[str], *, title: str) -> Markup:
    """Draw a table (K, K) of counts, rows true, columns predicted, darker for a larger share.

    The share is that of the true label's rows, so labels of different size read alike.
    """
    k = len(labels)
    cell = min(62.0, (WIDTH - 160) / k)
    height = 30 + (cell * 0.62 + 2) * k + 26
    totals = np.maximum(counts.sum(axis=1), 1e-9)
    parts = []
    for i, label in enumerate(labels):
        y = 6 + i * (cell * 0.62 + 2)
        parts.append(_text(148, y + cell * 0.31 + 4, _short(label, 20), "end", colour="text"))
        for j in range(k):
            share = float(counts[i, j] / totals[i])
            colour = "keep" if i == j else "discard"
            x = 156 + j * (cell + 2)
            parts.append(
                f'<rect x="{x:.1f}" y="{y:.1f}" width="{cell:.1f}" height="{cell * 0.62:.1f}" '
                f'style="fill:var(--{colour});fill-opacity:{0.06 + 0.5 * share:.2f}"/>'
            )
            if round(float(counts[i, j])):
                words = f"{counts[i, j]:.0f}"
                parts.append(
                    _text(x + cell / 2, y + cell * 0.31 + 4, words, "middle", colour="text")
                )
    for j, label in enumerate(labels):
        x = 156 + j * (cell + 2) + cell / 2
        y = 6 + k * (cell * 0.62 + 2) + 16
        parts.append(_text(x, y, _short(label, max(3, int(cell / 7))), "middle"))
    return _drawing(height, parts, title)


def histogram(counts: Sequence[float], edges: np.ndarray, *, title: str) -> Markup:
    """Draw a histogram of weights over a log scale: orange below 1, blue above."""
    height, largest = 200, max(1.0, float(max(counts)))
    x = _scale(float(np.log10(edges[0])), float(np.log10(edges[-1])), 60, WIDTH - 20)
    y = _scale(0, largest, height - 36, 14)
    parts = []
    for tick in round_ticks(0, largest, about=4):
        parts += [
            _rule(60, y(tick), WIDTH - 20, y(tick), "grid"),
            _text(52, y(tick) + 4, f"{tick:,.0f}"),
        ]
    for number, low, high in zip(counts, edges[:-1], edges[1:], strict=True):
        left, right = x(float(np.log10(low))), x(float(np.log10(high)))
        colour = "keep" if low >= 1 - 1e-9 else "discard"
        parts.append(
            f'<rect x="{left + 1:.1f}" y="{y(number):.1f}" width="{right - left - 2:.1f}" '
            f'height="{y(0) - y(number):.1f}" style="fill:var(--{colour})"/>'
        )
    for power in range(round(np.log10(edges[0])), round(np.log10(edges[-1])) + 1):
        end = "≤ " if 10.0**power <= edges[0] * 1.001 else ""
        end = "≥ " if 10.0**power >= edges[-1] * 0.999 else end
        parts.append(_text(x(power), height - 18, f"{end}{10.0**power:g}", "middle"))
    parts.append(_rule(x(0), 10, x(0), height - 36, "text"))
    parts.append(_text((40 + WIDTH) / 2, height - 2, "weight", "middle"))
    return _drawing(height, parts, title)


def reliability_chart(named: Sequence[tuple[str, str, Sequence[Bin]]], *, title: str) -> Markup:
    """Draw share right against sureness, each as (name, CSS colour, bins), beside the diagonal."""
    side, left = 250, 60
    low = min(min(each.sureness, each.low) for _, _, bins in named for each in bins)
    low = min(0.9, np.floor(10 * low) / 10)
    x, y = _scale(low, 1, left, left + side), _scale(low, 1, side + 10, 10)
    parts = [_rule(x(low), y(low), x(1), y(1), "reference")]
    for tick in round_ticks(low, 1, about=5):
        words = f"{100 * tick:.0f} %"
        parts += [
            _rule(left, y(tick), left + side, y(tick), "grid"),
            _text(52, y(tick) + 4, words),
            _text(x(tick), side + 28, words, "middle"),
        ]
    for row, (name, colour, bins) in enumerate(named):
        place = [(x(each.sureness), y(each.right)) for each in bins]
        path = "M" + "L".join(f"{a:.1f} {b:.1f}" for a, b in place)
        parts.append(f'<path d="{path}" fill="none" style="stroke:{colour}" stroke-width="2"/>')
        for (at, value), each in zip(place, bins, strict=True):
            parts.append(
                f'<line x1="{at:.1f}" y1="{y(each.low):.1f}" x2="{at:.1f}" y2="{y(each.high):.1f}" '
                f'style="stroke:{colour}" stroke-opacity="0.45"/>'
            )
            parts.append(_square(at, value, colour))
        parts.append(_square(left + side + 30, 30 + 20 * row, colour))
        parts.append(_text(left + side + 42, 34 + 20 * row, name, "start", colour="text"))
    words = "share right (up) against stated probability"
    parts.append(_text(left + side / 2, side + 46, words, "middle"))
    return _drawing(side + 54, parts, title)


def _difference_marks(found: Difference | None, x: Callable[[float], float], y: float) -> list[str]:
    if found is None:
        ring = "fill:var(--page);stroke:var(--reference)"
        return [f'<circle cx="{x(0):.1f}" cy="{y}" r="5" style="{ring}" stroke-width="2"/>']
    colour = {"better": "keep", "worse": "discard"}.get(found.outcome, "muted")
    mean, low, high = (100 * each for each in (found.mean, found.low, found.high))
    words = points(found.mean, signed=True)
    return [
        f'<line x1="{x(low):.1f}" y1="{y}" x2="{x(high):.1f}" y2="{y}" '
        f'style="stroke:var(--{colour})" stroke-width="2.5"/>',
        _square(x(mean), y, f"var(--{colour})"),
        _text(x(mean), y - 8, words, "middle", colour="text"),
    ]


def _scale(low: float, high: float, start: float, end: float) -> Callable[[float], float]:
    span = high - low or 1.0
    return lambda value: start + (value - low) / span * (end - start)


def _drawing(height: float, parts: Sequence[str], title: str) -> Markup:
    return Markup(
        f'<svg viewBox="0 0 {WIDTH} {height:.0f}" role="img" aria-label="{escaped(title)}">'
        f"{''.join(parts)}</svg>"
    )


def _text(x: float, y: float, words: str, anchor: str = "end", *, colour: str = "muted") -> str:
    style = f"fill:var(--{colour})"
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" style="{style}">'
        f"{escaped(words)}</text>"
    )


def _rule(x1: float, y1: float, x2: float, y2: float, colour: str, *, dash: str = "") -> str:
    dashed = f' stroke-dasharray="{dash}" stroke-width="1.5"' if dash else ""
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" '
        f'style="stroke:var(--{colour})"{dashed}/>'
    )


def _square(x: float, y: float, colour: str) -> str:
    return f'<rect x="{x - 4.5:.1f}" y="{y - 4.5:.1f}" width="9" height="9" style="fill:{colour}"/>'


def _path(places: object, x: Callable[[float], float], y: Callable[[float], float]) -> str:
    return "M" + "L".join(f"{x(a):.1f} {y(b):.1f}" for a, b in places)  # type: ignore[attr-defined]


def _band(line: Line, x: Callable[[float], float], y: Callable[[float], float]) -> str:
    if not len(line.low):
        return ""
    there = [*zip(line.x, line.low, strict=True)]
    back = [*zip(line.x, line.high, strict=True)][::-1]
    path = _path([*there, *back], x, y)
    return f'<path d="{path}Z" style="fill:{line.colour}" fill-opacity="0.13"/>'


def _short(label: str, letters: int) -> str:
    return label if len(label) <= letters else f"{label[: letters - 1]}…"
