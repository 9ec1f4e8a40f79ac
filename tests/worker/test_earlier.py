"""Scoring a version that has grown: new texts alone are read, and the map keeps its picture."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from harness.collections import make_collection
from synthcur.data import changes
from synthcur.models import encoders
from synthcur.schema import SYNTHETIC, Collection
from synthcur.settings import ScoreSettings
from synthcur.worker import pipeline
from synthcur.worker.earlier import Scored
from tests.support.job_desk import Desk, desk

__all__ = ["desk"]


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that the encoder has read; vectors depend on the text alone."""
    texts: list[str] = []

    def encode(rows: pd.DataFrame, **_: object) -> np.ndarray:
        texts.extend(rows["text"])
        found = [
            np.random.default_rng(list(text.encode())).normal(size=16) for text in rows["text"]
        ]
        vectors = np.array(found, dtype=np.float32).reshape(len(rows), 16)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    monkeypatch.setattr(encoders, "encode", encode)
    return texts


def grown(collection: Collection, number: int) -> Collection:
    rows = [(SYNTHETIC, "train", f"new {i}", collection.labels[i % 3]) for i in range(number)]
    more = make_collection("more", rows, collection.labels)
    return changes.add_rows(collection, more).collection


def scored(desk: Desk, collection: Collection, *earlier: Scored, seed: int = 0) -> Scored:
    settings = ScoreSettings(seed=seed)
    names = pipeline.score(collection, settings, desk.artefacts, desk.spool, earlier=earlier)
    return Scored(collection.fingerprint, names)


def test_only_texts_that_no_version_had_are_read(
    desk: Desk, small_collection: Collection, read: list[str]
):
    first = scored(desk, small_collection)
    assert len(read) == 64
    read.clear()
    second = scored(desk, grown(small_collection, 5), first)
    assert read == [f"new {i}" for i in range(5)]
    whole = desk.artefacts.array(second.names["embeddings"], "synthetic")
    np.testing.assert_array_equal(
        whole[:40], desk.artefacts.array(first.names["embeddings"], "synthetic")
    )
    read.clear()
    shown = [each for each in desk.said("phase") if each["phase"] == "embed"]
    assert shown[-1]["total"] == 5
    labels = changes.rename_labels(grown(small_collection, 5), {"pests": "bugs"}).collection
    scored(desk, labels, second, first)
    assert read == []


def test_the_map_keeps_the_places_of_rows_that_were_on_it(
    desk: Desk, small_collection: Collection, read: list[str]
):
    first = scored(desk, small_collection)
    second = scored(desk, grown(small_collection, 5), first)
    before, after = (
        desk.artefacts.array(each.names["coordinates"], "synthetic") for each in (first, second)
    )
    np.testing.assert_array_equal(after[:40], before)
    assert np.isfinite(after).all()
    assert np.unique(after[40:], axis=0).shape == (5, 2)
    meta = desk.artefacts.meta(second.names["coordinates"])
    assert meta == {"placed": 5, "drawn": 64, "seed": 0}
    again = scored(desk, grown(small_collection, 5), second, first)
    assert again.names["coordinates"] == second.names["coordinates"]


def test_with_many_new_rows_or_another_seed_the_map_is_drawn_anew(
    desk: Desk, small_collection: Collection, read: list[str]
):
    first = scored(desk, small_collection)
    for collection, seed in ((grown(small_collection, 30), 0), (grown(small_collection, 5), 1)):
        names = scored(desk, collection, first, seed=seed).names
        assert "placed" not in desk.artefacts.meta(names["coordinates"])


def test_many_small_additions_come_to_a_new_map_in_the_end(
    desk: Desk, small_collection: Collection, read: list[str]
):
    earlier = [scored(desk, small_collection)]
    placed = []
    for number in (6, 12, 18, 24):
        earlier.insert(0, scored(desk, grown(small_collection, number), *earlier))
        placed.append("placed" in desk.artefacts.meta(earlier[0].names["coordinates"]))
    assert placed == [True, True, False, True]


def test_embeddings_of_an_earlier_release_are_known_by_their_rows(
    desk: Desk, small_collection: Collection, read: list[str], tmp_path: Path
):
    first = scored(desk, small_collection)
    desk.artefacts.write_collection(small_collection)
    for path in desk.artefacts.root.glob("*/*_text.npy"):
        path.unlink()
    read.clear()
    scored(desk, grown(small_collection, 2), first)
    assert read == ["new 0", "new 1"]
    read.clear()
    gone = Scored(first.collection, {**first.names, "embeddings": "0" * 16})
    scored(replace(desk, folder=tmp_path / "other"), grown(small_collection, 3), gone)
    assert len(read) == 67
