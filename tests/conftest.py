"""Fixtures that several test files share: small collections, workspaces, finished work."""

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import settings
from xdist.remote import Producer

from harness import samples
from harness.collections import add_scores, make_collection
from synthcur.schema import REAL, SYNTHETIC, Collection, sample_ids
from synthcur.store.store import Store
from tests.support.sharing import Sharing

# Set before torch is imported: its threads would spin while browsers and workers share the cores.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
# No process waits ahead of its job, but where a test is about that.
os.environ.setdefault("SYNTHCUR_SPARE", "0")
# A fault of the command line is a traceback here, not a line with the name of a log.
os.environ.setdefault("SYNTHCUR_DEBUG", "1")

# A slow machine is not a wrong answer.
settings.register_profile("synthcur", deadline=None)
settings.load_profile("synthcur")

RINGS = ("real", "browser")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Run the fast ring first, then the real one, then the browser.

    Where several processes share the tests it is the other way round: what takes long begins
    first, so that at the end none of them waits for another.
    """
    items.sort(key=_ring, reverse=hasattr(config, "workerinput"))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Sharing:
    """Share the tests among processes as `Sharing` does."""
    return Sharing(config, log)


def _ring(item: pytest.Item) -> int:
    return max(
        (RINGS.index(mark.name) + 1 for mark in item.iter_markers() if mark.name in RINGS),
        default=0,
    )


@pytest.fixture(scope="session")
def small_collection() -> Collection:
    """40 synthetic, 24 real train, 12 validation and 12 test rows with 3 labels."""
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
    return make_collection("small", rows, samples.LABELS, title="Plant nursery")


@pytest.fixture(scope="session")
def plain_collection() -> Collection:
    """The least that people bring: a text and one of two labels, and no further column."""
    labels = samples.LABELS[:2]
    rows = [(SYNTHETIC, "train", text, each) for each in labels for text in samples.SYNTHETIC[each]]
    rows += [
        (REAL, split, text, each)
        for split, part in samples.REAL_PARTS.items()
        for each in labels
        for text in samples.REAL[each][part]
    ]
    made = make_collection("plain", rows, labels, title="Two columns")
    return replace(made, provenance=pd.DataFrame(index=made.rows.index))


@pytest.fixture(scope="session")
def pair_collection() -> Collection:
    """Pairs of texts with the label ``same`` where both are about one topic, else ``other``."""
    labels = ("other", "same")
    rows = [(SYNTHETIC, "train", *pair) for pair in samples.pairs(samples.SYNTHETIC, slice(0, 12))]
    rows += [
        (REAL, split, *pair)
        for split, part in samples.REAL_PARTS.items()
        for pair in samples.pairs(samples.REAL, part)
    ]
    single = [(source, split, text, label) for source, split, text, _, label in rows]
    made = make_collection("pairs", single, labels, title="Pairs")
    frame = made.rows.assign(text_pair=[pair for *_, pair, _ in rows])
    return replace(made, rows=frame.assign(sample_id=sample_ids(frame)))


@pytest.fixture(params=["small", "plain", "pair", "hostile"])
def each_collection(request: pytest.FixtureRequest) -> Collection:
    """Every kind of collection in turn, for what must work with all of them."""
    return request.getfixturevalue(f"{request.param}_collection")


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Folder of a random BERT small enough to train in a second."""
    # Torch takes seconds to import, which only the tests of models should wait for.
    import torch

    from harness.tiny import write_tiny_bert

    # Threads only wait for each other where a whole step takes less than a millisecond.
    torch.set_num_threads(1)
    return str(write_tiny_bert(tmp_path_factory.mktemp("models") / "tiny"))


@pytest.fixture(scope="session")
def hostile_collection() -> Collection:
    """Every text, label, title and name tries to be something other than characters."""
    labels = samples.HOSTILE_LABELS
    rows = [
        (SYNTHETIC, "train", text, labels[i % len(labels)])
        for i, text in enumerate(samples.MARKUP * 3)
    ]
    rows += [
        (REAL, split, f"{text} {split} {label}", label)
        for split in samples.REAL_PARTS
        for label in labels
        for text in samples.MARKUP[:4]
    ]
    markup = samples.MARKUP[1]
    return make_collection(
        "hostile",
        rows,
        labels,
        title=f"{markup} :red[title] $x$",
        note=samples.MARKUP[2],
        guidelines=dict.fromkeys(labels, samples.MARKUP[0]),
    )


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty workspace folder that commands, pages and workers of this test use."""
    import streamlit as st

    from synthcur.workspace import VARIABLE

    folder = tmp_path / "workspace"
    monkeypatch.setenv(VARIABLE, str(folder))
    yield folder
    st.cache_resource.clear()


@pytest.fixture
def fill(workspace: Path) -> Iterator[Callable[..., Store]]:
    """Return a function that puts a collection, with or without scores, into the workspace."""
    from synthcur.workspace import open_store

    stores: list[Store] = []

    def put(collection: Collection, *, scored: bool = True) -> Store:
        store = stores[0] if stores else open_store(workspace)
        stores[:] = [store]
        store.add_collection(collection)
        if scored:
            add_scores(store, collection)
        return store

    yield put
    for store in stores:
        store.close()
