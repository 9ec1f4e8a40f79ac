"""The table of the evidence: what stands in it follows from the runs of the file."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks import evidence, resumable
from synthcur.errors import InputError
from synthcur.models import bundled
from synthcur.settings import FitSettings


def made_up(accuracies: dict[tuple[str, str], float], *, seeds: int = 3, rows: int = 200) -> dict:
    """Runs whose predictions are right as often as said, on tasks named in the keys."""
    rng = np.random.default_rng(0)
    labels = {task: rng.integers(0, 3, rows) for task, _ in accuracies}
    runs = []
    for (task, arm), wanted in accuracies.items():
        for seed in range(seeds):
            truth = labels[task]
            right = np.arange(rows) % rows < wanted * rows
            said = np.where(right, truth, (truth + 1) % 3)
            runs.append(
                {
                    "task": task,
                    "arm": arm,
                    "seed": seed,
                    "accuracy": wanted,
                    "val_accuracy": wanted,
                    "predictions": resumable.as_word(said),
                }
            )
    words = {task: resumable.as_word(truth) for task, truth in labels.items()}
    return {"setup": {}, "labels": words, "runs": runs}


def test_means_are_over_tasks_and_differences_are_those_of_the_predictions():
    found = made_up(
        {("a", "ce"): 0.7, ("b", "ce"): 0.6, ("a", "imp"): 0.8, ("b", "imp"): 0.7}, seeds=2
    )
    text = evidence.table(found)
    assert "| ce | 70.0 | 60.0 | 65.0 | 2 |" in text
    assert "| imp | 80.0 | 70.0 | 75.0 | 2 |" in text
    assert "| imp | +10.0 [" in text


def test_the_plain_rival_is_chosen_by_validation_on_every_task():
    found = made_up(
        {
            **{("a", "ce_real"): 0.9, ("a", "ce_both"): 0.5, ("a", "imp"): 0.8},
            **{("b", "ce_real"): 0.4, ("b", "ce_both"): 0.6, ("b", "imp"): 0.7},
        }
    )
    last = evidence.table(found).split("the better plain way")[1]
    row = next(line for line in last.splitlines() if line.startswith("| imp |"))
    cells = [cell.strip() for cell in row.split("|")[2:5]]
    assert [cell.split(" ")[0] for cell in cells] == ["−10.0", "+10.0", "0.0"]


def test_an_arm_that_is_missing_on_a_task_has_no_mean():
    found = made_up({("a", "ce"): 0.7, ("b", "ce"): 0.6, ("a", "imp"): 0.8})
    assert "| imp | 80.0 |  |  | 3 |" in evidence.table(found)


def test_a_table_of_some_tasks_and_arms_compares_those_alone():
    found = made_up({("a", "ce"): 0.7, ("b", "ce"): 0.6, ("a", "imp"): 0.8, ("a", "dimp"): 0.9})
    runs = evidence.chosen(found["runs"], ["a"], ["ce", "imp"])
    text = evidence.table({**found, "runs": runs})
    assert "| imp | 80.0 | 80.0 | 3 |" in text
    assert "dimp |" not in text
    assert evidence.chosen(found["runs"], [], []) == found["runs"]


def test_label_ids_survive_the_file():
    ids = np.arange(36)
    np.testing.assert_array_equal(resumable.as_ids(resumable.as_word(ids)), ids)


def test_a_file_of_another_setup_is_refused(tmp_path):
    setup = evidence.Setup(tmp_path, 100, 50, evidence.FitSettings(), tmp_path)
    path = tmp_path / "results.json"
    resumable.write(path, resumable.read(path, setup.shared))
    assert resumable.read(path, setup.shared)["runs"] == []
    other = evidence.Setup(tmp_path, 200, 50, evidence.FitSettings(), tmp_path)
    with pytest.raises(SystemExit, match="name another file"):
        resumable.read(path, other.shared)


def failing(place: int) -> tuple[list[dict], str]:
    """Do the first and the third; the second cannot be done, the fourth fails."""
    if place == 1:
        raise InputError("No row has the label 'b'.", fix="Add some.")
    if place == 3:
        raise ValueError("broken")
    return [{"task": "a", "place": place}], "01"


def test_what_cannot_be_run_is_left_out_and_what_fails_ends_the_command(tmp_path, capsys):
    path = tmp_path / "results.json"
    found = resumable.read(path, {})
    todo = [(place,) for place in range(40)]
    with pytest.raises(ValueError, match="broken"):
        resumable.complete(found, path, failing, todo, jobs=1, say=str)
    assert "left out: No row has the label 'b'." in capsys.readouterr().out
    kept = [run["place"] for run in resumable.read(path, {})["runs"]]
    assert kept == [0, 2]


def test_a_probe_is_an_arm_of_the_evidence(small_collection, tiny_model, tmp_path, monkeypatch):
    monkeypatch.setattr(bundled, "model_folder", lambda: Path(tiny_model))
    monkeypatch.setattr(evidence.Setup, "collection", lambda setup, task: small_collection)
    setup = evidence.Setup(tmp_path, 1000, 1000, FitSettings(), tmp_path / "work")
    run, labels = evidence.train(setup, "small", "probe_both", 0, {})
    said = resumable.as_ids(run["predictions"])
    assert run["accuracy"] == (said == resumable.as_ids(labels)).mean()
    assert (run["arm"], run["rows"]) == ("probe_both", 64)
    assert "samples/s" not in evidence._line(run)
