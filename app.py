"""The web app: the gate in front of it, page settings, navigation, and nothing else.

The server imports this file and serves `app`; each run of a page then runs it as the main script.
"""

from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware

from synthcur.ui import gate, identity, theme

STATIC = Path(__file__).parent / "static"


def frame() -> None:
    """Draw what every page stands in, and run the page."""
    # Without an icon of its own, the browser would fetch each page's from another server.
    st.set_page_config(
        page_title="synthcur",
        page_icon=str(STATIC / "mark.svg"),
        layout="wide",
        initial_sidebar_state=240,
    )
    if not identity.is_stranger():  # who has no account yet is sent no files of the server
        st.logo(
            STATIC / ("logo-dark.svg" if theme.palette().is_dark else "logo-light.svg"),
            size="medium",
        )
    st.html(theme.PAGE_PADDING)
    if theme.is_presenting():
        st.html(theme.LARGER_TYPE)
    st.navigation(
        [
            st.Page(
                "pages/overview.py", title="Overview", icon=":material/dashboard:", default=True
            ),
            st.Page("pages/data.py", title="Data", icon=":material/table_rows:"),
            st.Page("pages/curate.py", title="Curate", icon=":material/scatter_plot:"),
            st.Page("pages/review.py", title="Review", icon=":material/rule:"),
            st.Page("pages/train.py", title="Train", icon=":material/show_chart:"),
            st.Page("pages/results.py", title="Results", icon=":material/fact_check:"),
        ],
        position="top",
    ).run()


if __name__ == "__main__":
    frame()
else:
    app = st.App(__file__, middleware=[Middleware(gate.Gate)])
