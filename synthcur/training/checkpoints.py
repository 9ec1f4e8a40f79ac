"""Exact checkpoints, also in the middle of an epoch: a resumed run ends as one never stopped.

transformers' own checkpoints are several files, some of them pickles, and go on exactly only
between epochs where the order of rows is drawn from the global generator. Here it is one
safetensors file, written beside the earlier one and renamed over it: model, optimizer, scheduler,
random generators, the loss that is not told yet, and what the caller wants kept.

Some of that Trainer holds in private attributes and loads in private methods. No other module
touches them, and a test looks for each in the version of transformers that is pinned.
"""

import errno
import json
import random
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from transformers import (
    Trainer,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
)

from synthcur.errors import WorkerError
from synthcur.files import whole_file

EVERY_SECONDS = 30.0
"""Least time between two checkpoints: what a killed run has to do again, at most."""

Tensors = dict[str, torch.Tensor]

_STATE = ("global_step", "epoch", "train_batch_size", "logging_steps", "eval_steps", "save_steps")
"""What Trainer reads of where it was; the rest of its state follows from its arguments."""


@dataclass(frozen=True)
class CheckpointFile:
    """Where a run is kept on the way.

    Attributes
    ----------
    path
        One file; its folder exists.
    every_s
        Least number of seconds between two checkpoints.
    """

    path: Path
    every_s: float = EVERY_SECONDS


@dataclass(frozen=True)
class Checkpoint:
    """What a file holds: tensors by dotted names, and plain data."""

    tensors: Tensors
    plain: dict[str, Any]

    def part(self, name: str) -> Tensors:
        """Return the tensors under a name, without it."""
        start = f"{name}."
        return {
            key.removeprefix(start): value
            for key, value in self.tensors.items()
            if key.startswith(start)
        }


