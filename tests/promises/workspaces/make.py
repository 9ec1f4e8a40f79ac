"""Make the workspace that stands for a release, with rows in every table.

    python -m tests.promises.workspaces.make 0.2.0

writes ``tests/promises/workspaces/0.2.0``. Run it with the code of the release before the release
is made; while it is not, as often as its database or its records change. A workspace of a release
that people have is left as it is: the folder is refused where it belongs to an earlier version.

Arrays are invented and tiny, and the folder of the kept model has no weights.
"""

import argparse
import json
import shutil
import sqlite3
import tempfile
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np

from harness import samples
from harness.collections import add_scores, make_collection, make_scores
from synthcur.data import changes
from synthcur.review.decisions import Decision
from synthcur.schema import REAL, SYNTHETIC, TEST, Collection, sample_ids
from synthcur.settings import (
    FitSettings,
    ScoreSettings,
    TrainSettings,
    WeightingSettings,
    fingerprint,
)
from synthcur.store.job_states import ACTIVE
from synthcur.store.records import Job
from synthcur.store.spool import Spool
from synthcur.store.store import Store
from synthcur.training.learning_curve import LearningCurveSettings
from tests.promises.workspaces import FOLDER, order, summary

HOME = "/srv/synthcur"
"""Where the workspace says it was made: like most that are opened by a later release, it moved."""

NAME, PAIRS = "small", "pairs"
FIT = FitSettings(epochs=2)
ARMS = {"ce": 0.6, "imp": 0.8, "dimp": 0.75}
"""Arms of the finished training job, each with about the accuracy of its invented predictions."""


def make(folder: Path) -> None:
    """Fill a new workspace."""
    store = Store(folder)
    collection = _collection()
    store.add_collection(collection)
    store.add_collection(_pairs())
    add_scores(store, collection, scores=make_scores(collection))
    add_scores(store, collection, checkers="finetune", scores=make_scores(collection, seed=1))
    _curate(store, collection)
    _review(store, collection)
    _score(store)
    _train(store, collection)
    _end_badly(store, collection)
    _learning_curve(store, collection)
    _leave_running(store)
    _grow(store)
    (folder / "summary.json").write_text(
        json.dumps(summary.read(store), indent=1, ensure_ascii=False) + "\n", "utf-8"
    )
    store.close()


