"""A pre-warmed worker process for short jobs: its imports are done before the job is known.

Importing torch and compiling UMAP take far longer than scoring a small collection. A spare process
does both before its job is known, takes exactly one job and ends with it: to whoever follows, stops
or kills it, it is the process of that job like any other. It leaves when nothing came for some
minutes, and when its standard input ends, which it does with the process that started it, however
that ends.
"""

import os
import subprocess
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

IDLE_SECONDS = 600.0
"""A spare that nobody needed leaves after this."""


class Spare:
    """At most one waiting process.

    Parameters
    ----------
    command
        Starts a process that reads the folder of its job from standard input.
    cwd, env
        Where and with what environment.
    idle_s
        See `IDLE_SECONDS`.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        cwd: Path,
        env: Mapping[str, str],
        idle_s: float = IDLE_SECONDS,
    ) -> None:
        self._command, self._cwd, self._env, self._idle_s = list(command), cwd, dict(env), idle_s
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._timer: threading.Timer | None = None

    def prepare(self) -> None:
        """Start the process unless one waits; either way it waits from now on."""
        with self._lock:
            if self._process is not None and self._process.poll() is not None:
                self._process = None
            if self._process is None:
                self._process = self._started()
            self._restart_clock()

    def take(self, folder: Path) -> subprocess.Popen[bytes] | None:
        """Give the waiting process its job; None if none waits."""
        with self._lock:
            process, self._process = self._process, None
            self._stop_clock()
        if process is None or process.poll() is not None:
            return None
        assert process.stdin is not None
        try:
            process.stdin.write(os.fsencode(folder) + b"\n")
            process.stdin.close()
        except OSError:
            return None
        return process

    def dismiss(self) -> None:
        """Let the waiting process leave."""
        with self._lock:
            process, self._process = self._process, None
            self._stop_clock()
        if process is None:
            return
        assert process.stdin is not None
        process.stdin.close()
        threading.Thread(target=process.wait, daemon=True).start()

    def _started(self) -> subprocess.Popen[bytes] | None:
        try:
            return subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                cwd=self._cwd,
                env=self._env,
                bufsize=0,
            )
        except OSError:
            # A job that comes starts a process of its own, and says why that fails.
            return None

    def _restart_clock(self) -> None:
        self._stop_clock()
        self._timer = threading.Timer(self._idle_s, self.dismiss)
        self._timer.daemon = True
        self._timer.start()

    def _stop_clock(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
