"""How often an open Train page asks for news: the more pages look, the less often each of them.

A page that asks costs the server some hundredths of a second, which the run beside it lacks.
"""

import threading
import time
import uuid

import streamlit as st

PACES = (1.0, 2.0, 4.0, 8.0, 16.0)
"""Seconds between two questions of one page."""

MOST_A_SECOND = 5.0
"""Questions of all pages together, above which each asks less often."""


class Watchers:
    """Who has asked lately."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: dict[str, float] = {}

    def note(self, watcher: str, now: float) -> int:
        """Note that one asks now and return how many have asked in the last two long whiles."""
        with self._lock:
            self._seen[watcher] = now
            oldest = now - 2 * PACES[-1]
            self._seen = {each: at for each, at in self._seen.items() if at >= oldest}
            return len(self._seen)


def next_pace(pace: float, watchers: int) -> float:
    """Return the pace for so many watchers; near a boundary it stays as it is."""
    fitting = next((each for each in PACES if watchers / each <= MOST_A_SECOND), PACES[-1])
    # Quicker again only with room to spare, so that one tab more or less changes nothing.
    if fitting < pace and 2 * watchers / pace > 0.8 * MOST_A_SECOND:
        return pace
    return fitting


def pace() -> float:
    """Note that this tab asks and return how often it is to ask from now on."""
    watcher = st.session_state.setdefault("train_watcher", uuid.uuid4().hex)
    known = st.session_state.get("train_pace", PACES[0])
    found = next_pace(known, _watchers().note(watcher, time.monotonic()))
    st.session_state["train_pace"] = found
    return found


@st.cache_resource(show_spinner=False)
def _watchers() -> Watchers:
    return Watchers()
