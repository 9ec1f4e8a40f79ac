"""Review: decide about suspicious samples, one after the other."""

import streamlit as st

from synthcur.ui import identity, session
from synthcur.ui.review import panel

with session.page():
    name = session.collection_picker()
    with st.sidebar:
        identity.sign_in_button()
    annotator = panel.annotator_field()
    bench = panel.open_bench(name)
    if bench is None:
        panel.unscored(name)
    else:
        opened = panel.open_queue(bench)
        panel.warn_of_checkers(name)
        panel.queue(name, opened, annotator=annotator)
