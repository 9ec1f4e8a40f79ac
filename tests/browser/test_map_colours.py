"""The map coloured by what was decided, by signs of flaws and by the weight in a finished run."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page

from harness.collections import add_scores
from harness.serving import served
from synthcur.review.decisions import DISCARD, KEEP, Decision
from synthcur.schema import Collection
from synthcur.ui.curate.rows import CurateRows
from synthcur.weighting.rules import weight_bins
from synthcur.workspace import open_store
from tests.browser.map_driver import VIEW, Map, N
from tests.browser.test_map_clusters import legend
from tests.ui.train.test_dynamics import add_run


@pytest.fixture
def judged(garden: Collection, tmp_path: Path, page: Page) -> Iterator[tuple[Map, np.ndarray]]:
    """A garden with two decisions and a finished DIMP run, and p(y|x) of each row in that run."""
    store = open_store(tmp_path / "ws")
    own = replace(garden, name="judged")
    store.add_collection(own)
    add_scores(store, own)
    ids = own.synthetic["sample_id"]
    decided = [
        Decision(sample_id=ids[0], action=KEEP, annotator="Ana"),
        Decision(sample_id=ids[1], action=DISCARD, annotator="Ana"),
    ]
    store.decisions.append_batch("judged", decided, "test", 1, expected=[0, 0])
    known = np.random.default_rng(0).uniform(0.01, 0.99, size=(2, N - 1)).astype(np.float16)
    add_run(store, own, known)
    store.close()
    with served(store.workspace) as server:
        yield Map(page).open(server, "judged"), known


def test_decisions_flaws_and_run_weights_colour_and_divide_the_map(
    judged: tuple[Map, np.ndarray], garden: Collection, garden_rows: CurateRows
) -> None:
    on_map, known = judged
    on_map.colour("decision")
    assert legend(on_map) == {
        "Kept": "1", "Discarded": "1", "Relabelled": "0", "Unsure": "0", "Not decided": str(N - 2),
    }  # fmt: skip
    on_map.colour("signal")
    counts = {name: int(number) for name, number in legend(on_map).items()}
    assert sum(counts.values()) == N
    assert counts["Probably mislabelled"] > 60
    on_map.colour("run")
    weights = run_weights(garden, garden_rows, known)
    steps = np.bincount(weight_bins(weights[~np.isnan(weights)]), minlength=10)
    assert list(legend(on_map).values()) == [*map(str, steps), "1"]
    assert (
        "Run-time weight: DIMP, seed 0, last epoch" in on_map.page.locator(".sm-key").inner_text()
    )
    assert on_map.page.locator(".sm-ramp span").count() == 10
    on_map.isolate("from 16")
    shown = np.array(on_map.ask(f"Array.from({VIEW}.visible)"), dtype=bool)
    assert np.array_equal(np.flatnonzero(shown), np.flatnonzero(weights >= np.exp(2.8)))


def run_weights(garden: Collection, rows: CurateRows, known: np.ndarray) -> np.ndarray:
    """P'/p of every synthetic row in the order of the page; NaN for the one discarded."""
    quality = rows.quality[np.arange(N), rows.labels].astype(np.float64)
    at = rows.positions(garden.synthetic["sample_id"][1:2])
    of_file = np.full(N, np.nan)
    of_file[np.arange(N) != 1] = known[-1]
    ids = {sample_id: i for i, sample_id in enumerate(garden.synthetic["sample_id"])}
    order = [ids[each] for each in rows.frame["sample_id"][:N]]
    weights = quality / of_file[order]
    assert np.flatnonzero(np.isnan(weights)).tolist() == at.tolist()
    return weights
