"""The gate in front of the server's routes, as ASGI sees it."""

import json
from typing import Any

import pytest
from streamlit import config
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.web.server.server_util import get_cookie_secret
from streamlit.web.server.starlette.starlette_app_utils import create_signed_value
from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME

from synthcur.models.base_models import USER_HEADER
from synthcur.ui import identity
from synthcur.ui.gate import Gate
from tests.support.loops import run_apart

HEADER = b"x-forwarded-user"
OPEN = ("/", "/curate", "/static/js/main.js", "/app/static/mark.svg", "/auth/login", "/mediation")
OPEN += ("/static/media/icons.woff2",)
OPEN += ("/_stcore/health", "/_stcore/host-config", "/_stcore/bidi-components/a/b.js")
CLOSED = ("/media/0.csv", "/media/", "/_stcore/metrics", "/_stcore/upload_file/a/b")
CLOSED += ("/_stcore/agent/interact", "/_stcore/stream/../metrics", "//media/0", "/_stcore/media/x")
CLOSED += ("/media/health", "/_stcore/new-and-unknown")


@pytest.fixture
def accounts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(USER_HEADER, raising=False)
    monkeypatch.setattr(identity, "asks_for_account", lambda: True)


def through(
    path: str = "/",
    *headers: tuple[bytes, bytes],
    kind: str = "http",
    sent: list[dict[str, Any]] | None = None,
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Send a request; return what the app behind has received and what went back."""
    received, answered, waiting = [], [], iter(sent or [])

    async def app(scope: Any, receive: Any, send: Any) -> None:
        received.append({"type": "asked"})
        for _ in range(len(sent or [])):
            try:
                received.append(await receive())
            except StopIteration:
                return

    async def receive() -> dict[str, Any]:
        try:
            return next(waiting)
        except StopIteration:
            return {"type": "websocket.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        answered.append(message)

    scope = {"type": kind, "path": path, "headers": [(b"host", b"127.0.0.1"), *headers]}
    run_apart(Gate(app)(scope, receive, send))  # type: ignore[arg-type]
    return received, answered


def cookie(account: dict[str, Any] | str, secret: str | None = None) -> tuple[bytes, bytes]:
    text = account if isinstance(account, str) else json.dumps(account)
    signed = create_signed_value(secret or get_cookie_secret(), USER_COOKIE_NAME, text)
    return b"cookie", USER_COOKIE_NAME.encode() + b"=" + signed


ANA = {"is_logged_in": True, "email": "ana@example.org", "origin": "http://127.0.0.1"}


@pytest.mark.parametrize("path", [*OPEN, *CLOSED])
def test_everybody_comes_in_where_nobody_has_to_sign_in(path, monkeypatch):
    monkeypatch.setattr(identity, "asks_for_account", lambda: False)
    for kind in ("http", "websocket", "lifespan"):
        assert through(path, kind=kind)[0]


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize(
    "values", [(), (b"",), (b" ",), (b"a\x00",), (b"a" * 65,), (b"ana", b"ana"), (b"ana", b"")]
)
def test_a_request_that_the_proxy_does_not_name_stays_outside(values, kind, monkeypatch):
    monkeypatch.setenv(USER_HEADER, "X-Forwarded-User")
    received, answered = through("/curate", *((HEADER, each) for each in values), kind=kind)
    assert not received
    assert answered[0].get("status", 401) == 401
    assert answered[0]["type"] == {"http": "http.response.start"}.get(kind, "websocket.close")
    assert not through("/curate", cookie(ANA), kind=kind)[0]
    assert through("/curate", (HEADER, b"ana"), kind=kind)[0]


@pytest.mark.parametrize("name", ["Łukasz", "Zoë", "李雷", "ana@example.org"])
def test_names_of_every_script_come_in_as_they_are_written(name, monkeypatch):
    monkeypatch.setenv(USER_HEADER, "X-Forwarded-User")
    assert through("/", (HEADER, name.encode()))[0]
    assert identity.named_by_header(name.encode().decode("latin-1")) == name
    assert identity.named_by_header(name) == name


def test_health_is_told_to_everybody_over_http_alone(monkeypatch):
    monkeypatch.setenv(USER_HEADER, "X-Forwarded-User")
    assert through("/_stcore/health")[0]
    assert not through("/_stcore/health", kind="websocket")[0]
    assert not through("/_stcore/health/../stream")[0]


@pytest.mark.parametrize("path", OPEN)
def test_without_an_account_a_browser_is_given_what_it_needs_to_sign_in(accounts, path):
    assert through(path)[0]


@pytest.mark.parametrize("path", CLOSED)
def test_without_an_account_no_file_or_figure_of_the_server_is_given(accounts, path):
    received, answered = through(path)
    assert not received
    assert answered[0]["status"] == 401
    assert through(path, cookie(ANA))[0]


def test_files_below_another_address_of_the_server_are_not_given_either(accounts, monkeypatch):
    get_option = config.get_option
    monkeypatch.setattr(
        config,
        "get_option",
        lambda name: "/lab/rows/" if name == "server.baseUrlPath" else get_option(name),
    )
    for path in ("/lab/rows/media/0.csv", "/lab/rows/_stcore/metrics", "/media/0.csv"):
        assert not through(path)[0]
    assert through("/lab/rows/static/media/icons.woff2")[0]
    assert through("/lab/rows/_stcore/host-config")[0]


KINDS = [each.name for each in BackMsg.DESCRIPTOR.oneofs_by_name["type"].fields]
FALSE = [
    cookie(ANA, secret="another secret"),
    cookie(ANA | {"is_logged_in": False}),
    cookie(ANA | {"is_logged_in": "yes"}),
    cookie({"is_logged_in": True}),
    cookie({"is_logged_in": True, "email": "\x00"}),
    cookie("[]"),
    cookie("no json"),
    cookie("chunks-9999999"),
    (b"cookie", USER_COOKIE_NAME.encode() + b"=" + json.dumps(ANA).encode()),
    (b"cookie", b"synthcur-annotator=boss%40example.org"),
]


@pytest.mark.parametrize("given", FALSE, ids=range(len(FALSE)))
def test_only_the_signed_word_of_this_server_counts_as_an_account(accounts, given):
    assert not through("/media/0.csv", given)[0]
    order = BackMsg(clear_cache=True).SerializeToString()
    sent = [{"type": "websocket.receive", "bytes": order}]
    received, _ = through("/_stcore/stream", given, kind="websocket", sent=sent)
    assert received[1]["type"] == "websocket.disconnect"


@pytest.mark.parametrize("kind", KINDS)
def test_a_socket_without_an_account_may_have_the_page_drawn_and_nothing_more(accounts, kind):
    order = BackMsg()
    field = getattr(order, kind)
    if isinstance(field, bool):
        setattr(order, kind, True)
    else:
        field.SetInParent()
    sent = [
        {"type": "websocket.connect"},
        {"type": "websocket.receive", "bytes": order.SerializeToString()},
        {"type": "websocket.receive", "text": "words"},
        {"type": "websocket.receive", "bytes": b"\xff\xff\xff"},
    ]
    heard = [m.get("bytes") for m in through("/_stcore/stream", kind="websocket", sent=sent)[0]]
    may = kind in ("rerun_script", "stop_script", "app_heartbeat")
    assert [each for each in heard if each] == ([sent[1]["bytes"]] if may else [])
    everything = through("/_stcore/stream", cookie(ANA), kind="websocket", sent=sent)[0]
    assert everything[1:] == sent


def test_damaged_secrets_keep_everybody_outside(tmp_path, monkeypatch):
    def damaged() -> bool:
        raise identity.InputError("The server stays closed.")

    monkeypatch.setattr(identity, "asks_for_account", damaged)
    assert not through("/")[0]
