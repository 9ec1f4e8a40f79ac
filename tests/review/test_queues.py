"""Which rows a queue holds, in which order, and how fast people are."""

import numpy as np
import pytest

from synthcur.errors import InputError
from synthcur.review.decisions import Decision, current_decisions
from synthcur.review.queues import (
    QUEUES,
    Evidence,
    keyed_labels,
    pace,
    queue_done,
    queue_order,
    queue_rows,
)
from synthcur.wording import share_in_words

LABELS = ("billing", "delivery", "feedback")


def _log(*rows: tuple) -> list[Decision]:
    return [
        Decision(
            seq=seq,
            sample_id=sample_id,
            action=action,
            **{"annotator": "ana", **(extra[0] if extra else {})},
        )
        for seq, (sample_id, action, *extra) in enumerate(rows, start=1)
    ]


def _scores(n_rows: int = 400) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(3)
    return {
        "agreed_probs": rng.dirichlet(np.ones(3), size=n_rows),
        "labels": rng.integers(0, 3, size=n_rows),
        "weights": rng.lognormal(size=n_rows),
    }


def test_probably_mislabelled_holds_the_lowest_quality_first() -> None:
    scores = _scores()
    own = scores["agreed_probs"][np.arange(400), scores["labels"]]
    rows = queue_order("mislabelled", **scores)
    assert len(rows) == 40
    assert own[rows].tolist() == sorted(own)[:40]


def test_low_weight_holds_the_lowest_weight_first() -> None:
    scores = _scores()
    rows = queue_order("low_weight", **scores)
    assert scores["weights"][rows].tolist() == sorted(scores["weights"])[:40]


def _evidence(n_rows: int = 400, **more: object) -> Evidence:
    rng, scores = np.random.default_rng(4), _scores(n_rows)
    probs = {name: rng.dirichlet(np.ones(3), size=n_rows) for name in ("quality", "diversity")}
    group = np.where(np.arange(n_rows) < 7, np.arange(n_rows) // 3, -1)
    return Evidence(**{**scores, **probs, "duplicate_group": group, **more})


def test_the_random_check_is_a_seeded_draw_that_no_score_changes():
    found = _evidence()
    rows = queue_rows("random", found)
    other = _evidence(weights=np.ones(400), agreed_probs=np.full((400, 3), 1 / 3))
    assert rows.tolist() == queue_rows("random", other).tolist()
    assert rows.tolist() != queue_rows("random", found, seed=1).tolist()
    assert len(set(rows.tolist())) == 50


@pytest.mark.parametrize("seed", [0, 1])
def test_the_random_check_draws_every_label_in_proportion(seed):
    labels = np.repeat([0, 1, 2], [300, 90, 10])
    rows = queue_rows("random", _evidence(labels=labels), seed=seed)
    assert len(rows) == 50
    assert np.abs(np.bincount(labels[rows]) - 50 * np.array([0.75, 0.225, 0.025])).max() < 1
    assert labels[rows].tolist() != sorted(labels[rows]), "labels come mixed"


def test_the_map_queue_keeps_the_order_of_the_selection():
    assert queue_rows("map", _evidence(selection=[7, 3, 7, 900, -1])).tolist() == [7, 3]
    assert queue_rows("disagreements", _evidence(disputed=[5, 2])).tolist() == [5, 2]


def test_both_checkers_doubt_what_both_read_as_another_label():
    found = _evidence()
    rows, every = queue_rows("both_doubt", found), np.arange(400)
    believed = np.maximum(found.quality[every, found.labels], found.diversity[every, found.labels])[
        rows
    ]
    assert 0 < len(rows) <= 40
    assert believed.tolist() == sorted(believed)
    for probs in (found.quality, found.diversity):
        assert (probs[rows].argmax(axis=1) != found.labels[rows]).all()


def test_the_redundant_come_group_by_group_the_heaviest_of_each_first():
    found = _evidence()
    rows = queue_rows("redundant", found)
    assert found.duplicate_group[rows].tolist() == [0, 0, 0, 1, 1, 1, 2]
    for group in (0, 1):
        weights = found.weights[rows[found.duplicate_group[rows] == group]]
        assert weights.tolist() == sorted(weights, reverse=True)
    assert len(queue_rows("redundant", _evidence(duplicate_group=None))) == 0


def test_most_influence_is_the_other_end_of_low_weight():
    found = _evidence()
    rows = queue_rows("influence", found)
    assert found.weights[rows].tolist() == sorted(found.weights, reverse=True)[:40]


@pytest.mark.parametrize("name", QUEUES)
@pytest.mark.parametrize("n_rows", [1, 10, 400])
def test_every_queue_holds_synthetic_rows_only_and_each_once(name: str, n_rows: int) -> None:
    found = _evidence(n_rows, selection=range(n_rows), disputed=range(n_rows))
    rows = queue_rows(name, found).tolist()
    assert len(set(rows)) == len(rows)
    assert set(rows) <= set(range(n_rows))


def test_an_unknown_queue_is_refused() -> None:
    with pytest.raises(InputError, match="Unknown queue 'best'"):
        queue_order("best", **_scores())


def test_done_counts_samples_with_a_verdict() -> None:
    current = current_decisions(_log(("s0", "keep"), ("s1", "note"), ("s2", "keep")))
    assert queue_done(["s0", "s1"], current) == 1


def _timed(times: list[float]) -> list[Decision]:
    return _log(*((f"s{i}", "keep", {"created_at": at}) for i, at in enumerate(times)))


def test_pace_is_the_median_without_pauses() -> None:
    assert pace(_timed([0, 4, 8, 1_000, 1_010, 1_016]), "ana") == pytest.approx(5.0)


def test_pace_needs_three_intervals() -> None:
    assert pace(_timed([0, 4, 8]), "ana") is None
    assert pace(_timed([0, 4, 8, 12]), "ben") is None


@pytest.mark.parametrize(
    ("probability", "words"),
    [(0.0, "under 1 %"), (0.014, "1 %"), (0.5, "50 %"), (0.99, "99 %"), (1.0, "over 99 %")],
)
def test_a_share_never_claims_certainty(probability: float, words: str) -> None:
    assert share_in_words(probability) == words


def test_few_labels_keep_their_own_keys() -> None:
    assert keyed_labels(np.array([0.1, 0.8, 0.1]), 0) == (0, 1, 2)


def test_of_many_labels_the_likeliest_and_the_present_one_get_keys() -> None:
    quality = np.linspace(0.01, 0.2, 12)
    assert keyed_labels(quality, 11) == (11, 10, 9, 8, 7, 6, 5, 4, 3)
    assert keyed_labels(quality, 0) == (11, 10, 9, 8, 7, 6, 5, 4, 0)
