"""What a weighting would do to a pool, before anything is trained: pure numpy, milliseconds.

None of these figures is an accuracy. They say how much of the pool is left, who holds the weight,
and what each step of the weighting takes and gives.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from types import MappingProxyType

import numpy as np

from synthcur.settings import WeightingSettings
from synthcur.weighting.rules import (
    NO_FACTS,
    Facts,
    effective_sample_size,
    mass_by_group,
    sample_weight,
    top_share,
    weight_histogram,
)

LEAST_SHARE = 0.1
"""Share of the rows that should be left in effect; with fewer, few rows decide the training."""

LEAST_ROWS = 30
"""Effective rows that each label should have."""

STEPS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "rule": (
            *("rule", "quality", "diversity"),
            *("quality_exponent", "diversity_exponent", "least_quality"),
        ),
        "prior_correction": ("prior_correction",),
        "clip": ("clip_low", "clip_high"),
        "floor": ("floor",),
        "collapse_duplicates": ("collapse_duplicates",),
        "balance_classes": ("balance_classes",),
        "normalise": ("normalise",),
    }
)
"""Fields of `WeightingSettings` by the step that they belong to, in the order of the steps."""

QUADRANTS: Mapping[str, str] = MappingProxyType(
    {
        "typical": "Typical",
        "rare": "Right, rare",
        "against": "Against real",
        "doubtful": "Both doubt",
    }
)
"""Titles of the quarters of the quality x diversity plane; see `quadrants`."""


@dataclass(frozen=True)
class Concern:
    """A reason to think twice about a weighting.

    Attributes
    ----------
    label
        The label with under `LEAST_ROWS` effective rows; None: the whole pool has under
        `LEAST_SHARE` of its rows.
    rows, effective
        Rows of the label or the pool, and what they are worth (Kish).
    """

    label: str | None
    rows: int
    effective: float


@dataclass(frozen=True)
class Outlook:
    """A weighted pool in a few figures.

    Attributes
    ----------
    rows, effective
        Rows, and what they are worth (Kish).
    mean
        Mean weight; about 1 under IMP with calibrated checkers.
    top_share
        Share of the weight that the heaviest 1 % of the rows hold; while the model knows nothing
        and all rows cost the same, their share of the loss.
    histogram
        Rows in each step of `weighting.rules.LOG_WEIGHT_EDGES`.
    concerns
        What to think twice about, the pool before its labels, the thinnest label first.
    """

    rows: int
    effective: float
    mean: float
    top_share: float
    histogram: tuple[int, ...]
    concerns: tuple[Concern, ...]


def outlook(weights: np.ndarray, labels: np.ndarray) -> Outlook:
    """Sum up the weights (n,) of the rows that are kept; `labels` are their label names."""
    effective = effective_sample_size(weights)
    return Outlook(
        rows=len(weights),
        effective=effective,
        mean=float(weights.mean()) if len(weights) else 0.0,
        top_share=top_share(weights),
        histogram=tuple(weight_histogram(weights).tolist()),
        concerns=tuple(_concerns(weights, labels, effective)),
    )


def _concerns(weights: np.ndarray, labels: np.ndarray, effective: float) -> Iterator[Concern]:
    if effective < LEAST_SHARE * len(weights):
        yield Concern(None, len(weights), effective)
    mass = mass_by_group(weights, labels).sort_values("effective_rows", kind="stable")
    thin = mass[mass["effective_rows"] < LEAST_ROWS]
    for label, rows, left in zip(thin["group"], thin["rows"], thin["effective_rows"], strict=True):
        yield Concern(label, int(rows), float(left))


@dataclass(frozen=True)
class Step:
    """What one step of a weighting does to the weight of a pool.

    Attributes
    ----------
    name
        A key of `STEPS`.
    given, taken
        Sum of what rows gain and of what rows lose, both >= 0, in rows of plain training: a row of
        weight 1 is one.
    mass
        Sum of the weights after it.
    effective
        Kish's effective sample size after it.
    """

    name: str
    given: float
    taken: float
    mass: float
    effective: float


def waterfall(
    quality_probs: np.ndarray,
    diversity_probs: np.ndarray,
    labels: np.ndarray,
    settings: WeightingSettings,
    facts: Facts = NO_FACTS,
) -> tuple[Step, ...]:
    """Follow the weight of a pool through the steps of a weighting.

    It starts from plain training, where each of the N rows weighs 1, and ends with the weights of
    `sample_weight`, whose parameters and errors it shares.

    Returns
    -------
    tuple of Step
        The rule, then the other steps that the settings ask for, in order. ``mass`` of each is
        that of the one before plus ``given`` minus ``taken``.
    """
    steps, before = [], np.ones(len(labels))
    for name, so_far in _stages(settings):
        after = sample_weight(quality_probs, diversity_probs, labels, so_far, facts)
        change = after - before
        steps.append(
            Step(
                name=name,
                given=float(change[change > 0].sum()),
                taken=float(-change[change < 0].sum()),
                mass=float(after.sum()),
                effective=effective_sample_size(after),
            )
        )
        before = after
    return tuple(steps)


def _stages(settings: WeightingSettings) -> Iterator[tuple[str, WeightingSettings]]:
    """Switch the steps that the settings ask for on, one after another."""
    plain = {field.name: field.default for field in fields(WeightingSettings)}
    so_far = WeightingSettings()
    for name, of_step in STEPS.items():
        asked = {field: getattr(settings, field) for field in of_step}
        so_far = replace(so_far, **asked)
        if name == "rule" or any(asked[field] != plain[field] for field in of_step):
            yield name, so_far


def quadrants(
    quality: np.ndarray, diversity: np.ndarray, n_labels: int
) -> tuple[np.ndarray, np.ndarray]:
    """Say in which quarter of the quality x diversity plane each row lies.

    The lines are at 1/K, what a guess would give the label: ``typical`` rows (P' and Q above) say
    nothing new, ``rare`` ones (P' above, Q below) are worth more, ``against`` (P' below, Q above)
    is what the generator gets wrong time and again, and ``doubtful`` rows (both below) are wrong,
    off the topic or hard, which their ratio, often about 1, hides.

    Parameters
    ----------
    quality, diversity
        P' and Q of each row's own label, (n,).
    n_labels
        K.

    Returns
    -------
    quadrant : np.ndarray
        Position in `QUADRANTS`, (n,).
    rows : np.ndarray
        Rows in each, (4,).
    """
    line = 1 / n_labels
    quadrant = 2 * (np.asarray(quality) < line) + (np.asarray(diversity) < line)
    # Above the line of P' comes typical, rare; below it against, doubtful.
    return quadrant, np.bincount(quadrant, minlength=len(QUADRANTS))
