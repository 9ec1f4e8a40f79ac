"""A process that opens a store and is killed at one of the steps of what it does."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from harness.house import ROOT

CODE = """
import os, signal, sys
from pathlib import Path
from synthcur.store import erasing, life, sweeping
from synthcur.store.store import Store

store, steps = Store(Path(sys.argv[1])), int(sys.argv[2])

def counted(call):
    def step(*given, **named):
        global steps
        steps -= 1
        if steps < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return call(*given, **named)
    return step

for place in sys.argv[3].split(","):
    module, _, name = place.rpartition(".")
    module = eval(module)
    setattr(module, name, counted(getattr(module, name)))
"""


def killed_at(workspace: Path, steps: int, places: Sequence[str], what: str, *given: str) -> None:
    """Do something with a store in a process of its own that dies after so many steps.

    Parameters
    ----------
    workspace
        Of the store.
    steps
        Calls of `places` that it lives to make.
    places
        Functions of ``erasing``, ``life`` and ``sweeping`` that count as steps.
    what
        A line of Python on ``store``; `given` begins at ``sys.argv[4]``.
    """
    done = subprocess.run(
        [sys.executable, "-c", CODE + what, str(workspace), str(steps), ",".join(places), *given],
        check=False,
        capture_output=True,
        cwd=ROOT,
        env={**os.environ},
    )
    assert done.returncode in (0, -signal.SIGKILL), done.stderr.decode()
