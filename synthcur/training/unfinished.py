"""Which finished runs were still learning when they stopped, by what is stored of them; pure.

Such a run says little of what its rows are worth: with more steps it could become much better, so
it gives no verdict, as one that learned nothing (`synthcur.stats.majority`) gives none.

What is stored of a run cannot tell how much more it could become. The learning rate falls to 0
however few the steps are, so that at the end nothing moves much. What can be told is how far it has
learned its own rows, whether the validation rows have had enough of it, and whether it had the
steps that such rows take.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from synthcur.training.recipes import least_steps
from synthcur.wording import points

STILL_LEARNING = "still learning: train longer"
"""The mark of a run that gives no verdict since it was not finished, and what helps."""

LITTLE = 0.5
"""`Course.learned` below which a run has learned little of its rows."""

MOST = 0.9
"""`Course.learned` from which a run has little left to learn of its rows."""

FALLING = 0.05
"""Share by which the validation log loss falls at the end of a run that is still learning."""

RISEN = 0.02
"""Share above its lowest from which the validation log loss has risen: what came after that was
too much for these rows."""

SHARE_OF_LEAST = 1 / 3
"""Share of `recipes.least_steps` under which no run is finished, whatever it has learned."""

ONE_PASS = 1000
"""Steps that stand for a pass over the rows where a pass takes more."""

RECENT = 5
"""The losses of a run's last so many parts say how far it has learned, see `learned_by_loss`."""


@dataclass(frozen=True, kw_only=True)
class Course:
    """How a finished run has gone.

    Attributes
    ----------
    learned
        How far its rows are learned at its end, about 0 to 1, see `history.Recorder.learned`; None
        where nothing tells, and then it is not judged.
    val_log_losses
        Log loss of the validation rows whenever it was judged, in this order; may be empty.
    steps
        Optimizer steps that it took; None where they are not to be judged.
    n_rows, n_labels, batch_size
        Rows it has learned from, labels they have, rows of a step.
    """

    learned: float | None
    val_log_losses: Sequence[float]
    steps: int | None
    n_rows: int
    n_labels: int
    batch_size: int


def why_unfinished(course: Course) -> str:
    """Say why a run was still learning when it stopped; empty where it was not.

    Measured with MiniLM on 8 tasks (400 to 1,400 rows, 2 to 35 labels, 81 % of one label, noisy
    sentiment, text pairs): of 30 runs cut at a tenth of their steps all are told, each by its
    steps; 14 had a head that was fitted first and had learned up to 0.86. Of 25 whole runs, which
    had learned 0.89 to 1, none is. Two whole runs of 35 labels with a fresh head are told, 77 % and
    98 % right: they had learned 0.21 and 0.72.
    """
    if course.learned is None:
        return ""
    return _too_few_steps(course) or _little_learned(course) or _still_falling(course)


def _too_few_steps(course: Course) -> str:
    """Say that the steps were far too few: a head that was fitted first hides it (`head`)."""
    if course.steps is None:
        return ""
    least = least_steps(course.n_rows, course.n_labels, course.batch_size)
    one_pass = -(-course.n_rows // course.batch_size)
    if course.steps < SHARE_OF_LEAST * least:
        return (
            f"it took {_steps(course.steps)}, and {course.n_rows:,} rows of {course.n_labels} "
            f"labels need {least:,} or more"
        )
    if course.steps < min(one_pass, ONE_PASS):
        return (
            f"it took {_steps(course.steps)}, and to read each of its {course.n_rows:,} rows once "
            f"takes {one_pass:,}"
        )
    return ""


def _little_learned(course: Course) -> str:
    if course.learned is None or course.learned >= LITTLE or _has_risen(course.val_log_losses):
        return ""
    return f"it had learned {100 * max(course.learned, 0):.0f} % of what its rows teach"


def _still_falling(course: Course) -> str:
    """Say that the validation log loss fell to the end, where there was more to learn."""
    losses = course.val_log_losses
    if course.learned is None or course.learned >= MOST or not losses:
        return ""
    if len(losses) == 1:  # no later one tells whether the validation rows have had enough of it
        is_short = course.steps is not None and course.steps < ONE_PASS
        learned = f"had learned {100 * course.learned:.0f} % of what they teach"
        return f"it read its rows once, and {learned}" if is_short else ""
    if losses[-1] > min(losses) or losses[-1] > (1 - FALLING) * losses[-2]:
        return ""
    return (
        f"its log loss on the validation rows still fell, from {losses[-2]:.2f} to {losses[-1]:.2f}"
    )


def _has_risen(losses: Sequence[float]) -> bool:
    return bool(losses) and losses[-1] > (1 + RISEN) * min(losses)


def _steps(number: int) -> str:
    return "1 step" if number == 1 else f"{number:,} steps"


def learned_by_loss(losses: Sequence[float], n_labels: int) -> float | None:
    """Say how far plain training has learned its rows, where only its loss is stored.

    Parameters
    ----------
    losses
        Mean training losses at equal distances, in nats, of a run whose weights are all 1.
    n_labels
        K; to know nothing costs ln K at most.

    Returns
    -------
    float or None
        As `Course.learned`, or above it where the labels are uneven; None without losses.
    """
    if not losses:
        return None
    recent = losses[-max(1, len(losses) // RECENT) :]
    return float(1 - np.mean(recent) / np.log(n_labels))


def unfinished_in_words(
    title: str, seeds: Sequence[int], n_seeds: int, *, why: str, reached: float
) -> str:
    """Say of an arm that it was still learning when it stopped, why, and what helps.

    Parameters
    ----------
    title
        Of the arm.
    seeds
        The seeds that were still learning, at least one.
    n_seeds
        Number of all that have finished.
    why
        Of the first of them, as `why_unfinished` returns it.
    reached
        Mean score of the arm, 0 to 1.
    """
    some = "" if len(seeds) == n_seeds else f" ({len(seeds)} of {n_seeds} seeds)"
    return (
        f"{title} was still learning when it stopped{some}: {why}. Its {points(reached)} % could "
        "become more: train longer"
    )


def no_verdict(nothing: Sequence[str], unfinished: Sequence[str] = ()) -> str:
    """Say why arms are not compared: ``No verdict, since IMP learned nothing: train longer``.

    Parameters
    ----------
    nothing, unfinished
        Names of the arms that learned nothing, and of those that were still learning when they
        stopped, as they are to stand in the sentence; together at least one.
    """
    was, it = ("was", "it") if len(unfinished) == 1 else ("were", "they")
    said = [f"{_listed(nothing)} learned nothing"] if nothing else []
    if unfinished:
        said.append(f"{_listed(unfinished)} {was} still learning when {it} stopped")
    return f"No verdict, since {' and '.join(said)}: train longer"


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
