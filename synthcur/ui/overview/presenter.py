"""The Presenter: larger type, settings out of the way, and a way back to the start.

It belongs to one browser tab. What a demonstration does is the same every time: runs use the seeds
0, 1, ... and queues a fixed order, whatever was clicked before; `reset` takes back the tab's
decisions since the Presenter was switched on and forgets what its controls were set to.
"""

import streamlit as st

from synthcur.ui import resources, theme
from synthcur.ui.session import actor, session, writing

_SWITCH = "presenter_switch"
_KEPT = ("synthcur", "collection_picker", theme.PRESENTING_SINCE, _SWITCH)
"""State that a reset leaves alone: the open collection, and the Presenter itself."""


def switch(name: str) -> None:
    """Draw the switch in the rail and, while it is on, the button that resets."""
    st.session_state[_SWITCH] = theme.is_presenting()
    with st.sidebar:
        st.checkbox(
            "Presenter",
            key=_SWITCH,
            on_change=_switched,
            args=(name,),
            help="Larger type, and only what is shown: no settings. Runs use the seeds 0, 1, … and "
            "queues a fixed order, so that the same clicks show the same.",
        )
        if not theme.is_presenting():
            return
        pressed = st.button(
            "Reset",
            icon=":material/restart_alt:",
            key="presenter_reset",
            width="stretch",
            help="Takes back your decisions since the Presenter was switched on, one undo each, "
            "and puts every control back. Runs and files stay.",
        )
        if pressed:
            n_undone = reset(name)
            rows = "1 decision" if n_undone == 1 else f"{n_undone} decisions"
            st.caption(f"Back at the start; {rows} taken back.")


def _switched(name: str) -> None:
    log = resources.store().decisions.log(name)
    place = log[-1].seq if log else 0
    st.session_state[theme.PRESENTING_SINCE] = place if st.session_state[_SWITCH] else None


def reset(name: str) -> int:
    """Go back to where the Presenter was switched on; return how many decisions were undone."""
    state, store, annotator = session(), writing(), actor()
    since, n_undone = st.session_state.get(theme.PRESENTING_SINCE) or 0, 0
    while True:
        now = store.decisions.state(name)
        latest = now.latest_of(annotator)
        if latest is None or latest.seq <= since:
            break
        store.decisions.undo(
            name,
            annotator=annotator,
            client_id=f"presenter-{state.client_id}",
            client_seq=now.seq,
            expected_sample=latest.sample_id,
        )
        n_undone += 1
    for key in [key for key in st.session_state if key not in _KEPT]:
        del st.session_state[key]
    state.selection, state.queue = (), ""
    return n_undone
