"""The real server in a process of its own, as a user starts it."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

START_SECONDS = 600
SYNTHCUR = (sys.executable, "-m", "synthcur")


@dataclass
class Server:
    """A running server and where to find it."""

    url: str
    workspace: Path
    process: subprocess.Popen

    def kill(self) -> None:
        """End it without warning, as a crash would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def served(
    workspace: Path,
    *,
    port: int | None = None,
    command: Sequence[str] = SYNTHCUR,
    folder: Path | None = None,
) -> Iterator[Server]:
    """Serve a workspace until the block is left, by a command that is started in a folder."""
    port = port or free_port()
    log = workspace.parent / f"server-{port}.log"
    with open(log, "ab") as output:
        process = subprocess.Popen(
            [*command, "serve", "--port", str(port), "--workspace", str(workspace)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=folder,
            env=dict(os.environ),
        )
    server = Server(f"http://127.0.0.1:{port}", workspace, process)
    try:
        _wait_until_healthy(server, log)
        yield server
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                server.kill()


def _wait_until_healthy(server: Server, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.process.poll() is None:
        try:
            with urllib.request.urlopen(f"{server.url}/_stcore/health", timeout=1) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"the server did not start:\n{log.read_text()[-3000:]}")
