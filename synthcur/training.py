"""One run: a classifier trained with weighted rows by transformers' Trainer.

The recipe is the published one (Kuo et al. 2024): AdamW without weight decay, linear decay without
warm-up, gradient norm 1, and the checkpoint that is best on the validation split. What differs
costs no accuracy and saves time: batches of similar length padded to their longest text, bfloat16
where the hardware has it, and P' looked up per row instead of asked of a second model every step.
"""

import hashlib
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from transformers import (
    DataCollatorWithPadding,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
    set_seed,
)

from synthcur import checkpoints
from synthcur.checkpoints import Checkpoint, CheckpointFile, Keeper, ResumableTrainer
from synthcur.classifier import Classifier, build, predict_encoded
from synthcur.errors import WorkerError
from synthcur.evaluation import accuracy, macro_f1
from synthcur.losses import DYNAMIC_WEIGHTS, own_log_probability, weighted_cross_entropy
from synthcur.pretrained import default_device, has_bfloat16
from synthcur.recipes import is_judged
from synthcur.settings import FitSettings, fingerprint
from synthcur.training_rows import Examples, WeightedExamples
from synthcur.weighting import effective_sample_size

LOG_STEPS = 10
"""Steps over which a reported loss is averaged."""

_OURS = ("labels", "target", "factor", "row")
"""Columns of a batch that the loss reads and the model does not."""

Row = dict[str, Any]
"""One entry of the history: step, epoch and what was measured there."""


@dataclass(frozen=True)
class Fit:
    """A finished run.

    Attributes
    ----------
    classifier
        In the state that was best on the validation rows.
    best_epoch
        The epoch of that state, from 1; of equals the earliest of those that were judged.
    val_accuracy, val_macro_f1
        Of that state, 0 to 1.
    seconds
        From loading the base model to the end of training.
    samples_per_s
        Rows trained on in a second, evaluation left out.
    own_probability, margin
        What the model in training said of every row in every epoch, at the step that learned from
        it: p(y|x), and the logit of the label above the largest other one; (E, n) float16. For
        cartography and the area under the margin (`synthcur.signals`).
    """

    classifier: Classifier
    best_epoch: int
    val_accuracy: float
    val_macro_f1: float
    seconds: float
    samples_per_s: float
    own_probability: np.ndarray
    margin: np.ndarray


def fit(
    train: WeightedExamples,
    validation: Examples,
    *,
    labels: Sequence[str],
    settings: FitSettings,
    seed: int,
    on_row: Callable[[Row], None] | None = None,
    on_step: Callable[[int], None] | None = None,
    on_epoch: Callable[[np.ndarray, np.ndarray], None] | None = None,
    checkpoint: CheckpointFile | None = None,
) -> Fit:
    """Train a classifier and keep its best state on the validation rows.

    Parameters
    ----------
    train
        What is learned.
    validation
        Chooses the epoch; never learned from.
    labels
        The K labels in the order of the ids.
    settings
        Base model and recipe.
    seed
        Of the head, the dropout and the order of rows: equal seeds give equal figures on the same
        hardware.
    on_row
        Called with rows of the history: ``loss`` (mean since the last one) and ``samples_per_s``
        about every `LOG_STEPS` steps; ``ess`` (effective sample size of the weights of the epoch)
        after every epoch, with ``val_accuracy`` and ``val_macro_f1`` if `recipes.is_judged`.
    on_step
        Called with the number of steps done.
    on_epoch
        Called after every epoch with `Fit.own_probability` and `Fit.margin` so far.
    checkpoint
        Where the run is kept on the way. A checkpoint of the same run that is found there is gone
        on from, to the figures of a run that was never stopped; the file is left to the caller.

    Raises
    ------
    InputError
        If the base model cannot be used.
    WorkerError
        If the loss stops being a number, the GPU has too little memory or the disk too little room.
    """
    started = time.monotonic()
    _make_deterministic(seed)
    classifier = build(settings.base_model, labels, max_length=settings.max_length)
    steps: list[_Step] = []
    key = _key(train, validation, labels, settings, seed) if checkpoint is not None else ""
    found = checkpoints.read(checkpoint.path, key=key) if checkpoint is not None else None
    folder = checkpoint.path.parent if checkpoint is not None else None
    with tempfile.TemporaryDirectory(prefix=".synthcur-", dir=folder) as scratch:
        trainer = WeightedTrainer(
            model=classifier.model,
            args=_arguments(settings, seed, scratch),
            train_dataset=_dataset(classifier, train),  # type: ignore[arg-type]
            data_collator=DataCollatorWithPadding(classifier.tokenizer),
            processing_class=classifier.tokenizer,
            dynamic=train.dynamic,
            steps=steps,
        )
        watch = _Watch(
            steps,
            len(train.labels),
            settings.epochs,
            classifier,
            validation,
            on_row,
            on_step,
            on_epoch,
        )
        trainer.add_callback(watch)
        if found is not None:
            watch.restore(found)
        if checkpoint is not None:
            trainer.add_callback(Keeper(trainer, watch.keep, checkpoint, key))
        try:
            trainer.train_from(found)
        except torch.OutOfMemoryError as error:
            raise WorkerError(
                f"The GPU's memory was not enough for a batch of {settings.batch_size}.",
                fix="Lower the batch size or the maximum length, or choose a smaller base model.",
            ) from error
    classifier.model.load_state_dict(watch.best_state)
    own_probability, margin = watch.history()
    return Fit(
        classifier=classifier,
        best_epoch=watch.best_epoch,
        val_accuracy=watch.best_accuracy,
        val_macro_f1=watch.best_macro_f1,
        seconds=time.monotonic() - started,
        samples_per_s=watch.samples_per_s,
        own_probability=own_probability,
        margin=margin,
    )


