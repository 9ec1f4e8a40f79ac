"""What commands answer: plain data for ``--json``, and the same in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from synthcur.errors import ConflictError, TakenError
from synthcur.pool_fit import is_foreign, warning
from synthcur.processes import process_identity
from synthcur.records import Job
from synthcur.schema import Finding
from synthcur.scored import noted_of_pool
from synthcur.store import Store

MAX_ROW_NUMBERS = 10
MOST_NAMED = 10
"""Lines of a file that a refusal names."""


@dataclass(frozen=True)
class Answer:
    """What a command says."""

    data: Mapping[str, Any]
    text: str


def of_collection(store: Store, name: str, findings: Sequence[Finding] | None = None) -> Answer:
    """Describe a collection: its rows, its scores, and what was found when it was imported."""
    info = store.collection_info(name)
    scored = {kind: dict(found.trust) for kind, found in store.scores(name).items()}
    data: dict[str, Any] = {
        "collection": name,
        "labels": list(store.collection(name).labels),
        "rows": dict(info.counts),
        "fingerprint": info.fingerprint,
        "scores": scored,
    }
    covered = _real_covered(store, name)
    if covered is not None:
        data["real_covered"] = dict(covered)
    if findings is not None:
        data["findings"] = [_finding_data(finding) for finding in findings]
    counts = ", ".join(f"{number:,} {part}" for part, number in info.counts.items())
    kinds = " and ".join(scored) or "none yet"
    text = f"{name}: {counts} rows; checkers: {kinds}"
    if covered is not None and is_foreign(covered):
        text += f"\n{warning(covered)}"
    return Answer(data, text)


def _real_covered(store: Store, name: str) -> Mapping[str, Any] | None:
    for found in store.scores(name).values():
        covered = noted_of_pool(found.artefacts, store.artefacts.meta).get("real_covered")
        if covered is not None:
            return covered
    return None


def in_a_line(finding: Finding) -> str:
    """Write a finding with the first of its rows."""
    numbers = ", ".join(f"{file}:{row}" for file, row in finding.rows[:MAX_ROW_NUMBERS])
    more = " …" if len(finding.rows) > MAX_ROW_NUMBERS else ""
    state = finding.state.replace("_", " ")
    return f"{state}: {finding.title}: {len(finding.rows)} of {finding.of}: {numbers}{more}"


def as_data(job: Job) -> dict[str, Any]:
    """Describe a background job; ``alive`` tells whether its process is there."""
    alive = job.pid is not None and process_identity(job.pid) == job.identity != ""
    return {
        "id": job.id,
        "number": job.number,
        "kind": job.kind,
        "collection": job.collection,
        "status": job.status,
        "alive": alive,
        "phase": job.phase_title,
        "done": job.done,
        "total": job.total,
        "eta_s": job.eta_s,
        "what": job.what,
        "fix": job.fix,
    }


def _finding_data(finding: Finding) -> dict[str, Any]:
    return {
        "code": finding.code,
        "title": finding.title,
        "state": finding.state,
        "rows": [{"file": file, "row": row} for file, row in finding.rows],
        "of": finding.of,
        "proposal": finding.proposal,
    }


def refused_lines(path: Path, taken: Mapping[int, TakenError], n: int) -> ConflictError:
    """Return the refusal of decisions from a file that are about other people's rows.

    Parameters
    ----------
    path
        The file.
    taken
        Whose rows they are about, by line.
    n
        Decisions in the file.
    """
    words = {False: "has decided it", True: "has it before them now"}
    named = [
        f"line {line}: {error.who} {words[error.is_held]}"
        for line, error in list(taken.items())[:MOST_NAMED]
    ]
    if len(taken) > MOST_NAMED:
        named.append(f"and {len(taken) - MOST_NAMED:,} more")
    are = "is about a row that is" if len(taken) == 1 else "are about rows that are"
    return ConflictError(
        f"{path}: {len(taken):,} of {n:,} decisions {are} somebody else’s "
        f"({'; '.join(named)}). Nothing was applied.",
        fix="Leave those lines out. --override replaces what others have decided; a row that "
        "somebody has before them is free ten minutes after their last message.",
    )
