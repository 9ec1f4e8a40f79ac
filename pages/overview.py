"""Overview: the story and the state of the open collection."""

import streamlit as st

from synthcur.ui import overview_cards as cards
from synthcur.ui import overview_panel as panel
from synthcur.ui import overview_state, session

with session.page():
    state = overview_state.read(session.collection_picker())
    panel.rail(state)
    panel.finding(state)
    if state.active is not None:
        panel.progress(state.active.id)
    panel.numbers(state)
    left, right = st.columns([7, 5], gap="small")
    with left:
        cards.flow_card(state)
    with right:
        cards.arms_card(state)
    left, right = st.columns([7, 5], gap="small")
    with left:
        cards.label_card(state)
    with right:
        panel.next_card(state)
