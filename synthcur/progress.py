"""How far a phase of a job is, told to its spool."""

import time

from synthcur.spool import Spool

PHASE_SECONDS = 0.5
"""Least time between two records of one phase, its first and last left out."""


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
        self._began = self._told = time.monotonic()
        self._tell(0)

    def __call__(self, done: int, total: int | None = None) -> None:
        """Say how much is done; a `total` replaces the one given before."""
        self._total = self._total if total is None else total
        if done >= self._total or time.monotonic() - self._told >= PHASE_SECONDS:
            self._tell(done)

    def _tell(self, done: int) -> None:
        self._told = time.monotonic()
        left = (self._told - self._began) / done * (self._total - done) if done else None
        self._spool.append(
            "phase", phase=self._phase, title=self.title, done=done, total=self._total, eta_s=left
        )
