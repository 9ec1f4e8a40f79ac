"""What the runs of a learning curve have come to, see `learning_curve.summary`; pure."""

from dataclasses import asdict, dataclass
from typing import Any

from synthcur.stats.metrics import CorrectedDifference, Interval

NO_VERDICT = "no verdict"
"""Outcome at a size where an arm learned nothing or was still learning."""


@dataclass(frozen=True)
class Point:
    """Accuracy of an arm with `n_real` real rows, mean over rows and seeds, 0 to 1."""

    n_real: int
    accuracy: Interval

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON data."""
        return {"n_real": self.n_real, **asdict(self.accuracy)}


@dataclass(frozen=True)
class Curve:
    """An arm with its points by rising size; one that reads no real row has one, at size 0."""

    arm: str
    title: str
    points: tuple[Point, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON data."""
        points = [point.to_dict() for point in self.points]
        return {"arm": self.arm, "title": self.title, "points": points}


@dataclass(frozen=True)
class Gain:
    """An arm beside real rows alone, at one size.

    Attributes
    ----------
    n_real
        The size.
    arm
        Name of the arm.
    sentence
        What stands after Holm's correction over the sizes, and whether real rows alone learned
        nothing; or why there is no verdict.
    difference
        Of the accuracies; None where the arm learned nothing or one of the two was still learning.
        Such a size is left out of the correction.
    """

    n_real: int
    arm: str
    sentence: str
    difference: CorrectedDifference | None = None

    @property
    def outcome(self) -> str:
        """``better``, ``worse`` or ``no evidence``, after the correction; else `NO_VERDICT`."""
        return NO_VERDICT if self.difference is None else self.difference.outcome

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON data."""
        measured = {} if self.difference is None else asdict(self.difference)
        head = {"n_real": self.n_real, "arm": self.arm}
        return {**head, **measured, "outcome": self.outcome, "sentence": self.sentence}


@dataclass(frozen=True)
class WithoutVerdict:
    """Runs of an arm at one size that give no verdict: their seeds, and a sentence that says so."""

    arm: str
    n_real: int
    seeds: tuple[int, ...]
    sentence: str

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON data."""
        return {**asdict(self), "seeds": list(self.seeds)}


@dataclass(frozen=True, kw_only=True)
class Summary:
    """Curves of the arms, and with how many real rows synthetic ones pay.

    Attributes
    ----------
    arms
        A curve per arm that has a run, in the order of the job.
    pays
        By rising size, see `learning_curve.gains`; empty where nothing can be compared.
    verdict
        `learning_curve.headline` of them.
    majority
        Accuracy of always naming the largest label.
    learned_nothing, unfinished
        Runs that learned nothing, and others that were still learning when they stopped.
    """

    arms: tuple[Curve, ...]
    pays: tuple[Gain, ...]
    verdict: str
    majority: float
    learned_nothing: tuple[WithoutVerdict, ...]
    unfinished: tuple[WithoutVerdict, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON data."""
        return {
            "arms": [curve.to_dict() for curve in self.arms],
            "pays": [gain.to_dict() for gain in self.pays],
            "verdict": self.verdict,
            "majority": self.majority,
            "learned_nothing": [each.to_dict() for each in self.learned_nothing],
            "unfinished": [each.to_dict() for each in self.unfinished],
        }
