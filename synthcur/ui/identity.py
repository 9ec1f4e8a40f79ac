"""Who is there: named by a proxy's header, by an account, or by what they typed.

Where people have to sign in, only header and account name anybody; a cookie of the page does not.
"""

import os
from collections.abc import Mapping
from contextlib import suppress
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import streamlit as st
from streamlit import config

from synthcur.errors import InputError
from synthcur.models.base_models import USER_HEADER
from synthcur.review.decisions import ANNOTATOR_LENGTH, check_annotator

DEFAULT_ANNOTATOR = "me"
ANNOTATOR_COOKIE = "synthcur-annotator"


def user_header() -> str:
    """Return the header in which a proxy says who is there; "" where none is set up."""
    return os.environ.get(USER_HEADER, "")


def is_asked() -> bool:
    """Whether people have to sign in: by a proxy's header or with an account."""
    return bool(user_header()) or asks_for_account()


def signed_in() -> str:
    """Return who is signed in, "" where people type their names.

    The name comes from the header that a trusted proxy sets, if `USER_HEADER` in the environment
    names one, else from the account that people signed in with, if the server asks for one. Both
    are those with which the tab connected; they are read at every call, as what a session
    remembers is no proof.

    Raises
    ------
    InputError
        If people have to sign in and this one has not.
    """
    header = user_header()
    if header:
        return named_by_header(str(st.context.headers.get(header) or ""))
    if not asks_for_account():
        return ""
    if not st.user.get("is_logged_in"):
        raise InputError("Nobody is signed in.")
    return named_by_account(st.user.to_dict())


def is_stranger() -> bool:
    """Whether people have to sign in and this one has not."""
    try:
        signed_in()
    except InputError:
        return True
    return False


def named_by_header(given: str) -> str:
    """Return the name that a proxy's header gives.

    Raises
    ------
    InputError
        If the header is missing or its name cannot be used.
    """
    if not given:
        raise InputError(
            f"Nobody is signed in: there is no header {user_header()} with a name in the request.",
            fix="Come through the proxy that signs people in.",
        )
    with suppress(UnicodeError):
        given = given.encode("latin-1").decode("utf-8")  # what proxies send, as HTTP hands it on
    return check_annotator(given)


def named_by_account(account: Mapping[str, Any]) -> str:
    """Return the name of an account: its e-mail address, else the name that it shows.

    Raises
    ------
    InputError
        If the provider gave neither.
    """
    return account_name(str(account.get("email") or account.get("name") or ""))


def account_name(given: str) -> str:
    """Return an account's name, cut where it is too long; no two names are cut to the same."""
    if len(given) > ANNOTATOR_LENGTH:
        mark = f"~{sha256(given.encode()).hexdigest()[:8]}"
        given = given[: ANNOTATOR_LENGTH - len(mark)] + mark
    return check_annotator(given)


def sign_in_button() -> None:
    """Draw the button that signs in or out, where the server asks for an account.

    Raises
    ------
    InputError
        If the package that signs people in is not installed.
    """
    if user_header() or not asks_for_account():
        return
    if find_spec("authlib") is None:
        raise InputError(
            "This server asks for an account, and the package that signs people in is missing.",
            fix="Install it beside synthcur: pip install Authlib",
        )
    is_in = bool(st.user.get("is_logged_in"))
    words, act = ("Sign out", st.logout) if is_in else ("Sign in", st.login)
    st.button(words, on_click=act, key="sign_in")


@st.cache_resource(show_spinner=False)
def asks_for_account() -> bool:
    """Whether the server asks for an account; it is decided once, so a lost file opens no door.

    Raises
    ------
    InputError
        If there are secrets and they cannot be read: whether people have to sign in stands there.
    """
    try:
        return "auth" in st.secrets
    except (OSError, ValueError) as error:
        files = [path for path in config.get_option("secrets.files") if Path(path).exists()]
        if not files:
            return False
        raise InputError(
            f"The server stays closed: its secrets in {files[0]} cannot be read, and whether "
            "people have to sign in stands there.",
            fix="Mend or remove that file and start the server again.",
        ) from error


def remembered_annotator() -> str:
    """Return the name that the Review page left in a cookie, so that a reload keeps it.

    A cookie holds what its browser wrote: it names nobody where people have to sign in.
    """
    cookie = "" if is_asked() else st.context.cookies.get(ANNOTATOR_COOKIE, "")
    try:
        # Outside a browser (AppTest) streamlit hands out a stand-in instead of a string.
        return check_annotator(unquote(cookie if isinstance(cookie, str) else ""))
    except InputError:
        return DEFAULT_ANNOTATOR
