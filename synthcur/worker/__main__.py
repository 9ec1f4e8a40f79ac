"""What a worker process does: say that it lives, do the job, say how it ended.

Started by `synthcur.jobs.job_queue` as ``python -m synthcur.worker FOLDER``, or ahead of its job as
``python -m synthcur.worker --wait`` (see `synthcur.jobs.warm_worker`).
"""

import os
import select
import signal
import sys
import traceback
from pathlib import Path
from types import FrameType

from synthcur.jobs.failures import in_words
from synthcur.jobs.processes import memory_kills, process_identity
from synthcur.store.spool import RESERVE, Spool

COURTESY = 10
"""How far a job steps back (see nice) where it shares processors with the server: people wait."""


REMINDER_SECONDS = 5.0
"""How long after the wish to stop it is raised again: what is raised in the callback of a weak
reference, as every import has them, is only printed, and the job would go on to its end."""


class Cancelled(BaseException):
    """Raised wherever the job is when it is asked to stop; not an error, so nothing catches it."""


def work(folder: Path) -> int:
    """Run the job in `folder` to its end and return the exit code of the process."""
    spool = Spool(folder / "spool.jsonl")
    # Torch takes seconds to import: the store is told of this process before that.
    spool.append(
        "started",
        pid=os.getpid(),
        identity=process_identity(os.getpid()),
        memory_kills=memory_kills(),
        # What an earlier process of this job printed says nothing of how this one ends.
        log_bytes=os.fstat(2).st_size,
    )
    signal.signal(signal.SIGTERM, _stop)
    try:
        from synthcur.worker.pipeline import execute

        execute(folder)
    except Cancelled:
        signal.signal(signal.SIGALRM, signal.SIG_IGN)
        (folder / RESERVE).unlink(missing_ok=True)
        spool.append("cancelled")
        return 0
    except Exception as error:
        traceback.print_exc()
        what, fix = in_words(error, folder)
        # On a full disk the last words need the room that was kept for them.
        (folder / RESERVE).unlink(missing_ok=True)
        spool.append("failed", what=what, fix=fix)
        return 1
    (folder / RESERVE).unlink(missing_ok=True)
    spool.append("done")
    return 0


def wait() -> int:
    """Get everything ready that scoring needs, then do the job that standard input names."""
    from synthcur.worker.warm_up import STEPS

    for step in STEPS:
        if select.select([sys.stdin], [], [], 0)[0]:
            break
        try:
            step()
        except Exception:
            # The job meets the same and says so where it is read.
            break
    folder = sys.stdin.buffer.readline().rstrip(b"\n")
    if not folder:
        return 0
    job = Path(os.fsdecode(folder))
    log = os.open(job / "log.txt", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    for stream in (1, 2):
        os.dup2(log, stream)
    os.close(log)
    return work(job)


def _stop(number: int, frame: FrameType | None) -> None:
    # A second signal must not break into the words said after the first.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGALRM, _stop)
    signal.setitimer(signal.ITIMER_REAL, REMINDER_SECONDS)
    print("Asked to stop.", file=sys.stderr)
    raise Cancelled


if __name__ == "__main__":
    if sys.argv[1] == "--wait":
        sys.exit(wait())
    os.nice(COURTESY)
    sys.exit(work(Path(sys.argv[1])))
