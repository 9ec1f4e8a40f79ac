"""The web app: page settings, navigation, and nothing else."""

from pathlib import Path

import streamlit as st

from synthcur.ui import theme

STATIC = Path(__file__).parent / "static"

# Without an icon of its own, the browser would fetch each page's from another server.
st.set_page_config(
    page_title="synthcur",
    page_icon=str(STATIC / "mark.svg"),
    layout="wide",
    initial_sidebar_state=240,
)
st.logo(STATIC / ("logo-dark.svg" if theme.palette().is_dark else "logo-light.svg"), size="medium")
st.html(theme.PAGE_PADDING)
if theme.is_presenting():
    st.html(theme.LARGER_TYPE)
st.navigation(
    [
        st.Page("pages/overview.py", title="Overview", icon=":material/dashboard:", default=True),
        st.Page("pages/data.py", title="Data", icon=":material/table_rows:"),
        st.Page("pages/curate.py", title="Curate", icon=":material/scatter_plot:"),
        st.Page("pages/review.py", title="Review", icon=":material/rule:"),
        st.Page("pages/train.py", title="Train", icon=":material/show_chart:"),
        st.Page("pages/results.py", title="Results", icon=":material/fact_check:"),
    ],
    position="top",
).run()
