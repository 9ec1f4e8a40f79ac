"""The weighting that is being tried on one collection, which several pages read and one sets."""

from dataclasses import dataclass

import streamlit as st

from synthcur.arms import ARMS
from synthcur.settings import WeightingSettings
from synthcur.ui import resources

_STATE = "curate_what_if"
RULE_TITLES = {
    "imp": "P′ / Q",
    "dimp": "P′ / p, before training",
    "p_only": "P′ alone",
    "quality_filter": "Filter by P′",
    "ce": "Every weight 1",
}


@dataclass(frozen=True)
class WhatIf:
    """What is being tried on one collection: a scheme to start from, and the settings as they are.

    Attributes
    ----------
    collection
        Name of the collection it belongs to.
    scheme
        Title of a rule or name of a saved scheme.
    saved
        The settings under that name.
    settings
        The settings as the controls stand.
    """

    collection: str
    scheme: str
    saved: WeightingSettings
    settings: WeightingSettings

    @property
    def is_changed(self) -> bool:
        """Whether the controls differ from the scheme they started from."""
        return self.settings != self.saved


def schemes(name: str) -> dict[str, WeightingSettings]:
    """Return what can be started from: every rule as it is, then the saved schemes."""
    rules = {ARMS[rule].title: WeightingSettings(rule=rule) for rule in RULE_TITLES if rule != "ce"}
    return rules | resources.store().schemes(name)


def what_if(name: str) -> WhatIf:
    """Return what this session tries on a collection; at first what its address names, or IMP."""
    state = st.session_state.get(_STATE)
    if state is None or state.collection != name:
        known = schemes(name)
        scheme = _asked_scheme() if state is None else ""
        if scheme not in known:
            scheme = next(iter(known))
        settings = known[scheme]
        state = WhatIf(name, scheme, settings, settings)
        keep(state)
    return state


def current() -> WhatIf:
    """Return what is being tried; `what_if` has been asked before."""
    return st.session_state[_STATE]


def keep(state: WhatIf) -> None:
    """Remember what is being tried."""
    st.session_state[_STATE] = state


def _asked_scheme() -> str:
    """Return the scheme in the address, which the browser keeps there (``ui/map/address.js``)."""
    return st.query_params.get("scheme", "")
