"""Read a file in a process of its own, which may die of it: nobody else does.

A file of a kilobyte can ask for all memory, run for hours or end the library that reads it. So no
file of a user is parsed by the server or the command line: a fresh process reads it within limits
of memory, time, rows and bytes, and whatever becomes of that process is an `InputError` in words.
The files between the two have no name, so nothing of them is left however either side ends.
"""

import json
import math
import os
import signal
import subprocess
import sys
import tempfile
import time
import weakref
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO, cast

from synthcur.data.folders import OpenFile, close
from synthcur.data.handover import read_answer
from synthcur.data.hub_source import HubSource
from synthcur.data.read_options import GUESSED, ReadOptions
from synthcur.data.read_process import NO_ROOM, OUT_OF_MEMORY, TOO_MUCH
from synthcur.data.reading import open_source, source_name
from synthcur.data.tables import LIMITS, Limits, RawTable
from synthcur.errors import InputError

MEMORY_VARIABLE = "SYNTHCUR_READ_MEMORY_MB"
SECONDS_VARIABLE = "SYNTHCUR_READ_SECONDS"
SIZE_VARIABLE = "SYNTHCUR_READ_SIZE_MB"
ROWS_VARIABLE = "SYNTHCUR_READ_ROWS"

MEMORY = 4_000_000_000
"""Bytes a reader may take where the machine has twice as many; otherwise half of what it has."""
SECONDS = 300.0

_MB = 1_000_000
_ROOT = Path(__file__).resolve().parents[2]
_HANDED_ON = ("PATH", "PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "LANG", "LC_ALL")
"""Of the environment: a process that a hostile file may take over is told no token."""
_FRUGAL = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "ARROW_IO_THREADS": "1",
    # Arrow's own allocator sets aside a gigabyte, which counts as if it were used.
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    # Near the limit glibc would try to set aside another 128 MB for each small object.
    "MALLOC_ARENA_MAX": "1",
}
_HUB = (
    *("HF_ENDPOINT", "HF_HOME", "HF_HUB_CACHE", "HF_HUB_OFFLINE", "HOME", "XDG_CACHE_HOME"),
    *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"),
    *("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"),
)
"""Of the environment, for a process that reads from the hub."""
_TOKEN = "HF_TOKEN"
_NO_TOKEN = {"HF_HUB_DISABLE_IMPLICIT_TOKEN": "1"}
_QUIET = {"HF_HUB_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1", "USE_TORCH": "0"}
_NO_MEMORY = (
    *("bad_alloc", "cannot allocate memory", "out of memory", "memoryerror"),
    *("memory allocation of", "capacity overflow"),
)
_LAST_WORDS = 10_000


@dataclass(frozen=True)
class ReadLimits:
    """What reading one file may take.

    Attributes
    ----------
    table
        What the file may hold.
    memory
        Bytes of memory of the process.
    seconds
        From its start to its end.
    """

    table: Limits = LIMITS
    memory: int = MEMORY
    seconds: float = SECONDS


def read_limits(environment: Mapping[str, str] = os.environ) -> ReadLimits:
    """Return the limits of this machine, as the environment changes them.

    Raises
    ------
    InputError
        If a variable is not a number above 0.
    """

    def given(variable: str, usual: float, unit: float = 1) -> float:
        text = environment.get(variable, "")
        try:
            value = float(text) * unit if text else usual
        except ValueError:
            value = 0.0
        if not 0 < value < math.inf:
            raise InputError(
                f"{variable} is “{text[:60]}”.", fix="Set it to a number above 0, or not at all."
            )
        return value

    table = replace(
        LIMITS,
        size=int(given(SIZE_VARIABLE, LIMITS.size, _MB)),
        rows=int(given(ROWS_VARIABLE, LIMITS.rows)),
    )
    half = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2
    memory = given(MEMORY_VARIABLE, min(MEMORY, half), _MB)
    return ReadLimits(table, int(memory), given(SECONDS_VARIABLE, SECONDS))


