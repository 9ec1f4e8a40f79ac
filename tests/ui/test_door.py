"""The door where a proxy signs people in, on the real server: what is refused to whom it names not.

Everything a browser can send is sent by a client that speaks Streamlit's protocol, without the
proxy's header and with it. The cookie in which the Review page keeps a typed name goes along, and
names nobody.
"""

import asyncio
import http.client
import json
import time
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.exceptions import InvalidStatus

from benchmarks.protocol import Page
from harness.collections import add_scores
from harness.serving import Server, served
from synthcur.jobs import job_queue
from synthcur.models.base_models import USER_HEADER
from synthcur.schema import Collection
from synthcur.store.store import Store
from synthcur.ui.curate.map import encode_rows
from synthcur.ui.identity import ANNOTATOR_COOKIE
from synthcur.workspace import open_store
from tests.support.loops import run_apart

pytestmark = pytest.mark.real

ANA = {"X-Forwarded-User": "ana@example.org"}
COOKIES = {ANNOTATOR_COOKIE: "boss%40example.org"}
NOBODY: tuple[dict[str, str], ...] = (
    {},
    {"X-Forwarded-User": ""},
    {"X-Forwarded-User": "  "},
    {"X-Forwarded-User": "a\tb"},
    {"X_Forwarded_User": "ana@example.org"},
    {"X-Forwarded-Email": "ana@example.org"},
    {"X-Forwarded-User": "a" * 200},
)
PAGES = ("", "data", "curate", "review", "train", "results")


@pytest.fixture(scope="module")
def server(
    tmp_path_factory: pytest.TempPathFactory, small_collection: Collection
) -> Iterator[Server]:
    """A server behind a proxy that signs people in, with a scored collection."""
    workspace = tmp_path_factory.mktemp("door") / "ws"
    store = open_store(workspace)
    store.add_collection(small_collection)
    add_scores(store, small_collection)
    store.close()
    (workspace / "imports").mkdir()
    (workspace / "imports" / "rows.csv").write_text("text,label\nsome words,a\nother words,b\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(USER_HEADER, "X-Forwarded-User")
        with served(workspace) as running:
            yield running


@pytest.fixture
def store(server: Server) -> Iterator[Store]:
    opened = open_store(server.workspace)
    yield opened
    opened.close()


@dataclass
class Tab:
    """A page of the server and all it has sent, as a browser would know it."""

    page: Page
    messages: list[ForwardMsg]

    async def run(self, *widgets: WidgetState, fragment: str = "") -> list[ForwardMsg]:
        """Send widgets and take in the answer."""
        answer = await self.page.run(widgets=widgets, fragment=fragment)
        self.messages += answer
        return answer

    def id_of(self, key: str) -> str:
        """Return the id of the widget with a key, as it was last drawn."""
        return next(each.id for _, each in self.elements() if each.id.endswith(f"-{key}"))

    def fragment_of(self, key: str) -> str:
        """Return the part of the page in which the widget with a key stands."""
        return next(m.delta.fragment_id for m, e in self.elements() if e.id.endswith(f"-{key}"))

    def id_by_label(self, label: str) -> str:
        return next(e.id for _, e in self.elements() if getattr(e, "label", "") == label)

    def elements(self) -> Iterator[tuple[ForwardMsg, Any]]:
        for message in reversed(self.messages):
            if message.WhichOneof("type") == "delta":
                element = message.delta.new_element
                kind = element.WhichOneof("type")
                if kind and hasattr(getattr(element, kind), "id"):
                    yield message, getattr(element, kind)

    def words(self) -> str:
        """Return everything that was sent, as bytes read as text."""
        return b"".join(m.SerializeToString() for m in self.messages).decode("utf-8", "replace")


def press(id: str) -> WidgetState:
    return WidgetState(id=id, trigger_value=True)


def text(id: str, value: str) -> WidgetState:
    return WidgetState(id=id, string_value=value)


def in_a_tab(
    server: Server,
    name: str,
    act: Callable[[Tab], Awaitable[Any]],
    headers: Mapping[str, str] = ANA,
) -> Any:
    """Open a page, with the collection of these tests, and do something there."""

    async def run() -> Any:
        page = Page(server.url, name, "collection=small", cookies=COOKIES, headers=headers)
        async with page:
            return await act(Tab(page, await page.run()))

    return run_apart(run())


def asked(server: Server, path: str, headers: Mapping[str, str], **more: Any) -> tuple[int, bytes]:
    request = urllib.request.Request(server.url + path, headers=dict(headers), **more)
    try:
        with urllib.request.urlopen(request, timeout=1200) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read()


# What is refused without an identity


@pytest.mark.parametrize("headers", NOBODY, ids=str)
@pytest.mark.parametrize("page", PAGES)
def test_no_page_is_drawn_and_no_message_heard_without_a_name(
    server: Server, page: str, headers: dict[str, str]
) -> None:
    async def nothing(_: Tab) -> None:
        pass

    with pytest.raises(InvalidStatus) as refused:
        in_a_tab(server, page, nothing, headers)
    assert refused.value.response.status_code == 403


def test_two_names_in_one_request_are_none(server: Server) -> None:
    """A proxy that adds its header to one that the browser sent leaves both."""
    assert asked(server, "/", ANA)[0] == 200
    port = int(server.url.rsplit(":", 1)[1])
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1200)
    connection.putrequest("GET", "/")
    connection.putheader("X-Forwarded-User", "ana@example.org")
    connection.putheader("x-forwarded-user", "ben@example.org")
    connection.endheaders()
    assert connection.getresponse().status == 401
    connection.close()


