"""What is set on the Curate page: scheme, rule, Q, exponents, clip, floor, checkers.

Moving a slider runs only a part of the page, `FRAGMENT`.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import streamlit as st

from synthcur.jobs import job_queue
from synthcur.settings import ScoreSettings, WeightingSettings
from synthcur.store.records import Scores, ranked_checkers
from synthcur.ui import parts, resources, score_jobs
from synthcur.ui.session import writing
from synthcur.ui.weighting_choice import RULE_TITLES, WhatIf, current, keep, schemes, what_if
from synthcur.weighting.inputs import CHECKER_TITLES
from synthcur.weighting.rules import WITHOUT_RATIO

FRAGMENT = "curate_body"
CLIP_END = 5.0
"""Where the clip slider ends; a side left there is open."""

CLIP_STEP = 0.5

_WIDGETS = {
    "quality_exponent": "curate_quality_exponent",
    "diversity_exponent": "curate_diversity_exponent",
    "least_quality": "curate_least_quality",
    "clip": "curate_clip",
    "floor": "curate_floor",
    "normalise": "curate_normalise",
    "prior_correction": "curate_prior_correction",
    "collapse_duplicates": "curate_collapse_duplicates",
    "balance_classes": "curate_balance_classes",
    "rule": "curate_rule",
    "quality": "curate_quality",
    "diversity": "curate_diversity",
}

SLIDERS = (
    {"key": _WIDGETS["quality_exponent"], "names": ["quality_exponent"], "factor": 1},
    {"key": _WIDGETS["diversity_exponent"], "names": ["diversity_exponent"], "factor": 1},
    {"key": _WIDGETS["least_quality"], "names": ["least_quality"], "factor": 1},
    {"key": _WIDGETS["floor"], "names": ["floor"], "factor": 0.01},
    {
        "key": _WIDGETS["clip"],
        "names": ["clip_low", "clip_high"],
        "factor": 1,
        "end": CLIP_END,
        "step": CLIP_STEP,
    },
)
"""What the thumbs of the sliders set, for the map, which follows them before the server does; it
reads them as `_read_widgets` does."""
_SCHEME = "curate_scheme"
_CHECKERS = "curate_checkers"
_NO_Q = {
    "ce": "Plain training gives every row weight 1.",
    "p_only": "This rule does not divide by Q.",
}
_MEASURED = {"in_sample": "on its own rows", "out_of_fold": "out of fold"}
_QUALITY = {"raw": "as published", "calibrated": "calibrated"}
_QUALITY_HELP = (
    "As published: P′ of the checker as it was trained, mostly surer than it is right. Calibrated: "
    "the mean of temperature-scaled checkers, as sure as it is right."
)
_MEASURED_HELP = (
    "On its own rows: Q of the checker that has learned the row, as published; it is overconfident "
    "there, so the weights come close to P′ alone. Out of fold: Q of a checker that has not "
    "seen the row, the honest measure of what is rare for the generator; it raises mislabelled "
    "rows too, which are as rare."
)


def controls(name: str) -> None:
    """Draw the weighting's controls; what they say is read with `what_if`."""
    state = what_if(name)
    _restore(state)
    known = schemes(name)
    st.selectbox("Scheme", list(known), key=_SCHEME, on_change=_choose, args=(name,))
    _rule(state)
    st.slider(
        "Clip, log weight",
        -CLIP_END,
        CLIP_END,
        step=CLIP_STEP,
        key=_WIDGETS["clip"],
        on_change=_move,
        help="Weights beyond are set to the end: −2 is a weight of 0.14, 2 is 7.4. "
        "At the ends of the scale nothing is clipped.",
    )
    st.slider(
        "Mix with weight 1",
        0,
        100,
        step=5,
        format="%d %%",
        key=_WIDGETS["floor"],
        on_change=_move,
        help="So much of every weight stays 1; no row is lost altogether.",
    )
    st.checkbox(
        "Correct for label shares",
        key=_WIDGETS["prior_correction"],
        on_change=_move,
        disabled=state.settings.rule in WITHOUT_RATIO,
        help="P′/Q also says how common a label is among real and synthetic rows; this takes that "
        "out.",
    )
    st.checkbox(
        "Duplicates count once",
        key=_WIDGETS["collapse_duplicates"],
        on_change=_move,
        help="A group of near-duplicates weighs as much as one row.",
    )
    st.checkbox(
        "Balance the labels",
        key=_WIDGETS["balance_classes"],
        on_change=_move,
        help="All labels get the same total weight.",
    )
    st.checkbox("Make the mean weight 1", key=_WIDGETS["normalise"], on_change=_move)
    _probabilities(state.settings.rule)
    _save_and_reset(name, state)


def _rule(state: WhatIf) -> None:
    """Draw the choice of the rule and what it alone asks for."""
    st.selectbox(
        "Rule",
        list(RULE_TITLES),
        format_func=RULE_TITLES.__getitem__,
        key=_WIDGETS["rule"],
        on_change=_store_moved,
    )
    if state.settings.rule != "quality_filter":
        _exponents(state.settings.rule)
        return
    st.slider(
        "Least P′",
        0.0,
        1.0,
        step=0.01,
        key=_WIDGETS["least_quality"],
        on_change=_move,
        help="Rows whose label the quality checker finds less likely are left out. At first it is "
        f"chance: 1 of {len(resources.collection(state.collection).labels)} labels.",
    )


