"""The callback that records a run: its metrics, its training dynamics and its best state."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from synthcur.models.classifier import Classifier, predict_encoded
from synthcur.settings import VAL_LOG_LOSS
from synthcur.stats.calibration import calibrated_losses
from synthcur.stats.metrics import accuracy, macro_f1
from synthcur.training.checkpoints import Checkpoint
from synthcur.training.losses import own_log_probability
from synthcur.training.pools import Examples, WeightedExamples
from synthcur.training.recipes import is_judged
from synthcur.weighting.rules import effective_sample_size

RECENT = 5
"""`Recorder.learned` speaks of the last of so many parts of a run."""

Row = dict[str, Any]
"""One entry of the history: step, epoch and what was measured there."""


@dataclass(frozen=True)
class Step:
    """What a batch looked like when it was learned from; all of shape (n,).

    `distance` is what is left to learn of a row: the Kullback-Leibler divergence from what the
    model says to what it is to learn, which for a label is -log p(y|x).
    """

    row: torch.Tensor
    weight: torch.Tensor
    own_probability: torch.Tensor
    margin: torch.Tensor
    distance: torch.Tensor


def look_at(
    logits: torch.Tensor,
    labels: torch.Tensor,
    targets: torch.Tensor | None,
    weight: torch.Tensor,
    row: torch.Tensor,
) -> Step:
    """Return what is remembered of a batch: logits and targets (n, K), all others (n,)."""
    own = logits.gather(1, labels.unsqueeze(1)).squeeze(1)
    others = logits.scatter(1, labels.unsqueeze(1), -torch.inf)
    own_log = own_log_probability(logits, labels)
    distance = -own_log
    if targets is not None:
        said = torch.log_softmax(logits, dim=1)
        distance = torch.nn.functional.kl_div(said, targets, reduction="none").sum(dim=1)
    margin = own - others.max(dim=1).values
    return Step(row, weight.detach(), torch.exp(own_log), margin, distance)


def distance_of_a_constant(train: WeightedExamples, n_labels: int) -> np.ndarray:
    """Distance, as in `Step`, of every row from the best answer that is the same for all, (n,).

    That answer is the weighted mean of what is to be learned.
    """
    targets = np.eye(n_labels)[train.labels] if train.targets is None else train.targets
    mean = train.factor @ targets / max(train.factor.sum(), np.finfo(float).tiny)
    logs = np.log(np.where(targets > 0, targets, 1.0)) - np.log(np.where(mean > 0, mean, 1.0))
    return (targets * logs).sum(axis=1)


class Recorder(TrainerCallback):
    """Tells the history as it grows and remembers the best state.

    Parameters
    ----------
    steps
        What the trainer appends a batch to when it has learned from it; emptied after every epoch.
    n_steps, n_epochs
        Of the run.
    classifier
        What is trained.
    train
        What is learned.
    validation
        What it is judged on.
    chosen_by
        What makes a state the best, see `settings.FitSettings`.
    on_row, on_step, on_epoch
        As in `trainer.fit`.
    """

    def __init__(
        self,
        steps: list[Step],
        classifier: Classifier,
        train: WeightedExamples,
        validation: Examples,
        *,
        n_steps: int,
        n_epochs: int,
        chosen_by: str,
        on_row: Callable[[Row], None] | None,
        on_step: Callable[[int], None] | None,
        on_epoch: Callable[[np.ndarray, np.ndarray], None] | None,
    ) -> None:
        self.best_state: dict[str, torch.Tensor] = {}
        self.best_epoch = 0
        self.best_accuracy = -1.0
        self.best_macro_f1 = 0.0
        self.best_log_loss = math.inf
        self._best_losses = np.empty(0)
        self.dynamics: list[np.ndarray] = []
        self._steps = steps
        self._chosen_by = chosen_by
        self._factor = train.factor
        self._constant = distance_of_a_constant(train, len(classifier.labels))
        self._n_rows = len(train.labels)
        self._n_recent = math.ceil(n_steps / RECENT)
        self._n_epochs = n_epochs
        self._classifier = classifier
        self._validation = validation
        self._encoded = classifier.tokenise(validation.rows)
        self._on_row = on_row or (lambda row: None)
        self._on_step = on_step or (lambda step: None)
        self._on_epoch = on_epoch or (lambda own_probability, margin: None)
        self._seconds = 0.0
        self._seen = 0
        self._reported = (0.0, 0)
        self._distances: list[tuple[float, float]] = []

    @property
    def learned(self) -> float:
        """How far the rows of the last steps, a fifth of the run, are learned.

        1 less their weighted distance from what they are to teach, as a share of that of the best
        constant answer (McFadden's pseudo R²): about 0 where nothing is learned, 1 where all is.
        """
        left, constant = np.sum(self._distances[-self._n_recent :], axis=0)
        return float(1 - left / constant) if constant else 1.0

    @property
    def samples_per_s(self) -> float:
        """Rows a second over the whole run so far."""
        return self._seen / max(self._seconds, 1e-9)

    def on_epoch_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Start the clock."""
        self._clock = time.monotonic()

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Count the rows of the step and tell that it is done."""
        now = time.monotonic()
        self._seconds += now - self._clock
        self._seen += len(self._steps[-1].row)
        self._note_distance(self._steps[-1])
        self._on_step(state.global_step)
        self._clock = time.monotonic()

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: Row | None = None,
        **_: Any,
    ) -> None:
        """Tell the loss and how fast rows are learned from."""
        if not logs or "loss" not in logs:
            return
        seconds, seen = self._reported
        rate = (self._seen - seen) / max(self._seconds - seconds, 1e-9)
        self._reported = self._seconds, self._seen
        self._on_row(self._row(state, loss=logs["loss"], samples_per_s=rate))

    def on_epoch_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Tell the epoch: its weights, its dynamics and, if it is judged, how good it is."""
        epoch = len(self.dynamics) + 1
        measured = {
            "ess": effective_sample_size(self._joined("weight")),
            "learned": self.learned,
        }
        if is_judged(epoch, self._n_epochs):
            measured |= self._judge(epoch)
        dynamics = np.full((2, self._n_rows), np.nan, dtype=np.float16)
        dynamics[:, self._joined("row")] = self._joined("own_probability"), self._joined("margin")
        self.dynamics.append(dynamics)
        self._steps.clear()
        self._on_row(self._row(state, **measured))
        self._on_epoch(*self.history())

    def _judge(self, epoch: int) -> dict[str, float]:
        """Measure the state on the validation rows, and remember it if it is the best so far."""
        probs = predict_encoded(self._classifier, self._encoded)
        said, truth = probs.argmax(axis=1), self._validation.labels
        reached, f1 = accuracy(said, truth), macro_f1(said, truth)
        losses = calibrated_losses(probs, truth)
        loss = float(losses.mean())
        if self._is_best(epoch, reached, losses):
            self.best_accuracy, self.best_macro_f1 = reached, f1
            self.best_log_loss, self.best_epoch = loss, epoch
            self._best_losses = losses
            self.best_state = {
                name: value.detach().to("cpu", copy=True)
                for name, value in self._classifier.model.state_dict().items()
            }
        return {"val_accuracy": reached, "val_macro_f1": f1, "val_log_loss": loss}

    def _is_best(self, epoch: int, reached: float, losses: np.ndarray) -> bool:
        """Whether a state takes the place of the best one; `losses` of the validation rows, (V,).

        By log loss the last state does so unless it is worse by more than a standard error: the
        learning rate has fallen to 0 there, and some hundred rows tell earlier ones from it badly.
        """
        if self._chosen_by != VAL_LOG_LOSS:
            return reached > self.best_accuracy
        if not len(self._best_losses):
            return True
        worse = losses - self._best_losses
        error = worse.std() / math.sqrt(len(worse)) if epoch == self._n_epochs else 0.0
        return bool(worse.mean() <= error if error else worse.mean() < 0)

    def _note_distance(self, step: Step) -> None:
        row = step.row.cpu().numpy()
        factor = self._factor[row]
        left = float(factor @ step.distance.detach().cpu().numpy())
        self._distances.append((left, float(factor @ self._constant[row])))

    def history(self) -> tuple[np.ndarray, np.ndarray]:
        """Return p(y|x) and the margin of every row in every epoch so far, both (E, n)."""
        own_probability, margin = np.stack(self.dynamics, axis=1)
        return own_probability, margin

    def keep(self) -> Checkpoint:
        """Return what the history so far amounts to, in the form of a checkpoint."""
        tensors = {f"best.{name}": value for name, value in self.best_state.items()}
        tensors["best_losses"] = torch.from_numpy(self._best_losses)
        tensors |= {f"dynamics.{i}": torch.from_numpy(e) for i, e in enumerate(self.dynamics)}
        for name in Step.__dataclass_fields__ if self._steps else ():
            tensors[f"steps.{name}"] = torch.from_numpy(self._joined(name))
        names = (
            *("best_epoch", "best_accuracy", "best_macro_f1", "best_log_loss"),
            *("_seconds", "_seen", "_reported", "_distances"),
        )
        return Checkpoint(tensors, {name: getattr(self, name) for name in names})

    def restore(self, found: Checkpoint) -> None:
        """Take the history up where `keep` left it."""
        self.best_state = found.part("best")
        self._best_losses = found.tensors["best_losses"].numpy()
        epochs = found.part("dynamics")
        self.dynamics = [epochs[str(i)].numpy() for i in range(len(epochs))]
        self._steps[:] = [Step(**found.part("steps"))] if found.part("steps") else []
        for name, value in found.plain["history"].items():
            setattr(self, name, value)

    def _joined(self, name: str) -> np.ndarray:
        """One figure of every row of the epoch so far, in the order of learning."""
        return torch.cat([getattr(step, name).cpu() for step in self._steps]).numpy()

    def _row(self, state: TrainerState, **measured: float) -> Row:
        return {"step": state.global_step, "epoch": round(state.epoch or 0.0, 4), **measured}