@pytest.mark.parametrize("headers", NOBODY, ids=str)
@pytest.mark.parametrize(
    "path",
    [
        *("/", "/curate", "/index.html", "/app/static/mark.svg", "/_stcore/metrics"),
        *("/_stcore/host-config", "/media/0123.csv", "//media/0123.csv", "/_stcore/../media/0.csv"),
        *("/_stcore/upload_file/a/b", "/component/x/y.js", "/auth/login", "/no/such/page"),
    ],
)
def test_no_address_answers_without_a_name_but_the_one_of_health(
    server: Server, path: str, headers: dict[str, str]
) -> None:
    status, said = asked(server, path, headers)
    assert status == 401
    assert b"small" not in said
    assert asked(server, "/_stcore/health", headers) == (200, b"ok")


# The same acts without a name and with one


def refused_then_done(server: Server, name: str, act: Callable[[Tab], Awaitable[Any]]) -> Any:
    """Try an act with the cookie alone, which must fail at the door; then behind the proxy."""
    for headers in NOBODY[:2]:
        with pytest.raises(InvalidStatus):
            in_a_tab(server, name, act, headers)
    return in_a_tab(server, name, act)


def test_rows_are_discarded_on_the_map_under_the_name_of_the_proxy_alone(
    server: Server, store: Store
) -> None:
    async def discard(tab: Tab) -> None:
        message, link = next(each for each in tab.elements() if each[1].id.endswith("-map_link"))
        points = next(e.bytes for _, e in tab.elements() if e.id.endswith("-map_points"))
        header = json.loads(points[4 : 4 + int.from_bytes(points[:4], "little")])
        selected = {"selection": {"map": header["map"], "rows": encode_rows(np.arange(5))}}
        state = WidgetState(id=link.id, json_value=json.dumps(selected))
        await tab.run(state, fragment=message.delta.fragment_id)
        order = WidgetState(
            id=f"$$STREAMLIT_INTERNAL_KEY_{link.id}__events",
            json_trigger_value=json.dumps([{"event": "action", "value": "discard"}]),
        )
        await tab.run(state, order, fragment=message.delta.fragment_id)

    refused_then_done(server, "curate", discard)
    log = store.decisions.log("small")
    assert {(row.annotator, row.action) for row in log} == {("ana@example.org", "discard")}


def test_a_scheme_is_saved_only_behind_the_proxy(server: Server, store: Store) -> None:
    async def save(tab: Tab) -> None:
        title = text(tab.id_of("curate_scheme_name"), "forged")
        await tab.run(title)
        await tab.run(title, press(tab.id_of("curate_save")))

    refused_then_done(server, "curate", save)
    assert list(store.schemes("small")) == ["forged"]


def test_a_job_is_started_only_behind_the_proxy(server: Server, store: Store) -> None:
    async def start(tab: Tab) -> None:
        await tab.run(press(tab.id_of("train_start")), fragment=tab.fragment_of("train_start"))

    try:
        refused_then_done(server, "train", start)
        (job,) = store.jobs("small")
        assert (job.kind, job.settings["fit"]["base_model"]) == ("train", "bundled-minilm")
    finally:
        for job in store.active_jobs():
            for _ in range(2):
                job_queue.cancel(store, job.id)
        # While it ends, the page offers to stop it in place of starting another one.
        deadline = time.monotonic() + 600
        while store.active_jobs() and time.monotonic() < deadline:
            time.sleep(0.1)


