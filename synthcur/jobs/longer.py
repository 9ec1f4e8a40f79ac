"""A training job once more with more steps, for the arms not trained to the end; pure."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from synthcur.arms import base_of, known_arm
from synthcur.settings import MAX_EPOCHS, MAX_STEPS, FitSettings, TrainSettings
from synthcur.store.records import Job, Run
from synthcur.training.recipes import fit_of

TIMES = 3
"""By how much longer the arms are trained."""


def train_longer(
    job: Job, runs: Sequence[Run], undertrained: Collection[str], *, baseline: str
) -> TrainSettings:
    """Return the settings of a job that trains `TIMES` as long and is otherwise the same.

    It has the arms that were not trained to the end, and the baseline, which they are to be
    compared with; where that is one of them, all arms.

    Parameters
    ----------
    job, runs
        A training job and its runs.
    undertrained
        Names of the arms that learned nothing or were still learning, at least one.
    baseline
        Name of the arm that the others are compared with.
    """
    settings = TrainSettings.from_dict(job.settings)
    known = [arm for arm in settings.arms if known_arm(arm) is not None]
    # What leaves rows out is compared with the arm that has them all.
    compared = [*map(base_of, undertrained), baseline]
    concerned = known if baseline in undertrained else [*undertrained, *compared]
    most = max((run.steps or 0 for run in runs if run.arm in undertrained), default=0)
    return replace(
        settings,
        arms=tuple(arm for arm in known if arm in concerned),
        fit=_longer(settings, fit_of(job), most),
    )


def _longer(settings: TrainSettings, followed: FitSettings, most_steps: int) -> FitSettings:
    epochs = TIMES * followed.epochs
    if followed.steps is None and (epochs <= MAX_EPOCHS or not most_steps):
        return replace(settings.fit, epochs=min(epochs, MAX_EPOCHS))
    steps = min(TIMES * (followed.steps or most_steps), MAX_STEPS)
    return replace(settings.fit, steps=steps)
