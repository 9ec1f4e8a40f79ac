"""Every why-sentence can be read on the pages, from what scoring left behind."""

from collections.abc import Callable, Sequence
from dataclasses import MISSING, fields

import numpy as np
import pytest

from harness.collections import add_scores, make_scores
from synthcur.review.explanations import RowFacts
from synthcur.schema import Collection
from synthcur.store.store import Store
from synthcur.ui.curate import row_detail
from synthcur.ui.review.panel import open_bench
from tests.support.reviewing import look
from tests.ui.curate.test_page import open_page

ROWS = range(7)
"""Synthetic rows of the first label that are given something to be said of."""

SENTENCES = (
    "gives {label} 10 % and {other} 85 %; trained on other synthetic rows, 90 %.",
    "One of 2 rows that say nearly the same.",
    "Quality checkers disagree: its weight may as well be 0.27 or 3.67.",
    "gives {label} 40 %: no label fits well.",
    "90 %; trained on other synthetic rows, 20 %: right and rare, at a weight of ",
    "55 %; trained on other synthetic rows, 90 %: more typical of the generator than of real rows.",
    "Coverage is under 1 % of average around its nearest real row.",
)
"""What is said of each of `ROWS`, with the first two labels."""

OTHERWISE = "90 %; trained on other synthetic rows, 90 %: nothing stands out."
"""What is said of all other rows."""


def said_of(collection: Collection) -> dict[str, dict[str, np.ndarray]]:
    """Invent scores by which each of `ROWS` has something else to be said of."""
    n, k = len(collection.synthetic), len(collection.labels)
    r = len(collection.real_train)
    own = np.eye(k)[collection.synthetic_labels]

    def probs(shares: dict[int, float]) -> np.ndarray:
        share = np.full((n, 1), 0.9)
        for row, value in shares.items():
            share[row] = value
        return (own * share + (1 - own) * (1 - share) / (k - 1)).astype(np.float32)

    quality = probs({0: 0.1, 3: 0.4, 5: 0.55})
    quality[0] = [0.1, 0.85, 0.05]
    quality[3] = [0.4, 0.3, 0.3]
    held_out = probs({4: 0.2})
    scores = make_scores(collection)
    scores["quality"] |= {"synthetic": quality, "calibrated": quality}
    scores["diversity"] |= {"synthetic": held_out, "calibrated": held_out}
    scores["signals"] |= {
        "is_likely_mislabelled": np.arange(n) == 0,
        "duplicate_group": np.where(np.isin(np.arange(n), (1, n - 1)), 0, -1),
        "uncertainty": np.where(np.arange(n) == 2, 1.3, 0.1),
    }
    # The last real row is near to one synthetic row alone, and no synthetic row is near to it.
    nearest = np.zeros((n, 3), dtype=np.int32)
    nearest[6] = r - 1
    scores["neighbours"] |= {"real_index": nearest}
    around = np.tile(np.arange(20, dtype=np.int32), (r, 1))
    around[-1] = -1
    scores["coverage"] = {
        "synthetic_index": around,
        "synthetic_cosine": np.full((r, 20), 0.8, dtype=np.float32),
    }
    return scores


def expected(labels: Sequence[str]) -> list[str]:
    return [sentence.format(label=labels[0], other=labels[1]) for sentence in SENTENCES]


@pytest.fixture
def scored(fill: Callable[..., Store], small_collection: Collection) -> Collection:
    """The small collection with such scores in the workspace."""
    store = fill(small_collection, scored=False)
    add_scores(store, small_collection, scores=said_of(small_collection))
    return small_collection


def test_review_can_say_every_sentence(scored: Collection) -> None:
    bench = open_bench("small")
    assert bench is not None
    for row, sentence in zip(ROWS, expected(scored.labels), strict=True):
        assert sentence in "".join(look(bench, row)["why"])
    assert OTHERWISE in "".join(look(bench, 9)["why"])


def test_curate_says_of_a_row_what_review_says(scored: Collection) -> None:
    app = open_page("small")
    for row, sentence in zip((*ROWS, 9), (*expected(scored.labels), OTHERWISE), strict=True):
        app.session_state["synthcur"].selection = (scored.synthetic_ids[row],)
        app.run()
        assert not app.exception
        assert any(sentence in each.value for each in app.text)


def test_no_fact_that_a_sentence_hangs_on_is_left_out_by_a_page(
    scored: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench, told = open_bench("small"), []
    assert bench is not None
    in_review = [bench.row_facts(row, bench.file_labels[row]) for row in ROWS]
    monkeypatch.setattr(row_detail, "reason", lambda facts: told.append(facts) or "")
    app = open_page("small")
    for row in ROWS:
        app.session_state["synthcur"].selection = (scored.synthetic_ids[row],)
        app.run()
    optional = {each.name: each.default for each in fields(RowFacts) if each.default is not MISSING}
    assert optional
    for facts in (in_review, told):
        for name, default in optional.items():
            values = {getattr(each, name) for each in facts}
            assert values - {default}, f"{name} is never set"
