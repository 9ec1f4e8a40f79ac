"""Which rows a queue holds, in which order, and how fast people are."""

import numpy as np
import pytest

from synthcur.errors import InputError
from synthcur.queues import (
    QUEUES,
    keyed_labels,
    pace,
    queue_done,
    queue_order,
    share_in_words,
    why_sentence,
)
from synthcur.review import Decision, current_decisions

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


def test_the_random_check_is_a_seeded_draw_that_no_score_changes() -> None:
    rows = queue_order("random", **_scores())
    other = _scores() | {"weights": np.ones(400), "agreed_probs": np.full((400, 3), 1 / 3)}
    assert rows.tolist() == queue_order("random", **other).tolist()
    assert rows.tolist() != queue_order("random", **_scores(), seed=1).tolist()
    assert len(set(rows.tolist())) == 50


def test_the_map_queue_keeps_the_order_of_the_selection() -> None:
    rows = queue_order("map", **_scores(), selection=[7, 3, 7, 900, -1])
    assert rows.tolist() == [7, 3]


@pytest.mark.parametrize("name", QUEUES)
@pytest.mark.parametrize("n_rows", [1, 10, 400])
def test_every_queue_holds_synthetic_rows_only_and_each_once(name: str, n_rows: int) -> None:
    rows = queue_order(name, **_scores(n_rows), selection=range(n_rows))
    assert len(set(rows.tolist())) == len(rows) > 0
    assert set(rows.tolist()) <= set(range(n_rows))


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


def test_the_why_sentence_names_both_checkers_and_the_better_label() -> None:
    parts = why_sentence(LABELS, 0, np.array([0.03, 0.9, 0.07]), np.array([0.96, 0.02, 0.02]))
    assert "".join(parts) == (
        "Trained on real data, the checker gives billing 3 %; "
        "trained on other synthetic rows, 96 %. It reads as delivery, 90 %."
    )
    assert parts[1::2] == ("billing 3 %", "96 %", "delivery, 90 %")


def test_the_why_sentence_says_when_the_own_label_is_the_best() -> None:
    parts = why_sentence(LABELS, 1, np.array([0.1, 0.8, 0.1]), np.array([0.1, 0.8, 0.1]))
    assert "".join(parts).endswith("It reads as its own label.")


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
