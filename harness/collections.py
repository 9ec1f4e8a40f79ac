"""Small collections, invented scores and finished work, as tests and benchmarks fill workspaces."""

from collections.abc import Mapping
from dataclasses import asdict

import numpy as np
import pandas as pd

from synthcur.schema import REAL, ROW_COLUMNS, Collection, sample_ids
from synthcur.settings import TrainSettings, fingerprint
from synthcur.store.records import Job
from synthcur.store.spool import Spool
from synthcur.store.store import Store

DIMENSIONS = 16


CLUSTER_TERMS = [["fern", "frond"], ["parcel", "late", "courier", "box"], []]
"""Words that name the invented clusters; the last one has none."""


def make_collection(
    name: str, rows: list[tuple[str, str, str, str]], labels: tuple[str, ...], **shown: object
) -> Collection:
    """Build a collection from (source, split, text, label)."""
    frame = pd.DataFrame(rows, columns=["source", "split", "text", "label"])
    frame = frame.assign(text_pair=None, row=np.arange(1, len(frame) + 1))
    frame = frame.assign(sample_id=sample_ids(frame))[list(ROW_COLUMNS)]
    provenance = pd.DataFrame({"generator": ["nursery-bot"] * len(frame)})
    return Collection(name=name, labels=labels, rows=frame, provenance=provenance, **shown)


