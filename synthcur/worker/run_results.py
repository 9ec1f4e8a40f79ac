"""What a run of a training job leaves behind: its report, predictions, history and model."""

import hashlib
import shutil
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from synthcur.files import whole_folder
from synthcur.schema import Collection
from synthcur.settings import fingerprint
from synthcur.stats.calibration import calibrated_losses
from synthcur.stats.metrics import accuracy, macro_f1
from synthcur.store.artefacts import Artefacts
from synthcur.store.spool import Spool, read_spool
from synthcur.training.pools import Examples


@dataclass(frozen=True, kw_only=True)
class TrainJob:
    """What all runs of a training job share.

    Attributes
    ----------
    collection
        As stored, before any decision.
    validation, test
        The rows that choose and the rows that judge.
    artefacts, spool, folder
        Where predictions, reports and models go.
    """

    collection: Collection
    validation: Examples
    test: Examples
    artefacts: Artefacts
    spool: Spool
    folder: Path


@dataclass(frozen=True)
class Reached:
    """What a run has reached on the validation rows; of release 0.1 the log loss is not known."""

    val_accuracy: float
    val_log_loss: float | None


def reached_by(probs: np.ndarray, truth: np.ndarray) -> Reached:
    """Measure probabilities (V, K) of the validation rows by their label ids (V,)."""
    log_loss = float(calibrated_losses(probs, truth).mean())
    return Reached(accuracy(probs.argmax(axis=1), truth), log_loss)


def is_best(reached: Reached, earlier: Iterable[Reached]) -> bool:
    """Whether a run is better than all before it: by log loss, by accuracy if one lacks it."""
    every = [*earlier, reached]
    measured = [each.val_log_loss for each in every if each.val_log_loss is not None]
    if len(measured) < len(every):
        measured = [-each.val_accuracy for each in every]
    return all(measured[-1] < before for before in measured[:-1])


def report_run(
    job: TrainJob,
    arm: str,
    seed: int,
    validation: np.ndarray,
    test: np.ndarray,
    **figures: Any,
) -> None:
    """Report a finished run.

    Parameters
    ----------
    job
        Where it belongs.
    arm, seed
        Which run.
    validation, test
        Its probabilities of the validation and of the test rows, (V, K) and (T, K).
    figures
        What else there is to say of it, by the names of `records.Run`.
    """
    said, truth = test.argmax(axis=1), job.test.labels
    job.spool.append(
        "run_done",
        arm=arm,
        seed=seed,
        accuracy=accuracy(said, truth),
        macro_f1=macro_f1(said, truth),
        predictions=_write_predictions(job, arm, seed, validation, test),
        **figures,
    )


def _write_predictions(
    job: TrainJob, arm: str, seed: int, validation: np.ndarray, test: np.ndarray
) -> str:
    # Named by its content: the same run on other hardware may predict a little differently.
    content = hashlib.sha256(test.tobytes() + validation.tobytes()).hexdigest()
    name = fingerprint("predictions", job.collection.fingerprint, arm, seed, content)
    arrays = {
        **{"probs": test, "labels": job.test.labels},
        **{"val_probs": validation, "val_labels": job.validation.labels},
    }
    job.artefacts.write(name, arrays=arrays)
    return name


def told_histories(job: TrainJob, arm: str, seed: int) -> list[str]:
    """Read the histories that earlier attempts of a run have told."""
    records, _ = read_spool(job.folder / "spool.jsonl", 0)
    epochs = (record for record in records if record["t"] == "epoch_done")
    return [each["dynamics"] for each in epochs if (each["arm"], each["seed"]) == (arm, seed)]


@dataclass
class History:
    """Tells after every epoch what the rows of a run did so far.

    The last two are kept: who reads may not have heard of the last one.

    Attributes
    ----------
    job, arm, seed
        Which run.
    names
        Those that an earlier attempt has told.
    """

    job: TrainJob
    arm: str
    seed: int
    names: list[str]

    def tell(self, own_probability: np.ndarray, margin: np.ndarray) -> None:
        """Keep the history so far, see `trainer.Fit`, and say where it is."""
        name = write_dynamics(self.job, self.arm, self.seed, own_probability, margin)
        self.job.spool.append("epoch_done", arm=self.arm, seed=self.seed, dynamics=name)
        self.names = [*(each for each in self.names if each != name), name]
        self.forget(but=2)

    def forget(self, *, but: int) -> None:
        """Remove all that were told but the last ones."""
        while len(self.names) > but:
            self.job.artefacts.remove(self.names.pop(0))


def write_dynamics(
    job: TrainJob, arm: str, seed: int, own_probability: np.ndarray, margin: np.ndarray
) -> str:
    """Keep the history of a run, see `trainer.Fit`; return its name."""
    # Named by the job as well: what one forgets, no other names.
    content = hashlib.sha256(margin.tobytes()).hexdigest()
    name = fingerprint("dynamics", job.folder.name, arm, seed, content)
    job.artefacts.write(name, arrays={"own_probability": own_probability, "margin": margin})
    return name


def model_note(job: TrainJob, arm: str, seed: int, reached: Reached) -> dict[str, Any]:
    """Return what a kept model says of itself, as plain data."""
    collection = job.collection.name
    return {"arm": arm, "seed": seed, **asdict(reached), "collection": collection}


def keep_model(job: TrainJob, arm: str, seed: int, write: Callable[[Path], None]) -> str:
    """Keep a model beside the arm's earlier one; return its folder within the job's.

    Parameters
    ----------
    job, arm, seed
        Which run it is of.
    write
        Writes it into a folder that is there; one that fails leaves nothing.
    """
    models, name = job.folder / "models", f"{arm}-{seed}"
    models.mkdir(parents=True, exist_ok=True)
    with whole_folder(models / name) as folder:
        write(folder)
        # What an earlier attempt left under this name was never told of.
        shutil.rmtree(models / name, ignore_errors=True)
    return f"{models.name}/{name}"


def forget_models(job: TrainJob, arm: str, *, but: str) -> None:
    """Remove the arm's earlier model, now that the spool names the one that took over."""
    for folder in (job.folder / "models").glob(f"{arm}-*"):
        if folder.name.rpartition("-")[0] == arm and folder.name != Path(but).name:
            shutil.rmtree(folder, ignore_errors=True)
