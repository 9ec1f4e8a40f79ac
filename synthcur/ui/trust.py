"""Checkers that are not to be trusted, as every page says it that uses what they say."""

import streamlit as st

from synthcur.checkers import trust as checker_trust
from synthcur.checkers.trust import Measured
from synthcur.store.records import Scores
from synthcur.ui import resources


def measured(name: str, scores: Scores) -> dict[str, Measured]:
    """Put what a scoring measured of its checkers beside the largest label, by role."""
    return checker_trust.measured(scores.trust, resources.collection(name))


def warn(name: str, scores: Scores) -> None:
    """Say which checkers of a scoring are not to be trusted and what to do; nothing if all are."""
    said = checker_trust.warning(measured(name, scores), resources.scores(name))
    if said:
        st.warning(said, icon=":material/warning:")


def in_short(name: str, scores: Scores) -> str:
    """Return the same in a few words for the end of another sentence; empty if all are trusted."""
    doubted = [each.role for each in measured(name, scores).values() if not each.is_trusted]
    return f"Not to be trusted: the {' and the '.join(doubted)} checker." if doubted else ""
