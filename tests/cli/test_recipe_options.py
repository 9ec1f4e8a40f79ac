"""The recipe that the options of ``train`` ask for."""

import pytest

from harness.collections import add_finished_job
from synthcur.__main__ import main
from synthcur.cli import commands
from synthcur.errors import InputError
from synthcur.jobs import job_queue
from synthcur.settings import FitSettings, TrainSettings

ASKED = [
    ([], "automatic", FitSettings()),
    (["--steps", "40"], "automatic", FitSettings(steps=40)),
    (["--recipe", "published"], "fixed", FitSettings()),
    (["--recipe", "published", "--epochs", "3"], "fixed", FitSettings(epochs=3)),
    (["--lr", "2e-4"], "fixed", FitSettings(learning_rate=2e-4, chosen_by="log_loss")),
    (["--epochs", "2"], "fixed", FitSettings(epochs=2, chosen_by="log_loss")),
]


@pytest.fixture
def asked(fill, small_collection, monkeypatch) -> list[TrainSettings]:
    """Store a collection that nobody scored, and note what a job is asked for in place of it."""
    store = fill(small_collection, scored=False)
    found: list[TrainSettings] = []

    def note(store, name, settings):
        found.append(settings)
        raise InputError("noted", fix="")

    monkeypatch.setattr(job_queue, "submit_train", note)
    monkeypatch.setattr(commands, "open_store", lambda workspace: store)
    return found


@pytest.mark.parametrize(("options", "recipe", "fit"), ASKED)
def test_options_of_the_recipe(asked, options: list[str], recipe: str, fit: FitSettings):
    main(["train", "small", "--arms", "ce", *options])
    assert [(each.recipe, each.fit) for each in asked] == [(recipe, fit)]


def test_arms_that_ask_no_checkers_are_trained_without_scores(fill, small_collection, monkeypatch):
    store = fill(small_collection, scored=False)
    monkeypatch.setattr(job_queue, "_spawn", lambda *_: None)
    job_queue.submit_train(store, "small", TrainSettings(arms=("ce_both",), seeds=1))
    assert [job.kind for job in store.jobs("small")] == ["train"]
    with pytest.raises(InputError, match="imp need"):
        job_queue.submit_train(store, "small", TrainSettings(arms=("ce", "imp"), seeds=1))


def test_results_name_the_recipe_and_arms_as_people_are_told(fill, small_collection, capsys):
    store = fill(small_collection)
    add_finished_job(store, small_collection, {"ce": 0.5, "witnesses": 0.9})
    assert main(["results", "small", "--workspace", str(store.workspace)]) == 0
    said = capsys.readouterr().out
    assert "Trained with learning rate 6e-5, 5 epochs." in said
    assert "label_model" in said
    assert "witnesses" not in said
