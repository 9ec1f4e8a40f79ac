"""Curate: the map, the weights, and what other weightings would do."""

import streamlit as st

from synthcur.ui import (
    curate_actions,
    curate_clusters,
    curate_gaps,
    curate_panel,
    curate_rail,
    curate_schemes,
    curate_search,
    resources,
    session,
)
from synthcur.ui import map as row_map

with session.page():
    name = session.collection_picker()
    scored = resources.scores(name)
    if not scored:
        curate_panel.unscored(name)
    else:
        with st.sidebar:
            curate_rail.controls(name)
            kind = curate_rail.checkers(name, scored)
            scores = scored[kind]
        rows = curate_panel.load_rows(name, scores)
        curate_panel.figures(name, rows, scores)
        curate_actions.undo_line(name)
        with st.container(horizontal=True, gap="small"):
            with st.container(width="stretch"):
                curate_search.bar(name, rows, scores)
            curate_clusters.menu(name, scores)
        row_map.mount_points(curate_panel.payload(rows.version, rows))
        curate_panel.body(rows, name, scores)
        curate_gaps.offer_scoring(name, scores, kind)
        curate_schemes.compare(name, scores)
