"""The parts every page is made of: finding line, metrics, cards, charts, numbers in words.

Headings, captions, labels and badges render Markdown. Text that came from a user or a file (titles,
labels, names) goes through `plain` before it is put into one; sample text never goes there at all.
"""

import math
import re
from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from synthcur.charts.figures import enlarged
from synthcur.store.job_states import JobState
from synthcur.store.records import Job
from synthcur.ui import theme

MINUS = "\N{MINUS SIGN}"
SMALLEST_WEIGHT = 0.001
"""Smaller weights are not told apart in words."""

_MARKDOWN = re.compile(r"([!-/:-@\[-`{-~])")
_REWRITTEN_AFTER_PARSING = re.compile(r"(?<=:)(?=\S)|(?<=www)(?=\.)|(?=@)|(?<=[-<>=~])(?=[-<>=~])")
_UNSEEN = re.compile(r"[\x00-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069]+")


def plain(text: object, *, limit: int = 200) -> str:
    """Escape text so that a Markdown sink shows its characters and nothing else.

    Parameters
    ----------
    text
        Anything a person or a file supplied; not sample text.
    limit
        Longer text is cut and ends in an ellipsis.

    Returns
    -------
    str
        One line. Markdown punctuation is escaped; a word joiner (U+2060, invisible) breaks links,
        icons and emoji codes, which Streamlit looks for after Markdown has been read. Control and
        direction characters become a space.
    """
    line = _UNSEEN.sub(" ", str(text)).strip()
    if len(line) > limit:
        line = line[: limit - 1] + "…"
    return _MARKDOWN.sub(r"\\\1", _REWRITTEN_AFTER_PARSING.sub("\u2060", line))


def count(number: float) -> str:
    """Return a whole number with thousands separators: ``1,800``."""
    return f"{round(number):,}".replace("-", MINUS)


def weight(value: float) -> str:
    """Return a weight with two significant digits: ``0.032``, ``1.3``, ``24``."""
    if value < SMALLEST_WEIGHT:
        return f"< {SMALLEST_WEIGHT}" if value > 0 else "0"
    rounded = float(f"{value:.2g}")
    if rounded >= 10:
        return count(value)
    return f"{rounded:.{1 - math.floor(math.log10(rounded))}f}"


def percent(share: float, *, digits: int = 1) -> str:
    """Return a share between 0 and 1 as a percentage: ``62.7 %``."""
    return f"{100 * share:.{digits}f} %".replace("-", MINUS)


def duration(seconds: float) -> str:
    """Return a span of time in its largest fitting unit: ``40 s``, ``4 min``, ``1.5 h``."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    if seconds < 90 * 60:
        return f"{round(seconds / 60)} min"
    return f"{seconds / 3600:.1f} h"


def finding_line(
    title: str, caption: str, *, stage: str, badge: str | None = None
) -> DeltaGenerator:
    """Draw a page's first line: its finding as heading, what it rests on below.

    Parameters
    ----------
    title, caption
        Markdown; names and labels in it have been through `plain`.
    stage
        What the buttons depend on, as a key. Buttons of an earlier stage leave at once; in the same
        container they would stay, and push the new ones aside, until the page is drawn whole.
    badge
        One grey word such as ``1 seed``.

    Returns
    -------
    DeltaGenerator
        Container at the right end of the line, for the page's one primary button.
    """
    with st.container(horizontal=True, vertical_alignment="center", wrap=False):
        with st.container(width="stretch", gap=None):
            st.title(title, anchor=False)
            st.caption(caption)
        right = st.container(
            horizontal=True,
            vertical_alignment="center",
            horizontal_alignment="right",
            width="content",
            key=f"finding_{stage}",
        )
    if badge:
        right.badge(badge, color="gray", width="content")
    return right


def metrics(values: Sequence[tuple[str, str, str]]) -> None:
    """Draw at most five numbers in one box, each as (label, value, of what)."""
    with st.container(border=True):
        columns = st.columns(len(values), gap="small")
        for column, (label, value, of_what) in zip(columns, values, strict=True):
            with column.container(gap=None):
                st.metric(label, value)
                st.caption(of_what)


def card_title(title: str, note: str | None = None, badge: str | None = None) -> None:
    """Draw a card's heading with its unit or "of what" on the same line."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"**{title}**", width="content")
        if note:
            st.caption(note, width="content")
        if badge:
            st.badge(badge, color="gray", width="content")


def card(title: str, note: str | None = None, badge: str | None = None) -> DeltaGenerator:
    """Open a bordered box with a heading that fills the height of its row.

    Returns
    -------
    DeltaGenerator
        The box, to be used in a ``with`` statement.
    """
    box = st.container(border=True, height="stretch")
    with box:
        card_title(title, note, badge)
    return box


def empty(
    sentence: str, *, button: str = "", key: str = "", icon: str | None = None, help: str = ""
) -> bool:
    """Say what is missing and offer one way on.

    Returns
    -------
    bool
        Whether the button was pressed in this run.
    """
    with st.container(border=True):
        st.markdown(sentence)
        return bool(button) and st.button(button, key=key, icon=icon, help=help or None)


def show_chart(figure: go.Figure, key: str, alt: str) -> Any:
    """Draw a plotly figure with the product's own template and a description for screen readers.

    While the tab presents, its type grows with that of the page.
    """
    if theme.is_presenting():
        figure = enlarged(figure, theme.PRESENTER_SCALE)
    return st.plotly_chart(
        figure, theme=None, width="stretch", key=key, config={"displayModeBar": False}, alt=alt
    )


def job_progress(job: Job) -> None:
    """Draw how far an active job is: phase, "4 of 12", time left."""
    if job.status == JobState.QUEUED:
        st.progress(0.0, text="Waiting for the job before it to end")
        return
    words = [plain(job.phase_title or "Starting")]
    if job.total:
        words.append(f"{count(job.done or 0)} of {count(job.total)}")
    if job.eta_s is not None:
        words.append(f"about {duration(job.eta_s)} left")
    share = (job.done or 0.0) / job.total if job.total else 0.0
    st.progress(min(1.0, max(0.0, share)), text=", ".join(words))


def cancel_pressed(job: Job, *, key: str) -> bool:
    """Draw the button that stops a job with runs, and say whether it was pressed.

    While the job is stopping a second button ends it at once. It stands beside the first, for a
    double click is one wish. The first stays the same whatever becomes of the job, or a press on
    its way would be of one that is gone.
    """
    is_stopping = job.status == JobState.CANCELLING
    at_once = is_stopping and st.button("Stop at once", key=f"{key}_stop")
    asked = st.button(
        "Cancel, keep finished runs",
        icon=":material/stop_circle:",
        key=f"{key}_cancel",
        disabled=is_stopping,
    )
    return at_once or (asked and not is_stopping)
