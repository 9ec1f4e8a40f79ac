"""Whether a checker reads rows better than naming the largest label would, and what then; pure.

Weights, queues and the why-sentences rest on what the checkers say. One whose accuracy may as well
be that of always naming the largest label has nothing to say, and every place that uses it says so.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from synthcur.schema import Collection
from synthcur.stats.majority import majority_score
from synthcur.wording import points

QUALITY, DIVERSITY = "quality", "diversity"
_RESTS_ON = {
    QUALITY: "Weights, queues and reasons rest on it.",
    DIVERSITY: "Weights with a Q rest on it.",
}
_ROWS = {QUALITY: "real", DIVERSITY: "synthetic"}


@dataclass(frozen=True)
class Measured:
    """How well a checker reads rows that it has not learned, beside the simplest one there is.

    Attributes
    ----------
    role
        ``quality`` or ``diversity``.
    accuracy, low, high
        Share of rows it reads right, with its 95 % interval.
    n
        Rows that it was asked about.
    majority
        Share of the largest label among them.
    """

    role: str
    accuracy: float
    low: float
    high: float
    n: int
    majority: float

    @property
    def is_trusted(self) -> bool:
        """Whether the whole interval lies above what always naming the largest label gets."""
        return self.low > self.majority

    @property
    def sentence(self) -> str:
        """What was measured, as a reason not to trust the checker."""
        return (
            f"The {self.role} checker is not to be trusted: it reads {points(self.accuracy)} % "
            f"[{points(self.low)}, {points(self.high)}] of {self.n:,} {_ROWS[self.role]} rows "
            f"right; always naming the largest label reads {points(self.majority)} % right"
        )


def measured(trust: Mapping[str, Any], collection: Collection) -> dict[str, Measured]:
    """Put what a scoring measured of its checkers beside the largest label.

    The largest label is that of the rows as imported, so that scores of earlier versions, which
    did not note it, are judged like new ones.

    Parameters
    ----------
    trust
        `records.Scores.trust`.
    collection
        What was scored.

    Returns
    -------
    dict
        By role; a role that was not measured is left out.
    """
    labels = {QUALITY: collection.real_train_labels, DIVERSITY: collection.synthetic_labels}
    return {
        role: Measured(
            role,
            *(float(trust[role][key]) for key in ("accuracy", "low", "high")),
            n=int(trust[role]["n"]),
            majority=majority_score(labels[role]),
        )
        for role in labels
        if trust.get(role)
    }


def warning(found: Mapping[str, Measured], kinds: Iterable[str]) -> str:
    """Say which checkers are not to be trusted and what to do; empty where all are.

    Parameters
    ----------
    found
        What `measured` returns.
    kinds
        Kinds of checkers that have scored the collection: what has been tried is not advised.
    """
    doubted = [each for each in found.values() if not each.is_trusted]
    if not doubted:
        return ""
    said = [f"{each.sentence}. {_RESTS_ON[each.role]}" for each in doubted]
    return " ".join([*said, next_step(kinds)])


def next_step(kinds: Iterable[str]) -> str:
    """Say what makes checkers better: other ones, if they are not tried yet, and more real rows."""
    if {"finetune", "average"} & set(kinds):
        return "Next: add real training rows, or fine-tune another base model."
    return (
        "Next: fine-tune checkers (“Fine-tune and average” on the Curate page, or "
        "`score --checkers average`), or add real training rows."
    )


def as_data(found: Mapping[str, Measured]) -> dict[str, dict[str, Any]]:
    """Return ``majority`` and ``is_trusted`` of every role, as plain JSON data."""
    return {
        role: {"majority": each.majority, "is_trusted": each.is_trusted}
        for role, each in found.items()
    }
