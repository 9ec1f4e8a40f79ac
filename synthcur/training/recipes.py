"""How a model is trained on given rows: how fast, for how many steps, from which head.

The published recipe was made for bert-base and some thousands of rows. `automatic` is the rule for
any model and any rows; it was found by measurement (``docs/benchmarks.md``) and asks for no
training of its own.
"""

import math
from dataclasses import replace

from synthcur.arms import Arm
from synthcur.models.base_models import PUBLISHED_WIDTH
from synthcur.settings import LEAST_STEPS, MAX_EPOCHS, VAL_LOG_LOSS, FitSettings
from synthcur.store.records import Job

VERSION = 1
"""Raised when `automatic` gives another recipe."""

PUBLISHED_RATE = 6e-5
"""Learning rate of Kuo et al. 2024."""

FASTEST = 3e-4
"""Largest learning rate that `automatic` takes, however narrow the model."""

PASSES = 5
"""Passes over real and synthetic rows together that `automatic` takes where these are few."""

STEPS_PER_LABEL = 5
"""Steps that `automatic` takes per label at least."""

ENOUGH_STEPS = 600
"""Steps beyond which `automatic` makes no further pass, but for `LEAST_PASSES`."""

LEAST_PASSES = 2

MOST_STEPS = 4_000
"""Steps beyond which `automatic` leaves rows unread, where there are so many."""

WARMUP = 0.06
"""Share of the steps in which `automatic` lets the learning rate rise."""

LONGEST = 256
"""Tokens after which `automatic` has texts cut, as the bundled encoder does. Batches are padded to
their own longest text, so that it costs nothing where texts are short."""

MOST_JUDGED = 30
"""Epochs after which a model is judged on the validation rows, at most; to judge it often takes
longer than to pass a few rows."""


def automatic(fit: FitSettings, *, width: int, n_rows: int, n_labels: int) -> FitSettings:
    """Return the recipe for a model and rows; all arms of a job follow it, in as many steps each.

    The learning rate falls with the width of the model, the steps follow the rows and the labels,
    and a head fitted first spares the steps in which a head drawn at random finds its place: with
    35 labels it never did. The validation log loss chooses the checkpoint, for the accuracy
    on some hundred rows is too coarse (`settings.FitSettings`).

    Parameters
    ----------
    fit
        Gives base model, batch size and, where they are not to be found, the steps.
    width
        Number of hidden units of the base model, at least 1.
    n_rows
        Synthetic and real training rows together, at least 1.
    n_labels
        Number K of labels.
    """
    return replace(
        fit,
        learning_rate=float(f"{min(PUBLISHED_RATE * PUBLISHED_WIDTH / width, FASTEST):.2g}"),
        steps=fit.steps or least_steps(n_rows, n_labels, fit.batch_size),
        warmup=WARMUP,
        head_first=True,
        max_length=LONGEST,
        chosen_by=VAL_LOG_LOSS,
    )


def automatic_recipe(fit: FitSettings, *, n_rows: int, n_labels: int) -> FitSettings:
    """Return `automatic` for the base model of `fit`, which is looked at for its width.

    Parameters as there, errors as in `pretrained.model_folder`.
    """
    from synthcur.models.pretrained import model_width

    width = model_width(fit.base_model)
    return automatic(fit, width=width, n_rows=n_rows, n_labels=n_labels)


def fit_of(job: Job) -> FitSettings:
    """Return the recipe of a training job: the one it found, else the one it was given."""
    given = job.settings if job.recipe is None else job.recipe
    return FitSettings.from_dict(given["fit"])


def recipe_in_words(fit: FitSettings) -> str:
    """Say in a line how a model is trained: ``learning rate 1.2e-4, 150 steps, head fitted first``.

    Parameters
    ----------
    fit
        As found or given.
    """
    if fit.steps is not None:
        length = f"{fit.steps:,} steps"
    else:
        length = "1 epoch" if fit.epochs == 1 else f"{fit.epochs} epochs"
    rate = rate_in_words(fit.learning_rate)
    return f"learning rate {rate}, {length}{', head fitted first' if fit.head_first else ''}"


def rate_in_words(rate: float) -> str:
    """Write a learning rate with two digits: ``1.2e-4``."""
    digits, power = f"{rate:.1e}".split("e")
    return f"{float(digits):g}e{int(power)}"


def least_steps(n_rows: int, n_labels: int, batch_size: int) -> int:
    """Return the optimizer steps that so many rows of so many labels need.

    Parameters
    ----------
    n_rows, n_labels
        As in `automatic`.
    batch_size
        Rows of a step.
    """
    a_pass = math.ceil(n_rows / batch_size)
    whole = min(PASSES * a_pass, max(ENOUGH_STEPS, LEAST_PASSES * a_pass))
    return max(min(whole, MOST_STEPS), LEAST_STEPS, STEPS_PER_LABEL * n_labels)


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


def steps_of(arm: Arm, n_rows: int, fit: FitSettings) -> int:
    """Return how far a run moves the progress of its job: its optimizer steps; 1 of a probe."""
    return 1 if arm.is_probe else count_steps(n_rows, fit)


def count_epochs(n_rows: int, fit: FitSettings) -> int:
    """Return how often a run begins to pass over its `n_rows` rows."""
    return math.ceil(count_steps(n_rows, fit) / _count_batches(n_rows, fit))


def _count_batches(n_rows: int, fit: FitSettings) -> int:
    return math.ceil(n_rows / fit.batch_size)
