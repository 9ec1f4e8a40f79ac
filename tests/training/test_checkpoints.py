"""A run that was stopped ends like one that was not."""

from pathlib import Path

import numpy as np
import pytest
import torch

from synthcur.errors import WorkerError
from synthcur.models.classifier import predict_proba
from synthcur.training import checkpoints
from synthcur.training.checkpoints import Checkpoint, CheckpointFile
from synthcur.training.history import Row
from synthcur.training.trainer import Fit
from tests.training.test_trainer import made_of_words, run, settings, weighted

STEPS = 24
"""Of 60 rows in batches of 8, three times."""


FIRST_TOLD = 8
"""The first step of which anything is told: the end of the first epoch."""


class Stop(BaseException):
    """Like the cancellation of a worker: no error, so nothing catches it."""


def attempt(
    tiny_model: str,
    rows: list[Row],
    *,
    stop_at: int | None = None,
    dynamic: str = "dimp",
    seed: int = 3,
    **options: object,
) -> Fit:
    factor = np.random.default_rng(7).uniform(0.2, 1.0, size=60)

    def on_step(step: int) -> None:
        if step == stop_at:
            raise Stop

    return run(
        weighted(made_of_words(60, seed=1), factor, dynamic=dynamic),
        settings(tiny_model),
        seed=seed,
        on_row=rows.append,
        on_step=on_step,
        **options,
    )


def history(rows: list[Row]) -> dict[tuple[int, bool], Row]:
    """The last figures told of every step; speed, which no two runs share, left out."""
    return {
        (row["step"], "loss" in row): {k: v for k, v in row.items() if k != "samples_per_s"}
        for row in rows
    }


@pytest.mark.parametrize("stops", [(10,), (STEPS,), (2, 11, 20)])
def test_a_run_stopped_at_any_step_ends_as_if_it_had_not_been(
    tiny_model: str, tmp_path: Path, stops: tuple[int, ...]
):
    told: list[Row] = []
    whole = attempt(tiny_model, told)
    file = CheckpointFile(tmp_path / "run.safetensors", every_s=0)
    resumed: list[Row] = []
    for stop in stops:
        with pytest.raises(Stop):
            attempt(tiny_model, resumed, stop_at=stop, checkpoint=file)
    # What other work draws in between must not matter.
    torch.rand(7)
    np.random.rand(3)
    before = len(resumed)
    again = attempt(tiny_model, resumed, checkpoint=file)
    assert history(resumed) == history(told)
    assert len(resumed) - before < len(told), "it began anew"
    test = made_of_words(30, seed=5)
    np.testing.assert_allclose(
        predict_proba(again.classifier, test.rows),
        predict_proba(whole.classifier, test.rows),
        atol=1e-6,
        rtol=0,
    )
    np.testing.assert_array_equal(again.margin, whole.margin)
    np.testing.assert_array_equal(again.own_probability, whole.own_probability)
    assert (again.best_epoch, again.val_accuracy) == (whole.best_epoch, whole.val_accuracy)


def test_going_on_does_not_repeat_the_steps_before(tiny_model: str, tmp_path: Path):
    file = CheckpointFile(tmp_path / "run.safetensors", every_s=0)
    with pytest.raises(Stop):
        attempt(tiny_model, [], stop_at=19, checkpoint=file)
    steps: list[int] = []
    factor = np.random.default_rng(7).uniform(0.2, 1.0, size=60)
    run(
        weighted(made_of_words(60, seed=1), factor, dynamic="dimp"),
        settings(tiny_model),
        seed=3,
        on_step=steps.append,
        checkpoint=file,
    )
    assert steps[0] in (19, 20)
    assert steps[-1] == STEPS


def test_a_checkpoint_of_another_run_or_a_torn_one_is_not_gone_on_from(
    tiny_model: str, tmp_path: Path
):
    file = CheckpointFile(tmp_path / "run.safetensors", every_s=0)
    with pytest.raises(Stop):
        attempt(tiny_model, [], stop_at=19, checkpoint=file)
    told: list[Row] = []
    attempt(tiny_model, told, seed=4, checkpoint=file)
    assert told[0]["step"] == FIRST_TOLD, "seed 4 went on where seed 3 was"
    file.path.write_bytes(file.path.read_bytes()[:1000])
    told.clear()
    attempt(tiny_model, told, checkpoint=file)
    assert told[0]["step"] == FIRST_TOLD


def test_a_full_disk_is_told_with_figures_and_the_earlier_checkpoint_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = tmp_path / "run.safetensors"
    checkpoints.write(path, Checkpoint({"x": torch.arange(3)}, {"key": "a"}))
    usage = checkpoints.shutil.disk_usage(tmp_path)._replace(free=1_000_000)
    monkeypatch.setattr(checkpoints.shutil, "disk_usage", lambda folder: usage)
    with pytest.raises(WorkerError, match="needs 4 MB, and 1 MB are free"):
        checkpoints.write(path, Checkpoint({"x": torch.zeros(1_000_000)}, {"key": "a"}))
    found = checkpoints.read(path, key="a")
    assert found is not None
    assert found.tensors["x"].tolist() == [0, 1, 2]
    assert [each.name for each in tmp_path.iterdir()] == [path.name]
