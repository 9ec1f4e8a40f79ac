"""How long rows are learned where they are too few for the epochs that suit thousands."""

import math
from dataclasses import replace

from synthcur.arms import Arm
from synthcur.settings import LEAST_STEPS, MAX_EPOCHS, FitSettings

MOST_JUDGED = 30
"""Epochs after which a model is judged on the validation rows, at most; to judge it often takes
longer than to pass a few rows."""

STEPS_A_LABEL = 5
"""Optimizer steps that every label is given at least."""


def recipe_of(arm: Arm, fit: FitSettings, n_synthetic: int, n_real: int) -> FitSettings:
    """Give an arm of real rows alone as many steps as the synthetic rows would take.

    A recipe that counts in steps has all arms take as many.

    A few hundred rows are not learned in the epochs that suit some thousands; without this the
    comparison with real rows alone would be won by training longer. `LEAST_STEPS` are taken at
    least: with a small pool as well real rows alone must be learned.

    Parameters
    ----------
    arm
        What is trained.
    fit
        Recipe that the other arms follow.
    n_synthetic, n_real
        Rows of the pool and real training rows, at least 1 where the arm reads them.
    """
    if arm.rows != "real" or fit.steps is not None:
        return fit
    epochs = round(count_steps(n_synthetic, fit) / _count_batches(n_real, fit))
    as_long = replace(fit, epochs=min(max(fit.epochs, epochs), MAX_EPOCHS))
    return with_steps(as_long, n_real, LEAST_STEPS)


def least_steps(n_rows: int, n_labels: int, batch_size: int) -> int:
    """Return the optimizer steps that rows of so many labels need at least.

    Parameters
    ----------
    n_rows
        Rows that are learned, at least 1.
    n_labels
        Labels that they have.
    batch_size
        Rows of a step.
    """
    return max(LEAST_STEPS, STEPS_A_LABEL * n_labels)


def with_steps(fit: FitSettings, n_rows: int, n_steps: int) -> FitSettings:
    """Give a recipe the epochs that `n_steps` over `n_rows` take, where those are more.

    Parameters
    ----------
    fit
        The recipe; its epochs stay at least.
    n_rows
        Rows that are learned, at least 1.
    n_steps
        Optimizer steps to be taken at least, as far as `MAX_EPOCHS` goes.
    """
    epochs = math.ceil(n_steps / _count_batches(n_rows, fit))
    return replace(fit, epochs=min(max(fit.epochs, epochs), MAX_EPOCHS))


def is_judged(epoch: int, n_epochs: int) -> bool:
    """Whether a model is judged on the validation rows after an epoch, counted from 1.

    After every one, or after every second, third and so on of more than `MOST_JUDGED`, and always
    after the last.
    """
    return epoch % math.ceil(n_epochs / MOST_JUDGED) == 0 or epoch == n_epochs


def count_judged(n_epochs: int) -> int:
    """Return how often a model is judged in a run."""
    return sum(is_judged(epoch, n_epochs) for epoch in range(1, n_epochs + 1))


def count_rows(arm: Arm, n_synthetic: int, n_real: int) -> int:
    """Return how many rows one epoch of an arm reads, if it leaves none out."""
    return {"synthetic": n_synthetic, "real": n_real, "both": n_synthetic + n_real}[arm.rows]


def count_steps(n_rows: int, fit: FitSettings) -> int:
    """Return the optimizer steps of a run on `n_rows` rows."""
    return fit.steps or _count_batches(n_rows, fit) * fit.epochs


def count_epochs(n_rows: int, fit: FitSettings) -> int:
    """Return how often a run begins to pass over its `n_rows` rows."""
    return math.ceil(count_steps(n_rows, fit) / _count_batches(n_rows, fit))


def _count_batches(n_rows: int, fit: FitSettings) -> int:
    return math.ceil(n_rows / fit.batch_size)
