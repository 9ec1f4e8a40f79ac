"""How far checkers and synthetic rows can be trusted, as the Curate page tells it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from synthcur.checkers.trust import Measured
from synthcur.store.records import Scores
from synthcur.ui import parts, resources

_MEASURES = {"macro_f1": "Macro-F1", "ece": "Calibration error"}
_CHECKERS = {"quality": "Quality checker, P′", "diversity": "Diversity checker, Q"}
_ROWS = {"quality": "real", "diversity": "synthetic"}

_RARELY_REAL = 0.5
"""Density ratio below which a text is more than twice as likely among the synthetic rows."""

_NOT_MEASURED: Mapping[str, Measured] = MappingProxyType({})

_EXPLAINED = (
    "Each checker is asked about rows of the kind it is trained on, none of which it has seen. "
    "Calibration error: how far the probabilities it states lie from the share of rows it reads "
    "right. Brackets: 95 % intervals. Largest label: what always naming it would read right; an "
    "accuracy whose interval reaches down to it is not to be trusted."
)


def figures(
    trust: Mapping[str, Any], measured: Mapping[str, Measured] = _NOT_MEASURED
) -> list[tuple[str, str, str]]:
    """Return the accuracy of both checkers, each with interval and how it was found.

    Parameters
    ----------
    trust
        `records.Scores.trust`.
    measured
        The same beside the largest label, which is told instead of how.
    """
    found = []
    for kind, title, rows in (
        ("quality", "Quality checker", " real"),
        ("diversity", "Diversity checker", ""),
    ):
        of = trust[kind]
        of_what = f"{_interval(of)} of {parts.count(of['n'])}{rows}, {of['how']}"
        if kind in measured:
            majority = parts.percent(measured[kind].majority, digits=0)
            of_what = f"{_interval(of)} of {parts.count(of['n'])}{rows}; largest label {majority}"
        found.append((title, parts.percent(of["accuracy"], digits=0), of_what))
    return found


def table(
    trust: Mapping[str, Any], measured: Mapping[str, Measured] = _NOT_MEASURED
) -> pd.DataFrame:
    """Return all that was measured of both checkers, in words, one row per checker.

    Scores without macro-F1 or calibration error give a table without that column.
    """
    rows = [_measured(trust[kind], kind, measured.get(kind)) for kind in _CHECKERS]
    return pd.DataFrame(rows).dropna(axis=1)


def _measured(of: Mapping[str, Any], kind: str, beside: Measured | None) -> dict[str, str | None]:
    named = {title: of.get(measure) for measure, title in _MEASURES.items()}
    return {
        "Checker": _CHECKERS[kind],
        "Accuracy": f"{parts.percent(of['accuracy'], digits=0)} {_interval(of)}",
        "Largest label": None if beside is None else parts.percent(beside.majority, digits=0),
        **{title: _in_words(value) if value else None for title, value in named.items()},
        "Measured on": f"{parts.count(of['n'])} {_ROWS[kind]} rows, {of['how']}",
    }


def _in_words(measure: Mapping[str, float]) -> str:
    return f"{parts.percent(measure['value'], digits=0)} {_interval(measure)}"


def _interval(ends: Mapping[str, Any]) -> str:
    return f"[{100 * ends['low']:.0f}, {100 * ends['high']:.0f}]"


def pool_sentences(pool: Mapping[str, Any], density_ratio: np.ndarray) -> list[str]:
    """Say how varied the synthetic rows are, and how many of them are rarely real.

    Parameters
    ----------
    pool
        `resources.noted_of_pool`; where it holds no ``vendi``, nothing is said of variety.
    density_ratio
        `signals.Separability.density_ratio` of the N > 0 synthetic rows, (N,).
    """
    rows = f"{parts.count(len(density_ratio))} rows"
    said = []
    if "vendi" in pool:
        said.append(
            f"The {rows} are as varied as {parts.count(pool['vendi'])} texts with nothing in "
            f"common; weighed by P′, as {parts.count(pool['vendi_by_quality'])} (Vendi score of "
            "the embeddings)."
        )
    share = float((density_ratio < _RARELY_REAL).mean())
    said.append(
        f"{parts.percent(share, digits=0)} of the {rows} look unlike real ones: a classifier that "
        "tells the two apart expects more than twice as many such texts among the synthetic rows "
        f"(density ratio below {_RARELY_REAL})."
    )
    return said


def show(scores: Scores, beside: Mapping[str, Measured]) -> None:
    """Draw the table behind one line that says the calibration errors."""
    measured = table(scores.trust, beside)
    title = "Checker trust"
    if "Calibration error" in measured:
        errors = zip(measured["Calibration error"], _CHECKERS, strict=True)
        title += ": calibration error " + ", ".join(f"{error} {kind}" for error, kind in errors)
    # Its table would be drawn before the map, so it waits until it is wanted.
    opened = st.expander(title, key="curate_trust_open", on_change="rerun")
    if not opened.open:
        return
    with opened:
        text = st.column_config.TextColumn
        st.dataframe(
            measured,
            hide_index=True,
            row_height=28,
            key="curate_trust",
            column_config={
                "Checker": text(width=180),
                **{each: text(width=150) for each in ("Accuracy", *_MEASURES.values())},
            },
        )
        st.caption(_EXPLAINED)
        signals = scores.artefacts.get("signals")
        if signals is not None:
            ratio = resources.array(signals, "density_ratio")
            for sentence in pool_sentences(resources.noted_of_pool(scores), ratio):
                st.caption(parts.plain(sentence, limit=400))
