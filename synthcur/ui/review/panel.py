"""The Review page: who decides, which queue, and what the queue is told."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import streamlit as st

from synthcur.charts.palette import Palette
from synthcur.errors import InputError, SynthcurError
from synthcur.jobs import job_queue
from synthcur.review import decisions as review
from synthcur.review.queues import DISAGREEMENTS, PACE_ROWS, QUEUES, RANDOM, changed_lately
from synthcur.schema import Collection
from synthcur.settings import ScoreSettings, WeightingSettings, fingerprint
from synthcur.store.records import ranked_checkers
from synthcur.ui import (
    identity,
    parts,
    resources,
    score_jobs,
    theme,
    trust,
    weighting_choice,
)
from synthcur.ui.review.cards import Bench
from synthcur.ui.review.filters import queue_filter
from synthcur.ui.review.messages import (
    Opened,
    fixed_queues,
    queue_data,
    queues,
    size_in_words,
    wanted,
    where,
)
from synthcur.ui.review.queue import exchange, review_queue
from synthcur.ui.review.queue.operations import Outcome
from synthcur.ui.review.refit import refit_button
from synthcur.ui.review.team import team_button
from synthcur.ui.session import page, session, writing
from synthcur.weighting import coverage_gaps

QUEUE_KEY = "review_queue"
MAP_PAGE = "pages/curate.py"
DRY_CHANGES = 1
"""Changes among the last `PACE_ROWS` verdicts from which a queue is called nearly dry."""

RAIL_EVERY = 10
"""Own decisions after which the sizes in the rail are counted anew; at the end of a queue, one."""

_ANNOTATOR = "review_annotator"
_CHOICE = "review_queue_choice"
_OUTCOME = "review_outcome"
_COUNTED = "review_counted"
_TO_MAP = "review_to_map"


def annotator_field() -> str:
    """Draw the name of who decides in the rail and return the last valid one."""
    state, before = session(), session().annotator
    if identity.is_asked():
        state.annotator = identity.signed_in()
        st.sidebar.text(f"Signed in as {state.annotator}")
        return state.annotator
    if _ANNOTATOR not in st.session_state:
        st.session_state[_ANNOTATOR] = state.annotator
    typed = st.sidebar.text_input("Annotator", key=_ANNOTATOR, max_chars=review.ANNOTATOR_LENGTH)
    try:
        state.annotator = review.check_annotator(typed)
        if state.annotator != before:
            writing().turns.leave(state.collection, before)
    except InputError as error:
        st.sidebar.caption(f"{error} Until then you are {parts.plain(state.annotator)}.")
    return state.annotator


def unscored(name: str) -> None:
    """Say that the queues need scores, and how far they are."""
    st.title("The queues need scores", anchor=False)
    if score_jobs.active(name) is not None:
        with st.container(border=True):
            st.markdown("Both checkers read every row. The queues open by themselves after that.")
            score_jobs.watch(name)
        return
    synthetic = resources.store().collection_info(name).counts["synthetic"]
    sentence = "No row has been scored yet, so nothing says which to look at first."
    label = f"Score {parts.count(synthetic)} rows"
    if parts.empty(sentence, button=label, key="review_score", icon=":material/scoreboard:"):
        job_queue.submit_score(writing(), name, ScoreSettings())
        st.rerun()


def open_bench(name: str) -> Bench | None:
    """Return everything the queues need; None while the collection has no scores."""
    found = resources.scores(name)
    if not found:
        return None
    scores = found[ranked_checkers(found)[0]]
    artefacts = scores.artefacts
    scheme = weighting_choice.what_if(name).settings
    store, collection = resources.store(), resources.collection(name)
    made_of = fingerprint(name, collection.fingerprint, dict(artefacts), scheme.to_dict())
    return replace(
        _undecided_bench(made_of, collection, artefacts, scheme),
        doubt=trust.in_short(name, scores),
        overlap=store.turns.overlap(name),
        guidelines=store.collection_info(name).guidelines,
        state=store.decisions.state(name),
    )


def warn_of_checkers(name: str) -> None:
    """Say above the queue that the checkers which have filled it are not to be trusted, if so."""
    found = resources.scores(name)
    trust.warn(name, found[ranked_checkers(found)[0]])


@st.cache_resource(show_spinner=False, max_entries=16)
def _undecided_bench(
    made_of: str,
    _collection: Collection,
    _artefacts: Mapping[str, str],
    _scheme: WeightingSettings,
) -> Bench:
    """Return the parts of a bench that no decision changes; cached, as every message reads them."""
    quality, diversity = resources.weighing_probs(_artefacts, _scheme)
    neighbours = ("real_index", "real_cosine", "synthetic_index", "synthetic_cosine")
    signals = ("duplicate_group", "is_likely_mislabelled", "uncertainty")
    bench = Bench(
        collection=_collection,
        quality=quality,
        diversity=diversity,
        held_out=resources.array(_artefacts["diversity"], "calibrated"),
        agreed=resources.agreed_probs(_artefacts),
        neighbours={each: resources.array(_artefacts["neighbours"], each) for each in neighbours},
        scheme=_scheme,
        facts=resources.weighing_facts(_collection.name, _artefacts),
        signals={each: resources.array(_artefacts["signals"], each) for each in signals}
        if "signals" in _artefacts
        else {},
        made_of=made_of,
    )
    return replace(bench, coverage=_coverage(bench, _artefacts))


def _coverage(bench: Bench, artefacts: Mapping[str, str]) -> np.ndarray | None:
    """Return how well the nearest real row of each synthetic row is covered, see `Bench`."""
    known = artefacts.get("coverage")
    if known is None:
        return None
    index, cosine = (
        resources.array(known, part) for part in ("synthetic_index", "synthetic_cosine")
    )
    found = coverage_gaps.find(index, cosine, bench.file_weights())
    return found.after[bench.neighbours["real_index"][:, 0]]


def open_queue(bench: Bench) -> Opened:
    """Draw the queues in the rail with their sizes and return the chosen one."""
    state = session()
    st.session_state[_COUNTED] = len(bench.state.own.get(state.annotator, ()))
    opened = queues(bench, state.selection, _fixed_queues(bench.made_of, bench))
    if state.queue not in opened:
        state.queue = next((name for name, each in opened.items() if len(each.rows)), RANDOM)
    if st.session_state.get(_CHOICE) != state.queue:
        st.session_state[_CHOICE] = state.queue
    st.sidebar.radio(
        "Queue",
        list(opened),
        format_func=lambda name: QUEUES[name].title,
        captions=[size_in_words(each, bench) for each in opened.values()],
        help="\n\n".join(f"{each.queue.title}: {each.queue.rule}" for each in opened.values()),
        key=_CHOICE,
        on_change=_open_chosen,
    )
    st.sidebar.caption(QUEUES[state.queue].rule)
    changed, of = changed_lately(bench.state.own.get(state.annotator, ()), state.queue)
    if of == PACE_ROWS:
        drying_up = " This queue is drying up." if changed <= DRY_CHANGES else ""
        st.sidebar.caption(f"You changed {changed} of your last {of} rows here.{drying_up}")
    with st.sidebar.container(horizontal=True, gap="small"):
        shown = queue_filter(bench, opened[state.queue])
        team_button(bench, opened.get(RANDOM))
    if shown is not opened[state.queue]:
        size, of = parts.count(len(shown.rows)), parts.count(len(opened[state.queue].rows))
        st.sidebar.caption(f"{size} of {of} rows of the queue match.")
    refit_button(bench)
    return shown


@st.cache_resource(show_spinner=False, max_entries=16)
def _fixed_queues(made_of: str, _bench: Bench) -> dict[str, Opened]:
    return fixed_queues(_bench)


def _open_chosen() -> None:
    session().queue = st.session_state[_CHOICE]


@st.fragment
def queue(name: str, opened: Opened, *, annotator: str) -> None:
    """Draw the queue; what a browser sends runs this part of the page alone."""
    with page():
        annotator = identity.signed_in() or annotator
        bench = open_bench(name)
        if bench is None:
            st.rerun()
        new = len(bench.state.own.get(annotator, ())) - st.session_state.get(_COUNTED, 0)
        is_at_end = where(bench, opened, _sent().get("place"), annotator)[0] == len(opened.rows)
        if abs(new) >= (1 if is_at_end else RAIL_EVERY):
            st.rerun()
        show_queue(bench, opened, annotator=annotator)


def show_queue(bench: Bench, opened: Opened, *, annotator: str) -> None:
    """Mount the queue with the records around the place where the annotator is."""
    if st.session_state.pop(_TO_MAP, False):
        st.switch_page(MAP_PAGE)
    sent, store = _sent(), writing()
    answer = exchange.acknowledgement(store, sent, st.session_state.get(_OUTCOME, Outcome()))
    at, detour = where(bench, opened, sent.get("place"), annotator)
    turn = exchange.turn(
        store,
        bench.collection.name,
        annotator,
        wanted(bench, opened),
        place=at,
        detour=detour,
        decided_again=opened.queue.name == DISAGREEMENTS,
    )
    review_queue(
        answer
        | queue_data(bench, opened, place=sent.get("place"), annotator=annotator, turn=turn)
        | {"colors": colors(theme.palette())},
        key=QUEUE_KEY,
        on_log=_take_in,
        on_map=_turn_to_map,
    )


def _sent() -> Mapping[str, Any]:
    """Return what the browser sent last; empty before the first time."""
    log = (st.session_state.get(QUEUE_KEY) or {}).get("log")
    return log if isinstance(log, Mapping) else {}


def _take_in() -> None:
    """Store what the browser sent, and keep for the answer what was refused.

    A message holds everything that has not been answered, so its outcome takes the place of that of
    the message before.
    """
    try:
        name = identity.signed_in()
        outcome = exchange.take_in(writing(), _sent(), known=_known, signed_in=name)
    except SynthcurError as error:  # nobody is signed in any more; the browser keeps what it sent
        outcome = Outcome(trouble=str(error))
    st.session_state[_OUTCOME] = outcome


def _known(name: str) -> tuple[frozenset[str], tuple[str, ...]]:
    collection = resources.collection(name)
    return _synthetic_ids(name, collection.fingerprint, collection), collection.labels


@st.cache_resource(show_spinner=False, max_entries=8)
def _synthetic_ids(name: str, fingerprint: str, _collection: Collection) -> frozenset[str]:
    return frozenset(_collection.synthetic["sample_id"])


def _turn_to_map() -> None:
    """Select the record on the map; a selection under review stays, and "" selects nothing."""
    sample_id = (st.session_state.get(QUEUE_KEY) or {}).get("map")
    if not isinstance(sample_id, str):
        return
    state = session()
    if sample_id and sample_id not in _known(state.collection)[0]:
        return
    if sample_id and sample_id not in state.selection:
        state.selection = (sample_id,)
    st.session_state[_TO_MAP] = True


def colors(palette: Palette) -> dict[str, Any]:
    """Return the colours that Streamlit's own theme does not give a component."""
    names = ("muted", "keep", "discard", "reference")
    return {name: getattr(palette, name) for name in names} | {"bins": palette.weight_bins}
