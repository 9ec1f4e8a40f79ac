"""The gate in front of every route of the server: who asks is known before anything is answered.

Streamlit hands out media files and takes uploads without running any script, and obeys some
messages of a socket before a page is drawn. So the question who is there is put here as well,
where requests come in; `identity` puts it to the session, at every page and write.
"""

import json
from collections.abc import Mapping
from typing import Any

from google.protobuf.message import DecodeError
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit import config
from streamlit.auth_util import get_cookie_with_chunks
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.web.server.server_util import get_cookie_secret
from streamlit.web.server.starlette.starlette_app_utils import decode_signed_value
from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME

from synthcur.errors import InputError
from synthcur.ui import identity

HEALTH = "/_stcore/health"
"""The one address that answers everybody: it says that the server lives, nothing else."""

_FILES, _CORE = "media", "_stcore"
"""Parts of an address behind which files and figures of the server are."""

_TO_SIGN_IN = (["health"], ["host-config"], ["stream"])
"""What a browser needs of the latter to show the button that signs in, beside scripts."""

_STRANGERS_MESSAGES = ("rerun_script", "stop_script", "app_heartbeat")
"""What a socket may ask without an account: to draw the page, which then shows that button."""


class Gate:
    """Middleware that refuses requests in which nobody is named, where people have to sign in.

    Behind a proxy every request must carry its header once, with a name that can be used. With
    accounts, a browser without one gets the page that signs in and nothing else.

    Parameters
    ----------
    app
        What is behind the gate.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, let in less of it, or refuse it."""
        if scope["type"] not in ("http", "websocket") or _is_health(scope):
            await self._app(scope, receive, send)
            return
        try:
            is_known = _is_known(HTTPConnection(scope))
        except InputError as error:
            await _refuse(scope, send, str(error))
            return
        if is_known:
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._app(scope, _without_orders(receive), send)
        elif _is_guarded(scope["path"]):
            await _refuse(scope, send, "Nobody is signed in.")
        else:
            await self._app(scope, receive, send)


def _is_known(request: HTTPConnection) -> bool:
    """Whether it is known who asks, or people type their names; False without an account.

    Raises
    ------
    InputError
        If a proxy is to name them and has not.
    """
    header = identity.user_header()
    if header:
        given = request.headers.getlist(header)
        # Two names mean that the proxy added its own to the one that the browser sent.
        identity.named_by_header(given[0] if len(given) == 1 else "")
        return True
    return not identity.asks_for_account() or _has_account(request.cookies)


def _has_account(cookies: Mapping[str, str]) -> bool:
    """Whether a browser holds the signed word of this server that somebody signed in."""
    secret = get_cookie_secret()

    def read(name: str) -> bytes | None:
        return decode_signed_value(secret, name, cookies[name]) if name in cookies else None

    try:
        account: Any = json.loads(get_cookie_with_chunks(read, USER_COOKIE_NAME) or b"{}")
        return account.get("is_logged_in") is True and bool(identity.named_by_account(account))
    except (ValueError, AttributeError, InputError):
        return False


def _is_health(scope: Scope) -> bool:
    return scope["type"] == "http" and scope["path"] == HEALTH


def _is_guarded(path: str) -> bool:
    parts = [each for each in path.split("/") if each]
    base = [each for each in (config.get_option("server.baseUrlPath") or "").split("/") if each]
    if base and parts[: len(base)] == base:
        parts = parts[len(base) :]
    if parts[:1] == [_FILES] or ".." in parts:
        return True
    if _CORE not in parts:
        return False
    behind = parts[parts.index(_CORE) + 1 :]
    return behind not in _TO_SIGN_IN and behind[:1] != ["bidi-components"]


def _without_orders(receive: Receive) -> Receive:
    """Leave out of a socket's messages what a browser without an account may not ask."""

    async def receive_allowed() -> Message:
        while True:
            message = await receive()
            if message["type"] != "websocket.receive" or _may_ask(message.get("bytes") or b""):
                return message

    return receive_allowed


def _may_ask(sent: bytes) -> bool:
    try:
        return BackMsg.FromString(sent).WhichOneof("type") in _STRANGERS_MESSAGES
    except DecodeError:
        return False


async def _refuse(scope: Scope, send: Send, why: str) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
        return
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": 401, "headers": headers})
    await send({"type": "http.response.body", "body": why.encode()})