def _exponents(rule: str) -> None:
    st.slider(
        "Exponent on P′",
        0.0,
        3.0,
        step=0.05,
        key=_WIDGETS["quality_exponent"],
        on_change=_move,
        disabled=rule == "ce",
        help=_NO_Q["ce"] if rule == "ce" else "Above 1 the quality checker counts more.",
    )
    st.slider(
        "Exponent on p" if rule == "dimp" else "Exponent on Q",
        0.0,
        3.0,
        step=0.05,
        key=_WIDGETS["diversity_exponent"],
        on_change=_move,
        disabled=rule in _NO_Q,
        help=_NO_Q.get(rule, "Above 1 rows that are rare for the generator count more."),
    )


def _probabilities(rule: str) -> None:
    st.selectbox(
        "P′ read",
        list(_QUALITY),
        format_func=_QUALITY.__getitem__,
        key=_WIDGETS["quality"],
        on_change=_store_moved,
        disabled=rule == "ce",
        help=_NO_Q["ce"] if rule == "ce" else _QUALITY_HELP,
    )
    st.selectbox(
        "Q measured",
        list(_MEASURED),
        format_func=_MEASURED.__getitem__,
        key=_WIDGETS["diversity"],
        on_change=_store_moved,
        disabled=rule != "imp",
        help=_MEASURED_HELP if rule == "imp" else "Only the rule P′ / Q reads it.",
    )


def _save_and_reset(name: str, state: WhatIf) -> None:
    with st.popover("Save as scheme", icon=":material/bookmark_add:", width="stretch"):
        title = st.text_input("Name of the scheme", max_chars=60, key="curate_scheme_name")
        if st.button("Save", key="curate_save", disabled=not title.strip()):
            writing().save_scheme(name, title, state.settings)
            keep(WhatIf(name, title.strip(), state.settings, state.settings))
            st.rerun()
    st.button(
        f"Reset to {parts.plain(state.scheme, limit=20)}",
        icon=":material/restart_alt:",
        width="stretch",
        key="curate_reset",
        on_click=_reset,
    )
    st.caption("Effective rows tell how much weight is left, not how accurate the model will be.")


def _restore(state: WhatIf) -> None:
    """Set the widgets to the state; Streamlit forgets them when another page is opened."""
    st.session_state[_SCHEME] = state.scheme
    values = _widget_values(state)
    for field, key in _WIDGETS.items():
        st.session_state[key] = values[field]


def _widget_values(state: WhatIf) -> dict[str, Any]:
    settings = state.settings
    low = -CLIP_END if settings.clip_low is None else max(-CLIP_END, settings.clip_low)
    high = CLIP_END if settings.clip_high is None else min(CLIP_END, settings.clip_high)
    return {
        "rule": settings.rule,
        "diversity": settings.diversity,
        "quality_exponent": settings.quality_exponent,
        "diversity_exponent": settings.diversity_exponent,
        "least_quality": _chance(state.collection)
        if settings.least_quality is None
        else settings.least_quality,
        "clip": (low, high),
        "floor": round(100 * settings.floor),
        "normalise": settings.normalise,
        "quality": settings.quality,
        "prior_correction": settings.prior_correction,
        "collapse_duplicates": settings.collapse_duplicates,
        "balance_classes": settings.balance_classes,
    }


def _chance(name: str) -> float:
    """Return 1/K as the slider of the least P' shows it; it stands for None, chance itself."""
    return round(1 / len(resources.collection(name).labels), 2)


def _read_widgets(state: WhatIf) -> WeightingSettings:
    """Return what the widgets say; one that its rule does not show says what it said before."""
    before = _widget_values(state)
    values = {field: st.session_state.get(key, before[field]) for field, key in _WIDGETS.items()}
    low, high = values.pop("clip")
    high = high if high > low else low + CLIP_STEP
    least = values.pop("least_quality")
    return WeightingSettings(
        **{**values, "floor": values["floor"] / 100},
        least_quality=None if least == _chance(state.collection) else least,
        clip_low=None if low <= -CLIP_END else low,
        clip_high=None if high >= CLIP_END else high,
    )


def _store_moved() -> None:
    state = current()
    keep(replace(state, settings=_read_widgets(state)))


def _move() -> None:
    _store_moved()
    st.rerun(FRAGMENT)


def _choose(name: str) -> None:
    scheme = st.session_state[_SCHEME]
    settings = schemes(name)[scheme]
    keep(WhatIf(name, scheme, settings, settings))


def _reset() -> None:
    state = current()
    keep(replace(state, settings=state.saved))


def checkers(name: str, scored: Mapping[str, Scores]) -> str:
    """Draw the choice between the checkers that have scored a collection, and the way to all.

    Returns
    -------
    str
        The kind to be used.
    """
    kinds = ranked_checkers(scored)
    chosen = kinds[0]
    if len(kinds) > 1:
        titles = CHECKER_TITLES
        chosen = st.radio("Checkers", kinds, format_func=titles.__getitem__, key=_CHECKERS)
    else:
        st.caption(f"Checkers: {CHECKER_TITLES[chosen].lower()}")
    if "average" not in scored:
        _offer_average(name)
    return chosen or kinds[0]


def _offer_average(name: str) -> None:
    if score_jobs.active(name) is not None:
        score_jobs.watch(name)
        return
    score_jobs.say_failure(name)
    if st.button(
        "Fine-tune and average",
        icon=":material/model_training:",
        width="stretch",
        key="curate_average",
        help="Fine-tunes a BERT-size classifier on the real rows and one on the synthetic rows, "
        "each once more without every fold, and takes the mean of what they and the probes say. "
        "What has been computed before is read, not computed again.",
    ):
        job_queue.submit_score(writing(), name, ScoreSettings(checkers="average"))
        st.rerun()
    st.caption(
        "Fine-tunes both checkers and averages them with the probes. It takes minutes, in the "
        "background."
    )
