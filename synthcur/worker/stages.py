"""One stage of a job: its result is kept under a name, and what is kept is not computed again."""

from collections.abc import Callable
from dataclasses import dataclass

from synthcur.checkers.scores import Computed
from synthcur.store.artefacts import Artefacts
from synthcur.store.spool import Spool
from synthcur.worker.progress import Progress


@dataclass(frozen=True)
class Phase:
    """What people are told while a stage computes; see `Progress`.

    Attributes
    ----------
    name, title
        Its stable name, and its name for people.
    total
        Units of work; 0 when they cannot be counted.
    """

    name: str
    title: str
    total: int = 0


def run_stage(
    name: str,
    phase: Phase | None,
    compute: Callable[[Progress | None], Computed],
    artefacts: Artefacts,
    spool: Spool | None,
) -> str:
    """Compute a result and keep it, unless it is kept already.

    Parameters
    ----------
    name
        Fingerprint of everything that goes into the result.
    phase
        Told before anything is computed; None for what takes no time.
    compute
        Given the progress to be told on, or None where nobody hears of it.
    artefacts
        Where the result is kept.
    spool
        Who hears of the phase, if anybody does.

    Returns
    -------
    str
        The `name`.
    """
    if not artefacts.has(name):
        progress = None
        if spool is not None and phase is not None:
            progress = Progress(spool, phase.name, phase.title, total=phase.total)
        computed = compute(progress)
        artefacts.write(name, arrays=computed.arrays, meta=computed.meta)
    return name
