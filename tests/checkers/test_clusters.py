"""Like texts lie in one cluster, and its name tells it from the others."""

import numpy as np
import pytest

from synthcur.checkers import clusters

TEXTS = [
    *("My parcel is late", "the parcels were late again, I'm sad", "A late parcel, don't send it"),
    *("Refund the invoice", "invoice: refund me the money", "the invoice is wrong, refund 12345"),
    "The weather",
]
OF = np.array([0, 0, 0, 1, 1, 1, 2])


def blobs(n: int, centres: int, *, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Unit vectors around some directions, and the direction of each."""
    random = np.random.default_rng(seed)
    directions = np.eye(16)[:centres]
    which = random.integers(0, centres, size=n)
    rows = directions[which] + 0.05 * random.normal(size=(n, 16))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32), which


@pytest.mark.parametrize(("rows", "count"), [(5, 1), (40, 4), (100, 8), (2_000, 13), (10**5, 20)])
def test_larger_pools_have_more_clusters(rows: int, count: int):
    assert clusters.cluster_count(rows) == count


def test_rows_of_one_direction_share_a_cluster_and_the_largest_comes_first():
    rows, which = blobs(130, 8)
    found = clusters.assign(rows[:100], rows[100:])
    assert found.centres.shape == (8, 16)
    np.testing.assert_allclose(np.linalg.norm(found.centres, axis=1), 1, atol=1e-6)
    together = np.r_[found.synthetic, found.real]
    pairs = {(a, b) for a, b in zip(which, together, strict=True)}
    assert len(pairs) == 8, "each direction is one cluster"
    sizes = np.bincount(found.synthetic, minlength=8)
    assert sizes.tolist() == sorted(sizes, reverse=True)


def test_equal_seeds_give_equal_clusters():
    rows, _ = blobs(200, 5)
    first, again = (clusters.assign(rows[:150], rows[150:], seed=3) for _ in range(2))
    np.testing.assert_array_equal(first.synthetic, again.synthetic)
    np.testing.assert_array_equal(first.real, again.real)


def test_rows_beyond_the_fit_join_the_nearest_centre(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(clusters, "LARGEST_FIT", 120)
    rows, _ = blobs(400, 8)
    found = clusters.assign(rows, rows[:50])
    np.testing.assert_array_equal(found.synthetic, (rows @ found.centres.T).argmax(axis=1))
    np.testing.assert_array_equal(found.real, found.synthetic[:50])


def test_equal_rows_are_one_cluster():
    rows = np.tile(np.eye(4, dtype=np.float32)[:1], (90, 1))
    found = clusters.assign(rows, rows[:10])
    assert len(found.centres) == 1
    assert not found.synthetic.any()


def test_a_cluster_is_named_by_what_the_others_do_not_say():
    parcel, refund, nothing = clusters.top_terms(TEXTS, OF, 3)
    assert parcel == ["late", "parcel"], "one form of a word, no stop word, no word of one row"
    assert set(refund) == {"invoice", "refund"}
    assert nothing == [], "one row is too few to speak for a cluster"


def test_names_do_not_depend_on_the_order_of_rows():
    order = np.random.default_rng(0).permutation(len(TEXTS))
    shuffled = clusters.top_terms([TEXTS[i] for i in order], OF[order], 3)
    assert shuffled == clusters.top_terms(TEXTS, OF, 3)


def test_a_word_as_frequent_everywhere_names_nothing():
    texts = [f"lorem {word}" for word in ("ipsum", "ipsum", "dolor", "dolor")]
    assert clusters.top_terms(texts, np.array([0, 0, 1, 1]), 2) == [["ipsum"], ["dolor"]]


@pytest.mark.parametrize("word", ["isn't", "I’m", "can't", "won't", "12", "it"])
def test_words_that_say_nothing_are_left_out(word: str):
    assert clusters.tokens(f"{word} parcel") == {"parcel"}


def test_a_cluster_without_words_of_its_own_has_a_number():
    assert clusters.title([], 4) == "Cluster 5"
    assert clusters.title(["refund", "card", "charged", "invoice"], 4) == "refund, card, charged"
    assert clusters.top_terms([], np.zeros(0, dtype=int), 2) == [[], []]