def _collection() -> Collection:
    rows = [
        (SYNTHETIC, "train", text, label)
        for label in samples.LABELS
        for text in samples.SYNTHETIC[label]
    ]
    rows += [
        (REAL, split, text, label)
        for split, part in samples.REAL_PARTS.items()
        for label in samples.LABELS
        for text in samples.REAL[label][part]
    ]
    found = make_collection(NAME, rows, samples.LABELS, title="Plant nursery", note="Mail, 2024")
    n = len(found.rows)
    further = found.provenance.assign(
        price=np.arange(n) / 4, language=["en", None] * (n // 2), is_new=[True, False] * (n // 2)
    )
    return replace(found, provenance=further, guidelines={samples.LABELS[0]: "Where is my parcel?"})


def _pairs() -> Collection:
    """Pairs of texts, of which the app drew the validation and the test rows."""
    texts = samples.SYNTHETIC[samples.LABELS[0]][:4]
    rows = [
        (source, split, f"{text} {source} {split}", label)
        for source, split in ((SYNTHETIC, "train"), *((REAL, each) for each in samples.REAL_PARTS))
        for text, label in zip(texts, ("same", "other") * 2, strict=True)
    ]
    found = make_collection(PAIRS, rows, ("other", "same"), title="Pairs")
    frame = found.rows.assign(text_pair=found.rows["text"].str.upper())
    frame = frame.assign(sample_id=sample_ids(frame))
    return replace(found, rows=frame, made_splits=("validation", "test"))


def _curate(store: Store, collection: Collection) -> None:
    ids = collection.synthetic["sample_id"].tolist()
    store.save_scheme(NAME, "plain", WeightingSettings())
    store.save_scheme(
        NAME,
        "honest",
        WeightingSettings(diversity="out_of_fold", clip_low=-2.0, floor=0.1, normalise=True),
    )
    store.tags.add(NAME, ids[:3], "to discuss", annotator="Ana")
    store.tags.add(NAME, ids[2:4], "naïve “quote”", annotator="Ben")
    clusters = store.scores(NAME)["probe"].artefacts["clusters"]
    store.cluster_names.rename(NAME, clusters, 1, "late parcels", annotator="Ana")
    store.turns.set_overlap(NAME, 0.25)
    store.set_guidelines(
        NAME, {samples.LABELS[0]: "Where is my parcel?", samples.LABELS[1]: "Bugs & slugs"}
    )


def _review(store: Store, collection: Collection) -> None:
    """Decide in every way there is, with undo, redo, batches and people who differ."""
    ids = collection.synthetic["sample_id"].tolist()
    sent = 0

    def decide(who: str, *rows: Decision, seen: Sequence[int] | None = None) -> None:
        nonlocal sent
        sent += 1
        decisions = [replace(row, annotator=who) for row in rows]
        versions = store.decisions.state(NAME).versions
        expected = seen or [versions.get(row.sample_id, 0) for row in rows]
        store.decisions.append_batch(NAME, decisions, f"tab-{who}", sent, expected=expected)

    def take_back(who: str, *, again: bool = False) -> None:
        nonlocal sent
        sent += 1
        change = store.decisions.redo if again else store.decisions.undo
        change(NAME, annotator=who, client_id=f"tab-{who}", client_seq=sent)

    def about(place: int, action: str, **more: str | None) -> Decision:
        return Decision(sample_id=ids[place], action=action, **more)  # type: ignore[arg-type]

    decide("Ana", about(0, "keep", queue="mislabelled"))
    decide("Ana", about(1, "discard", reason="off topic", note="a recipe", queue="low_weight"))
    decide("Ana", about(2, "relabel", label=samples.LABELS[2], queue="mislabelled"))
    decide("Ana", about(3, "unsure", queue="random"))
    decide("Ana", about(4, "note", note="ask Ben"))
    decide("Ana", about(5, "edit", text="My parcel is late.\u2028Where is it?"))
    decide("Ana", about(6, "discard"), about(7, "discard"), about(8, "discard"))
    take_back("Ana")
    take_back("Ana", again=True)
    decide("Ben", about(9, "discard", reason="duplicate"))
    take_back("Ben")
    decide("Ben", about(10, "keep"), about(11, "keep"))
    take_back("Ben")
    decide("Ben", about(0, "discard", reason="wrong label"))
    decide("Ben", about(2, "keep"))
    decide("Ana", about(0, "keep", queue="disagreements"))
    decide("Ben", about(12, "note", note="never mind"))
    decide("Ben", about(12, "note", note=""))
    decide("Ben", about(13, "edit", text="once"))
    decide("Ben", about(13, "edit", text=None))
    decide("Ben", about(14, "discard"))
    take_back("Ben")
    store.turns.take(NAME, "Ana", ids[-4:])
    store.turns.take(NAME, "Ben", ids[-4:])
    pair = store.collection(PAIRS).synthetic["sample_id"][0]
    pairs = Decision(sample_id=pair, action="discard", annotator="Ana")
    store.decisions.append_batch(PAIRS, [pairs], "tab-Ana", sent + 1, expected=[0])


def _started(store: Store, job: Job) -> Spool:
    """Give a job its place, its folder and its first records; return its spool."""
    store.claim_job(job.id)
    store.set_worker(job.id, pid=4_000_000 + job.number, identity=f"boot/{job.number}")
    job.folder.mkdir(parents=True)
    (job.folder / "spec.json").write_text(json.dumps(job.spec, indent=1), "utf-8")
    (job.folder / "log.txt").write_text("Loading weights\n", "utf-8")
    spool = Spool(job.folder / "spool.jsonl")
    me = {"pid": 4_000_000 + job.number, "identity": f"boot/{job.number}"}
    spool.append("started", **me, memory_kills=0, log_bytes=0)
    spool.append("phase", phase="start", title="Starting", done=0, total=0, eta_s=None)
    return spool


def _ended(store: Store, job: Job, spool: Spool, how: str | None, **words: str) -> None:
    """Let the job's last record be read, if it says how it ended."""
    if how is not None:
        spool.append(how, **words)
    spool.close()
    store.ingest(job.id)


def _score(store: Store) -> None:
    """Score once more, as a job: its record replaces the scores by themselves."""
    settings = ScoreSettings(fit=FIT)
    job = store.add_job("score", NAME, settings=settings.to_dict(), scores={}, lane="short")
    spool, scores = _started(store, job), store.scores(NAME)["probe"]
    artefacts, trust = dict(scores.artefacts), dict(scores.trust)
    spool.append("scored", checkers="probe", artefacts=artefacts, trust=trust)
    _ended(store, job, spool, "done")


def _training(store: Store, arms: Sequence[str], seeds: int, request: str) -> Job:
    weighting = store.schemes(NAME)["honest"] if "scheme" in arms else None
    settings = TrainSettings(arms=tuple(arms), seeds=seeds, fit=FIT, weighting=weighting)
    scores = dict(store.scores(NAME)["probe"].artefacts)
    return store.add_job(
        "train", NAME, settings=settings.to_dict(), scores=scores, request=fingerprint(request)
    )


def _train(store: Store, collection: Collection) -> None:
    job = _training(store, tuple(ARMS), 2, "finished")
    spool = _started(store, job)
    spool.append("recipe", found={"fit": FIT.to_dict()})
    for seed in range(2):
        for arm in ARMS:
            _run(store, collection, job, spool, arm, seed, keeps_model=(arm, seed) == ("imp", 0))
    total = len(ARMS) * 2 * 20
    spool.append("phase", phase="train", title="DIMP", done=total, total=total, eta_s=0.0)
    _ended(store, job, spool, "done")


def _run(
    store: Store,
    collection: Collection,
    job: Job,
    spool: Spool,
    arm: str,
    seed: int,
    *,
    keeps_model: bool,
) -> None:
    wanted, n = ARMS[arm], len(collection.synthetic)
    random = np.random.default_rng([seed, *arm.encode()])
    probs, labels = _predictions(collection, wanted, random)
    accuracy = float((probs.argmax(axis=1) == labels).mean())
    predictions = fingerprint("predictions", arm, seed)
    dynamics = fingerprint("dynamics", arm, seed)
    own = random.uniform(size=(2, n)).astype(np.float16)
    store.artefacts.write(predictions, arrays={"probs": probs, "labels": labels})
    store.artefacts.write(dynamics, arrays={"own_probability": own, "margin": 4 * own - 2})
    spool.append("run_started", arm=arm, seed=seed, steps=20)
    for step in (10, 20):
        at = {"arm": arm, "seed": seed, "step": step, "epoch": step / 10}
        spool.append("metric", **at, loss=5 / step, samples_per_s=80.0 + seed)
        judged = {"val_accuracy": wanted - 0.1 + step / 200, "val_macro_f1": wanted}
        judged |= {"val_log_loss": 1 - wanted, "ess": 30.5, "learned": step / 40}
        spool.append("metric", **at, **judged)
        spool.append("epoch_done", arm=arm, seed=seed, dynamics=dynamics)
    spool.append(
        "run_done",
        arm=arm,
        seed=seed,
        accuracy=accuracy,
        macro_f1=accuracy,
        val_accuracy=wanted,
        val_log_loss=1 - wanted,
        learned=0.5,
        best_epoch=2,
        predictions=predictions,
        dynamics=dynamics,
        model=_keep_model(job, arm, seed) if keeps_model else None,
        seconds=2.5,
        samples_per_s=80.0 + seed,
        rows=n,
    )


def _predictions(
    collection: Collection, accuracy: float, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Invent probabilities (T, K) for the test rows; return them with the true label ids (T,)."""
    labels = collection.label_ids(collection.part(REAL, TEST))
    k = len(collection.labels)
    said = np.where(random.random(len(labels)) < accuracy, labels, (labels + 1) % k)
    probs = np.full((len(labels), k), 0.1 / k, dtype=np.float32)
    probs[np.arange(len(labels)), said] += 0.9
    return probs, labels


def _keep_model(job: Job, arm: str, seed: int) -> str:
    """Leave the folder of a model but for its weights; return it below the job's."""
    folder = job.folder / "models" / f"{arm}-{seed}"
    folder.mkdir(parents=True)
    note = {"arm": arm, "seed": seed, "val_accuracy": ARMS[arm], "collection": NAME}
    files = {
        "synthcur.json": {**note, "base_model": FIT.base_model},
        "config.json": {"model_type": "bert", "id2label": dict(enumerate(samples.LABELS))},
        "tokenizer_config.json": {"tokenizer_class": "BertTokenizer", "model_max_length": 128},
    }
    for name, data in files.items():
        (folder / name).write_text(json.dumps(data, indent=1), "utf-8")
    return f"models/{folder.name}"


def _end_badly(store: Store, collection: Collection) -> None:
    """Leave jobs that failed, were cancelled and lost their worker, each in the middle of a run."""
    failed = _training(store, ("ce", "scheme"), 1, "failed")
    spool = _started(store, failed)
    _run(store, collection, failed, spool, "ce", 0, keeps_model=False)
    spool.append("run_started", arm="scheme", seed=0, steps=20)
    words = {"what": "Arm scheme, seed 0: the loss is no number.", "fix": "Lower the rate."}
    _ended(store, failed, spool, "failed", **words)

    cancelled = _training(store, ("imp",), 1, "cancelled")
    spool = _started(store, cancelled)
    spool.append("run_started", arm="imp", seed=0, steps=20)
    _ended(store, cancelled, spool, "cancelled")

    crashed = _training(store, ("dimp",), 1, "crashed")
    spool = _started(store, crashed)
    spool.append("run_started", arm="dimp", seed=0, steps=20)
    _ended(store, crashed, spool, None)
    words = {"what": "The worker stopped unexpectedly.", "fix": "Resume it."}
    store.move_job(crashed.id, "crashed", only_from=ACTIVE, **words)


def _learning_curve(store: Store, collection: Collection) -> None:
    settings = LearningCurveSettings(
        arms=("ce_real", "ce", "imp"), seeds=2, sizes=(6, 24), fit=FIT, checkers="probe"
    )
    job = store.add_job("learning_curve", NAME, settings=settings.to_dict(), scores={})
    spool = _started(store, job)
    for seed in range(2):
        for n_real, arm, wanted in (
            *((0, "ce", 0.6), (6, "ce_real", 0.4), (6, "imp", 0.7)),
            *((24, "ce_real", 0.7), (24, "imp", 0.8)),
        ):
            random = np.random.default_rng([seed, n_real, *arm.encode()])
            probs, labels = _predictions(collection, wanted, random)
            accuracy = float((probs.argmax(axis=1) == labels).mean())
            figures = {"accuracy": accuracy, "macro_f1": accuracy, "val_accuracy": wanted}
            figures |= {"val_log_loss": 1 - wanted, "learned": 0.5, "seconds": 1.5, "rows": 40}
            figures["quality_accuracy"] = wanted - 0.1 if arm == "imp" else None
            name = fingerprint("learning_run", n_real, arm, seed)
            store.artefacts.write(name, arrays={"probs": probs, "labels": labels}, meta=figures)
            spool.append(
                "learning_run", arm=arm, seed=seed, n_real=n_real, predictions=name, **figures
            )
    _ended(store, job, spool, "done")


def _leave_running(store: Store) -> None:
    """Leave a job whose worker is gone when the workspace is opened again."""
    settings = ScoreSettings(checkers="average", fit=FIT)
    job = store.add_job("score", NAME, settings=settings.to_dict(), scores={}, request="7f" * 8)
    spool = _started(store, job)
    spool.append("phase", phase="embed", title="Reading the texts", done=3, total=64, eta_s=9.5)
    _ended(store, job, spool, None)


def _grow(store: Store) -> None:
    """Make a second version and go back to the first."""
    change = changes.rename_labels(store.collection(NAME), {samples.LABELS[1]: "bugs"})
    store.versions.add(
        NAME, change.collection, made_from=1, what=change.what, change=change.data, annotator="Ana"
    )
    store.versions.undo(NAME, annotator="Ben")


def _move(folder: Path, to: str) -> None:
    """Let everything in a workspace say that it was made elsewhere."""
    with closing(sqlite3.connect(folder / summary.DATABASE)) as db:
        db.execute("UPDATE job SET spec=replace(spec, ?, ?)", (str(folder), to))
        db.commit()
        db.execute("VACUUM")
    for path in (folder / "summary.json", *folder.glob("jobs/*/spec.json")):
        path.write_text(path.read_text("utf-8").replace(str(folder), to), "utf-8")


def main() -> None:
    """Make the workspace of the version that is named."""
    parser = argparse.ArgumentParser(description="Make the workspace that stands for a release.")
    parser.add_argument("version", help="what the code is released as, such as 0.2.0")
    target = FOLDER / parser.parse_args().version
    later = [path.name for path in FOLDER.glob("[0-9]*") if order(path.name) > order(target.name)]
    if later:
        parser.error(f"{later[0]} is there: a workspace of an earlier version is never made again")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch).resolve() / "workspace"
        make(folder)
        _move(folder, HOME)
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir()
        shutil.move(folder / "summary.json", target / "summary.json")
        shutil.move(folder, target / "workspace")


if __name__ == "__main__":
    main()