class Reading:
    """One file on its way through a process of its own, which ends with this object at the latest.

    Parameters
    ----------
    source, name, options
        As of `synthcur.data.reading.read_table`; the source may be one of the hub.
    limits
        Those of the environment unless given.
    with_token
        Whether the hub is told the token of whoever runs this process, which lets private data
        sets be read; where others say what is read, it is not.

    Raises
    ------
    InputError
        If there is no such file, or no process can be started.
    """

    def __init__(
        self,
        source: str | Path | bytes | HubSource,
        name: str = "",
        *,
        options: ReadOptions = GUESSED,
        limits: ReadLimits | None = None,
        with_token: bool = False,
    ) -> None:
        hub = source if isinstance(source, HubSource) else None
        self.name = source_name(source.name if isinstance(source, HubSource) else source, name)
        self._limits = limits or read_limits()
        self._is_late = False
        files: list[OpenFile] = []
        try:
            files = [] if isinstance(source, HubSource) else _opened(source)
            self._answer, self._words = _nameless(), _nameless()
            more = {} if hub is None else _hub_environment(with_token)
            self._process = _started(self._answer, self._words, files, more)
            self._end = weakref.finalize(self, _end, self._process)
            self._deadline = time.monotonic() + self._limits.seconds
            self._ask(files, hub, options)
        except OSError as error:
            raise InputError(
                f"{self.name} cannot be read: {error.strerror or error}.",
                fix="Free some memory and disk space, then try again.",
            ) from error
        finally:
            close(files)

    def _ask(self, files: Sequence[OpenFile], hub: HubSource | None, options: ReadOptions) -> None:
        request = {
            "hub": hub and asdict(hub),
            "files": [(way, file.fileno()) for way, file in files],
            "name": self.name,
            "options": options.to_dict(),
            "limits": asdict(self._limits.table),
            "memory": self._limits.memory,
            "seconds": self._limits.seconds,
        }
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):  # it died at once; its end says why
            self._process.stdin.write(json.dumps(request).encode() + b"\n")

    @property
    def pid(self) -> int:
        """Process that reads."""
        return self._process.pid

    def wait(self, seconds: float) -> bool:
        """Wait up to so many seconds; return whether the process has ended, or its time has."""
        left = self._deadline - time.monotonic()
        try:
            self._process.wait(max(0.0, min(seconds, left)))
        except subprocess.TimeoutExpired:
            if left > seconds:
                return False
            self._is_late = True
            self.stop()
        return True

    def stop(self) -> None:
        """End the process, whether or not it has finished."""
        self._end()

    def table(self) -> RawTable:
        """Wait for the end and return the rows.

        Raises
        ------
        InputError
            If the file cannot be read as a table, or not within the limits.
        """
        while not self.wait(self._limits.seconds):
            pass
        self.stop()
        if self._process.returncode != 0:
            raise self._death()
        self._answer.seek(0)
        try:
            return read_answer(self._answer).as_frame()
        except ValueError as error:
            raise InputError(
                f"The process that read {self.name} gave an answer that cannot be used.",
                fix="The file may be damaged or hostile: write it again, or as CSV.",
            ) from error

    def _death(self) -> InputError:
        """Say why the process ended without an answer."""
        code, limits = self._process.returncode, self._limits
        if self._is_late or code in (-signal.SIGXCPU, -signal.SIGALRM):
            took = f"takes more than {limits.seconds:,g} seconds to be read"
            return self._over(took, SECONDS_VARIABLE)
        if code == OUT_OF_MEMORY or self._ran_short():
            took = f"takes more than {limits.memory / _MB:,.0f} MB of memory to be read"
            return self._over(took, MEMORY_VARIABLE)
        if code == TOO_MUCH:
            held = f"holds more than {limits.table.size / _MB:,.0f} MB once read"
            return self._over(held, SIZE_VARIABLE)
        if code == NO_ROOM:
            return InputError(
                f"There is no room on the disk for the rows of {self.name}.",
                fix=f"Free some space in {tempfile.gettempdir()}, then try again.",
            )
        how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        return InputError(
            f"The process that read {self.name} ended without an answer ({how}); it may take "
            f"{limits.memory / _MB:,.0f} MB and {limits.seconds:,g} seconds.",
            fix="The file may be damaged, or memory short: write it again, or as CSV; then retry.",
        )

    def _over(self, what: str, variable: str) -> InputError:
        return InputError(
            f"{self.name} {what}, the limit.",
            fix="Split the file, or leave out columns that are not needed; "
            f"whoever runs synthcur can raise {variable}.",
        )

    def _ran_short(self) -> bool:
        """Whether a library ended the process for want of memory and left only these words."""
        size = self._words.seek(0, os.SEEK_END)
        self._words.seek(max(0, size - _LAST_WORDS))
        words = self._words.read().decode("utf-8", "replace").lower()
        return any(each in words for each in _NO_MEMORY)


def read_in_child(
    source: str | Path | bytes | HubSource,
    name: str = "",
    *,
    options: ReadOptions = GUESSED,
    limits: ReadLimits | None = None,
) -> RawTable:
    """Read a file or the bytes of an upload in a process of its own.

    Parameters
    ----------
    source, name, options, limits
        As of `Reading`.

    Returns
    -------
    RawTable
        Equal to what `synthcur.data.reading.read_table` returns.

    Raises
    ------
    InputError
        If the file cannot be read as a table, or not within the limits; the message names the
        place or the limit, and the remedy.
    """
    reading = Reading(source, name, options=options, limits=limits, with_token=True)
    try:
        return reading.table()
    finally:
        reading.stop()


def _nameless() -> BinaryIO:
    return cast(BinaryIO, tempfile.TemporaryFile(prefix="synthcur-"))


def _opened(source: str | Path | bytes) -> list[OpenFile]:
    """Return open files of what is to be read, at their start."""
    if not isinstance(source, bytes):
        return open_source(source)
    file = _nameless()
    file.write(source)
    file.seek(0)
    return [("", file)]


def _started(
    answer: BinaryIO, words: BinaryIO, files: Sequence[OpenFile], more: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    kept = {name: os.environ[name] for name in _HANDED_ON if name in os.environ}
    return subprocess.Popen(
        [sys.executable, "-m", "synthcur.data.read_process"],
        stdin=subprocess.PIPE,
        stdout=answer,
        stderr=words,
        pass_fds=[file.fileno() for _, file in files],
        # A key that stops the command line stops the reader by way of it, in order.
        start_new_session=True,
        cwd=_ROOT,
        env={**kept, **_FRUGAL, **more},
        bufsize=0,
    )


def _hub_environment(with_token: bool) -> dict[str, str]:
    kept = {name: os.environ[name] for name in _HUB if name in os.environ}
    token = {_TOKEN: os.environ[_TOKEN]} if with_token and _TOKEN in os.environ else {}
    return {**kept, **_QUIET, **token, **({} if with_token else _NO_TOKEN)}


def _end(process: subprocess.Popen[Any]) -> None:
    if process.poll() is None:
        process.kill()
        process.wait()
    if process.stdin is not None:
        process.stdin.close()
