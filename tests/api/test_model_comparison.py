"""Two models' predictions for the same rows, from names or ids, of one seed or several."""

import numpy as np
import pytest

from synthcur import InputError, compare
from synthcur.stats.metrics import mcnemar, paired_difference

LABELS = ["a", "b", "c", "a", "b", "c", "a", "b"] * 5
RIGHT = list(LABELS)
WRONG = ["b", *LABELS[1:30], *["a"] * 10]


def test_names_and_ids_give_the_paired_statistics():
    found = compare(RIGHT, WRONG, LABELS)
    first, second, truth = (
        np.unique(each, return_inverse=True)[1] for each in (RIGHT, WRONG, LABELS)
    )
    assert found.difference == paired_difference(first, second, truth)
    assert found.flips == mcnemar(first == truth, second == truth)
    assert found.first.mean == 1
    assert found.difference.mean == pytest.approx(found.first.mean - found.second.mean)
    assert found.verdict.startswith("the first is better than the second by")
    assert compare(first, second, truth) == found


def test_several_seeds_are_resampled_together_and_most_of_them_count_for_the_flips():
    first, second = [RIGHT, RIGHT, WRONG], [WRONG, WRONG, RIGHT]
    found = compare(first, second, LABELS, metric="macro_f1", n_resamples=200, seed=3)
    assert (found.metric, found.difference.n_seeds, found.difference.n_rows) == ("macro_f1", 3, 40)
    assert found.flips == compare(RIGHT, WRONG, LABELS).flips


@pytest.mark.parametrize(
    ("first", "second", "labels", "options", "message"),
    [
        (RIGHT[:-1], WRONG, LABELS, {}, "first has 39 predictions for 40 labels"),
        ([RIGHT, RIGHT], WRONG, LABELS, {}, "first has 2 seeds, second 1"),
        (RIGHT, [WRONG, WRONG[:3]], LABELS, {}, "second has rows of different lengths"),
        ([[RIGHT]], WRONG, LABELS, {}, "first has shape"),
        (RIGHT, WRONG, [*LABELS[:-1], None], {}, "Row 40 of labels has no label"),
        ([0] * 40, WRONG, LABELS, {}, "No prediction of first is among the labels"),
        (RIGHT, WRONG, LABELS, {"metric": "f2"}, "Unknown metric 'f2'"),
        (RIGHT, WRONG, LABELS, {"n_resamples": 0}, "n_resamples is 0"),
        ([], [], [], {}, "labels is empty"),
    ],
)
def test_what_cannot_be_compared_is_named(first, second, labels, options, message):
    with pytest.raises(InputError, match=message):
        compare(first, second, labels, **options)
