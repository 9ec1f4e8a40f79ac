"""The Review page: who decides, which queue, and what the queue is told."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np
import streamlit as st

from synthcur import jobs, review
from synthcur.errors import InputError
from synthcur.palette import Palette
from synthcur.queues import PACE_ROWS, QUEUES, Queue, pace, queue_done, queue_order
from synthcur.records import ranked_checkers
from synthcur.schema import Collection
from synthcur.settings import ScoreSettings, fingerprint
from synthcur.ui import curate_rail, parts, resources, theme
from synthcur.ui.queue import review_queue
from synthcur.ui.queue.operations import Outcome, apply_operations, read_operations
from synthcur.ui.review_cards import Bench, card
from synthcur.ui.session import session

QUEUE_KEY = "review_queue"
MAP_PAGE = "pages/curate.py"
AHEAD, BEHIND = 24, 6
"""Records sent with every answer: undecided ones from the present place on, and those before it."""

HISTORY = 30
REFUSALS_KEPT = 50
MAP_QUEUE = "map"

_ANNOTATOR = "review_annotator"
_CHOICE = "review_queue_choice"
_OUTCOME = "review_outcome"
_TO_MAP = "review_to_map"
_LETTERS = {review.KEEP: "k", review.DISCARD: "d", review.RELABEL: "r", review.UNSURE: "u"}


@dataclass(frozen=True)
class Opened:
    """A queue and its rows, most pressing first.

    Attributes
    ----------
    queue
        Which queue.
    rows
        Numbers of the synthetic rows, (n,).
    sample_ids
        Their ids.
    """

    queue: Queue
    rows: np.ndarray
    sample_ids: tuple[str, ...]

    @cached_property
    def name(self) -> str:
        """Name of what is open: the same rows in the same order have the same name."""
        return fingerprint(self.queue.name, self.sample_ids)


def annotator_field() -> str:
    """Draw the name of who decides in the rail and return the last valid one."""
    state = session()
    if _ANNOTATOR not in st.session_state:
        st.session_state[_ANNOTATOR] = state.annotator
    typed = st.sidebar.text_input("Annotator", key=_ANNOTATOR, max_chars=review.ANNOTATOR_LENGTH)
    try:
        state.annotator = review.check_annotator(typed)
    except InputError as error:
        st.sidebar.caption(f"{error} Until then you are {parts.plain(state.annotator)}.")
    return state.annotator


def unscored(name: str) -> None:
    """Say that the queues need scores, and how far they are."""
    st.title("The queues need scores", anchor=False)
    if curate_rail.score_job(name) is not None:
        with st.container(border=True):
            st.markdown("Both checkers read every row. The queues open by themselves after that.")
            curate_rail.watch_scoring(name)
        return
    synthetic = resources.store().collection_info(name).counts["synthetic"]
    sentence = "No row has been scored yet, so nothing says which to look at first."
    label = f"Score {parts.count(synthetic)} rows"
    if parts.empty(sentence, button=label, key="review_score", icon=":material/scoreboard:"):
        jobs.submit_score(resources.store(), name, ScoreSettings())
        st.rerun()


def open_bench(name: str) -> Bench | None:
    """Return everything the queues need; None while the collection has no scores."""
    found = resources.scores(name)
    if not found:
        return None
    artefacts = found[ranked_checkers(found)[0]].artefacts
    scheme = curate_rail.what_if(name).settings
    quality, diversity = resources.weighing_probs(artefacts, scheme)
    neighbours = ("real_index", "real_cosine", "synthetic_index", "synthetic_cosine")
    return Bench(
        collection=resources.collection(name),
        quality=quality,
        diversity=diversity,
        held_out=resources.array(artefacts["diversity"], "calibrated"),
        agreed=resources.agreed_probs(artefacts),
        neighbours={each: resources.array(artefacts["neighbours"], each) for each in neighbours},
        scheme=scheme,
        facts=resources.weighing_facts(name, artefacts),
        state=resources.store().log_state(name),
    )


def open_queue(bench: Bench) -> Opened:
    """Draw the queues in the rail with their sizes and return the chosen one."""
    state = session()
    opened = queues(bench, state.selection)
    if state.queue not in opened:
        state.queue = next(iter(opened))
    if st.session_state.get(_CHOICE) != state.queue:
        st.session_state[_CHOICE] = state.queue
    st.sidebar.radio(
        "Queue",
        list(opened),
        format_func=lambda name: QUEUES[name].title,
        captions=[size_in_words(each.sample_ids, bench) for each in opened.values()],
        help="\n\n".join(f"{each.queue.title}: {each.queue.rule}" for each in opened.values()),
        key=_CHOICE,
        on_change=_open_chosen,
    )
    st.sidebar.caption(QUEUES[state.queue].rule)
    return opened[state.queue]


def _open_chosen() -> None:
    session().queue = st.session_state[_CHOICE]


def queues(bench: Bench, selection: Sequence[str]) -> dict[str, Opened]:
    """Return every queue that can be opened; that of the map only with rows selected there."""
    chosen = [bench.row_of[each] for each in selection if each in bench.row_of]
    weights = bench.file_weights()
    opened = {}
    for name, queue in QUEUES.items():
        if name == MAP_QUEUE and not chosen:
            continue
        rows = queue_order(
            name,
            agreed_probs=bench.agreed,
            labels=bench.file_labels,
            weights=weights,
            selection=chosen,
        )
        opened[name] = Opened(queue, rows, tuple(bench.sample_ids[row] for row in rows))
    return opened


def size_in_words(sample_ids: Sequence[str], bench: Bench) -> str:
    """Return how many rows a queue has and how many have a verdict: ``180 rows, 12 done``."""
    done = queue_done(sample_ids, bench.state.current)
    size = f"{parts.count(len(sample_ids))} row{'' if len(sample_ids) == 1 else 's'}"
    return f"{size}, {parts.count(done)} done" if done else size


def show_queue(bench: Bench, opened: Opened, *, annotator: str) -> None:
    """Mount the queue with the records around the place where the annotator is."""
    if st.session_state.pop(_TO_MAP, False):
        st.switch_page(MAP_PAGE)
    sent = _sent()
    clients = {operation.client for operation in read_operations(sent.get("operations"))}
    store = resources.store()
    outcome = st.session_state.get(_OUTCOME, Outcome())
    answer = {
        "acknowledged": {client: store.acknowledged(client) for client in clients},
        "refused": [asdict(refusal) for refusal in outcome.refused],
        "trouble": outcome.trouble,
        "answered": sent.get("number"),
    }
    review_queue(
        answer
        | queue_data(bench, opened, place=sent.get("place"), annotator=annotator)
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
    """Store what the browser sent, and keep for the answer what was refused."""
    operations = read_operations(_sent().get("operations"))
    outcome = apply_operations(resources.store(), operations, known=_known)
    before = st.session_state.get(_OUTCOME, Outcome()).refused
    refused = (*before, *outcome.refused)[-REFUSALS_KEPT:]
    st.session_state[_OUTCOME] = Outcome(refused, outcome.trouble)


def _known(name: str) -> tuple[frozenset[str], tuple[str, ...]]:
    collection = resources.collection(name)
    return _synthetic_ids(name, collection.fingerprint, collection), collection.labels


@st.cache_resource(show_spinner=False, max_entries=8)
def _synthetic_ids(name: str, fingerprint: str, _collection: Collection) -> frozenset[str]:
    return frozenset(_collection.synthetic["sample_id"])


def _turn_to_map() -> None:
    """Select the record on the map; a selection under review stays as it is."""
    sample_id = (st.session_state.get(QUEUE_KEY) or {}).get("map")
    if not isinstance(sample_id, str):
        return
    state = session()
    if sample_id not in state.selection:
        state.selection = (sample_id,)
    st.session_state[_TO_MAP] = True


def queue_data(bench: Bench, opened: Opened, *, place: Any, annotator: str) -> dict[str, Any]:
    """Return what the browser needs to show a queue.

    Parameters
    ----------
    bench, opened
        What is known, and the queue.
    place
        Where the browser said the annotator is: ``opening``, ``at`` and ``detour`` (a sample
        outside of the queue).
    annotator
        Whose decisions an undo would take back.
    """
    at_of = {sample_id: at for at, sample_id in enumerate(opened.sample_ids)}
    states = "".join(_letter(bench, sample_id) for sample_id in opened.sample_ids)
    start = states.find(".") if "." in states else len(states)
    at, detour = _place(place, opened.name, start=start, size=len(states))
    history = _history(bench, annotator, at_of)
    around = [opened.sample_ids[each] for each in window(states, at)]
    extra = [detour, *(each["sample"] for each in history[-3:])]
    wanted = [each for each in dict.fromkeys((*around, *extra)) if each in bench.row_of]
    collection = bench.collection
    return {
        "collection": collection.name,
        "annotator": annotator,
        "queue": opened.queue.name,
        "opening": opened.name,
        "title": opened.queue.title,
        "rule": opened.queue.rule,
        "states": states,
        "start": start,
        "pace": pace(bench.state.own.get(annotator, ())[-2 * PACE_ROWS :], annotator),
        "labels": collection.labels,
        "guidelines": _guidelines(collection),
        "rows": {"real": len(collection.real_train), "synthetic": len(collection.synthetic)},
        "reasons": review.REASONS,
        "noteLength": review.NOTE_LENGTH,
        "history": history,
        "cards": [
            card(
                bench,
                bench.row_of[each],
                at=at_of.get(each, -1),
                shows_hints=opened.queue.shows_hints,
            )
            for each in wanted
        ],
    }


def window(states: str, at: int) -> list[int]:
    """Return the places whose records the browser should have: some behind, undecided ahead."""
    behind = range(max(0, at - BEHIND), min(at + 1, len(states)))
    ahead = (place for place in range(at + 1, len(states)) if states[place] == ".")
    return [*behind, *(place for place, _ in zip(ahead, range(AHEAD), strict=False))]


def _place(place: Any, opening: str, *, start: int, size: int) -> tuple[int, str]:
    """Return where the annotator is; what the browser said counts for this opening only."""
    if not isinstance(place, Mapping) or place.get("opening") != opening:
        return start, ""
    at, detour = place.get("at"), place.get("detour")
    at = min(max(at, 0), size) if isinstance(at, int) else start
    return at, detour if isinstance(detour, str) else ""


def _letter(bench: Bench, sample_id: str) -> str:
    decision = bench.state.current.get(sample_id)
    return _LETTERS[decision.action] if decision else "."


def _history(bench: Bench, annotator: str, at_of: Mapping[str, int]) -> list[dict[str, Any]]:
    return [
        {"sample": row.sample_id, "action": row.action, "at": at_of.get(row.sample_id, -1)}
        for row in bench.state.own.get(annotator, ())[-HISTORY:]
    ]


def _guidelines(collection: Collection) -> dict[str, str]:
    written = collection.guidelines
    return {str(i): written[label] for i, label in enumerate(collection.labels) if label in written}


def colors(palette: Palette) -> dict[str, Any]:
    """Return the colours that Streamlit's own theme does not give a component."""
    names = ("muted", "keep", "discard", "reference")
    return {name: getattr(palette, name) for name in names} | {"bins": palette.weight_bins}
