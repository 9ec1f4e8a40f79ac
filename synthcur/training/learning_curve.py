"""Accuracy against the number of real training rows: which rows, and what the runs say; pure.

Real rows cost labels and synthetic rows hardly anything, so the question is how many real rows it
takes until generated ones stop paying. Subsets of the real training rows are nested and stratified;
validation and test rows stay what they are, whatever the size.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from synthcur.arms import FLOOR, RECOMMENDED, Arm, base_of, get_arm
from synthcur.errors import InputError
from synthcur.schema import REAL, TRAIN, Collection
from synthcur.settings import TrainSettings
from synthcur.stats.majority import learned_nothing, majority_score, nothing_in_words
from synthcur.stats.metrics import (
    SIGNIFICANT,
    Difference,
    corrected,
    mean_interval,
    paired_difference,
    verdict,
)
from synthcur.training.curve_results import (
    NO_VERDICT,
    Curve,
    Gain,
    Point,
    Summary,
    WithoutVerdict,
)
from synthcur.training.unfinished import no_verdict, unfinished_in_words
from synthcur.wording import p_in_words

SIZES = (25, 50, 100, 200, 400)
"""Numbers of real training rows that are tried unless others are asked for."""

NO_REAL_ROWS = 0
"""Stands for the size of a run that reads no real training row."""

REAL_ONLY = "ce_real"
"""The arm that says what real rows are worth by themselves."""

_LAST_STEP = 0.8
"""A size nearer than this to all rows tells nothing that all rows do not."""

Said = Mapping[tuple[str, int], Mapping[int, np.ndarray]]
"""Predicted label ids (T,) of the test rows, by (arm, number of real rows), then by seed."""

Unfinished = Mapping[tuple[str, int], Mapping[int, str]]
"""Why runs were still learning when they stopped, by (arm, number of real rows), then by seed."""

_ALL_FINISHED: Unfinished = MappingProxyType({})


def default_arms() -> tuple[str, ...]:
    """Name the arms of a curve: the plain ways, the published ones, the recommended, the floor."""
    arms = ("ce_real", "ce", "ce_both", "imp", "dimp", RECOMMENDED, *FLOOR)
    return tuple(dict.fromkeys(arms))


@dataclass(frozen=True, kw_only=True)
class LearningCurveSettings(TrainSettings):
    """A training job that is repeated with different numbers of real training rows.

    Attributes
    ----------
    sizes
        Numbers of real training rows, each at least 2; kept in ascending order.
    """

    arms: tuple[str, ...] = default_arms()
    seeds: int = 3
    sizes: tuple[int, ...] = SIZES

    def __post_init__(self) -> None:
        super().__post_init__()
        if any(base_of(arm) != arm for arm in self.arms):
            raise InputError(
                "A learning curve leaves out real rows, and no synthetic ones by a column.",
                fix="Leave rows out by a column in a training job.",
            )
        object.__setattr__(self, "sizes", tuple(sorted(set(self.sizes))))
        if not self.sizes or self.sizes[0] < 2:
            raise InputError(
                f"The numbers of real rows are {list(self.sizes)}.",
                fix="Name at least one, each 2 or more, such as 25,50,100.",
            )

    def arms_at(self, n_real: int) -> list[Arm]:
        """Return the arms that are run at a size, or with `NO_REAL_ROWS`."""
        arms = [get_arm(name) for name in self.arms]
        return [arm for arm in arms if reads_real_rows(arm) == (n_real != NO_REAL_ROWS)]

    @property
    def n_runs(self) -> int:
        """Number of runs that the job takes."""
        return self.seeds * sum(len(self.arms_at(n)) for n in (NO_REAL_ROWS, *self.sizes))


def reads_real_rows(arm: Arm) -> bool:
    """Whether real training rows change a run of the arm, be it through its checkers."""
    return arm.rows != "synthetic" or arm.needs_scores


def default_sizes(labels: np.ndarray) -> tuple[int, ...]:
    """Choose the sizes that a collection allows: those of `SIZES`, and all of its rows.

    Parameters
    ----------
    labels
        Label ids of the real training rows, (R,).
    """
    least, most = len(np.unique(labels)), len(labels)
    return (*(size for size in SIZES if least <= size <= _LAST_STEP * most), most)


def check_sizes(sizes: Sequence[int], labels: np.ndarray) -> None:
    """Refuse sizes that the real training rows cannot give.

    Raises
    ------
    InputError
        If a size is larger than the number of rows (R,) of `labels`, or too small to hold a row of
        every label.
    """
    least, most = len(np.unique(labels)), len(labels)
    wrong = [size for size in sizes if not least <= size <= most]
    if wrong:
        raise InputError(
            f"A learning curve cannot be made with {wrong[0]:,} real rows: there are {most:,} real "
            f"training rows of {least} labels.",
            fix=f"Name sizes from {least:,}, a row per label, to {most:,}.",
        )


def nested_order(labels: np.ndarray, *, seed: int) -> np.ndarray:
    """Order rows so that each beginning is a stratified sample, and part of every longer one.

    Parameters
    ----------
    labels
        Label ids, (R,).
    seed
        Equal seeds give equal orders.

    Returns
    -------
    (R,) int64
        Row numbers. The first K hold every one of the K labels that occur; beyond that, the share
        of a label in a beginning is that in all rows, as near as whole rows allow.
    """
    shuffled = np.random.default_rng(seed).permutation(len(labels))
    place = np.empty(len(labels))
    for label in np.unique(labels):
        own = shuffled[labels[shuffled] == label]
        place[own] = (np.arange(len(own)) + 0.5) / len(own)
        place[own[0]] -= 1  # no label comes twice before every label has come once
    return shuffled[np.argsort(place[shuffled], kind="stable")]


def chosen_rows(collection: Collection, size: int, *, seed: int) -> np.ndarray:
    """Choose `size` of the real training rows: their numbers in `Collection.real_train`, rising."""
    labels = collection.real_train_labels
    check_sizes([size], labels)
    return np.sort(nested_order(labels, seed=seed)[:size])


def with_real_rows(collection: Collection, chosen: np.ndarray) -> Collection:
    """Return the collection with only these of its real training rows; nothing else changes."""
    rows = collection.rows
    is_train = ((rows["source"] == REAL) & (rows["split"] == TRAIN)).to_numpy()
    stays = ~is_train
    stays[np.flatnonzero(is_train)[chosen]] = True
    return replace(
        collection,
        rows=rows[stays].reset_index(drop=True),
        provenance=collection.provenance[stays].reset_index(drop=True),
    )


def summary(
    said: Said,
    labels: np.ndarray,
    arms: Sequence[str],
    unfinished: Unfinished = _ALL_FINISHED,
) -> Summary:
    """Turn the runs there are into curves and a sentence.

    Parameters
    ----------
    said
        What finished runs predict; more may come.
    labels
        True label ids of the test rows, (T,).
    arms
        Names of the arms, in the order of the job.
    unfinished
        The runs among them that were still learning.
    """
    curves = []
    for arm in arms:
        points = tuple(
            Point(size, mean_interval(_stacked(runs), labels))
            for (name, size), runs in sorted(said.items())
            if name == arm
        )
        if points:
            curves.append(Curve(arm, get_arm(arm).title, points))
    shown = [curve.arm for curve in curves]
    own = RECOMMENDED
    rivals = [arm for arm in shown if arm not in (REAL_ONLY, *FLOOR)]
    rival = own if own in shown else next(reversed(rivals), "")
    idle = idle_runs(said, labels, arms)
    # A run that learned nothing is not said to be still learning as well.
    dead = {(each.arm, each.n_real, seed) for each in idle for seed in each.seeds}
    unfinished = {
        key: {seed: why for seed, why in runs.items() if (*key, seed) not in dead}
        for key, runs in unfinished.items()
    }
    is_compared = bool(rival) and REAL_ONLY in shown
    pays = gains(said, labels, rival, unfinished) if is_compared else []
    return Summary(
        arms=tuple(curves),
        pays=tuple(pays),
        verdict=headline(pays),
        majority=majority_score(labels),
        learned_nothing=tuple(idle),
        unfinished=tuple(unfinished_runs(said, labels, arms, unfinished)),
    )


def gains(
    said: Said, labels: np.ndarray, arm: str, unfinished: Unfinished = _ALL_FINISHED
) -> list[Gain]:
    """Compare an arm with real rows alone at every size, on the rows and seeds both have.

    Returns
    -------
    list of Gain
        By rising size, those at which both have a seed in common.
    """
    found, also, left_out = {}, {}, []
    title, plain = get_arm(arm).title, get_arm(REAL_ONLY).title
    for name, size in sorted(said):
        own = (arm, size) if (arm, size) in said else (arm, NO_REAL_ROWS)
        rival = said.get(own, {})
        seeds = [seed for seed in said[name, size] if seed in rival]
        if name != REAL_ONLY or not seeds:
            continue
        nothing = [title] if _idle(rival, labels, seeds) else []
        named = {title: unfinished.get(own, {}), plain: unfinished.get((name, size), {})}
        running = [each for each, runs in named.items() if not runs.keys().isdisjoint(seeds)]
        if nothing or running:
            sentence = f"{size:,} real rows: {no_verdict(nothing, running)}"
            left_out.append(Gain(size, arm, sentence))
            continue
        also[size] = f"; {plain} learned nothing" if _idle(said[name, size], labels, seeds) else ""
        first, second = _stacked(rival, seeds), _stacked(said[name, size], seeds)
        found[size] = paired_difference(first, second, labels)
    compared = [
        Gain(
            size,
            arm,
            f"{size:,} real rows: {verdict(found[size], title, plain)}"
            + _taken_back(found[size], each.p_holm, len(found))
            + also[size],
            each,
        )
        for size, each in corrected(found).items()
    ]
    return sorted([*compared, *left_out], key=lambda each: each.n_real)


def idle_runs(said: Said, labels: np.ndarray, arms: Sequence[str]) -> list[WithoutVerdict]:
    """List where an arm learned nothing, by the order of the arms and by rising size.

    They stand beside the verdict: where real rows alone learned nothing, others pay too easily.
    """
    found = []
    for arm in arms:
        for (name, size), runs in sorted(said.items()):
            seeds = _idle(runs, labels) if name == arm else []
            if seeds:
                words = nothing_in_words(get_arm(arm).title, seeds, len(runs))
                where = "" if size == NO_REAL_ROWS else f"{size:,} real rows: "
                found.append(WithoutVerdict(arm, size, tuple(seeds), f"{where}{words}"))
    return found


def unfinished_runs(
    said: Said, labels: np.ndarray, arms: Sequence[str], unfinished: Unfinished
) -> list[WithoutVerdict]:
    """List where an arm was still learning when it stopped, as `idle_runs` does."""
    found = []
    for arm in arms:
        for (name, size), runs in sorted(said.items()):
            whys = unfinished.get((name, size), {})
            seeds = [seed for seed in sorted(runs) if seed in whys]
            if name != arm or not seeds:
                continue
            words = unfinished_in_words(
                get_arm(arm).title,
                seeds,
                len(runs),
                why=whys[seeds[0]],
                reached=mean_interval(_stacked(runs), labels).mean,
            )
            where = "" if size == NO_REAL_ROWS else f"{size:,} real rows: "
            found.append(WithoutVerdict(arm, size, tuple(seeds), f"{where}{words}"))
    return found


def headline(pays: Sequence[Gain]) -> str:
    """Say in one sentence with how many real rows synthetic ones pay; empty without a comparison.

    Parameters
    ----------
    pays
        What `gains` returns.
    """
    if not pays:
        return ""
    by = {
        outcome: [each.n_real for each in pays if each.outcome == outcome]
        for outcome in ("better", "no evidence", "worse", NO_VERDICT)
    }
    arm = get_arm(pays[0].arm).title
    parts = []
    if by["better"]:
        parts.append(f"Synthetic rows pay with {_listed(by['better'])} real ones, by {arm}")
    if by["no evidence"]:
        lead = "no evidence that they pay" if parts else f"No evidence that {arm} pays"
        parts.append(f"{lead} with {_listed(by['no evidence'])}{'' if parts else ' real rows'}")
    if by["worse"]:
        lead = "they harm" if parts else f"Synthetic rows harm, by {arm},"
        parts.append(f"{lead} with {_listed(by['worse'])}{'' if parts else ' real ones'}")
    if by[NO_VERDICT]:
        lead = NO_VERDICT if parts else "No verdict"
        sizes = f"with {_listed(by[NO_VERDICT])}{'' if parts else ' real rows'}"
        why = "where an arm learned nothing or was still learning: train longer"
        parts.append(f"{lead} {sizes}, {why}")
    return "; ".join(parts)


def _taken_back(found: Difference, p_holm: float, n_sizes: int) -> str:
    """Say that a difference does not stand after correction; nothing where there was none."""
    if found.outcome == "no evidence" or p_holm < SIGNIFICANT:
        return ""
    correction = f"after Holm correction over {n_sizes} sizes"
    return f"; {correction} this is not significant ({p_in_words(p_holm)})"


def _idle(
    runs: Mapping[int, np.ndarray], labels: np.ndarray, seeds: Sequence[int] | None = None
) -> list[int]:
    """Return the seeds, of all or of those named, whose model learned nothing."""
    chosen = sorted(runs if seeds is None else seeds)
    idle = learned_nothing(_stacked(runs, chosen), labels)
    return [seed for seed, is_idle in zip(chosen, idle, strict=True) if is_idle]


def _listed(sizes: Sequence[int]) -> str:
    words = [f"{size:,}" for size in sizes]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _stacked(runs: Mapping[int, np.ndarray], seeds: Sequence[int] | None = None) -> np.ndarray:
    """Predictions (S, T) by rising seed, or of the seeds named."""
    return np.stack([runs[seed] for seed in (sorted(runs) if seeds is None else seeds)])
