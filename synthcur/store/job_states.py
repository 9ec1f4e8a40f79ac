"""The life of a job: the states it can be in, and the moves from one to another.

::

    queued ──> starting ──> running ──> done, failed, cancelled, crashed
      ^            └─> cancelling <─┘        │
      └──────────── resumed ─────────────────┘ (not from done)

The words of a worker may reach the store late, so they can end a job that was taken for dead or
that was queued again meanwhile.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from synthcur.errors import ConflictError


class JobState(StrEnum):
    """State of a job; the values are stored."""

    QUEUED = "queued"
    STARTING = "starting"
    RUNNING = "running"
    CANCELLING = "cancelling"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    CRASHED = "crashed"


class RunState(StrEnum):
    """State of one arm with one seed; the values are stored."""

    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"


_TOLD = frozenset({JobState.DONE, JobState.FAILED, JobState.CANCELLED})
"""Ends that a worker itself tells of."""

MOVES: Mapping[JobState, frozenset[JobState]] = MappingProxyType(
    {
        JobState.QUEUED: _TOLD | {JobState.STARTING, JobState.RUNNING},
        JobState.STARTING: _TOLD | {JobState.RUNNING, JobState.CANCELLING, JobState.CRASHED},
        JobState.RUNNING: _TOLD | {JobState.CANCELLING, JobState.CRASHED},
        JobState.CANCELLING: _TOLD | {JobState.CRASHED},
        JobState.DONE: frozenset(),
        JobState.FAILED: frozenset({JobState.QUEUED}),
        JobState.CANCELLED: frozenset({JobState.QUEUED}),
        JobState.CRASHED: _TOLD | {JobState.QUEUED},
    }
)
"""Where a job can go from each state."""

ACTIVE = (JobState.STARTING, JobState.RUNNING, JobState.CANCELLING)
"""States of a job that should have a living worker."""

OPEN = (JobState.QUEUED, *ACTIVE)
"""States of a job that waits or is worked on: there is one such job of a request at most."""

FINISHED = tuple(state for state in JobState if state not in OPEN)
"""States of a job that nobody works on; only `job_queue.resume` takes it out of one."""

RESUMABLE = tuple(state for state in FINISHED if JobState.QUEUED in MOVES[state])
"""States from which a job can go on."""


def sources(to: JobState) -> tuple[JobState, ...]:
    """Return the states from which a job can go to a state."""
    return tuple(state for state in JobState if to in MOVES[state])


def check_move(number: int, state: JobState, to: JobState) -> None:
    """Refuse a move that is not in `MOVES`.

    Parameters
    ----------
    number
        Of the job, for people.
    state, to
        What it is, and what it should become.

    Raises
    ------
    ConflictError
        If it cannot become that.
    """
    if to not in MOVES[state]:
        raise ConflictError(
            f"Job {number} is {state} and cannot become {to}.",
            fix="Look at the jobs again; nothing was changed.",
        )
