"""The store of this server and cached reads from it.

Artefacts never change under their fingerprint, so what was read once is shared by all sessions;
arrays are read-only. Everything that can change is asked of the store in every run.
"""

import gc
import logging
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from synthcur import demo
from synthcur.jobs import job_queue
from synthcur.jobs.warm_worker import Spare
from synthcur.models import bundled
from synthcur.models.numpy_encoder import LightEncoder, open_encoder
from synthcur.review import decisions as review
from synthcur.schema import Collection
from synthcur.settings import WeightingSettings
from synthcur.store.records import Scores
from synthcur.store.store import Store
from synthcur.ui import door
from synthcur.weighting import inputs as scored
from synthcur.weighting import rules
from synthcur.weighting.rules import Facts
from synthcur.workspace import lock_server, open_store, workspace_folder

LOG = logging.getLogger(__name__)
POLL_SECONDS = 1.0


def store() -> Store:
    """Return the open store of this server's workspace."""
    return _open(str(workspace_folder())).store


def spare() -> Spare | None:
    """Return what has a process wait for a scoring job that is likely to come soon."""
    return _open(str(workspace_folder())).spare


class _OpenStore:
    """A store and the thread that takes in what its workers report."""

    def __init__(self, workspace: Path) -> None:
        self._lock = lock_server(workspace)
        self.store = open_store(workspace)
        self.spare = job_queue.spare()
        if not self.store.life.was_deleted(demo.NAME):
            demo.ensure(self.store)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._poll, name="synthcur-jobs", daemon=True)
        self._thread.start()

    def _poll(self) -> None:
        while not self._stop.wait(POLL_SECONDS):
            try:
                job_queue.poll(self.store, waiting=self.spare)
            except Exception:
                LOG.exception("Looking after background jobs failed; trying again")

    def close(self) -> None:
        self._stop.set()
        self._thread.join()
        if self.spare is not None:
            self.spare.dismiss()
        self.store.close()
        self._lock.close()


@st.cache_resource(show_spinner=False, on_release=_OpenStore.close)
def _open(workspace: str) -> _OpenStore:
    door.require_closed(door.settings())
    opened = _OpenStore(Path(workspace))
    # Streamlit collects garbage in full after every run of a script. What is loaded by now stays
    # as long as the server; reading all of it each time takes longer than an answer to a browser.
    gc.freeze()
    return opened


def collection(name: str) -> Collection:
    """Return a stored collection as it was imported."""
    opened = store()
    info = opened.collection_info(name)
    return _collection(name, info.fingerprint, info.origin, opened)


@st.cache_resource(show_spinner=False, max_entries=8)
def _collection(name: str, fingerprint: str, origin: str | None, _store: Store) -> Collection:
    found = _store.collection(name)
    gc.freeze()  # as in `_open`: pages that came up since have brought more modules
    return found


def origin(name: str) -> str:
    """Return the name of what one import said beside the content, see `Collection.origin`."""
    return store().collection_info(name).origin or ""


def mapped_ids(name: str) -> dict[str, np.ndarray]:
    """Return the sample ids of the rows on the map by the array that artefacts hold them under.

    Returns
    -------
    dict of ndarray
        ``synthetic`` and ``real``, the latter of the training split; each in its file's order.
    """
    stored = collection(name)
    tables = {"synthetic": stored.synthetic, "real": stored.real_train}
    return {part: table["sample_id"].to_numpy(dtype=object) for part, table in tables.items()}


def effective(name: str) -> Collection:
    """Return a collection with the decisions taken so far applied."""
    opened = store()
    info = opened.collection_info(name)
    count = opened.decisions.count(name)
    return _effective(name, info.version, info.fingerprint, info.origin, count, opened)


@st.cache_resource(show_spinner=False, max_entries=8)
def _effective(
    name: str,
    version: int,
    fingerprint: str,
    origin: str | None,
    log_length: int,
    _store: Store,
) -> Collection:
    log = _store.decisions.log(name)[:log_length]
    return review.effective_collection(_collection(name, fingerprint, origin, _store), log)


def scores(name: str) -> dict[str, Scores]:
    """Return the finished scores of a collection by kind of checkers; empty before the first."""
    return store().scores(name)


def array(fingerprint: str, name: str) -> np.ndarray:
    """Return one array of an artefact, read-only."""
    return _array(fingerprint, name, store())


@st.cache_resource(show_spinner=False, max_entries=64)
def _array(fingerprint: str, name: str, _store: Store) -> np.ndarray:
    return _store.artefacts.array(fingerprint, name)


def noted_of_pool(scores: Scores) -> Mapping[str, Any]:
    """Return what a scoring noted of the pool as a whole; see `weighting.inputs.noted_of_pool`."""
    return scored.noted_of_pool(scores.artefacts, store().artefacts.meta)


def weighing_probs(
    artefacts: Mapping[str, str], settings: WeightingSettings
) -> tuple[np.ndarray, np.ndarray]:
    """Return P' and the Q that a weighting asks for, both (N, K) and read-only."""
    return scored.weighing_probs(artefacts, settings, array)


def weighing_facts(name: str, artefacts: Mapping[str, str]) -> Facts:
    """Return what else of a collection's rows weights can be made from."""
    return scored.weighing_facts(collection(name), artefacts, array)


def agreed_probs(artefacts: Mapping[str, str]) -> np.ndarray:
    """Return what both checkers agree on about the synthetic rows, see `rules.consensus`."""
    return _agreed_probs(artefacts["quality"], artefacts["diversity"], store())


@st.cache_resource(show_spinner=False, max_entries=8)
def _agreed_probs(quality: str, diversity: str, _store: Store) -> np.ndarray:
    agreed = rules.consensus(*(array(each, "calibrated") for each in (quality, diversity)))
    agreed.setflags(write=False)
    return agreed


@st.cache_resource(show_spinner=False)
def encoder() -> LightEncoder:
    """Return the bundled encoder for what somebody types."""
    return open_encoder(bundled.model_folder())
