"""A page as the server sees it: a client that speaks Streamlit's protocol and draws nothing.

It costs the server what a browser on another machine costs it, so many of them leave the cores of
this one to what is measured.
"""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Self

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.asyncio.client import ClientConnection, connect

MOST_BYTES = 64 * 1024 * 1024
ANSWER_SECONDS = 60


@dataclass
class Page:
    """One open page of a server.

    Attributes
    ----------
    url
        Of the server, ``http://...``.
    name
        Of the page, as in its address.
    query
        What stands behind the ``?`` of its address.
    cookies
        Of the browser, by name.
    headers
        Further ones of the request, such as a proxy adds.
    received
        Bytes that came from the server.
    errors
        Exceptions that the server drew on the page.
    """

    url: str
    name: str
    query: str = ""
    cookies: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    received: int = 0
    errors: int = 0
    _script: str = ""
    _known: dict[str, ForwardMsg] = field(default_factory=dict)

    async def __aenter__(self) -> Self:
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        self._socket: ClientConnection = await connect(
            f"{self.url.replace('http', 'ws', 1)}/_stcore/stream",
            origin=self.url,  # type: ignore[arg-type]
            subprotocols=["streamlit"],  # type: ignore[list-item]
            additional_headers={**self.headers, **({"Cookie": cookie} if cookie else {})},
            max_size=MOST_BYTES,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._socket.close()

    async def run(
        self,
        *,
        texts: Mapping[str, str] | None = None,
        states: Mapping[str, str] | None = None,
        widgets: Iterable[WidgetState] = (),
        fragment: str = "",
    ) -> list[ForwardMsg]:
        """Ask for one run of the page, or of one part of it, and return all of the answer.

        Parameters
        ----------
        texts
            New values of widgets that have a text, such as a choice, by id.
        states
            New states of components, as JSON, by id.
        widgets
            Other widgets as the protocol writes them, such as a button that was pressed.
        fragment
            Part of the page that is run; "" for the whole page. Without new states it counts as a
            part that asks for itself.
        """
        asked = BackMsg()
        asked.rerun_script.page_name = "" if self._script else self.name
        asked.rerun_script.page_script_hash = self._script
        asked.rerun_script.query_string = self.query
        asked.rerun_script.cached_message_hashes.extend(self._known)
        for name, text in (texts or {}).items():
            asked.rerun_script.widget_states.widgets.add(id=name, string_value=text)
        for name, state in (states or {}).items():
            asked.rerun_script.widget_states.widgets.add(id=name, json_value=state)
        asked.rerun_script.widget_states.widgets.extend(widgets)
        if fragment:
            asked.rerun_script.fragment_id = fragment
            asked.rerun_script.is_auto_rerun = not (texts or states)
        await self._socket.send(asked.SerializeToString())
        return await self._answer()

    async def ask(self, asked: BackMsg, kind: str) -> ForwardMsg:
        """Send a message that runs nothing and return the first answer of a kind."""
        await self._socket.send(asked.SerializeToString())
        while True:
            raw = await asyncio.wait_for(self._socket.recv(), timeout=ANSWER_SECONDS)
            assert isinstance(raw, bytes)
            message = ForwardMsg.FromString(raw)
            if message.WhichOneof("type") == kind:
                return message

    async def _answer(self) -> list[ForwardMsg]:
        messages = []
        while True:
            raw = await asyncio.wait_for(self._socket.recv(), timeout=ANSWER_SECONDS)
            assert isinstance(raw, bytes)
            self.received += len(raw)
            message = ForwardMsg.FromString(raw)
            kind = message.WhichOneof("type")
            if kind == "ref_hash":
                message = self._known[message.ref_hash]
                kind = message.WhichOneof("type")
            elif message.hash and message.metadata.cacheable:
                self._known[message.hash] = message
            messages.append(message)
            if kind == "navigation":  # the frame says which page the address has led to
                self._script = message.navigation.page_script_hash
            elif kind == "delta" and message.delta.new_element.WhichOneof("type") == "exception":
                self.errors += 1
            # A part that asks for the whole page is followed by the whole page.
            elif (
                kind == "script_finished"
                and message.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN
            ):
                return messages
