"""Overview: the story and the state of the open collection."""

import streamlit as st

from synthcur.ui import overview_panel as panel
from synthcur.ui import session

with session.page():
    state = panel.read(session.collection_picker())
    panel.rail(state)
    panel.finding(state)
    if state.active is not None:
        panel.progress(state.info.name, state.active.id)
    panel.numbers(state)
    left, right = st.columns([7, 5], gap="small")
    with left:
        panel.flow_card(state)
    with right:
        panel.arms_card(state)
    left, right = st.columns([7, 5], gap="small")
    with left:
        panel.mass_card(state)
    with right:
        panel.next_card(state)
