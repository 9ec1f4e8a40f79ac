"""What the store hands out: frozen records of collections, scores, jobs and runs."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from synthcur.store.job_kinds import JobKind
from synthcur.store.job_states import OPEN, JobState, RunState


@dataclass(frozen=True, kw_only=True)
class CollectionInfo:
    """What is known of a collection without reading its rows; `counts` by part.

    `fingerprint` and `origin` are those of `schema.Collection`; collections that an earlier release
    imported have no origin. They are, as `counts`, of the version that is open, number `version`.
    """

    name: str
    title: str
    note: str
    guidelines: Mapping[str, str]
    fingerprint: str
    counts: Mapping[str, int]
    created_at: float
    origin: str | None
    version: int


@dataclass(frozen=True, kw_only=True)
class Version:
    """One state of a collection; see `store.versions`.

    Attributes
    ----------
    number
        From 1, in the order in which they were made.
    parent
        Number of the version it was made from; None of the first.
    fingerprint, origin, counts
        As of `CollectionInfo`.
    created_at, annotator
        When it was made and by whom; earlier releases did not note the latter.
    what
        What happened, in words.
    change
        The same as plain data; ``kind`` says of what kind it is.
    """

    number: int
    parent: int | None
    fingerprint: str
    origin: str | None
    counts: Mapping[str, int]
    created_at: float
    annotator: str
    what: str
    change: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Binned:
    """A collection in the bin: its name there, what it was called, and when it was put there."""

    name: str
    called: str
    title: str
    counts: Mapping[str, int]
    binned_at: float


@dataclass(frozen=True, kw_only=True)
class Scores:
    """Fingerprints of what a score job yielded, and how far its checkers can be trusted."""

    checkers: str
    artefacts: Mapping[str, str]
    trust: Mapping[str, Any]
    created_at: float


@dataclass(frozen=True, kw_only=True)
class Job:
    """One piece of background work and its last known state.

    `number` counts jobs of the workspace for people; `done` of `total` is the present phase. Of
    the jobs that wait, the highest `priority` starts first; `lane` is the queue it waits in, and
    `place` the one of that lane's places it runs in. `recipe` is what a training job has found
    where its recipe is automatic, as `recipe_search.Found.to_dict` writes it.
    """

    id: str
    number: int
    kind: JobKind
    collection: str
    status: JobState
    settings: Mapping[str, Any]
    spec: Mapping[str, Any]
    created_at: float
    started_at: float | None
    ended_at: float | None
    pid: int | None
    identity: str
    phase: str
    phase_title: str
    done: float | None
    total: float | None
    eta_s: float | None
    what: str
    fix: str
    priority: int
    lane: str
    place: int
    recipe: Mapping[str, Any] | None
    folder: Path

    @property
    def is_active(self) -> bool:
        """Whether the job waits or has a living worker, as far as is known."""
        return self.status in OPEN

    @property
    def version(self) -> int:
        """Number of the version of its collection that the job reads."""
        return self.spec.get("version", 1)  # before there were versions, all read the first

    @property
    def has_failed(self) -> bool:
        """Whether the job ended otherwise than it should, and nobody asked it to."""
        return self.status in (JobState.FAILED, JobState.CRASHED)


@dataclass(frozen=True, kw_only=True)
class Run:
    """One arm with one seed; scores are of the test split, ``val_`` of the validation split.

    `val_log_loss` and `learned` (see `trainer.Fit`) are None in runs of release 0.1.

    `predictions` and `dynamics` name artefacts: the probabilities of the test rows, and what the
    model in training said of every row it learned from (see `trainer.Fit`).
    """

    job_id: str
    arm: str
    seed: int
    status: RunState
    steps: int | None
    accuracy: float | None
    macro_f1: float | None
    val_accuracy: float | None
    val_log_loss: float | None
    learned: float | None
    best_epoch: float | None
    predictions: str | None
    dynamics: str | None
    model: str | None
    seconds: float | None
    samples_per_s: float | None
    rows: int | None

    @property
    def is_done(self) -> bool:
        """Whether the run has reached its end."""
        return self.status == RunState.DONE

    @property
    def is_running(self) -> bool:
        """Whether the run goes on, as far as is known."""
        return self.status == RunState.RUNNING


@dataclass(frozen=True, kw_only=True)
class LearningRun:
    """One arm with one seed and `n_real` real training rows, 0 for an arm that reads none.

    `quality_accuracy` is that of the quality checker those rows gave, out of fold, where one was
    asked; `predictions` names an artefact with the probabilities of the test rows. `val_log_loss`
    and `learned` as in `Run`; `unfinished` says why it was still learning when it stopped
    (`unfinished.why_unfinished`), None in runs of release 0.1.
    """

    job_id: str
    arm: str
    seed: int
    n_real: int
    accuracy: float
    macro_f1: float
    val_accuracy: float
    val_log_loss: float | None
    learned: float | None
    unfinished: str | None
    quality_accuracy: float | None
    predictions: str
    seconds: float
    rows: int


def ranked_checkers(scores: Mapping[str, Scores]) -> list[str]:
    """Order kinds of checkers by the measured accuracy of their quality checker, best first.

    Weights are only as good as P', so the pair that reads real rows best is the one to start with.
    """
    return sorted(scores, key=lambda kind: -scores[kind].trust["quality"]["accuracy"])


def chosen_checkers(scores: Mapping[str, Scores], wanted: str | None = None) -> str | None:
    """Choose the checkers that rows are told with.

    Returns
    -------
    str or None
        The kind that is wanted where it has scored the collection, else the first of
        `ranked_checkers`; None without scores.
    """
    return wanted if wanted in scores else next(iter(ranked_checkers(scores)), None)
