"""What a reader process does: read one file within limits and hand its rows on, or say why not.

Started by `data.reader` as ``python -m synthcur.data.read_process``. Standard input brings one line
that says what to read and within which limits; when it ends, so does this process, for whoever
asked is gone. The answer goes to standard output, see `synthcur.data.handover`.
"""

import contextlib
import errno
import json
import os
import resource
import select
import signal
import sys
import threading
from pathlib import Path
from typing import Any, BinaryIO

from synthcur.data.folders import close
from synthcur.data.handover import write_refusal, write_table
from synthcur.data.read_options import ReadOptions
from synthcur.data.reading import read_opened
from synthcur.data.tables import Limits
from synthcur.errors import InputError

OUT_OF_MEMORY, TOO_MUCH, NO_ROOM, ABANDONED = 3, 4, 5, 6
"""Exit codes: memory or the answer has reached its limit, the disk is full, nobody waits."""

_GRACE_SECONDS = 5
"""Whoever asked ends this process when its time is over; it does so itself where nobody does."""
_LOOK_SECONDS = 0.1
_ANSWER_BYTES_PER_BYTE = 2
"""An answer is larger than its file, by the quotes and names around its cells."""


def run() -> int:
    """Read what standard input names and return the exit code of the process."""
    with open(0, "rb", buffering=0, closefd=False) as asked:
        request = json.loads(asked.readline())
    limits = Limits(**request["limits"])
    _keep_within(memory=request["memory"], seconds=request["seconds"], limits=limits)
    threading.Thread(target=_watch, args=[request["memory"]], daemon=True).start()
    # What a library prints must not end up in the answer.
    with os.fdopen(os.dup(1), "wb") as answer:
        os.dup2(2, 1)
        try:
            _answer(request, limits, answer)
            answer.flush()
        except MemoryError:
            return OUT_OF_MEMORY
        except OSError as error:
            return TOO_MUCH if error.errno == errno.EFBIG else NO_ROOM
    return 0


def _answer(request: dict[str, Any], limits: Limits, answer: BinaryIO) -> None:
    name = request["name"]
    try:
        if request["hub"]:
            # What most files do not need: a reader starts without it.
            from synthcur.data.hub_rows import read_hub
            from synthcur.data.hub_source import HubSource

            table = read_hub(HubSource(**request["hub"]), name, limits)
        else:
            files = [(way, os.fdopen(file, "rb")) for way, file in request["files"]]
            options = ReadOptions.from_dict(request["options"])
            table = read_opened(files, name, options=options, limits=limits)
            close(files)
    except InputError as error:
        write_refusal(error, answer)
    except MemoryError:
        raise
    except Exception as error:
        unknown = InputError(
            f"{name} cannot be read: it leads to an error that is not known "
            f"({type(error).__name__}).",
            fix="Write the file again, or in another format.",
        )
        write_refusal(unknown, answer)
    else:
        write_table(table, answer)


def _keep_within(*, memory: int, seconds: float, limits: Limits) -> None:
    """Let the system hold the limits, which holds them in every library as well."""
    whole = int(seconds) + _GRACE_SECONDS
    bounds = {
        # Memory that can be written: address space would count the libraries' code as well. It is
        # the wall behind what `_watch` looks after.
        resource.RLIMIT_DATA: memory + memory // 10,
        resource.RLIMIT_CPU: whole,
        resource.RLIMIT_FSIZE: _ANSWER_BYTES_PER_BYTE * limits.size + 1_000_000,
        resource.RLIMIT_CORE: 0,
    }
    for kind, bound in bounds.items():
        hard = resource.getrlimit(kind)[1]
        bound = bound if hard == resource.RLIM_INFINITY else min(bound, hard)
        resource.setrlimit(kind, (bound, bound))
    signal.alarm(whole)
    with contextlib.suppress(OSError):
        # Where the whole machine runs short, this process is to go rather than the server.
        Path("/proc/self/oom_score_adj").write_text("1000")


def _watch(memory: int) -> None:
    """Leave once memory is over its limit, or with whoever asked.

    Where memory is refused, small objects still find gaps in what is there, each after a search of
    some microseconds, so that a process can go on for minutes without ever failing.
    """
    page = os.sysconf("SC_PAGE_SIZE")
    statm = None
    with contextlib.suppress(OSError):
        statm = os.open("/proc/self/statm", os.O_RDONLY)
    try:
        while True:
            if select.select([0], [], [], _LOOK_SECONDS)[0] and not os.read(0, 1):
                os._exit(ABANDONED)
            # The sixth number: pages that can be written.
            if statm is not None and int(os.pread(statm, 200, 0).split()[5]) * page > memory:
                os._exit(OUT_OF_MEMORY)
    except MemoryError:
        os._exit(OUT_OF_MEMORY)


if __name__ == "__main__":
    code = run()
    # The thread that waits for the end of standard input would hold up an orderly farewell.
    sys.stderr.flush()
    os._exit(code)
