"""Which of the two themes the browser shows, and the one CSS rule Streamlit has no option for."""

import streamlit as st

from synthcur.palette import DARK, LIGHT, Palette

PAGE_PADDING = (
    '<style>[data-testid="stMainBlockContainer"]{padding-left:20px;padding-right:20px}</style>'
)


def palette() -> Palette:
    """Return the colours of the theme that this session's browser shows."""
    return DARK if st.context.theme.type == "dark" else LIGHT
