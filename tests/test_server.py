"""The server's doors and its one place in a workspace, on the real process."""

import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from harness.serving import free_port, served

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with served(tmp_path_factory.mktemp("server") / "ws") as running:
        yield running


def handshake(server, *, origin, host="127.0.0.1"):
    """Try to open the app's socket; return the status the server answers with."""
    port = int(server.url.rsplit(":", 1)[1])
    # The client names in its Host header what stands in the address, wherever the socket leads.
    sock = socket.create_connection(("127.0.0.1", port))
    address = f"ws://{host}:{port}/_stcore/stream"
    try:
        with connect(address, origin=origin, subprotocols=["streamlit"], sock=sock):
            return 101
    except InvalidStatus as refused:
        return refused.response.status_code


def test_a_page_of_this_server_may_open_the_socket(server):
    assert handshake(server, origin=server.url) == 101


def test_a_foreign_host_name_is_refused_against_dns_rebinding(server):
    assert handshake(server, host="evil.example", origin="http://evil.example") in (400, 403)


def test_a_foreign_origin_is_refused(server):
    assert handshake(server, origin="http://evil.example") == 403


@pytest.mark.parametrize("path", ["/_stcore/agent/interact", "/mcp"])
def test_no_agent_interface_answers(server, path):
    request = urllib.request.Request(server.url + path, data=b"{}", method="POST")
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=1200)
    assert refused.value.code in (403, 404, 405)


def test_the_server_listens_on_loopback_only(server):
    port = server.url.rsplit(":", 1)[1]
    connections = Path("/proc/net/tcp").read_text().splitlines()[1:]
    listening = f":{int(port):04X} 00000000:0000 0A"
    hosts = {line.split()[1].split(":")[0] for line in connections if listening in line}
    assert hosts == {"0100007F"}


def test_a_second_server_on_the_same_workspace_is_refused_by_name(server):
    command = [sys.executable, "-m", "synthcur", "serve", "--port", str(free_port())]
    second = subprocess.run(
        [*command, "--workspace", str(server.workspace)],
        capture_output=True,
        text=True,
        timeout=1200,
        check=False,
    )
    assert second.returncode == 2
    assert f"process {server.process.pid}" in second.stderr
