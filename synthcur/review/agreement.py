"""How far people agree with each other, and with the weights; pure numpy.

Shapes: R people, U rows, C categories, B resamples. A category is what became of a row: one of the
labels, or discarded. Whoever was unsure has given no opinion.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from synthcur.review.decisions import DISCARD, RELABEL, UNSURE, Decision
from synthcur.stats.bootstrap import interval
from synthcur.stats.metrics import wilson_interval
from synthcur.stats.roc import RocAuc, roc_auc_interval

MISSING = -1
RESAMPLES = 2_000
AUDIT_QUEUE = "random"
WRONG_LABEL = "wrong label"
STOP_BELOW = 0.1
"""Review may stop once the upper end for wrong labels that are left is below this share."""


@dataclass(frozen=True)
class Agreement:
    """A coefficient with its interval: 1 is full agreement, 0 that of chance.

    Attributes
    ----------
    value, low, high
        The coefficient and the ends of its 95 % interval; NaN where it is not defined, as when
        everybody gave one and the same answer throughout.
    n
        Rows with two opinions or more.
    """

    value: float
    low: float
    high: float
    n: int


def cohen_kappa(
    first: np.ndarray, second: np.ndarray, *, seed: int = 0, n_resamples: int = RESAMPLES
) -> Agreement:
    """Agreement of two people beyond chance (Cohen 1960).

    ``(p_o - p_e) / (1 - p_e)`` with p_o the share of rows on which they agree and p_e that expected
    of their own shares of each category.

    Parameters
    ----------
    first, second
        Category ids, (U,); a row that either left out (`MISSING`) does not count.
    seed
        Seed of the bootstrap over rows.
    """
    given = (first != MISSING) & (second != MISSING)
    codes, ids = np.unique(np.concatenate([first[given], second[given]]), return_inverse=True)
    one_hot = np.eye(len(codes))
    by_first, by_second = one_hot[ids[: given.sum()]], one_hot[ids[given.sum() :]]
    same = (by_first * by_second).sum(axis=1)

    def kappa(counts: np.ndarray) -> np.ndarray:
        n = counts.sum(axis=1)
        observed = counts @ same / n
        shares = (counts @ by_first / n[:, None], counts @ by_second / n[:, None])
        expected = (shares[0] * shares[1]).sum(axis=1)
        return _beyond_chance(1 - observed, 1 - expected)

    return _with_interval(kappa, len(same), seed, n_resamples)


def krippendorff_alpha(
    table: np.ndarray, *, seed: int = 0, n_resamples: int = RESAMPLES
) -> Agreement:
    """Agreement of any number of people, each of whom may leave rows out (Krippendorff 2011).

    ``1 - D_o / D_e`` for nominal data: D_o is the disagreement within rows, D_e that of values
    paired at random over all rows.

    Parameters
    ----------
    table
        Category ids, (R, U), `MISSING` where somebody gave none.
    seed
        Seed of the bootstrap over rows.
    """
    n_categories = int(table.max(initial=MISSING)) + 1
    counted = np.stack(
        [(table == each).sum(axis=0) for each in range(n_categories)] or [[]], axis=1
    )
    counted = counted[counted.sum(axis=1) >= 2].astype(float)
    size = counted.sum(axis=1)
    within = (counted * (size[:, None] - counted)).sum(axis=1) / np.maximum(size - 1, 1)

    def alpha(counts: np.ndarray) -> np.ndarray:
        values = counts @ counted
        n = values.sum(axis=1)
        expected = (values * (n[:, None] - values)).sum(axis=1) / (n * (n - 1))
        return _beyond_chance(counts @ within / n, expected)

    return _with_interval(alpha, len(counted), seed, n_resamples)


def _beyond_chance(observed: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """``1 - observed / expected`` disagreement; NaN where none could be expected."""
    nothing = np.full(len(expected), np.nan)
    return 1 - np.divide(observed, expected, out=nothing, where=expected > 1e-12)


def _with_interval(
    coefficient: Callable[[np.ndarray], np.ndarray], n: int, seed: int, n_resamples: int
) -> Agreement:
    if n == 0:
        return Agreement(np.nan, np.nan, np.nan, 0)
    value = float(coefficient(np.ones((1, n)))[0])
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(n, np.full(n, 1 / n), size=n_resamples).astype(float)
    resampled = coefficient(drawn)
    resampled = resampled[np.isfinite(resampled)]
    if n < 2 or np.isnan(value) or len(resampled) < 40:
        return Agreement(value, np.nan, np.nan, n)
    low, high = interval(resampled)
    return Agreement(value, low, high, n)


def outcome(decision: Decision, file_label: int, label_ids: Mapping[str, int]) -> int:
    """Return what a verdict makes of a row: a label id, K for discarded, `MISSING` for unsure."""
    if decision.action == UNSURE:
        return MISSING
    if decision.action == DISCARD:
        return len(label_ids)
    return label_ids.get(decision.label or "", file_label)


def opinions(
    verdicts: Mapping[str, Mapping[str, Decision]],
    file_labels: Mapping[str, int],
    label_ids: Mapping[str, int],
) -> tuple[list[str], list[str], np.ndarray]:
    """Collect the rows that two people or more have an opinion on.

    Parameters
    ----------
    verdicts
        `log_state.LogState.verdicts`.
    file_labels
        Label id of every sample in the file.
    label_ids
        Id of every label.

    Returns
    -------
    people, sample_ids : list of str
        In alphabetical order, and in the order of `file_labels`.
    table : (R, U) int64
        As `krippendorff_alpha` takes it.
    """
    given = {}
    for sample_id, label in file_labels.items():
        by = verdicts.get(sample_id, {})
        said = {who: outcome(each, label, label_ids) for who, each in by.items()}
        said = {who: each for who, each in said.items() if each != MISSING}
        if len(said) >= 2:
            given[sample_id] = said
    people = sorted({who for said in given.values() for who in said})
    table = [[said.get(who, MISSING) for said in given.values()] for who in people]
    return people, list(given), np.array(table, dtype=np.int64).reshape(len(people), len(given))


def disagreements(sample_ids: Sequence[str], table: np.ndarray) -> list[str]:
    """Return the rows of `opinions` on which people differ."""
    if not table.size:
        return []
    highest = table.max(axis=0)
    lowest = np.where(table == MISSING, highest, table).min(axis=0)
    return [each for each, differs in zip(sample_ids, lowest < highest, strict=True) if differs]


def with_weights(
    scores: Mapping[str, np.ndarray],
    rows: Mapping[str, int],
    current: Mapping[str, Decision],
) -> dict[str, RocAuc]:
    """Measure whether people agree with the weights: whether they reject rows that score low.

    Parameters
    ----------
    scores
        Named figures of the synthetic rows, (N,): P', Q, weight.
    rows
        Row of every sample of the random check, so that no queue has chosen them.
    current
        `review.decisions.current_decisions`.

    Returns
    -------
    dict
        By name, the chance that a row somebody discarded or relabelled scores lower than one that
        was kept; 0.5 is chance. Empty until there is one of each.
    """
    judged = {row: current[each].action for each, row in rows.items() if each in current}
    judged = {row: action for row, action in judged.items() if action != UNSURE}
    rejected = np.array([action in (DISCARD, RELABEL) for action in judged.values()], dtype=bool)
    if not rejected.any() or rejected.all():
        return {}
    at = np.array(list(judged))
    return {name: roc_auc_interval(-values[at], rejected) for name, values in scores.items()}


@dataclass(frozen=True)
class Audit:
    """How many labels are wrong, by the random check.

    Attributes
    ----------
    wrong, n, low, high
        Wrong labels among n checked rows of the file, and the 95 % Wilson interval of their share.
    wrong_left, n_left, low_left, high_left
        The same of the rows as the other queues have left them.
    """

    wrong: int
    n: int
    low: float
    high: float
    wrong_left: int
    n_left: int
    low_left: float
    high_left: float

    @property
    def may_stop(self) -> bool:
        """Whether what is left is known to be below `STOP_BELOW`, at the end of its interval."""
        return self.n_left > 0 and self.high_left < STOP_BELOW


def audit(file_labels: Mapping[str, str], current: Mapping[str, Decision]) -> Audit | None:
    """Estimate the share of wrong labels before and after review from rows drawn at random.

    A row that the random check alone has looked at stands for the rows nobody has reviewed: it is
    wrong still, though its own mistake is mended. One that another queue had dealt with is taken
    as right from then on, and is not among those left if it was discarded there.

    Parameters
    ----------
    file_labels
        Label in the file of every sample of the random check.
    current
        `review.decisions.current_decisions`.

    Returns
    -------
    Audit or None
        None before the first row is checked.
    """
    checked = [
        (current[each], label)
        for each, label in file_labels.items()
        if each in current and current[each].action != UNSURE
    ]
    if not checked:
        return None
    left = [
        (decision, label)
        for decision, label in checked
        if decision.queue == AUDIT_QUEUE or decision.action != DISCARD
    ]
    wrong = sum(_is_wrong(*each) for each in checked)
    wrong_left = sum(_is_wrong(*each) for each in left if each[0].queue == AUDIT_QUEUE)
    after = wilson_interval(wrong_left, len(left)) if left else (0.0, 1.0)
    before = wilson_interval(wrong, len(checked))
    return Audit(wrong, len(checked), *before, wrong_left, len(left), *after)


def _is_wrong(decision: Decision, file_label: str) -> bool:
    if decision.action == DISCARD:
        return decision.reason == WRONG_LABEL
    return decision.label not in (None, file_label)
