"""What one browser session remembers, and the boundary at which errors become sentences.

The session holds names and ids only; tables are read again from the store by every run.
"""

import logging
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TypeVar

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager

from synthcur.errors import NotFoundError, SynthcurError
from synthcur.models.base_models import check_base_model
from synthcur.settings import ScoreSettings, TrainSettings
from synthcur.store.records import Job
from synthcur.store.store import Store
from synthcur.ui import identity, parts, resources

LOG = logging.getLogger(__name__)
DEMO = "demo"
Fitted = TypeVar("Fitted", bound=ScoreSettings | TrainSettings)
_KEY = "synthcur"
_PICKER = "collection_picker"


@dataclass
class Session:
    """State of one browser tab.

    Attributes
    ----------
    collection
        Name of the open collection; empty before the first page has run.
    annotator
        Who decides in this tab.
    selection
        Sample ids chosen on the map, in the order of the rows.
    queue
        Name of the review queue that is open.
    client_id
        Names this tab's decisions, so that a repeated one is stored once.
    """

    collection: str = ""
    annotator: str = identity.DEFAULT_ANNOTATOR
    selection: tuple[str, ...] = ()
    queue: str = ""
    client_id: str = field(default_factory=lambda: secrets.token_hex(8))


def session() -> Session:
    """Return this tab's session, made at its first use."""
    if _KEY not in st.session_state:
        st.session_state[_KEY] = Session(annotator=identity.remembered_annotator())
    return st.session_state[_KEY]


def actor() -> str:
    """Return under which name this tab writes, asked anew at every call: see `signed_in`.

    Raises
    ------
    InputError
        If people have to sign in and this one has not.
    """
    return identity.signed_in() or session().annotator


def writing() -> Store:
    """Return the store to write to, once it is known who is there.

    Buttons and messages of a tab can come without its page being drawn, so that what `page` has
    found is no proof. Every write and every start or stop of a job takes the store from here.

    Raises
    ------
    InputError
        If people have to sign in and this one has not.
    """
    actor()
    return resources.store()


def allowed(settings: Fitted) -> Fitted:
    """Return the settings of a job with its base model under the name by which it may be used.

    Raises
    ------
    InputError
        If people have to sign in and it is neither a hub name nor a folder of models.
    """
    fit = settings.fit
    model = check_base_model(fit.base_model, guarded=identity.is_asked())
    return replace(settings, fit=replace(fit, base_model=model))


@contextmanager
def page() -> Iterator[None]:
    """Run a page, or a part of one, for whoever is known; an error ends it as a sentence.

    Where people have to sign in, one sentence and the button to do so are all that others see. An
    expected error says what happened and what to do. Any other is written to the log under an id,
    and the page shows that id.
    """
    _run_under_the_app()
    _admit()
    try:
        yield
    except Exception as error:
        _show(error)


def _admit() -> None:
    """End the run here unless it is known who is there, or people type their names."""
    try:
        who = identity.signed_in()
    except Exception as error:
        _show(error)
        _offer_to_sign_in()
        st.stop()
    if who:
        session().annotator = who


def _offer_to_sign_in() -> None:
    try:
        identity.sign_in_button()
    except Exception as error:
        _show(error)


def _run_under_the_app() -> None:
    """Let ``app.py`` draw the frame although the folder is called ``pages``.

    Streamlit takes that name for its older kind of app and runs a page alone until the first
    ``st.navigation`` of the server: whoever opens another address first would see no frame.
    """
    if PagesManager.uses_pages_directory:
        PagesManager.uses_pages_directory = False
        st.rerun()


def _show(error: Exception) -> None:
    if isinstance(error, SynthcurError):
        _show_expected(error)
    else:
        _show_unexpected(error)


def _show_expected(error: SynthcurError) -> None:
    st.error("  \n".join(parts.plain(line, limit=2000) for line in (error.what, error.fix) if line))


def _show_unexpected(error: Exception) -> None:
    error_id = secrets.token_hex(4)
    LOG.exception("Error %s while a page was drawn", error_id, exc_info=error)
    st.error(
        "Something went wrong while this page was drawn. Nothing that was saved is lost.  \n"
        f"Reload the page; if it happens again, look for {error_id} in the server's log."
    )
    with st.expander("Details"):
        st.code(f"{type(error).__name__}: {error}"[:2000], language=None, wrap_lines=True)


def collection_picker(*, needed: bool = True) -> str:
    """Draw the choice of the collection in the rail and return the open one's name.

    The address carries it as ``?collection=NAME``. A session starts with the one in its address,
    else the demo, else the newest.

    Raises
    ------
    NotFoundError
        If the workspace holds no collection, unless none is `needed`: then there is no name.
    """
    state = session()
    infos = {info.name: info for info in resources.store().collections()}
    if not infos and not needed:
        return ""
    if not infos:
        raise NotFoundError(
            "This workspace holds no collection.", fix="Store one on the Data page."
        )
    if state.collection not in infos:
        state.collection = _first_choice(list(infos))
    # Always set: after a change of page the browser would show the first collection.
    st.session_state[_PICKER] = state.collection
    st.sidebar.selectbox(
        "Collection",
        list(infos),
        format_func=lambda name: infos[name].title or name,
        key=_PICKER,
        on_change=_open_picked,
    )
    if st.query_params.get("collection") != state.collection:
        st.query_params["collection"] = state.collection
    return state.collection


def _first_choice(names: list[str]) -> str:
    wanted = st.query_params.get("collection", "")
    if wanted in names:
        return wanted
    return DEMO if DEMO in names else names[-1]


def _open_picked() -> None:
    state = session()
    state.collection = st.session_state[_PICKER]
    state.selection = ()


def open_results(job: Job) -> None:
    """Let the Results page open with this job."""
    st.session_state[results_job_key(job.collection)] = job.id


def results_job_key(name: str) -> str:
    """Return the key under which a session remembers the job that Results shows."""
    return f"results_job_{name}"
