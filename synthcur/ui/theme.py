"""Which theme and which size of type the browser shows, and the CSS Streamlit has no option for."""

import streamlit as st

from synthcur.charts.palette import DARK, LIGHT, Palette

PAGE_PADDING = (
    '<style>[data-testid="stMainBlockContainer"]{padding-left:20px;padding-right:20px}</style>'
)

PRESENTER_SCALE = 1.25
"""How much larger type is while a tab presents: 14 px become 17.5."""

# Streamlit measures its type in rem; no theme option can change in a running session.
LARGER_TYPE = f"<style>html{{font-size:{14 * PRESENTER_SCALE}px}}</style>"

PRESENTING_SINCE = "presenting_since"
"""Key of the tab's state: the place in the decision log at which the Presenter was switched on."""


def is_presenting() -> bool:
    """Whether this tab presents: larger type, settings out of the way."""
    return st.session_state.get(PRESENTING_SINCE) is not None


def palette() -> Palette:
    """Return the colours of the theme that this session's browser shows."""
    return DARK if st.context.theme.type == "dark" else LIGHT
