"""What a worker does with a job: read its spec, run its stages in order.

The stages (`worker.scoring`, `worker.runs`, `worker.learning_runs`) pull in torch,
transformers and umap, seconds each, so they import them where they are first used: by then the
spool has said what comes, and a job that finds its artefacts never waits for them.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from synthcur import demo
from synthcur.environment import set_environment
from synthcur.review.decisions import Decision, judged_collection
from synthcur.schema import Collection
from synthcur.settings import ScoreSettings, TrainSettings
from synthcur.store.artefacts import Artefacts
from synthcur.store.job_kinds import JobKind
from synthcur.store.spool import Spool
from synthcur.training.learning_curve import LearningCurveSettings
from synthcur.training.left_out import leaves_out
from synthcur.worker.earlier import Scored, read_earlier
from synthcur.worker.learning_runs import learn
from synthcur.worker.progress import Progress
from synthcur.worker.runs import train
from synthcur.worker.scoring import score

__all__ = ["RUNNERS", "Assignment", "execute", "learn", "score", "train"]


@dataclass(frozen=True)
class Assignment:
    """A job as its worker has read it from ``spec.json``.

    Attributes
    ----------
    collection
        The rows as they were imported.
    earlier
        What was computed of other states of the collection.
    decisions
        What people had decided about them when the job was queued.
    settings
        Those of the job, as plain data.
    scores
        Artefacts of the checkers by name, where the job needs any.
    artefacts, spool, folder
        Where results, words and files of the job go.
    """

    collection: Collection
    earlier: Sequence[Scored]
    decisions: Sequence[Decision]
    settings: Mapping[str, Any]
    scores: Mapping[str, str]
    artefacts: Artefacts
    spool: Spool
    folder: Path


def execute(job_dir: Path) -> None:
    """Do the job whose ``spec.json`` lies in `job_dir`, saying everything through its spool.

    Raises
    ------
    SynthcurError
        If the job cannot be done; the message is meant for a person.
    """
    spec = json.loads((job_dir / "spec.json").read_text("utf-8"))
    spool = Spool(job_dir / "spool.jsonl")
    Progress(spool, "start", "Starting")
    set_environment()
    artefacts = Artefacts(Path(spec["artefacts_root"]), shipped=(demo.ARTEFACTS,))
    # Only what leaves rows out by a further column reads such columns.
    origin = spec.get("origin") if leaves_out(spec["settings"].get("arms", ())) else None
    job = Assignment(
        collection=artefacts.collection(
            spec["collection_fp"], name=spec["collection"], origin=origin
        ),
        earlier=read_earlier(spec),
        decisions=[Decision(**decision) for decision in spec["decisions"]],
        settings=spec["settings"],
        scores=spec["scores"],
        artefacts=artefacts,
        spool=spool,
        folder=job_dir,
    )
    RUNNERS[JobKind(spec["kind"])](job)


def _score(job: Assignment) -> None:
    collection = judged_collection(job.collection, job.decisions)
    settings = ScoreSettings.from_dict(job.settings)
    score(collection, settings, job.artefacts, job.spool, earlier=job.earlier)


def _train(job: Assignment) -> None:
    train(
        job.collection,
        TrainSettings.from_dict(job.settings),
        job.scores,
        job.artefacts,
        job.spool,
        job.folder,
        decisions=job.decisions,
    )


def _learn(job: Assignment) -> None:
    learn(
        job.collection,
        LearningCurveSettings.from_dict(job.settings),
        job.artefacts,
        job.spool,
        job.folder,
        decisions=job.decisions,
    )


RUNNERS: Mapping[JobKind, Callable[[Assignment], None]] = MappingProxyType(
    {JobKind.SCORE: _score, JobKind.TRAIN: _train, JobKind.LEARNING_CURVE: _learn}
)
"""What a worker does for each kind of job."""
