"""Overview: the story and the state of the open collection."""

import streamlit as st

from synthcur.ui import session, theme
from synthcur.ui.overview import cards, panel, presenter
from synthcur.ui.overview import state as overview_state

with session.page():
    name = session.collection_picker()
    presenter.switch(name)
    state = overview_state.read(name)
    if not theme.is_presenting():
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
    if not theme.is_presenting():
        left, right = st.columns([7, 5], gap="small")
        with left:
            cards.label_card(state)
        with right:
            panel.next_card(state)
