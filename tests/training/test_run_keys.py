"""What names a kept run: the fields that change training, never words meant for people."""

from dataclasses import fields, replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest

from synthcur import arms
from synthcur.arms import ARMS, Arm
from synthcur.review.decisions import DISCARD, EDIT, KEEP, Decision
from synthcur.schema import Collection
from synthcur.settings import FitSettings
from synthcur.store.artefacts import Artefacts
from synthcur.training.learning_curve import LearningCurveSettings
from synthcur.training.run_keys import arm_key
from synthcur.worker import learning_runs
from synthcur.worker.learning_runs import Subject, runs_with

KEPT = "0123456789abcdef"
"""Fingerprint of the collection, whatever rows it holds here."""

OF_0_1 = {
    ("ce", 0): "5e92909db755651c",
    ("dimp", 12): "84b6dbeae4c86fa2",
    ("witnesses", 12): "9b045b8f75e4dc5f",
}
"""Names under which release 0.1 kept the runs of seed 3 with these decisions."""

DECISIONS = (
    Decision(sample_id="1f", action=DISCARD),
    Decision(sample_id="2e", action=EDIT, text="à la carte"),
)


@pytest.fixture
def subject(
    tmp_path: Path, small_collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> Subject:
    """A curve of which nothing may be trained."""

    def refuse(*args: object, **options: object) -> None:
        raise AssertionError("a kept run is trained again")

    monkeypatch.setattr(learning_runs, "_draw", refuse)
    collection = replace(small_collection)
    vars(collection)["fingerprint"] = KEPT
    settings = LearningCurveSettings(
        arms=("ce", "dimp", "witnesses"), seeds=4, sizes=(12,), fit=FitSettings(epochs=2)
    )
    return Subject(
        collection=collection,
        settings=settings,
        artefacts=Artefacts(tmp_path / "artefacts"),
        decisions=DECISIONS,
    )


def found(subject: Subject, folder: Path) -> dict[tuple[str, int], str]:
    """Return what is read of seed 3: names of predictions by arm and number of real rows."""
    runs = (run for n_real in (0, 12) for run in runs_with(subject, n_real, 3, folder))
    return {(run["arm"], run["n_real"]): run["predictions"] for run in runs}


def keep(subject: Subject) -> None:
    for name in OF_0_1.values():
        subject.artefacts.write(name, arrays={"probs": np.ones((1, 3))}, meta={"accuracy": 0.5})


def change(monkeypatch: pytest.MonkeyPatch, **changes: object) -> None:
    """Change every arm alike."""
    changed = {name: replace(arm, **changes) for name, arm in ARMS.items()}
    monkeypatch.setattr(arms, "ARMS", MappingProxyType(changed))


def test_runs_that_release_0_1_kept_are_read_and_not_trained_again(
    subject: Subject, tmp_path: Path
):
    keep(subject)
    assert found(subject, tmp_path) == OF_0_1


@pytest.mark.parametrize(
    "words",
    [
        {"title": "Another title"},
        {"formula": "w * CE", "sentence": "Said anew.", "cost": "Hours.", "source": "Somebody"},
        {"is_recommended": True},
    ],
)
def test_other_words_about_an_arm_throw_no_kept_run_away(
    subject: Subject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: dict[str, object]
):
    keep(subject)
    change(monkeypatch, **words)
    assert found(subject, tmp_path) == OF_0_1


@pytest.mark.parametrize(
    ("told", "is_kept"),
    [
        ({"annotator": "ada", "note": "odd", "reason": "off topic", "queue": "map"}, True),
        ({"seq": 7, "created_at": 1.5, "undoes": 3, "batch": 2}, True),
        ({"action": KEEP}, False),
        ({"sample_id": "3d"}, False),
        ({"label": "pests"}, False),
        ({"text": "another"}, False),
    ],
)
def test_of_a_decision_only_what_it_does_to_a_row_counts(
    subject: Subject, tmp_path: Path, told: dict[str, object], is_kept: bool
):
    keep(subject)
    changed = tuple(replace(each, **told) for each in subject.decisions)
    if is_kept:
        assert found(replace(subject, decisions=changed), tmp_path) == OF_0_1
    else:
        with pytest.raises(AssertionError, match="trained again"):
            found(replace(subject, decisions=changed), tmp_path)


@pytest.mark.parametrize("field", ["rows", "weights", "targets", "dynamic", "learner"])
def test_what_changes_training_makes_another_run(field: str):
    keys = {name: arm_key(replace(arm, **{field: "other"})) for name, arm in ARMS.items()}
    assert all(key != arm_key(ARMS[name]) for name, key in keys.items())


def test_an_arm_that_came_later_is_named_by_what_changes_training_alone():
    later = replace(ARMS["focal"], name="later")
    assert arm_key(later) == arm_key(replace(later, title="x", formula="y", sentence="z"))
    assert set(arm_key(later)) == {"name", "rows", "weights", "targets", "dynamic"}


def test_every_field_of_an_arm_is_words_or_changes_training():
    words = {"title", "short", "formula", "sentence", "cost", "source", "is_recommended"}
    assert {each.name for each in fields(Arm)} == words | set(
        arm_key(replace(ARMS["focal"], name="later", learner="probe", without="a=b"))
    ), "a new field of an arm: say in run_keys whether it changes training"
