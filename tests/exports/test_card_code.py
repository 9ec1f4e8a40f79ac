"""The lines of a model's card, run as they stand, say what the classifier of training says."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from synthcur.exports import downloads
from synthcur.schema import REAL, TEST, Collection, sample_ids
from synthcur.settings import FitSettings, TrainSettings
from synthcur.store.records import Job, Run
from synthcur.store.spool import Spool
from synthcur.store.store import Store

LENGTH = 16
"""Tokens that these runs read of a text; the tiny model could read 64."""

ASK = """
import json, sys
asked = json.loads(sys.stdin.read())
print(json.dumps([classify(each) for each in asked]))
"""


def trained(store: Store, collection: Collection, tiny_model: str) -> tuple[Job, Run]:
    """Train one run as a worker does; return it with its job."""
    from synthcur.worker.runs import train

    recipe = FitSettings(
        base_model=tiny_model, epochs=6, learning_rate=3e-3, batch_size=8, max_length=LENGTH
    )
    settings = TrainSettings(arms=("ce",), seeds=1, fit=recipe)
    job = store.add_job("train", collection.name, settings=asdict(settings), scores={})
    job.folder.mkdir(parents=True)
    spool = Spool(job.folder / "spool.jsonl")
    spool.append("started", pid=1, identity="test")
    train(collection, settings, {}, store.artefacts, spool, job.folder)
    spool.append("done")
    spool.close()
    store.ingest(job.id)
    (run,) = downloads.kept_models(store, job.id)
    return store.job(job.id), run


def recipe(card: str) -> str:
    """Return the lines of Python in a card."""
    (lines,) = re.findall(r"```python\n(.*?)```", card, flags=re.DOTALL)
    return lines


def told(folder: Path, asked: list[Any], *, lines: str = "") -> list[dict[str, Any]]:
    """Run the lines of the folder's card, or others, in a fresh process and ask it."""
    lines = lines or recipe((folder / "README.md").read_text("utf-8"))
    assert "this folder" in lines
    done = subprocess.run(
        [sys.executable, "-c", lines.replace("this folder", str(folder)) + ASK],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        timeout=1200,
        check=False,
        env={"HF_HUB_OFFLINE": "1", "PATH": "/usr/bin:/bin"},
    )
    assert done.returncode == 0, done.stderr
    return [each[0] if isinstance(each, list) else each for each in json.loads(done.stdout)]


def predicted(store: Store, job: Job, run: Run, rows: pd.DataFrame) -> np.ndarray:
    """Ask the classifier as training does, cut where the settings say, (n, K)."""
    from synthcur.models.classifier import build, predict_proba

    assert run.model
    model = str(job.folder / run.model)
    labels = store.collection(job.collection).labels
    classifier = build(model, labels, max_length=LENGTH)
    return predict_proba(classifier, rows)


def agree(answers: list[dict[str, Any]], probs: np.ndarray, labels: tuple[str, ...]) -> None:
    """Compare what was answered with P(label) of the classifier, which may compute in bfloat16."""
    said = [labels.index(each["label"]) for each in answers]
    own = probs[np.arange(len(probs)), said]
    np.testing.assert_allclose([each["score"] for each in answers], own, atol=0.01)
    np.testing.assert_allclose(own, probs.max(axis=1), atol=0.01)  # but for a tie, the same label


@pytest.mark.real
def test_the_recipe_on_the_card_says_what_training_says_of_short_and_long_texts(
    fill: Callable[..., Store], small_collection: Collection, tiny_model: str, tmp_path: Path
) -> None:
    store = fill(small_collection, scored=False)
    job, run = trained(store, small_collection, tiny_model)
    folder = downloads.model_folder(store, run, tmp_path)
    test = small_collection.part(REAL, TEST)
    ending = " my fern has aphids" * 20
    texts = ["courier", *(text + ending for text in test["text"]), "late parcel " * 3_500]
    rows = pd.DataFrame({"text": texts, "text_pair": None})
    probs = predicted(store, job, run, rows)
    agree(told(folder, texts), probs, small_collection.labels)
    assert np.ptp(probs, axis=0).max() > 0.2, "texts are told apart"

    of_run = store.artefacts.array(run.predictions or "", "probs")
    agree(told(folder, test["text"].tolist()), of_run, small_collection.labels)

    config = json.loads((folder / "tokenizer_config.json").read_text("utf-8"))
    assert config["model_max_length"] == LENGTH
    # The length can be left out: the saved tokenizer has it.
    lines = recipe((folder / "README.md").read_text("utf-8"))
    assert f", max_length={LENGTH}" in lines
    shorter = lines.replace(f", max_length={LENGTH}", "")
    agree(told(folder, texts, lines=shorter), probs, small_collection.labels)


@pytest.mark.real
def test_the_recipe_of_a_model_of_pairs_asks_it_of_a_pair(
    fill: Callable[..., Store], small_collection: Collection, tiny_model: str, tmp_path: Path
) -> None:
    rows = small_collection.rows.assign(text_pair=small_collection.rows["text"].iloc[::-1].tolist())
    rows = rows.assign(sample_id=sample_ids(rows))
    pairs = replace(small_collection, name="pairs", rows=rows)
    store = fill(pairs, scored=False)
    job, run = trained(store, pairs, tiny_model)
    folder = downloads.model_folder(store, run, tmp_path)
    assert '"text_pair": ' in recipe((folder / "README.md").read_text("utf-8"))
    test = pairs.part(REAL, TEST)[["text", "text_pair"]]
    long = pd.DataFrame({"text": ["late parcel " * 3_500, "aphids"], "text_pair": "roses " * 3_000})
    asked = pd.concat([test, long], ignore_index=True)
    answers = told(folder, asked.to_dict("records"))
    agree(answers, predicted(store, job, run, asked), pairs.labels)
    of_run = store.artefacts.array(run.predictions or "", "probs")
    agree(answers[: len(test)], of_run, pairs.labels)


@pytest.mark.real
def test_a_model_that_release_0_1_kept_leaves_with_the_length_of_its_training(
    fill: Callable[..., Store], small_collection: Collection, tiny_model: str, tmp_path: Path
) -> None:
    store = fill(small_collection, scored=False)
    job, run = trained(store, small_collection, tiny_model)
    kept = job.folder / (run.model or "") / "tokenizer_config.json"
    config = json.loads(kept.read_text("utf-8"))
    kept.write_text(json.dumps(config | {"model_max_length": 512}), "utf-8")
    folder = downloads.model_folder(store, run, tmp_path)
    read = json.loads((folder / kept.name).read_text("utf-8"))
    assert read == config
    assert f"max_length={LENGTH}" in (folder / "README.md").read_text("utf-8")
