"""The kinds of background work, and what differs between them for whoever queues and lists jobs.

What a worker does for each kind is in `worker.pipeline`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from synthcur.arms import known_arm

Settings = Mapping[str, Any]
"""Settings of a job, as its record holds them."""


class JobKind(StrEnum):
    """What a job does; the values are stored."""

    SCORE = "score"
    TRAIN = "train"
    LEARNING_CURVE = "learning_curve"


class Lane(StrEnum):
    """The queue in which a job waits; the values are stored."""

    SHORT = "short"
    LONG = "long"


@dataclass(frozen=True)
class Kind:
    """One kind of job.

    Attributes
    ----------
    noun
        What a job of the kind is called before its number.
    lane
        From the settings of a job to the queue in which it waits.
    finished
        From the number and settings of a job to what the history of its collection says once it is
        done; None where its result stands there already.
    """

    noun: str
    lane: Callable[[Settings], Lane]
    finished: Callable[[int, Settings], str] | None


def _scoring_lane(settings: Settings) -> Lane:
    return Lane.SHORT if settings["checkers"] == "probe" else Lane.LONG


def _long_lane(settings: Settings) -> Lane:
    return Lane.LONG


def _run_finished(number: int, settings: Settings) -> str:
    arms = [known_arm(arm) for arm in settings["arms"]]
    names = ", ".join(arm.title for arm in arms if arm is not None)
    return f"Run {number} finished: {names}"


def _curve_finished(number: int, settings: Settings) -> str:
    return f"Learning curve {number} finished"


KINDS: Mapping[JobKind, Kind] = MappingProxyType(
    {
        JobKind.SCORE: Kind("job", _scoring_lane, None),
        JobKind.TRAIN: Kind("run", _long_lane, _run_finished),
        JobKind.LEARNING_CURVE: Kind("job", _long_lane, _curve_finished),
    }
)
