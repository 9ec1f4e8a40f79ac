"""Coverage gaps on the Curate page: real rows that the weighted synthetic rows leave thin.

The outlines on the map and the list below it follow the sliders; both are drawn by the browser.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st

from synthcur.checkers.pool_coverage import covered_in_words
from synthcur.jobs import job_queue
from synthcur.settings import ScoreSettings
from synthcur.store.records import Scores
from synthcur.ui import parts, score_jobs
from synthcur.ui.curate import rows as curate_rows
from synthcur.ui.curate.rows import CurateRows
from synthcur.ui.session import writing
from synthcur.weighting import coverage_gaps

MOST_OUTLINED = 100
"""Thin real rows that the outlines on the map are drawn around; a slider sends them anew."""

MOST_LISTED = 6
MOST_LABELS = 8
LISTED_LENGTH = 110


@dataclass(frozen=True)
class Cover:
    """Which synthetic rows of the page lie around each real row of the page.

    Attributes
    ----------
    index
        Positions of the nearest among the N synthetic rows, (R, k); -1: none.
    cosine
        How similar they are, (R, k).
    """

    index: np.ndarray
    cosine: np.ndarray


def cover(rows: CurateRows, index: np.ndarray, cosine: np.ndarray) -> Cover:
    """Bring the artefact ``coverage``, which is in the order of files, into that of the page."""
    on_page = np.empty(rows.n, dtype=np.int64)
    on_page[rows.at] = np.arange(rows.n)
    near = index[rows.real_at]
    return Cover(np.where(near >= 0, on_page[np.maximum(near, 0)], -1), cosine[rows.real_at])


def message(
    rows: CurateRows, around: Cover, weights: np.ndarray, *, sends_texts: bool
) -> dict[str, Any]:
    """Return what is told of the gaps, ready for the browser.

    Parameters
    ----------
    rows, around
        What is on the page.
    weights
        Of the synthetic rows, (N,), NaN where discarded.
    sends_texts
        Whether texts must be sent, because the browser does not have them.

    Returns
    -------
    dict
        ``thin``: positions of the thinnest real rows among the N + R, ascending, each less the one
        before, which deflates better; ``rows``: the thinnest first, as position, coverage without
        and with the weights, text or None; ``labels``: label id, real rows, thin ones, mean
        coverage without and with the weights.
    """
    found = coverage_gaps.find(around.index, around.cosine, weights)
    labels = coverage_gaps.by_group(found, rows.frame["label"].to_numpy()[rows.n :], examples=0)
    thin = found.thin + rows.n
    return {
        "thin": np.diff(np.sort(thin[:MOST_OUTLINED]), prepend=0).tolist(),
        "of": len(found.thin),
        "rows": [
            [
                position,
                _short(float(found.before[position - rows.n])),
                _short(float(found.after[position - rows.n])),
                _text(rows, position) if sends_texts else None,
            ]
            for position in thin[:MOST_LISTED].tolist()
        ],
        "labels": [
            [int(label), int(n), int(n_thin), _short(before), _short(after)]
            for label, n, n_thin, before, after in labels[
                ["group", "rows", "thin", "before", "after"]
            ]
            .head(MOST_LABELS)
            .itertuples(index=False)
        ],
    }


def _short(value: float) -> float:
    return float(f"{value:.3g}")


def _text(rows: CurateRows, position: int) -> str:
    row = rows.frame.iloc[position]
    return curate_rows.short_text(row["text"], row["text_pair"], LISTED_LENGTH)


def pool_in_words(pool: Mapping[str, Any]) -> str:
    """Say how near the pool as a whole is to the real rows, as far as it was noted."""
    said = []
    if covered := pool.get("real_covered"):
        said.append(covered_in_words(covered))
    if auc := pool.get("real_vs_synthetic"):
        said.append(
            f"Real and synthetic rows are told apart with an AUC of {auc['value']:.2f} "
            f"[{auc['low']:.2f}, {auc['high']:.2f}], out of fold; 0.5: not at all, 1: always."
        )
    return " ".join(said)


def offer_scoring(name: str, scores: Scores, checkers: str) -> None:
    """Where a scoring of an earlier version holds no neighbours, say so and offer another."""
    if "coverage" in scores.artefacts:
        return
    if score_jobs.active(name) is not None:
        st.caption("Coverage gaps come with the scoring that is under way.")
        return
    sentence = (
        "Coverage gaps and clusters are not known: an earlier version scored these rows. Scoring "
        "again reads what is there and computes the rest."
    )
    if parts.empty(sentence, button="Score again", key="curate_again", icon=":material/refresh:"):
        job_queue.submit_score(writing(), name, ScoreSettings(checkers=checkers))
        st.rerun()
