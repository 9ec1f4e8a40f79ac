"""Results."""

import streamlit as st

from synthcur.ui import session

with session.page():
    session.collection_picker()
    st.title("Results")
