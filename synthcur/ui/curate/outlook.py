"""What the Curate page tells of a weighting: steps, gaps, the lightest rows.

The browser draws it from a short message, see `message`; texts go there as characters. Figures and
warnings it finds itself, so that they follow a slider (``map/outlook.js``).
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from synthcur.settings import WeightingSettings
from synthcur.ui.curate import gaps as curate_gaps
from synthcur.ui.curate import rows as curate_rows
from synthcur.ui.curate.gaps import Cover
from synthcur.ui.curate.rows import CurateRows
from synthcur.weighting import what_if

LOWEST_ROWS, LOWEST_SENT = 20, 10
"""Rows listed while none is selected, where the browser has the texts and where it has not; every
move of a slider sends them anew."""

LISTED_LENGTH = 100
"""Characters sent of a listed row where the browser has no texts."""

STEP_TITLES = {
    "rule": "Rule",
    "prior_correction": "Label shares",
    "clip": "Clip",
    "floor": "Mix with 1",
    "collapse_duplicates": "Duplicates",
    "balance_classes": "Balance",
    "normalise": "Mean 1",
}
"""Titles of `what_if.STEPS`."""


def message(
    rows: CurateRows,
    weights: np.ndarray,
    settings: WeightingSettings,
    *,
    verdicts: Mapping[str, str],
    is_listing: bool,
    sends_texts: bool,
    around: Cover | None = None,
) -> dict[str, Any]:
    """Return what is told of the weights, ready for the browser.

    Parameters
    ----------
    rows
        What is on the map.
    weights
        Of the synthetic rows, (N,), NaN where discarded.
    settings
        The weighting they come from.
    verdicts
        Action by sample id.
    is_listing
        Whether the lightest rows are listed.
    sends_texts
        Whether their texts must be sent, because the browser does not have them.
    around
        Which synthetic rows lie around the real ones; None where that is not known.
    """
    found: dict[str, Any] = {"steps": steps(rows, settings)}
    if around is not None:
        found["gaps"] = curate_gaps.message(rows, around, weights, sends_texts=sends_texts)
    if is_listing:
        found["lightest"] = lightest(rows, weights, verdicts, sends_texts=sends_texts)
    return found


def label_names(rows: CurateRows) -> np.ndarray:
    """Return the label names of the kept synthetic rows, (n,)."""
    return np.asarray(rows.label_names, dtype=object)[rows.labels[rows.kept]]


def steps(rows: CurateRows, settings: WeightingSettings) -> list[list[Any]]:
    """Return what every step of the weighting gives and takes, see `what_if.waterfall`.

    Returns
    -------
    list
        Title, rows given, rows taken, rows left and effective rows of each step.
    """
    kept = rows.kept
    found = what_if.waterfall(
        rows.quality[kept], rows.diversity[kept], rows.labels[kept], settings, rows.facts.of(kept)
    )
    return [
        [
            STEP_TITLES[step.name],
            *(float(f"{value:.4g}") for value in (step.given, step.taken, step.mass)),
            round(step.effective),
        ]
        for step in found
    ]


def lightest(
    rows: CurateRows, weights: np.ndarray, verdicts: Mapping[str, str], *, sends_texts: bool
) -> list[list[Any]]:
    """Return the lightest rows: position, row in its file, text or None, action or ``""``."""
    most = LOWEST_SENT if sends_texts else LOWEST_ROWS
    chosen = curate_rows.lightest(weights, min(most, int(rows.kept.sum())))
    frame = rows.frame.iloc[chosen]
    columns = (frame[name].tolist() for name in ("row", "text", "text_pair", "sample_id"))
    return [
        [
            position,
            row,
            curate_rows.short_text(text, pair, LISTED_LENGTH) if sends_texts else None,
            verdicts.get(sample_id, ""),
        ]
        for position, row, text, pair, sample_id in zip(chosen.tolist(), *columns, strict=True)
    ]
