"""The review queue in the browser: prefetched records, decisions sent behind the display.

``edit.js`` knows what a field holds and what is stored of it, ``log.js`` keeps operations until
they are stored, ``keys.js`` which key does what, ``card.js`` builds a record, ``view.js`` what
stands around it, and ``queue.js`` joins them with keys and server. A component takes one script,
so the files are joined in the order of `_SCRIPTS`; they import nothing from each other.
`synthcur.ui.review.queue.operations` is the server's end of the log.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.components import v2
from streamlit.components.v2.types import ComponentRenderer

_FOLDER = Path(__file__).parent
_SCRIPTS = ("edit", "log", "keys", "card", "view", "queue")


def review_queue(
    data: Mapping[str, Any],
    *,
    key: str,
    on_log: Callable[[], None],
    on_map: Callable[[], None],
) -> None:
    """Mount the queue.

    Parameters
    ----------
    data
        Records, progress and answers to operations, see `synthcur.ui.review.panel.queue_data`.
    key
        Where the session state holds what the browser sent: ``log`` and ``map``.
    on_log, on_map
        Called when operations arrive, and when a record is to be shown on the map.
    """
    _component()(key=key, data=dict(data), on_log_change=on_log, on_map_change=on_map)


@st.cache_resource(show_spinner=False)
def _component() -> ComponentRenderer:
    js = "\n".join((_FOLDER / f"{name}.js").read_text("utf-8") for name in _SCRIPTS)
    css = (_FOLDER / "queue.css").read_text("utf-8")
    return v2.component("synthcur_review", js=js, css=css)
