"""The metrics of a run told to experiment trackers as well, through transformers' own callbacks.

A tracker is used when its own variable is set, see `VARIABLES`, and only then is anything of it
imported; none is a dependency. A tracker that is missing or fails is named in the job's log and
left out: a run never stops for it.
"""

import logging
import os
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

LOG = logging.getLogger(__name__)

VARIABLES: Mapping[str, str] = MappingProxyType(
    {
        "tensorboard": "TENSORBOARD_LOGGING_DIR",
        "mlflow": "MLFLOW_TRACKING_URI",
        "wandb": "WANDB_PROJECT",
        "trackio": "TRACKIO_PROJECT",
    }
)
"""Trackers by the name transformers knows them by, each with the variable that switches it on."""

Row = dict[str, Any]


def configured(environment: Mapping[str, str] = os.environ) -> list[str]:
    """Name the trackers whose variable is set."""
    return [name for name, variable in VARIABLES.items() if environment.get(variable)]


class Following:
    """Tells one run to every configured tracker; does nothing where none is.

    Parameters
    ----------
    run
        Name of the run there, such as ``demo-3/imp-seed0``.
    settings
        Plain data that the tracker is to keep beside the run: arm, seed, epochs ...
    names
        The trackers; by default those that are `configured`.
    """

    def __init__(
        self, run: str, settings: Mapping[str, Any], *, names: list[str] | None = None
    ) -> None:
        self._callbacks: list[Any] = []
        wanted = configured() if names is None else names
        if not wanted:
            return
        from transformers import TrainerControl, TrainerState, TrainingArguments

        # The trackers read these and nothing trains by them.
        self._args = TrainingArguments(
            output_dir=os.devnull,
            run_name=run,
            report_to="none",
            num_train_epochs=settings.get("epochs", 1),
            learning_rate=settings.get("learning_rate", 0.0),
            seed=settings.get("seed", 0),
            use_cpu=True,
        )
        self._state, self._control = TrainerState(), TrainerControl()
        self._state.is_world_process_zero = True
        self._callbacks = [each for each in map(_callback, wanted) if each is not None]
        for callback in self._callbacks:
            if hasattr(callback, "logging_dir") and callback.logging_dir:
                callback.logging_dir = os.path.join(callback.logging_dir, run)
        self._tell(lambda each, *told: each.on_train_begin(*told, model=None))

    def __call__(self, row: Row) -> None:
        """Tell a row of the history, see `trainer.fit`."""
        if not self._callbacks:
            return
        self._state.global_step, self._state.epoch = row["step"], row["epoch"]
        measured = {key: value for key, value in row.items() if key not in ("step", "epoch")}
        self._tell(lambda each, *told: each.on_log(*told, logs=measured, model=None))

    def close(self) -> None:
        """End the run at the trackers."""
        self._tell(lambda each, *told: each.on_train_end(*told, model=None))
        self._callbacks = []

    def _tell(self, tell: Callable[..., None]) -> None:
        working = []
        for callback in self._callbacks:
            try:
                tell(callback, self._args, self._state, self._control)
                working.append(callback)
            except Exception as error:  # whatever a tracker does, the run goes on
                name = type(callback).__name__
                LOG.warning("%s is left out from here on: %s", name, type(error).__name__)
        self._callbacks = working


def _callback(name: str) -> Any:
    from transformers.integrations.integration_utils import get_reporting_integration_callbacks

    try:
        return get_reporting_integration_callbacks([name])[0]()
    except Exception as error:  # not installed, or not to be set up
        variable = VARIABLES.get(name, "")
        LOG.warning("%s is set, but %s cannot be used: %s", variable, name, type(error).__name__)
        return None
