"""What a training job has come to: its arms on the test rows, beside the baseline; pure.

`comparison.results` makes a `Results`, `findings` puts it into words, and `to_dict` of each class
gives the plain JSON that ``results --json`` prints and an export writes.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from synthcur.results.floor import Below
from synthcur.stats.majority import LEARNED_NOTHING
from synthcur.stats.metrics import CorrectedDifference, Interval
from synthcur.training.unfinished import STILL_LEARNING


@dataclass(frozen=True, kw_only=True)
class MadeFrom:
    """What a training job was made from, by fingerprints.

    Attributes
    ----------
    version
        Number of the version of the collection that it read.
    data, decided_fp, settings
        Fingerprints of the collection, of what people had decided, and of the settings.
    decided
        Number of rows that people had decided on.
    quality, diversity
        Names of the checkers' artefacts; None where the job used none.
    """

    version: int
    data: str
    decided: int
    decided_fp: str
    quality: str | None
    diversity: str | None
    settings: str

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON data."""
        named = {"decided": "decisions", "decided_fp": "decisions_fp"}
        return {named.get(key, key): value for key, value in asdict(self).items()}


@dataclass(frozen=True, kw_only=True)
class RunResult:
    """A finished run.

    Attributes
    ----------
    seed
        Its seed.
    learned_nothing
        Whether it does no better than naming the largest label, see `majority.learned_nothing`.
    unfinished
        Why it was still learning when it stopped, in words; empty where it was not, or has learned
        nothing at all.
    accuracy, macro_f1
        Scores on the test rows, 0 to 1.
    val_accuracy, val_log_loss
        Scores on the validation rows.
    learned
        How far its own rows are learned, see `unfinished.Course`.
    best_epoch
        Epoch of the checkpoint that was kept.
    seconds, samples_per_s
        How long it took and how fast it was.
    predictions
        Name of the artefact with its probabilities of the test rows.
    has_model
        Whether its model is kept.
    """

    seed: int
    learned_nothing: bool
    unfinished: str
    accuracy: float | None
    macro_f1: float | None
    val_accuracy: float | None
    val_log_loss: float | None
    learned: float | None
    best_epoch: float | None
    seconds: float | None
    samples_per_s: float | None
    predictions: str | None
    has_model: bool


@dataclass(frozen=True, kw_only=True)
class ArmResult:
    """An arm on the test rows.

    Attributes
    ----------
    name, title
        Its name and what people read for it.
    rows
        Number of rows it was trained on, where that is known.
    runs
        Its finished runs by rising seed, at least one.
    score
        Mean over rows and seeds with its interval, 0 to 1.
    difference
        To the baseline, on the seeds that both have; None for the baseline itself and for an arm
        that is not compared.
    verdict
        The difference in a sentence, or why there is none; may be empty.
    """

    name: str
    title: str
    rows: int | None
    runs: tuple[RunResult, ...]
    score: Interval
    difference: CorrectedDifference | None = None
    verdict: str = ""

    @property
    def learned_nothing(self) -> list[int]:
        """Seeds of the runs that learned nothing."""
        return [run.seed for run in self.runs if run.learned_nothing]

    @property
    def unfinished(self) -> list[int]:
        """Seeds of the runs that were still learning when they stopped."""
        return [run.seed for run in self.runs if run.unfinished]

    @property
    def mark(self) -> str:
        """What an arm that gives no verdict is marked with; empty for any other."""
        if self.learned_nothing:
            return LEARNED_NOTHING
        return STILL_LEARNING if self.unfinished else ""

    @property
    def is_undertrained(self) -> bool:
        """Whether it gives no verdict: it learned nothing, or was still learning."""
        return bool(self.mark)

    @property
    def is_better(self) -> bool:
        """Whether it is better than the baseline, after correction."""
        return self.difference is not None and self.difference.outcome == "better"

    @property
    def is_worse(self) -> bool:
        """Whether it is worse than the baseline, after correction."""
        return self.difference is not None and self.difference.outcome == "worse"

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON data."""
        difference = self.difference
        return {
            "arm": self.name,
            "title": self.title,
            "rows": self.rows,
            "learned_nothing": self.learned_nothing,
            "unfinished": self.unfinished,
            "runs": [asdict(run) for run in self.runs],
            **asdict(self.score),
            "difference": difference and {**asdict(difference), "outcome": difference.outcome},
            "verdict": self.verdict,
        }


@dataclass(frozen=True, kw_only=True)
class Worth:
    """What synthetic rows with one value of a column are worth: an arm with and without them.

    Attributes
    ----------
    column, value
        Which rows, as the name of the arm writes them.
    whole
        Name of the arm that learns all rows.
    without
        The same arm without them, in as many steps.
    rows
        Number of rows that it leaves out, where that is known.
    difference
        Score with them minus score without, on the seeds that both have, corrected for how many
        values are left out in turn; None where one of the two was not trained to the end.
    verdict
        The difference in a sentence, or why there is none.
    """

    column: str
    value: str
    whole: str
    without: ArmResult
    rows: int | None
    difference: CorrectedDifference | None
    verdict: str

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON data."""
        difference = self.difference
        return {
            **{"column": self.column, "value": self.value, "whole": self.whole},
            "without": self.without.to_dict(),
            "rows": self.rows,
            "difference": difference and {**asdict(difference), "outcome": difference.outcome},
            "verdict": self.verdict,
        }


@dataclass(frozen=True, kw_only=True)
class Results:
    """The arms of a training job, compared on the test rows.

    Attributes
    ----------
    collection, job, number, status
        The collection, and the job's id, number and status.
    runs_finished, runs_planned
        How far the job has got.
    metric
        Score of the means, intervals and differences: ``accuracy`` or ``macro_f1``.
    baseline
        Name of the arm that the others are compared with.
    test_rows
        T, the rows that tell.
    majority, largest
        Score of always naming the largest label, by `metric`; and the share of that label.
    made_from
        What the job was made from.
    below_probe
        By name, the arms that stay below a linear probe on the validation rows.
    arms
        By falling mean, at least one; those that leave rows out are among them only where the
        others are not.
    verdict
        The finding in one sentence, see `findings.headline`.
    worth
        What the rows are worth that arms leave out in turn, in the order of the job.
    """

    collection: str
    job: str
    number: int
    status: str
    runs_finished: int
    runs_planned: int
    metric: str
    baseline: str
    test_rows: int
    majority: float
    largest: float
    made_from: MadeFrom
    below_probe: Mapping[str, Below]
    arms: tuple[ArmResult, ...]
    verdict: str = ""
    worth: tuple[Worth, ...] = ()

    def arm(self, name: str) -> ArmResult | None:
        """Return the arm of a name; None where no run of it has finished."""
        return next((arm for arm in self.arms if arm.name == name), None)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON data."""
        arms = [arm.to_dict() for arm in self.arms]
        worth = [each.to_dict() for each in self.worth]
        made_from = self.made_from.to_dict()
        return {**asdict(self), "made_from": made_from, "arms": arms, "worth": worth}
