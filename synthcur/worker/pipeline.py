"""What a worker does with a job: read its spec, run its stages in order.

The stages (`worker.scoring`, `worker.runs`, `worker.learning_runs`) pull in torch,
transformers and umap, seconds each, so they import them where they are first used: by then the
spool has said what comes, and a job that finds its artefacts never waits for them.
"""

import json
from pathlib import Path

from synthcur import demo
from synthcur.environment import set_environment
from synthcur.review.decisions import Decision, judged_collection
from synthcur.settings import ScoreSettings, TrainSettings
from synthcur.store.artefacts import Artefacts
from synthcur.store.spool import Spool
from synthcur.training.learning_curve import LearningCurveSettings
from synthcur.worker.learning_runs import learn
from synthcur.worker.progress import Progress
from synthcur.worker.runs import train
from synthcur.worker.scoring import score

__all__ = ["execute", "learn", "score", "train"]


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
    collection = artefacts.collection(spec["collection_fp"], name=spec["collection"])
    decisions = [Decision(**decision) for decision in spec["decisions"]]
    if spec["kind"] == "score":
        collection = judged_collection(collection, decisions)
        score(collection, ScoreSettings.from_dict(spec["settings"]), artefacts, spool)
        return
    if spec["kind"] == "learning_curve":
        settings = LearningCurveSettings.from_dict(spec["settings"])
        learn(collection, settings, artefacts, spool, job_dir, decisions=decisions)
        return
    train(
        collection,
        TrainSettings.from_dict(spec["settings"]),
        spec["scores"],
        artefacts,
        spool,
        job_dir,
        decisions=decisions,
    )
