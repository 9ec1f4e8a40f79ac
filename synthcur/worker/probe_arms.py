"""The arms that are probes: what they read, how they are fitted, and the model that is kept.

A probe arm is a logistic regression on what the bundled encoder makes of the rows. It learns the
rows as they stand after review, needs no checker, and takes seconds once the texts are read.
"""

import json
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from synthcur.checkers.scores import Computed
from synthcur.models import bundled
from synthcur.models.numpy_encoder import MAX_LENGTH
from synthcur.models.probes import Probe, choose_c, fit_probe, fold_ids
from synthcur.schema import REAL, Collection
from synthcur.settings import BUNDLED_MODEL, fingerprint
from synthcur.store.artefacts import Artefacts
from synthcur.store.spool import Spool
from synthcur.training.pools import Examples, Pool, WeightedExamples
from synthcur.worker.progress import Progress
from synthcur.worker.scoring import embed
from synthcur.worker.stages import Phase, run_stage

VERSION = 1
"""Raised when a probe arm would come to something else on the same rows."""

FOLDS = 5
"""Parts of the real rows, each left out once to choose the regularisation."""

GRID = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0)
"""Inverse regularisations an arm may have, see `probes.fit_probe`. Measured on eight tasks: 0.3 is
best for paraphrases, 1 to 3 for sentiment, 30 to 1,000 for intents."""

DENSE = "3_Dense"
"""Folder of the linear layer in a kept model."""

_ENCODER_FILES = (
    *("config.json", "model.safetensors", "vocab.txt", "tokenizer.json"),
    *("tokenizer_config.json", "special_tokens_map.json"),
)


@dataclass(frozen=True)
class Vectors:
    """Embeddings of the rows of a job, all of length 1.

    Attributes
    ----------
    ids
        Sample ids of the rows that may be learned, n of them.
    learned
        Their embeddings, (n, D).
    validation, test
        Of the rows that judge, (V, D) and (T, D).
    """

    ids: pd.Index
    learned: np.ndarray
    validation: np.ndarray
    test: np.ndarray

    def of(self, rows: pd.DataFrame) -> np.ndarray:
        """Return the embeddings of some of the rows that may be learned, in their order."""
        return self.learned[self.ids.get_indexer(pd.Index(rows["sample_id"]))]


@dataclass(frozen=True)
class Fitted:
    """A fitted probe arm.

    Attributes
    ----------
    probe
        The model, of all K labels.
    c
        Its inverse regularisation, of `GRID`.
    validation, test
        What it says of the rows that judge, (V, K) and (T, K).
    seconds
        The time the fit took, reading the texts left out.
    """

    probe: Probe
    c: float
    validation: np.ndarray
    test: np.ndarray
    seconds: float


def read_vectors(
    collection: Collection,
    pool: Pool,
    judges: Mapping[str, Examples],
    artefacts: Artefacts,
    spool: Spool | None = None,
) -> Vectors:
    """Embed everything that the probe arms of a job read; what was read before is found.

    Parameters
    ----------
    collection
        As stored, before any decision: its embeddings are those that scoring shares.
    pool
        What the arms draw from; rows whose text people have changed are read anew.
    judges
        The rows of ``validation`` and of ``test``.
    artefacts, spool
        Where embeddings are kept and the progress is told, if anybody hears of it.
    """
    whole = embed(collection, artefacts, spool)
    parts = [artefacts.array(whole, part) for part in ("synthetic", "real")]
    learned = np.concatenate(parts)
    stored = pd.concat([collection.synthetic, collection.real_train])
    ids = pd.Index(stored["sample_id"])
    now = pool.synthetic.rows
    places = ids.get_indexer(pd.Index(now["sample_id"]))
    is_edited = now["text"].to_numpy() != stored["text"].to_numpy()[places]
    if is_edited.any():
        learned[places[is_edited]] = _read(now[is_edited], artefacts, spool)
    judging = {split: _read(each.rows, artefacts, spool) for split, each in judges.items()}
    return Vectors(ids, learned, **judging)


