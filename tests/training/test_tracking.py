"""Trackers are told what a run measures, and cannot stop it."""

import logging
import subprocess
import sys

import pytest
from transformers import TrainerCallback
from transformers.integrations import integration_utils

from synthcur.training import tracking

SETTINGS = {"epochs": 2, "learning_rate": 6e-5, "seed": 3}
ROWS = [
    {"step": 10, "epoch": 0.5, "loss": 1.5, "samples_per_s": 90.0},
    {"step": 20, "epoch": 1.0, "val_accuracy": 0.7, "val_macro_f1": 0.6, "ess": 12.0},
]


class Recorder(TrainerCallback):
    """Writes down what it is told."""

    told: list = []  # noqa: RUF012 - shared with the test on purpose

    def on_train_begin(self, args, state, control, **_):
        self.told.append(("begin", args.run_name, args.seed))

    def on_log(self, args, state, control, logs=None, **_):
        self.told.append(("log", state.global_step, state.epoch, logs))

    def on_train_end(self, args, state, control, **_):
        self.told.append(("end",))


class Broken(Recorder):
    def on_log(self, *_, **__):
        raise RuntimeError("secret-token")


@pytest.fixture
def installed(monkeypatch):
    """Let these callbacks be all trackers there are."""
    monkeypatch.setattr(Recorder, "told", [])

    def install(**known):
        monkeypatch.setattr(
            integration_utils,
            "get_reporting_integration_callbacks",
            lambda names: [known[name] for name in names],
        )

    return install


def test_a_tracker_is_told_every_measure_at_its_step(installed):
    installed(mlflow=Recorder)
    run = tracking.Following("demo-1/imp-seed3", SETTINGS, names=["mlflow"])
    for row in ROWS:
        run(row)
    run.close()
    assert Recorder.told == [
        ("begin", "demo-1/imp-seed3", 3),
        ("log", 10, 0.5, {"loss": 1.5, "samples_per_s": 90.0}),
        ("log", 20, 1.0, {"val_accuracy": 0.7, "val_macro_f1": 0.6, "ess": 12.0}),
        ("end",),
    ]


def test_a_tracker_that_fails_or_is_missing_is_named_and_left_out(installed, caplog):
    installed(mlflow=Broken, wandb=Recorder)
    with caplog.at_level(logging.WARNING):
        run = tracking.Following("r", SETTINGS, names=["mlflow", "tensorboard", "wandb"])
        for row in ROWS:
            run(row)
        run.close()
    assert "TENSORBOARD_LOGGING_DIR is set, but tensorboard cannot be used" in caplog.text
    assert caplog.text.count("Broken is left out") == 1
    assert "secret-token" not in caplog.text
    assert [entry[0] for entry in Recorder.told] == ["begin", "begin", "log", "log", "end"]


def test_only_a_variable_that_is_set_switches_a_tracker_on():
    assert tracking.configured({}) == []
    assert tracking.configured({"MLFLOW_TRACKING_URI": ""}) == []
    assert tracking.configured({"MLFLOW_TRACKING_URI": "file:x"}) == ["mlflow"]


def test_nothing_is_imported_where_no_tracker_is_configured():
    code = (
        "import sys; from synthcur.training.tracking import Following; "
        "run = Following('r', {}, names=[]); run({'step': 1, 'epoch': 1.0, 'loss': 1}); "
        "run.close(); assert 'transformers' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=1200)


def test_a_run_tells_its_tracker_what_stands_in_the_spool(
    installed, monkeypatch, tmp_path, small_collection, tiny_model
):
    from synthcur.settings import FitSettings, TrainSettings
    from synthcur.store.artefacts import Artefacts
    from synthcur.store.spool import Spool, read_spool
    from synthcur.worker import runs

    installed(mlflow=Recorder)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "file:nowhere")
    recipe = FitSettings(base_model=tiny_model, epochs=2, batch_size=16)
    spool = Spool(tmp_path / "spool.jsonl")
    artefacts = Artefacts(tmp_path / "artefacts")
    settings = TrainSettings(arms=("ce",), seeds=1, fit=recipe)
    runs.train(small_collection, settings, {}, artefacts, spool, tmp_path)
    records, _ = read_spool(tmp_path / "spool.jsonl", 0)
    measured = [(each["step"], each["epoch"]) for each in records if each["t"] == "metric"]
    assert Recorder.told[0] == ("begin", f"small-{tmp_path.name}/ce-seed0", 0)
    assert [entry[1:3] for entry in Recorder.told if entry[0] == "log"] == measured
    assert measured
    assert Recorder.told[-1] == ("end",)
