"""What one browser session remembers, and the boundary at which errors become sentences.

The session holds names and ids only; tables are read again from the store by every run.
"""

import logging
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from importlib.util import find_spec
from urllib.parse import unquote

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager

from synthcur.errors import InputError, NotFoundError, SynthcurError
from synthcur.review import ANNOTATOR_LENGTH, check_annotator
from synthcur.ui import parts, resources

LOG = logging.getLogger(__name__)
DEMO = "demo"
DEFAULT_ANNOTATOR = "me"
ANNOTATOR_COOKIE = "synthcur-annotator"
USER_HEADER = "SYNTHCUR_USER_HEADER"
"""Variable that names the header in which a proxy says who is there; set it behind one only."""
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
    annotator: str = DEFAULT_ANNOTATOR
    selection: tuple[str, ...] = ()
    queue: str = ""
    client_id: str = field(default_factory=lambda: secrets.token_hex(8))


def session() -> Session:
    """Return this tab's session, made at its first use."""
    if _KEY not in st.session_state:
        st.session_state[_KEY] = Session(annotator=_remembered_annotator())
    return st.session_state[_KEY]


def signed_in() -> str:
    """Return who is signed in, "" where people type their names.

    The name comes from the header that a trusted proxy sets, if `USER_HEADER` in the environment
    names one, else from the account that people signed in with, if the server asks for one. It is
    read anew at every call: what a session remembers is no proof.

    Raises
    ------
    InputError
        If people have to sign in and this one has not.
    """
    header = os.environ.get(USER_HEADER, "")
    if header:
        return check_annotator(str(st.context.headers.get(header) or ""))
    if not _asks_for_account():
        return ""
    if not st.user.is_logged_in:
        raise InputError("Nobody is signed in.", fix="Sign in with the button at the left.")
    account = st.user.to_dict()
    return account_name(str(account.get("email") or account.get("name") or ""))


def account_name(given: str) -> str:
    """Return an account's name, cut where it is too long; no two names are cut to the same."""
    if len(given) > ANNOTATOR_LENGTH:
        mark = f"~{sha256(given.encode()).hexdigest()[:8]}"
        given = given[: ANNOTATOR_LENGTH - len(mark)] + mark
    return check_annotator(given)


def sign_in() -> None:
    """Draw the button that signs in or out, where the server asks for an account."""
    if os.environ.get(USER_HEADER) or not _asks_for_account():
        return
    if find_spec("authlib") is None:
        raise InputError(
            "This server asks for an account, and the package that signs people in is missing.",
            fix="Install it beside synthcur: pip install Authlib",
        )
    is_in = bool(st.user.is_logged_in)
    words, act = ("Sign out", st.logout) if is_in else ("Sign in", st.login)
    st.sidebar.button(words, on_click=act, key="review_sign_in", width="stretch")


def _asks_for_account() -> bool:
    try:
        return "auth" in st.secrets
    except FileNotFoundError:
        return False


def _remembered_annotator() -> str:
    """Return the name that the Review page left in a cookie, so that a reload keeps it."""
    cookie = st.context.cookies.get(ANNOTATOR_COOKIE, "")
    try:
        # Outside a browser (AppTest) streamlit hands out a stand-in instead of a string.
        return check_annotator(unquote(cookie if isinstance(cookie, str) else ""))
    except InputError:
        return DEFAULT_ANNOTATOR


@contextmanager
def page() -> Iterator[None]:
    """Run a page; an error ends it as a sentence instead of a traceback.

    An expected error says what happened and what to do. Any other is written to the log under an
    id, and the page shows that id.
    """
    _run_under_the_app()
    try:
        yield
    except SynthcurError as error:
        _show_expected(error)
    except Exception as error:
        _show_unexpected(error)


def _run_under_the_app() -> None:
    """Let ``app.py`` draw the frame although the folder is called ``pages``.

    Streamlit takes that name for its older kind of app and runs a page alone until the first
    ``st.navigation`` of the server: whoever opens another address first would see no frame.
    """
    if PagesManager.uses_pages_directory:
        PagesManager.uses_pages_directory = False
        st.rerun()


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


def collection_picker() -> str:
    """Draw the choice of the collection in the rail and return the open one's name.

    The address carries it as ``?collection=NAME``. A session starts with the one in its address,
    else the demo, else the newest.

    Raises
    ------
    NotFoundError
        If the workspace holds no collection.
    """
    state = session()
    infos = {info.name: info for info in resources.store().collections()}
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