def _read(rows: pd.DataFrame, artefacts: Artefacts, spool: Spool | None) -> np.ndarray:
    """Embed rows (n, D), kept under their texts."""
    pairs = rows["text_pair"].astype(object).where(rows["text_pair"].notna(), None)
    texts = [rows["text"].tolist(), pairs.tolist()]
    name = fingerprint("texts", VERSION, BUNDLED_MODEL, texts)

    def compute(progress: Progress | None) -> Computed:
        # Torch takes seconds to import, which a job that finds its embeddings need not wait for.
        from synthcur.models.encoders import encode

        return Computed({"embeddings": encode(rows, on_progress=progress)})

    run_stage(name, Phase("embed", "Reading the texts", len(rows)), compute, artefacts, spool)
    return artefacts.array(name, "embeddings")


def fit(rows: WeightedExamples, vectors: Vectors, *, n_labels: int, seed: int) -> Fitted:
    """Fit a probe arm to its rows.

    The regularisation is the one with the lowest out-of-fold log loss on the real rows: they are
    what it is to be good at, and the labels of synthetic rows are in doubt. Synthetic rows are
    learned whichever fold is left out.

    Parameters
    ----------
    rows
        Of the arm, real ones among them; every label has at least one.
    vectors
        Of these rows and of those that judge.
    n_labels
        K.
    seed
        Of the folds, the only thing that is drawn at random.
    """
    started = time.monotonic()
    embeddings, labels = vectors.of(rows.rows), rows.labels
    is_real = (rows.rows["source"] == REAL).to_numpy()
    c = choose_c(
        embeddings[is_real],
        labels[is_real],
        n_labels,
        folds=fold_ids(labels[is_real], FOLDS, seed=seed),
        grid=GRID,
        beside=(embeddings[~is_real], labels[~is_real]),
    )
    probe = fit_probe(embeddings, labels, n_labels, c)
    said = (probe.predict_proba(each) for each in (vectors.validation, vectors.test))
    return Fitted(probe, c, *said, seconds=time.monotonic() - started)


def save(probe: Probe, labels: Sequence[str], folder: Path, *, note: Mapping[str, Any]) -> None:
    """Write encoder and probe as one model, in the layout that sentence-transformers loads.

    Its four modules are the encoder, the mean of the token vectors, their normalisation and one
    linear layer, whose outputs are the logits of the labels.

    Parameters
    ----------
    probe
        The fitted probe.
    labels
        The K labels in the order of the ids.
    folder
        Made when absent.
    note
        Plain data for ``synthcur.json``, such as arm and seed; the labels are added.
    """
    from safetensors.numpy import save_file

    encoder = bundled.model_folder()
    for name in ("1_Pooling", "2_Normalize", DENSE):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for name in _ENCODER_FILES:
        if (encoder / name).is_file():
            shutil.copyfile(encoder / name, folder / name)
    tokenizer = json.loads((encoder / "tokenizer_config.json").read_text("utf-8"))
    length = min(MAX_LENGTH, tokenizer["model_max_length"])
    n_labels, size = probe.weight.shape
    pooling = {"word_embedding_dimension": size, "pooling_mode_mean_tokens": True}
    dense = {"in_features": size, "out_features": n_labels, "bias": True}
    identity = "torch.nn.modules.linear.Identity"
    written = {
        "tokenizer_config.json": {**tokenizer, "model_max_length": length},
        "modules.json": _modules(),
        "sentence_bert_config.json": {"max_seq_length": length, "do_lower_case": False},
        "1_Pooling/config.json": pooling,
        f"{DENSE}/config.json": {**dense, "activation_function": identity},
        "synthcur.json": {**note, "labels": list(labels)},
    }
    for name, content in written.items():
        (folder / name).write_text(json.dumps(content, indent=1), "utf-8")
    layer = {"linear.weight": probe.weight, "linear.bias": probe.bias}
    arrays = {name: np.ascontiguousarray(each, dtype=np.float32) for name, each in layer.items()}
    save_file(arrays, folder / DENSE / "model.safetensors")


def _modules() -> list[dict[str, Any]]:
    kinds = ("Transformer", "Pooling", "Normalize", "Dense")
    paths = ("", "1_Pooling", "2_Normalize", DENSE)
    return [
        {"idx": i, "name": f"{i}", "path": path, "type": f"sentence_transformers.models.{kind}"}
        for i, (kind, path) in enumerate(zip(kinds, paths, strict=True))
    ]