def make_scores(collection: Collection, *, seed: int = 0) -> dict[str, dict[str, np.ndarray]]:
    """Invent what scoring yields, in the shapes and value ranges of the real thing."""
    random = np.random.default_rng(seed)
    synthetic, real = collection.synthetic, collection.real_train
    n, r, k = len(synthetic), len(real), len(collection.labels)
    own = np.eye(k)[collection.label_ids(synthetic)]

    def probs(rows: int, towards: np.ndarray | float = 0.0) -> np.ndarray:
        value = random.gamma(0.7, size=(rows, k)) + towards
        return (value / value.sum(axis=1, keepdims=True)).astype(np.float32)

    def unit(rows: int) -> np.ndarray:
        value = random.normal(size=(rows, DIMENSIONS))
        return (value / np.linalg.norm(value, axis=1, keepdims=True)).astype(np.float32)

    def nearest(of: int, how_many: int) -> np.ndarray:
        return random.integers(0, of, size=(n, how_many), dtype=np.int32)

    def cosine(how_many: int) -> np.ndarray:
        return random.uniform(0.2, 0.9, size=(n, how_many)).astype(np.float32)

    scores = {
        "embeddings": {"real": unit(r), "synthetic": unit(n)},
        "coordinates": {
            "real": random.normal(size=(r, 2)).astype(np.float32),
            "synthetic": random.normal(size=(n, 2)).astype(np.float32),
        },
        "neighbours": {
            "real_index": nearest(r, 3),
            "real_cosine": cosine(3),
            "synthetic_index": nearest(n, 2),
            "synthetic_cosine": cosine(2),
        },
        "quality": {
            "synthetic": probs(n, own),
            "calibrated": probs(n, own),
            "members": np.stack([probs(n, own) for _ in range(5)]).astype(np.float16),
            "out_of_fold": probs(r),
        },
        "diversity": {
            "synthetic": probs(n, 2 * own),
            "calibrated": probs(n, own),
            "members": np.empty((0, n, k), dtype=np.float16),
            "out_of_fold": probs(n),
        },
        "signals": {
            "label_quality": random.uniform(size=n),
            "is_likely_mislabelled": random.uniform(size=n) < 0.2,
            "duplicate_group": np.where(np.arange(n) < 4, np.arange(n) // 2, -1),
            "uncertainty": random.gamma(1.0, 0.3, size=n),
            "density_ratio": random.uniform(0.1, 10, size=n),
        },
        "clusters": {
            "synthetic": random.integers(0, len(CLUSTER_TERMS), size=n, dtype=np.int16),
            "real": random.integers(0, len(CLUSTER_TERMS), size=r, dtype=np.int16),
            "centres": unit(len(CLUSTER_TERMS)),
        },
        "coverage": {
            "synthetic_index": random.integers(0, n, size=(r, 20), dtype=np.int32),
            "synthetic_cosine": random.uniform(0.2, 0.9, size=(r, 20)).astype(np.float32),
        },
    }
    for role in ("quality", "diversity"):
        scores[role]["real"] = probs(r, np.eye(k)[collection.label_ids(real)])
    return scores


def add_scores(
    store: Store,
    collection: Collection,
    *,
    checkers: str = "probe",
    scores: Mapping[str, Mapping[str, np.ndarray]] | None = None,
) -> None:
    """Store scores, invented ones where none are given, as if a scoring job had finished."""
    names, meta = {}, {"kind": checkers, "terms": CLUSTER_TERMS}
    for kind, arrays in (scores or make_scores(collection)).items():
        names[kind] = fingerprint(kind, checkers, collection.fingerprint)
        store.artefacts.write(names[kind], arrays=arrays, meta=meta)
    trust = {
        "quality": {"accuracy": 0.71, "low": 0.51, "high": 0.86, "n": 24, "how": "out of fold"},
        "diversity": {"accuracy": 0.9, "low": 0.77, "high": 0.97, "n": 40, "how": "out of fold"},
    }
    store.add_scores(collection.name, checkers=checkers, artefacts=names, trust=trust)


def discard_first(store: Store, collection: Collection, rows: int) -> None:
    """Let Ana discard the first synthetic rows."""
    for number, sample_id in enumerate(collection.synthetic_ids[:rows], start=1):
        store.decisions.append(
            collection.name,
            sample_id=sample_id,
            annotator="Ana",
            action="discard",
            client_id="test",
            client_seq=number,
            expected_seq=0,
        )


def note_covered(store: Store, name: str, share: float) -> None:
    """Let the scores of a collection note this share of covered real rows."""
    (scores,) = store.scores(name).values()
    known = scores.artefacts["signals"]
    noted = fingerprint(known, share)
    arrays = {
        path.stem: store.artefacts.array(known, path.stem)
        for path in (store.artefacts.root / known).glob("*.npy")
    }
    covered = {"value": share, "low": share / 2, "high": (1 + share) / 2, "n": 24}
    store.artefacts.write(noted, arrays=arrays, meta={"real_covered": covered})
    artefacts = {**scores.artefacts, "signals": noted}
    store.add_scores(name, checkers=scores.checkers, artefacts=artefacts, trust=scores.trust)


def add_finished_job(
    store: Store, collection: Collection, accuracy: Mapping[str, float], *, seeds: int = 3
) -> Job:
    """Store a finished training job with invented predictions of about these accuracies."""
    settings = TrainSettings(arms=tuple(accuracy), seeds=seeds)
    job = store.add_job("train", collection.name, settings=asdict(settings), scores={})
    job.folder.mkdir(parents=True)
    spool = Spool(job.folder / "spool.jsonl")
    spool.append("started", pid=1, identity="test")
    for arm, wanted in accuracy.items():
        for seed in range(seeds):
            _add_run(store, collection, spool, arm=arm, seed=seed, wanted=wanted)
    spool.append("done")
    spool.close()
    store.ingest(job.id)
    return store.job(job.id)


def _add_run(
    store: Store, collection: Collection, spool: Spool, *, arm: str, seed: int, wanted: float
) -> None:
    test = collection.part(REAL, "test")
    labels, k = collection.label_ids(test), len(collection.labels)
    random = np.random.default_rng([seed, len(arm), round(1000 * wanted)])
    said = np.where(random.random(len(labels)) < wanted, labels, (labels + 1) % k)
    probs = np.full((len(labels), k), 0.1 / k, dtype=np.float32)
    probs[np.arange(len(labels)), said] += 0.9
    predictions = fingerprint("predictions", arm, seed, collection.fingerprint, wanted)
    arrays = {"probs": probs, "labels": labels.astype(np.int8)}
    store.artefacts.write(predictions, arrays=arrays)
    accuracy = float((said == labels).mean())
    spool.append("run_started", arm=arm, seed=seed, steps=20)
    for step in range(1, 21):
        spool.append("metric", arm=arm, seed=seed, step=step, epoch=step / 20, loss=1 / step)
    spool.append("metric", arm=arm, seed=seed, step=20, epoch=1.0, val_accuracy=wanted)
    spool.append(
        "run_done",
        arm=arm,
        seed=seed,
        accuracy=accuracy,
        macro_f1=accuracy,
        val_accuracy=wanted,
        best_epoch=1,
        predictions=predictions,
        model=None,
        seconds=2.0,
        samples_per_s=90.0,
        rows=len(collection.synthetic),
    )


def doubt_checkers(store: Store, name: str, *, role: str = "quality") -> None:
    """Let the scores of a collection say that a checker reads a third of its rows right."""
    for scores in store.scores(name).values():
        useless = {"accuracy": 0.33, "low": 0.17, "high": 0.53, "n": 24, "how": "out of fold"}
        trust = {**scores.trust, role: useless}
        store.add_scores(name, checkers=scores.checkers, artefacts=scores.artefacts, trust=trust)
