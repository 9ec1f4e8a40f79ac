"""How far a phase of a job is, told to its spool."""

import time
from collections import deque

from synthcur.store.spool import Spool

PHASE_SECONDS = 0.5
"""Least time between two records of one phase, its first and last left out."""

PACE_RECORDS = 240
"""Records whose pace gives the time left: the last two minutes."""


class Progress:
    """One phase of a job, with the time left.

    Parameters
    ----------
    spool
        Where to.
    phase, title
        Its stable name, and its name for people, which may change on the way.
    total
        Units of work; 0 when they cannot be counted.
    """

    def __init__(self, spool: Spool, phase: str, title: str, *, total: int = 0) -> None:
        self.title = title
        self._spool, self._phase, self._total = spool, phase, total
        self._pace: deque[tuple[float, int]] = deque(maxlen=PACE_RECORDS)
        self._tell(0)

    def __call__(self, done: int, total: int | None = None) -> None:
        """Say how much is done; a `total` replaces the one given before."""
        self._total = self._total if total is None else total
        if done >= self._total or time.monotonic() - self._told >= PHASE_SECONDS:
            self._tell(done)

    def _tell(self, done: int) -> None:
        self._told = time.monotonic()
        left = self._left(done) if done else None
        self._spool.append(
            "phase", phase=self._phase, title=self.title, done=done, total=self._total, eta_s=left
        )

    def _left(self, done: int) -> float | None:
        """Return the seconds left, None before there is a pace.

        It counts from the first work that was told: loading comes before it only once, and what a
        resumed job finds done took no time.
        """
        self._pace.append((self._told, done))
        since, before = self._pace[0]
        if done >= self._total:
            return 0.0
        return (
            (self._told - since) / (done - before) * (self._total - done) if done > before else None
        )