@dataclass(frozen=True)
class _Step:
    """What a batch looked like when it was learned from; all of shape (n,)."""

    row: torch.Tensor
    weight: torch.Tensor
    own_probability: torch.Tensor
    margin: torch.Tensor


class WeightedTrainer(ResumableTrainer):
    """Trainer whose loss is the weighted cross-entropy of `synthcur.losses`.

    Parameters
    ----------
    dynamic
        Name in `losses.DYNAMIC_WEIGHTS` of what turns the factor of a row into its weight; empty
        when the factor is the weight.
    steps
        What every batch looked like is appended to it.
    options
        Those of transformers' Trainer.
    """

    loss_is_scaled_for_ga = False

    def __init__(self, *, dynamic: str, steps: list[_Step], **options: Any) -> None:
        super().__init__(**options)
        self.dynamic = dynamic
        self.steps = steps

    def compute_loss(
        self,
        model: torch.nn.Module,
        inputs: dict[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: torch.Tensor | int | None = None,
    ) -> Any:
        """Return the loss of a batch, weighted by the factor each row brings along."""
        outputs = model(**{name: inputs[name] for name in inputs if name not in _OURS})
        logits, labels, weight = outputs.logits, inputs["labels"], inputs["factor"]
        if self.dynamic:
            weight = DYNAMIC_WEIGHTS[self.dynamic](logits, labels, weight)
        loss = weighted_cross_entropy(logits, inputs.get("target", labels), weight)
        if not torch.isfinite(loss):
            raise WorkerError(
                f"The loss is no longer a number at step {self.state.global_step + 1}.",
                fix="Lower the learning rate, or clip the weights.",
            )
        self.steps.append(_look_at(logits.detach().float(), labels, weight, inputs["row"]))
        return (loss, outputs) if return_outputs else loss


def _look_at(
    logits: torch.Tensor, labels: torch.Tensor, weight: torch.Tensor, row: torch.Tensor
) -> _Step:
    own = logits.gather(1, labels.unsqueeze(1)).squeeze(1)
    others = logits.scatter(1, labels.unsqueeze(1), -torch.inf)
    probability = torch.exp(own_log_probability(logits, labels))
    return _Step(row, weight.detach(), probability, own - others.max(dim=1).values)


class _Watch(TrainerCallback):
    """Tells the history as it grows and remembers the best state."""

    def __init__(
        self,
        steps: list[_Step],
        n_rows: int,
        n_epochs: int,
        classifier: Classifier,
        validation: Examples,
        on_row: Callable[[Row], None] | None,
        on_step: Callable[[int], None] | None,
        on_epoch: Callable[[np.ndarray, np.ndarray], None] | None,
    ) -> None:
        self.best_state: dict[str, torch.Tensor] = {}
        self.best_epoch = 0
        self.best_accuracy = -1.0
        self.best_macro_f1 = 0.0
        self.dynamics: list[np.ndarray] = []
        self._steps = steps
        self._n_rows = n_rows
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

    @property
    def samples_per_s(self) -> float:
        """Rows a second over the whole run so far."""
        return self._seen / max(self._seconds, 1e-9)

    def on_epoch_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        self._clock = time.monotonic()

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        now = time.monotonic()
        self._seconds += now - self._clock
        self._seen += len(self._steps[-1].row)
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
        if not logs or "loss" not in logs:
            return
        seconds, seen = self._reported
        rate = (self._seen - seen) / max(self._seconds - seconds, 1e-9)
        self._reported = self._seconds, self._seen
        self._on_row(self._row(state, loss=logs["loss"], samples_per_s=rate))

    def on_epoch_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        epoch = round(state.epoch or 0)
        measured = {"ess": effective_sample_size(self._joined("weight"))}
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
        said = predict_encoded(self._classifier, self._encoded).argmax(axis=1)
        truth = self._validation.labels
        reached, f1 = accuracy(said, truth), macro_f1(said, truth)
        if reached > self.best_accuracy:
            self.best_accuracy, self.best_macro_f1, self.best_epoch = reached, f1, epoch
            self.best_state = {
                name: value.detach().to("cpu", copy=True)
                for name, value in self._classifier.model.state_dict().items()
            }
        return {"val_accuracy": reached, "val_macro_f1": f1}

    def history(self) -> tuple[np.ndarray, np.ndarray]:
        """Return p(y|x) and the margin of every row in every epoch so far, both (E, n)."""
        own_probability, margin = np.stack(self.dynamics, axis=1)
        return own_probability, margin

    def keep(self) -> Checkpoint:
        """Return what the history so far amounts to, in the form of a checkpoint."""
        tensors = {f"best.{name}": value for name, value in self.best_state.items()}
        tensors |= {f"dynamics.{i}": torch.from_numpy(e) for i, e in enumerate(self.dynamics)}
        for name in _Step.__dataclass_fields__ if self._steps else ():
            tensors[f"steps.{name}"] = torch.from_numpy(self._joined(name))
        names = ("best_epoch", "best_accuracy", "best_macro_f1", "_seconds", "_seen", "_reported")
        return Checkpoint(tensors, {name: getattr(self, name) for name in names})

    def restore(self, found: Checkpoint) -> None:
        """Take the history up where `keep` left it."""
        self.best_state = found.part("best")
        epochs = found.part("dynamics")
        self.dynamics = [epochs[str(i)].numpy() for i in range(len(epochs))]
        self._steps[:] = [_Step(**found.part("steps"))] if found.part("steps") else []
        for name, value in found.plain["history"].items():
            setattr(self, name, value)

    def _joined(self, name: str) -> np.ndarray:
        """One figure of every row of the epoch so far, in the order of learning."""
        return torch.cat([getattr(step, name).cpu() for step in self._steps]).numpy()

    def _row(self, state: TrainerState, **measured: float) -> Row:
        return {"step": state.global_step, "epoch": round(state.epoch or 0.0, 4), **measured}


def _key(
    train: WeightedExamples,
    validation: Examples,
    labels: Sequence[str],
    settings: FitSettings,
    seed: int,
) -> str:
    """Name a run by everything that decides its figures."""
    content = hashlib.sha256()
    for part in (train, validation):
        content.update(part.rows[["text", "text_pair"]].to_json(orient="values").encode())
        content.update(np.ascontiguousarray(part.labels).tobytes())
    for array in (train.factor, train.targets):
        content.update(b"-" if array is None else np.ascontiguousarray(array).tobytes())
    return fingerprint(settings, seed, labels, train.dynamic, content.hexdigest())


def _dataset(classifier: Classifier, examples: WeightedExamples) -> list[Row]:
    rows = [
        {**encoded, "labels": int(label), "factor": float(factor), "row": row}
        for row, (encoded, label, factor) in enumerate(
            zip(classifier.tokenise(examples.rows), examples.labels, examples.factor, strict=True)
        )
    ]
    if examples.targets is not None:
        for row, target in zip(rows, examples.targets, strict=True):
            row["target"] = target.tolist()
    return rows


def _arguments(settings: FitSettings, seed: int, folder: str) -> TrainingArguments:
    device = default_device()
    return TrainingArguments(
        output_dir=folder,
        num_train_epochs=settings.epochs,
        per_device_train_batch_size=settings.batch_size,
        learning_rate=settings.learning_rate,
        lr_scheduler_type="linear",
        warmup_steps=0,
        optim="adamw_torch_fused",
        adam_beta1=0.9,
        adam_beta2=0.999,
        adam_epsilon=1e-8,
        weight_decay=0.0,
        max_grad_norm=1.0,
        seed=seed,
        data_seed=seed,
        train_sampling_strategy="group_by_length",
        bf16=has_bfloat16(device),
        use_cpu=device.type == "cpu",
        dataloader_pin_memory=device.type == "cuda",
        logging_strategy="steps",
        logging_steps=LOG_STEPS,
        logging_nan_inf_filter=False,
        eval_strategy="no",
        save_strategy="no",
        remove_unused_columns=False,
        report_to="none",
        disable_tqdm=True,
    )


def _make_deterministic(seed: int) -> None:
    set_seed(seed)
    torch.use_deterministic_algorithms(True, warn_only=True)
    # Filling fresh memory with NaN is a debugging aid that costs time and changes no figure.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
