"""What commands answer: plain data for ``--json``, and the same in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from synthcur.checkers import trust as checker_trust
from synthcur.checkers.pool_coverage import is_foreign, warning
from synthcur.checkers.trust import measured
from synthcur.data.labels import in_words
from synthcur.jobs.processes import is_running
from synthcur.schema import Finding
from synthcur.store.records import Job
from synthcur.store.store import Store
from synthcur.weighting.inputs import CHECKER_TITLES, noted_of_pool

MAX_ROW_NUMBERS = 10
MOST_NAMED = 10
"""Lines of a file that a refusal names."""


@dataclass(frozen=True)
class Answer:
    """What a command says."""

    data: Mapping[str, Any]
    text: str


def of_collection(
    store: Store,
    name: str,
    findings: Sequence[Finding] | None = None,
    mapping: Mapping[str, Any] | None = None,
) -> Answer:
    """Describe a collection: its rows and scores; how its files were read and what was found."""
    info = store.collection_info(name)
    collection, found = store.collection(name), store.scores(name)
    scored = {
        kind: {
            role: {
                **said,
                **checker_trust.as_data(measured(scores.trust, collection)).get(role, {}),
            }
            for role, said in scores.trust.items()
        }
        for kind, scores in found.items()
    }
    data: dict[str, Any] = {
        "collection": name,
        "labels": list(collection.labels),
        "rows": dict(info.counts),
        "fingerprint": info.fingerprint,
        "scores": scored,
    }
    covered = _real_covered(store, name)
    if covered is not None:
        data["real_covered"] = dict(covered)
    if findings is not None:
        data["findings"] = [_finding_data(finding) for finding in findings]
    if mapping is not None:
        data["mapping"] = dict(mapping)
    counts = ", ".join(f"{number:,} {part}" for part, number in info.counts.items())
    kinds = " and ".join(scored) or "none yet"
    text = f"{name}: {counts} rows; checkers: {kinds}"
    if covered is not None and is_foreign(covered):
        text += f"\n{warning(covered)}"
    for kind in found:
        doubts = doubt_of_checkers(store, name, kind)
        text += f"\n{CHECKER_TITLES[kind]}: {doubts}" if doubts else ""
    return Answer(data, text)


def doubt_of_checkers(store: Store, name: str, kind: str | None) -> str:
    """Say why a pair of checkers is not to be trusted; empty if it is, or is not there."""
    found = store.scores(name)
    if kind not in found:
        return ""
    return checker_trust.warning(measured(found[kind].trust, store.collection(name)), found)


def version_read(store: Store, job: Job) -> str:
    """Say which version of its collection a job read; empty while there is one alone."""
    known, info = store.versions.all(job.collection), store.collection_info(job.collection)
    if len(known) == 1:
        return ""
    now = "" if job.version == info.version else f"; version {info.version} is open now"
    return f"Trained on version {job.version} of {len(known)}{now}."


def _real_covered(store: Store, name: str) -> Mapping[str, Any] | None:
    for found in store.scores(name).values():
        covered = noted_of_pool(found.artefacts, store.artefacts.meta).get("real_covered")
        if covered is not None:
            return covered
    return None


def in_a_line(finding: Finding) -> str:
    """Write a finding with the first of its rows, its labels and what is proposed."""
    numbers = ", ".join(f"{file}:{row}" for file, row in finding.rows[:MAX_ROW_NUMBERS])
    more = " …" if len(finding.rows) > MAX_ROW_NUMBERS else ""
    state = finding.state.replace("_", " ")
    counts = f"{len(finding.rows)} of {finding.of}: {numbers}{more}"
    said = [f"{state}: {finding.title}: {counts}" if finding.rows else f"{state}: {finding.title}"]
    said += [f"labels {in_words(finding.labels)}"] if finding.labels else []
    if finding.proposal and finding.is_offer:
        said.append(f"offered: {finding.proposal}, only with --accept {finding.code}")
    elif finding.proposal:
        said.append(f"proposal: {finding.proposal} ({finding.code})")
    return "; ".join([*said, *([finding.advice] if finding.advice else [])])


def as_data(job: Job) -> dict[str, Any]:
    """Describe a background job; ``alive`` tells whether its process is there."""
    return {
        "id": job.id,
        "number": job.number,
        "kind": job.kind,
        "collection": job.collection,
        "status": job.status,
        "alive": is_running(job.pid, job.identity),
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
        "left_out": len(finding.excludes),
        "labels": [{"label": label, "rows": number} for label, number in finding.labels],
        "advice": finding.advice,
        "offered": finding.is_offer,
    }