def test_the_field_of_the_base_model_tells_nothing_of_the_disk(
    server: Server, store: Store, tmp_path: Path
) -> None:
    (tmp_path / "config.json").write_text("{}")
    told = set()
    before = [job.id for job in store.jobs()]

    def probe(path: str) -> Callable[[Tab], Awaitable[None]]:
        async def act(tab: Tab) -> None:
            other = text(tab.id_of("train_model"), "Other: folder or hub name")
            await tab.run(other)
            named = text(tab.id_of("train_model_name"), path)
            answer = await tab.run(other, named)
            said = Tab(tab.page, answer).words()
            told.add(said[said.index("This server takes as base model") :][:200])
            await tab.run(other, named, press(tab.id_of("train_start")))

        return act

    for path in ("/etc/ssl", "/etc/no-such-folder", str(tmp_path), "../../etc", "~", "\\etc"):
        in_a_tab(server, "train", probe(path))
    assert len(told) == 1
    assert [job.id for job in store.jobs()] == before


def test_files_are_read_by_path_only_behind_the_proxy_and_never_those_of_the_workspace(
    server: Server, small_collection: Collection
) -> None:
    table = next(server.workspace.glob("artefacts/*/rows.parquet"))
    row = small_collection.synthetic["text"].iloc[0]

    def read(path: str) -> Callable[[Tab], Awaitable[str]]:
        async def act(tab: Tab) -> str:
            await tab.run(press(tab.id_by_label("Add a collection")))
            by_path = text(tab.id_by_label("Files by"), "Path on the server")
            await tab.run(by_path)
            answer = await tab.run(by_path, text(tab.id_by_label("Synthetic rows"), path))
            return Tab(tab.page, answer).words()

        return act

    said = refused_then_done(server, "data", read("rows.csv"))
    assert "2 rows. CSV" in said.replace("\\", "")
    relative = table.relative_to(server.workspace)
    for path in (f"../{relative}", str(table), "../server.lock", str(server.workspace)):
        said = in_a_tab(server, "data", read(path)).replace("\\", "")
        assert "is not inside" in said
        assert row not in said


def test_rows_are_downloaded_only_behind_the_proxy(server: Server) -> None:
    async def download(tab: Tab) -> str:
        session = next(
            m.new_session.initialize.session_id
            for m in tab.messages
            if m.WhichOneof("type") == "new_session"
        )
        button = next(e for _, e in tab.elements() if e.id.endswith("-curate_export_csv"))
        order = BackMsg()
        order.backend_operation_request.request_id = "one"
        order.backend_operation_request.session_id = session
        order.backend_operation_request.deferred_file.file_id = button.deferred_file_id
        answer = await tab.page.ask(order, "backend_operation_response")
        return answer.backend_operation_response.deferred_file.url

    url = refused_then_done(server, "curate", download)
    status, rows = asked(server, url, ANA)
    assert status == 200
    assert b"sample_id" in rows
    for headers in NOBODY:
        status, said = asked(server, url, headers)
        assert status == 401
        assert b"sample_id" not in said


def test_files_are_uploaded_only_behind_the_proxy(server: Server) -> None:
    async def address(tab: Tab) -> str:
        order = BackMsg()
        order.file_urls_request.request_id = "one"
        order.file_urls_request.file_names.append("rows.csv")
        answer = await tab.page.ask(order, "file_urls_response")
        return await asyncio.to_thread(put, answer.file_urls_response.file_urls[0].upload_url)

    def put(url: str) -> tuple[int, int]:
        with urllib.request.urlopen(f"{server.url}/_stcore/health", timeout=1200) as answer:
            token = answer.headers["Set-Cookie"].split(";")[0]
        body = b'--x\r\nContent-Disposition: form-data; name="f"; filename="rows.csv"\r\n\r\na,b'
        body += b"\r\n--x--\r\n"
        headers = {"Content-Type": "multipart/form-data; boundary=x", "Cookie": token}
        headers["X-Xsrftoken"] = token.split("=", 1)[1].strip('"')
        more = {"data": body, "method": "PUT"}
        return asked(server, url, headers, **more)[0], asked(server, url, headers | ANA, **more)[0]

    assert refused_then_done(server, "data", address) == (401, 204)
