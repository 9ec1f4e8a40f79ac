"""What commands say on the error channel while they wait for a job."""

import sys
from collections.abc import Callable

from synthcur.store.records import Job


def print_progress() -> Callable[[Job], None]:
    """Return what says every phase of a job once."""
    said: set[str] = set()

    def say(job: Job) -> None:
        line = job.phase_title or job.status
        if line not in said:
            said.add(line)
            print(f"synthcur: job {job.number}: {line}", file=sys.stderr, flush=True)

    return say
