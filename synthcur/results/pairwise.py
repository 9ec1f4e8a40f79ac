"""A closer look at one arm beside another: labels, confusions, and the rows that flipped."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from synthcur.results.comparison import (
    finished_runs,
    paired_runs,
    probabilities,
    readable_jobs,
    undertrained,
)
from synthcur.results.findings import difference_in_words
from synthcur.schema import REAL, TEST
from synthcur.settings import TrainSettings
from synthcur.stats import bootstrap as resampling
from synthcur.stats.majority import LEARNED_NOTHING
from synthcur.stats.metrics import (
    ACCURACY,
    SIGNIFICANT,
    CorrectedDifference,
    Difference,
    Flips,
    confusion,
    corrected,
    mcnemar,
    paired_difference,
)
from synthcur.stats.reliability import Bin, reliability
from synthcur.store.records import Job
from synthcur.store.store import Store
from synthcur.training.unfinished import STILL_LEARNING
from synthcur.wording import p_in_words


@dataclass(frozen=True)
class Comparison:
    """One arm beside another on the test rows, over the seeds that both have finished.

    Attributes
    ----------
    arm, baseline
        Names of the two arms.
    n_seeds
        Number of seeds in common.
    by_label
        One row per label: label, rows, baseline, arm; the last two are shares of the label's rows
        that were predicted right, mean over seeds.
    confusion
        (K, K) test rows of the arm, rows true, columns predicted, mean over seeds.
    confusion_change
        The same, arm minus baseline.
    reliability, baseline_reliability
        How sure the two are beside how often they are right.
    flips
        Test rows that the two read differently, one of them right: text, text_pair, label,
        baseline_says, arm_says, is_right (whether the arm is the one that is), gain (change of the
        share of seeds that are right, -1 to 1). What an arm says is what most of its seeds say.
    flip_test
        How many rows flipped either way, and McNemar's test of that. It is made of the same
        answers of most seeds: the rows of several seeds are not independent, so they cannot be
        pooled, and a test a seed would ask as many questions as there are seeds. It speaks of
        other rows under these models; the interval of the results is what speaks of other seeds.
    """

    arm: str
    baseline: str
    n_seeds: int
    by_label: pd.DataFrame
    confusion: np.ndarray
    confusion_change: np.ndarray
    reliability: tuple[Bin, ...]
    baseline_reliability: tuple[Bin, ...]
    flips: pd.DataFrame
    flip_test: Flips


def compare(store: Store, job_id: str, *, arm: str, baseline: str) -> Comparison | None:
    """Look closer at one arm beside another; None if they have no finished seed in common."""
    job = store.job(job_id)
    finished = finished_runs(store, job)
    pairs = paired_runs(finished.get(arm, []), finished.get(baseline, []))
    if not pairs:
        return None
    collection = store.versions.read_by(job)
    first, labels = probabilities(store, [pair[0] for pair in pairs])
    second, _ = probabilities(store, [pair[1] for pair in pairs])
    mine, other = _mean_confusion(first, labels), _mean_confusion(second, labels)
    rows = np.bincount(labels, minlength=len(collection.labels))
    by_label = pd.DataFrame(
        {
            "label": collection.labels,
            "rows": rows,
            "baseline": np.diag(other) / np.maximum(rows, 1),
            "arm": np.diag(mine) / np.maximum(rows, 1),
        }
    )
    test = collection.part(REAL, TEST)
    flips = _flips(test, collection.labels, first, second, labels)
    test_of_flips = mcnemar(_most_said(first) == labels, _most_said(second) == labels)
    return Comparison(
        arm=arm,
        baseline=baseline,
        n_seeds=len(pairs),
        by_label=by_label,
        confusion=mine,
        confusion_change=mine - other,
        reliability=tuple(reliability(first, labels)),
        baseline_reliability=tuple(reliability(second, labels)),
        flips=flips,
        flip_test=test_of_flips,
    )


def flips_in_words(found: Flips, *, has_verdict: bool = True) -> str:
    """Say whether the rows that flipped tell the two models apart.

    Where one of them was not trained to the end, there is no verdict: the rows are counted and that
    is all.
    """
    gained, lost = f"{found.gained:,}", f"{found.lost:,}"
    if found.gained + found.lost == 0:
        return "No test row flipped."
    if not has_verdict:
        why = "No verdict, since one of the two learned nothing or was still learning"
        return f"{gained} gained and {lost} lost. {why}."
    if found.p_value < SIGNIFICANT:
        says = "are more than chance in the choice of test rows explains"
    else:
        says = "are no evidence of a difference"
    test = f"exact McNemar test of this pair, {p_in_words(found.p_value)}"
    return f"{gained} gained and {lost} lost {says} ({test})."


@dataclass(frozen=True)
class ArmGain:
    """What review did to one arm: its scores before and after, and their paired difference.

    The difference is corrected for how many arms were looked at. It is None where the arm was not
    trained to the end, before or after; `mark` then says so, see `outcome.ArmResult.mark`.
    """

    arm: str
    before: float
    after: float
    difference: CorrectedDifference | None
    mark: str = ""

    @property
    def outcome(self) -> str:
        """``better``, ``worse`` or ``no evidence``, after the correction; else the mark."""
        return self.mark if self.difference is None else self.difference.outcome

    @property
    def difference_in_words(self) -> str:
        """See `findings.difference_in_words`."""
        return difference_in_words(self.difference)

    @property
    def p_in_words(self) -> str:
        """See `wording.p_in_words`; a dash without a difference."""
        return "—" if self.difference is None else p_in_words(self.difference.p_holm)


@dataclass(frozen=True)
class ReviewEffect:
    """Two jobs of the same recipe and data, trained with fewer and with more decisions."""

    before: Job
    after: Job
    arms: tuple[ArmGain, ...]


def review_effect(store: Store, job: Job, *, metric: str = ACCURACY) -> ReviewEffect | None:
    """Compare a training job with the newest one before it that had fewer decisions.

    Both have the same rows, recipe and checkers, so that what differs is what people decided.

    Parameters
    ----------
    store, job
        The later job.
    metric
        ``accuracy`` or ``macro_f1``.

    Returns
    -------
    ReviewEffect or None
        One entry an arm with a finished seed in both; None if there is no such job.
    """
    for earlier in readable_jobs(store, job.collection):
        if earlier.number < job.number and _differ_by_review(earlier, job):
            arms = _gains(store, earlier, job, metric)
            if arms:
                return ReviewEffect(earlier, job, arms)
    return None


def _differ_by_review(earlier: Job, later: Job) -> bool:
    first, second = (TrainSettings.from_dict(job.settings) for job in (earlier, later))
    return (
        len(earlier.spec["decisions"]) < len(later.spec["decisions"])
        and earlier.spec["collection_fp"] == later.spec["collection_fp"]
        and earlier.spec["scores"] == later.spec["scores"]
        and (first.fit, first.checkers) == (second.fit, second.checkers)
        and first.weighting == second.weighting
    )


def _gains(store: Store, earlier: Job, later: Job, metric: str) -> tuple[ArmGain, ...]:
    old, new = finished_runs(store, earlier), finished_runs(store, later)
    states = [
        undertrained(store, job, [run for runs in finished.values() for run in runs])
        for job, finished in ((earlier, old), (later, new))
    ]
    nothing = states[0].nothing | states[1].nothing
    unfinished = {*states[0].unfinished, *states[1].unfinished}
    found: list[ArmGain] = []
    differences: dict[str, Difference] = {}
    for arm in new:
        pairs = paired_runs(new[arm], old.get(arm, []))
        if not pairs:
            continue
        after, labels = probabilities(store, [pair[0] for pair in pairs])
        before, _ = probabilities(store, [pair[1] for pair in pairs])
        new_said, old_said = after.argmax(axis=2), before.argmax(axis=2)
        scores = [resampling.scores(each, labels, metric).mean() for each in (old_said, new_said)]
        keys = {(arm, run.seed) for run, _ in pairs}
        mark = LEARNED_NOTHING if keys & nothing else STILL_LEARNING if keys & unfinished else ""
        found.append(ArmGain(arm, float(scores[0]), float(scores[1]), None, mark))
        if not mark:
            differences[arm] = paired_difference(new_said, old_said, labels, metric=metric)
    after_holm = corrected(differences)
    return tuple(replace(each, difference=after_holm.get(each.arm)) for each in found)


def _mean_confusion(probs: np.ndarray, labels: np.ndarray) -> np.ndarray:
    predictions, n_labels = probs.argmax(axis=2), probs.shape[2]
    return np.mean([confusion(row, labels, n_labels) for row in predictions], axis=0)


def _most_said(probs: np.ndarray) -> np.ndarray:
    """Label that most seeds predict for every row: (S, T, K) -> (T,).

    Between labels with as many seeds, the one with the higher mean probability is taken.
    """
    votes = np.eye(probs.shape[2])[probs.argmax(axis=2)].sum(axis=0)
    return (votes + 0.5 * probs.mean(axis=0)).argmax(axis=1)


def _flips(
    test: pd.DataFrame,
    names: Sequence[str],
    first: np.ndarray,
    second: np.ndarray,
    labels: np.ndarray,
) -> pd.DataFrame:
    mine, theirs = _most_said(first), _most_said(second)
    right, was_right = first.argmax(axis=2) == labels, second.argmax(axis=2) == labels
    gain = right.mean(axis=0) - was_right.mean(axis=0)
    flipped = np.flatnonzero((mine == labels) != (theirs == labels))
    order = flipped[np.argsort(-np.abs(gain[flipped]), kind="stable")]
    name = np.asarray(names, dtype=object)
    return pd.DataFrame(
        {
            "text": test["text"].to_numpy()[order],
            "text_pair": test["text_pair"].to_numpy()[order],
            "label": name[labels[order]],
            "baseline_says": name[theirs[order]],
            "arm_says": name[mine[order]],
            "is_right": mine[order] == labels[order],
            "gain": gain[order],
        }
    )
