"""What a worker process does: say that it lives, do the job, say how it ended.

Started by `synthcur.jobs` as ``python -m synthcur.worker FOLDER``.
"""

import os
import signal
import sys
import traceback
from pathlib import Path
from types import FrameType

from synthcur.errors import SynthcurError
from synthcur.processes import process_identity
from synthcur.spool import Spool


class Cancelled(BaseException):
    """Raised wherever the job is when it is asked to stop; not an error, so nothing catches it."""


def work(folder: Path) -> int:
    """Run the job in `folder` to its end and return the exit code of the process."""
    spool = Spool(folder / "spool.jsonl")
    # Torch takes seconds to import: the store is told of this process before that.
    spool.append("started", pid=os.getpid(), identity=process_identity(os.getpid()))
    signal.signal(signal.SIGTERM, _stop)
    try:
        from synthcur.pipeline import execute

        execute(folder)
    except Cancelled:
        spool.append("cancelled")
        return 0
    except SynthcurError as error:
        traceback.print_exc()
        spool.append("failed", what=error.what, fix=error.fix)
        return 1
    except MemoryError:
        traceback.print_exc()
        spool.append(
            "failed",
            what="The memory of this machine was not enough.",
            fix="Lower the batch size or the maximum length, or choose a smaller base model.",
        )
        return 1
    except Exception as error:
        traceback.print_exc()
        spool.append(
            "failed",
            what=f"The worker met an error it does not know ({type(error).__name__}).",
            fix=f"The log says more: {folder / 'log.txt'}",
        )
        return 1
    spool.append("done")
    return 0


def _stop(number: int, frame: FrameType | None) -> None:
    # A second signal must not break into the words said after the first.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print("Asked to stop.", file=sys.stderr)
    raise Cancelled


if __name__ == "__main__":
    sys.exit(work(Path(sys.argv[1])))
