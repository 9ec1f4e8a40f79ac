"""Review: decide about suspicious samples, one after the other."""

import streamlit as st

from synthcur.ui import identity, review_panel, session

with session.page():
    name = session.collection_picker()
    with st.sidebar:
        identity.sign_in_button()
    annotator = review_panel.annotator_field()
    bench = review_panel.open_bench(name)
    if bench is None:
        review_panel.unscored(name)
    else:
        opened = review_panel.open_queue(bench)
        review_panel.warn_of_checkers(name)
        review_panel.queue(name, opened, annotator=annotator)
