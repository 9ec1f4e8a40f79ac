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
    PrinterCallback,
    TrainingArguments,
    set_seed,
)

from synthcur.errors import WorkerError
from synthcur.models.classifier import Classifier, build
from synthcur.models.pretrained import Encoded, default_device, has_bfloat16
from synthcur.settings import FitSettings, fingerprint
from synthcur.training import checkpoints
from synthcur.training.checkpoints import Checkpoint, CheckpointFile, Keeper, ResumableTrainer
from synthcur.training.head import fit_head
from synthcur.training.history import Recorder, Row, Step, look_at
from synthcur.training.losses import DYNAMIC_WEIGHTS, weighted_cross_entropy
from synthcur.training.pools import Examples, WeightedExamples
from synthcur.training.recipes import count_epochs, count_steps

LOG_STEPS = 10
"""Steps over which a reported loss is averaged."""

_OURS = ("labels", "target", "factor", "row")
"""Columns of a batch that the loss reads and the model does not."""


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
    val_log_loss
        Of that state: mean of `calibration.calibrated_losses` over the validation rows, in nats.
    learned
        How far the rows of the last epoch were learned, see `training.history.Recorder.learned`.
    seconds
        From loading the base model to the end of training.
    samples_per_s
        Rows trained on in a second, evaluation left out.
    own_probability, margin
        What the model in training said of every row in every epoch, at the step that learned from
        it: p(y|x), and the logit of the label above the largest other one; (E, n) float16. For
        cartography and the area under the margin (`synthcur.checkers.signals`).
    """

    classifier: Classifier
    best_epoch: int
    val_accuracy: float
    val_macro_f1: float
    val_log_loss: float
    learned: float
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
        and ``learned`` after every epoch, with ``val_accuracy``, ``val_macro_f1`` and
        ``val_log_loss`` if `recipes.is_judged`.
    on_step
        Called with the number of steps done.
    on_epoch
        Called after every epoch with `Fit.own_probability` and `Fit.margin` so far.
    checkpoint
        File that keeps the run while it trains. One of the same run that is there already is
        resumed, to the figures of a run that was never stopped; the caller removes the file.

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
    encoded = classifier.tokenise(train.rows)
    steps: list[Step] = []
    key = _key(train, validation, labels, settings, seed) if checkpoint is not None else ""
    found = checkpoints.read(checkpoint.path, key=key) if checkpoint is not None else None
    folder = checkpoint.path.parent if checkpoint is not None else None
    if settings.head_first and found is None:
        fit_head(classifier, encoded, train)
    with tempfile.TemporaryDirectory(prefix=".synthcur-", dir=folder) as scratch:
        trainer = WeightedTrainer(
            model=classifier.model,
            args=_arguments(settings, seed, scratch, n_rows=len(train.labels)),
            train_dataset=_dataset(encoded, train),  # type: ignore[arg-type]
            data_collator=DataCollatorWithPadding(classifier.tokenizer),
            processing_class=classifier.tokenizer,
            dynamic=train.dynamic,
            steps=steps,
        )
        recorder = Recorder(
            steps,
            classifier,
            train,
            validation,
            n_steps=count_steps(len(train.labels), settings),
            n_epochs=count_epochs(len(train.labels), settings),
            chosen_by=settings.chosen_by,
            on_row=on_row,
            on_step=on_step,
            on_epoch=on_epoch,
        )
        # What is told goes to the listeners; a notebook prints what it chooses to.
        trainer.remove_callback(PrinterCallback)
        trainer.add_callback(recorder)
        if found is not None:
            recorder.restore(found)
        if checkpoint is not None:
            trainer.add_callback(Keeper(trainer, recorder.keep, checkpoint, key))
        _go(trainer, found, settings.batch_size)
    classifier.model.load_state_dict(recorder.best_state)
    return _result(classifier, recorder, seconds=time.monotonic() - started)


def _go(trainer: ResumableTrainer, found: Checkpoint | None, batch_size: int) -> None:
    """Take all steps that are left; say what helps where the memory is too small for them."""
    try:
        trainer.train_from(found)
    except torch.OutOfMemoryError as error:
        raise WorkerError(
            f"The GPU's memory was not enough for a batch of {batch_size}.",
            fix="Lower the batch size or the maximum length, or choose a smaller base model.",
        ) from error


def _result(classifier: Classifier, recorder: Recorder, *, seconds: float) -> Fit:
    own_probability, margin = recorder.history()
    return Fit(
        classifier=classifier,
        best_epoch=recorder.best_epoch,
        val_accuracy=recorder.best_accuracy,
        val_macro_f1=recorder.best_macro_f1,
        val_log_loss=recorder.best_log_loss,
        learned=recorder.learned,
        seconds=seconds,
        samples_per_s=recorder.samples_per_s,
        own_probability=own_probability,
        margin=margin,
    )


class WeightedTrainer(ResumableTrainer):
    """Trainer whose loss is the weighted cross-entropy of `synthcur.training.losses`.

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

    def __init__(self, *, dynamic: str, steps: list[Step], **options: Any) -> None:
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
        self.steps.append(
            look_at(logits.detach().float(), labels, inputs.get("target"), weight, inputs["row"])
        )
        return (loss, outputs) if return_outputs else loss


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


def _dataset(encoded: Encoded, examples: WeightedExamples) -> list[Row]:
    rows = [
        {**inputs, "labels": int(label), "factor": float(factor), "row": row}
        for row, (inputs, label, factor) in enumerate(
            zip(encoded, examples.labels, examples.factor, strict=True)
        )
    ]
    if examples.targets is not None:
        for row, target in zip(rows, examples.targets, strict=True):
            row["target"] = target.tolist()
    return rows


def _arguments(settings: FitSettings, seed: int, folder: str, *, n_rows: int) -> TrainingArguments:
    n_steps = count_steps(n_rows, settings)
    device = default_device()
    return TrainingArguments(
        output_dir=folder,
        max_steps=n_steps,
        per_device_train_batch_size=settings.batch_size,
        learning_rate=settings.learning_rate,
        lr_scheduler_type="linear",
        warmup_steps=round(settings.warmup * n_steps),
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