def write(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint in place of the earlier one; a reader sees the one or the other.

    Raises
    ------
    WorkerError
        If the disk has too little room; the earlier checkpoint stays.
    """
    need = sum(value.nbytes for value in checkpoint.tensors.values())
    free = shutil.disk_usage(path.parent).free
    if free < need:
        raise _disk_is_full(need, free)
    try:
        with whole_file(path, beside=path.with_suffix(".new"), sync=True) as temporary:
            save_file(checkpoint.tensors, temporary, {"plain": json.dumps(checkpoint.plain)})
    except (OSError, SafetensorError) as error:
        is_full = getattr(error, "errno", 0) == errno.ENOSPC or "No space left" in str(error)
        if is_full:
            raise _disk_is_full(need, free) from error
        raise


def read(path: Path, *, key: str) -> Checkpoint | None:
    """Read a checkpoint; None if there is none that can be read and was written under `key`."""
    try:
        with safe_open(path, framework="pt") as file:
            plain = json.loads(file.metadata()["plain"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError, KeyError, TypeError, ValueError):
        return None
    return Checkpoint(tensors, plain) if plain.get("key") == key else None


def random_state() -> tuple[Tensors, dict[str, Any]]:
    """Return the state of every global random generator that training draws from."""
    name, words, place, has_gauss, gauss = np.random.get_state(legacy=True)  # type: ignore[misc]
    assert name == "MT19937"
    tensors = {
        "torch": torch.get_rng_state(),
        "numpy": torch.from_numpy(np.asarray(words, dtype=np.int64)),
    }
    if torch.cuda.is_available():
        for i, state in enumerate(torch.cuda.get_rng_state_all()):
            tensors[f"cuda{i}"] = state
    version, numbers, gauss_next = random.getstate()
    plain = {"numpy": [place, has_gauss, gauss], "python": [version, list(numbers), gauss_next]}
    return tensors, plain


def restore_random_state(tensors: Mapping[str, torch.Tensor], plain: Mapping[str, Any]) -> None:
    """Put the random generators where `random_state` found them."""
    torch.set_rng_state(tensors["torch"])
    place, has_gauss, gauss = plain["numpy"]
    words = tensors["numpy"].numpy().astype(np.uint32)
    np.random.set_state(("MT19937", words, place, has_gauss, gauss))
    version, numbers, gauss_next = plain["python"]
    random.setstate((version, tuple(numbers), gauss_next))
    if torch.cuda.is_available():
        states = [tensors[f"cuda{i}"] for i in range(torch.cuda.device_count())]
        torch.cuda.set_rng_state_all(states)


class ResumableTrainer(Trainer):
    """Trainer that goes on from a `Checkpoint` of its own, to the same end as without a stop.

    A checkpoint is taken after a step that reports no loss, or at the end of an epoch: what is
    said after a step is said after its callbacks, and would be lost or said twice elsewhere.
    """

    resumed: Checkpoint | None = None

    def train_from(self, checkpoint: Checkpoint | None) -> None:
        """Train from the beginning, or from a checkpoint."""
        if checkpoint is None:
            self.train()
            return
        self.resumed = checkpoint
        folder = Path(str(self.args.output_dir))
        state = TrainerState(**checkpoint.plain["trainer"])
        # Trainer learns from this file alone that it goes on, and from which step.
        state.save_to_json(str(folder / "trainer_state.json"))
        self.train(resume_from_checkpoint=str(folder))

    def checkpoint(self, *, epoch_start: tuple[Tensors, dict[str, Any]] | None) -> Checkpoint:
        """Return everything that decides how training goes on.

        Parameters
        ----------
        epoch_start
            `random_state` when the present epoch began, from which its order of rows is drawn
            again; None between two epochs.
        """
        assert self.optimizer is not None
        assert self.lr_scheduler is not None
        here = random_state()
        optimizer = self.optimizer.state_dict()  # type: ignore[attr-defined]
        tensors = _prefixed("model", self.model.state_dict())  # type: ignore[union-attr]
        for i, moments in optimizer["state"].items():
            tensors |= _prefixed(f"optimizer.{i}", moments)
        tensors |= _prefixed("random", here[0])
        tensors |= _prefixed("epoch", (epoch_start or here)[0])
        tensors["loss"] = self._tr_loss.detach().to("cpu", copy=True)
        plain = {
            "groups": optimizer["param_groups"],
            "scheduler": self.lr_scheduler.state_dict(),  # type: ignore[attr-defined]
            "random": here[1],
            "epoch": (epoch_start or here)[1],
            "logged": self._globalstep_last_logged,
            "trainer": {name: getattr(self.state, name) for name in _STATE},
        }
        return Checkpoint(tensors, plain)

    def begin(self) -> None:
        """Take over the loss that was not told yet; called when training begins."""
        if self.resumed is not None:
            self._tr_loss = self.resumed.tensors["loss"].to(self.args.device)
            self._globalstep_last_logged = self.resumed.plain["logged"]

    def begin_epoch(self) -> None:
        """Draw the rows of the first epoch after a resume in the order they had."""
        if self.resumed is not None and self.state.global_step == self._resumed_step:
            restore_random_state(self.resumed.part("epoch"), self.resumed.plain["epoch"])

    @property
    def _resumed_step(self) -> int:
        assert self.resumed is not None
        return self.resumed.plain["trainer"]["global_step"]

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        assert self.resumed is not None
        assert self.model is not None
        self.model.load_state_dict(self.resumed.part("model"))

    def _load_optimizer_and_scheduler(self, checkpoint: str | None) -> None:
        if self.resumed is None:
            return
        assert self.optimizer is not None
        assert self.lr_scheduler is not None
        state: dict[int, Tensors] = {}
        for name, value in self.resumed.part("optimizer").items():
            number, moment = name.split(".", 1)
            state.setdefault(int(number), {})[moment] = value
        groups = self.resumed.plain["groups"]
        optimizer, scheduler = self.optimizer, self.lr_scheduler
        optimizer.load_state_dict({"state": state, "param_groups": groups})  # type: ignore[attr-defined]
        scheduler.load_state_dict(self.resumed.plain["scheduler"])  # type: ignore[attr-defined]

    def _load_scaler(self, checkpoint: str | None) -> None:
        """Do nothing: bfloat16 needs no loss scale."""

    def _load_rng_state(self, checkpoint: str | None) -> None:
        if self.resumed is not None:
            restore_random_state(self.resumed.part("random"), self.resumed.plain["random"])


class Keeper(TrainerCallback):
    """Writes a checkpoint when one is due.

    Parameters
    ----------
    trainer
        Whose run it is.
    history
        Returns what the caller wants kept beside the trainer's own state; a callback it reads
        must have been added before this one.
    target
        Where to, and how often.
    key
        Names the run; see `read`.
    """

    def __init__(
        self,
        trainer: ResumableTrainer,
        history: Callable[[], Checkpoint],
        target: CheckpointFile,
        key: str,
    ) -> None:
        self._trainer, self._history, self._target, self._key = trainer, history, target, key
        self._last = time.monotonic()

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Go on with the loss that was not told yet."""
        self._trainer.begin()

    def on_epoch_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Note from where the rows of the epoch are drawn."""
        self._trainer.begin_epoch()
        self._epoch_start = random_state()

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Write where no loss is about to be told."""
        is_last = (state.epoch or 0.0) % 1 == 0
        if not is_last and state.global_step % args.logging_steps:
            self._write_if_due(self._epoch_start)

    def on_epoch_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Write between two epochs."""
        self._write_if_due(None)

    def _write_if_due(self, epoch_start: tuple[Tensors, dict[str, Any]] | None) -> None:
        if time.monotonic() - self._last < self._target.every_s:
            return
        own, kept = self._trainer.checkpoint(epoch_start=epoch_start), self._history()
        plain = {**own.plain, "history": kept.plain, "key": self._key}
        write(self._target.path, Checkpoint(own.tensors | kept.tensors, plain))
        self._last = time.monotonic()


def _prefixed(name: str, tensors: Mapping[str, Any]) -> Tensors:
    return {
        f"{name}.{key}": value.detach().to("cpu", copy=True).contiguous()
        for key, value in tensors.items()
    }


def _disk_is_full(need: int, free: int) -> WorkerError:
    return WorkerError(
        f"The disk is full: a checkpoint needs {need / 1e6:,.0f} MB, and {free / 1e6:,.0f} MB are "
        "free.",
        fix="Free some disk space (python -m synthcur clean lists what can go), then resume; an "
        "earlier checkpoint is kept.",
    )
