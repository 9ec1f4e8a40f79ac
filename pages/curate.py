"""Curate: the map, the weights, and what other weightings would do."""

import streamlit as st

from synthcur.ui import resources, session
from synthcur.ui.curate import actions as curate_actions
from synthcur.ui.curate import clusters as curate_clusters
from synthcur.ui.curate import gaps as curate_gaps
from synthcur.ui.curate import map as row_map
from synthcur.ui.curate import panel, rail
from synthcur.ui.curate import schemes as curate_schemes
from synthcur.ui.curate import search as curate_search

with session.page():
    name = session.collection_picker()
    scored = resources.scores(name)
    if not scored:
        panel.unscored(name)
    else:
        with st.sidebar:
            rail.controls(name)
            kind = rail.checkers(name, scored)
            scores = scored[kind]
        rows = panel.load_rows(name, scores)
        panel.figures(name, rows, scores)
        curate_actions.undo_line(name)
        with st.container(horizontal=True, gap="small"):
            with st.container(width="stretch"):
                curate_search.bar(name, rows, scores)
            curate_clusters.menu(name, scores)
        row_map.mount_points(panel.payload(rows.version, rows))
        panel.body(rows, name, scores)
        curate_gaps.offer_scoring(name, scores, kind)
        curate_schemes.compare(name, scores)
