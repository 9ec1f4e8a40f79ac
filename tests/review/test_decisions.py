"""What the log of decisions makes of a collection, and which rows a queue holds."""

import numpy as np
import pandas as pd
import pytest

from synthcur.errors import InputError
from synthcur.review.decisions import (
    Decision,
    check_annotator,
    check_decision,
    current_decisions,
    current_notes,
    effective_collection,
    effective_labels,
)
from synthcur.schema import Collection

LABELS = ("billing", "delivery", "feedback")


def _collection() -> Collection:
    rows = pd.DataFrame(
        [
            ("r0", "real", "train", "real text", None, "billing", 1),
            ("s0", "synthetic", "train", "first", None, "billing", 1),
            ("t0", "real", "test", "test text", None, "delivery", 1),
            ("s1", "synthetic", "train", "second", None, "delivery", 2),
            ("s2", "synthetic", "train", "third", None, "feedback", 3),
        ],
        columns=["sample_id", "source", "split", "text", "text_pair", "label", "row"],
    )
    provenance = pd.DataFrame({"generator": ["", "g0", "", "g1", "g2"]})
    return Collection(name="small", labels=LABELS, rows=rows, provenance=provenance)


def _log(*rows: tuple) -> list[Decision]:
    """Number rows of (sample_id, action[, extra fields]) as the store would, from 1."""
    return [
        Decision(
            seq=seq,
            sample_id=sample_id,
            action=action,
            **{"annotator": "ana", **(extra[0] if extra else {})},
        )
        for seq, (sample_id, action, *extra) in enumerate(rows, start=1)
    ]


def _undo(sample_id: str, undoes: int, **extra: object) -> tuple:
    return (sample_id, "undo", {"undoes": undoes, **extra})


def test_the_latest_verdict_of_a_sample_counts() -> None:
    current = current_decisions(_log(("s0", "discard"), ("s0", "keep"), ("s1", "unsure")))
    assert {sample: row.action for sample, row in current.items()} == {"s0": "keep", "s1": "unsure"}


def test_the_order_of_the_log_is_its_numbers_not_its_position() -> None:
    log = _log(("s0", "discard"), ("s0", "keep"))
    assert current_decisions(log[::-1])["s0"].action == "keep"


def test_a_note_does_not_replace_a_verdict() -> None:
    log = _log(("s0", "discard"), ("s0", "note", {"note": "check the date"}))
    assert current_decisions(log)["s0"].action == "discard"
    assert current_notes(log) == {"s0": "check the date"}


def test_an_empty_note_removes_the_note() -> None:
    log = _log(("s0", "note", {"note": "check the date"}), ("s0", "note", {"note": ""}))
    assert current_notes(log) == {}


def test_undo_twice_goes_back_two_decisions() -> None:
    log = _log(("s0", "keep"), ("s0", "discard"), ("s1", "keep"))
    log += [Decision(seq=4, sample_id="s1", action="undo", annotator="ana", undoes=3)]
    assert {s: row.action for s, row in current_decisions(log).items()} == {"s0": "discard"}
    log += [Decision(seq=5, sample_id="s0", action="undo", annotator="ana", undoes=2)]
    assert {s: row.action for s, row in current_decisions(log).items()} == {"s0": "keep"}


def test_an_undone_undo_brings_the_decision_back() -> None:
    log = _log(("s0", "discard"), _undo("s0", 1), _undo("s0", 2))
    assert current_decisions(log)["s0"].action == "discard"


def test_undo_of_a_decision_that_another_person_replaced_leaves_theirs() -> None:
    log = _log(("s0", "discard"), ("s0", "keep", {"annotator": "ben"}), _undo("s0", 1))
    assert current_decisions(log)["s0"].annotator == "ben"


def test_relabel_then_discard_then_undo_leaves_the_new_label() -> None:
    log = _log(("s0", "relabel", {"label": "feedback"}), ("s0", "discard"))
    labels, kept = effective_labels(_collection(), log)
    assert not kept[0]
    undo = Decision(seq=3, sample_id="s0", action="undo", annotator="ana", undoes=2)
    labels, kept = effective_labels(_collection(), [*log, undo])
    assert kept[0]
    assert LABELS[labels[0]] == "feedback"


def test_keeping_a_relabelled_sample_keeps_its_new_label() -> None:
    log = _log(("s0", "relabel", {"label": "feedback"}), ("s0", "keep"))
    labels, _ = effective_labels(_collection(), log)
    assert LABELS[labels[0]] == "feedback"


def test_the_folded_state_folds_to_itself() -> None:
    log = _log(
        ("s0", "relabel", {"label": "feedback"}), ("s0", "keep"), ("s1", "discard"), ("s1", "note")
    )
    current = current_decisions(log)
    assert current_decisions(current.values()) == current


def test_discards_leave_the_effective_collection_and_relabels_change_it() -> None:
    collection = _collection()
    log = _log(("s0", "discard"), ("s2", "relabel", {"label": "billing"}), ("s1", "unsure"))
    effective = effective_collection(collection, log)
    assert effective.rows["sample_id"].tolist() == ["r0", "t0", "s1", "s2"]
    assert effective.rows["label"].tolist() == ["billing", "delivery", "delivery", "billing"]
    assert effective.provenance["generator"].tolist() == ["", "", "g1", "g2"]
    assert collection.rows["label"].tolist()[-1] == "feedback"


def test_an_edited_text_is_trained_on_and_real_texts_stay():
    edits = (("s0", "better"), ("r0", "no"), ("s1", "x"))
    log = _log(*((each, "edit", {"text": text}) for each, text in edits), _undo("s1", 3))
    edited = effective_collection(_collection(), log)
    assert edited.rows["text"].tolist() == ["real text", "better", "test text", "second", "third"]
    assert _collection().rows["text"].tolist()[1] == "first"


def test_without_decisions_the_effective_collection_is_the_collection() -> None:
    assert effective_collection(_collection(), []).fingerprint == _collection().fingerprint


def test_decisions_about_real_or_unknown_samples_change_nothing() -> None:
    log = _log(("r0", "discard"), ("t0", "relabel", {"label": "billing"}), ("gone", "discard"))
    assert effective_collection(_collection(), log).fingerprint == _collection().fingerprint


def test_a_relabelled_sample_uses_the_other_column() -> None:
    quality = np.array([[0.1, 0.2, 0.7], [0.3, 0.4, 0.3], [0.2, 0.2, 0.6]])
    labels, _ = effective_labels(_collection(), _log(("s0", "relabel", {"label": "feedback"})))
    assert quality[np.arange(3), labels].tolist() == [0.7, 0.4, 0.6]


@pytest.mark.parametrize(
    ("decision", "said"),
    [
        (Decision(sample_id="r0", action="keep"), "No synthetic sample"),
        (Decision(sample_id="s0", action="undo"), "Unknown action"),
        (Decision(sample_id="s0", action="relabel"), "not a label"),
        (Decision(sample_id="s0", action="relabel", label="x"), "not a label"),
        (Decision(sample_id="s0", action="keep", label="billing"), "names the label"),
        (Decision(sample_id="s0", action="discard", reason="ugly"), "Unknown reason"),
        (Decision(sample_id="s0", action="note", note="x" * 2_001), "2,001 characters"),
    ],
)
def test_a_meaningless_decision_is_refused(decision: Decision, said: str) -> None:
    with pytest.raises(InputError, match=said):
        check_decision(decision, sample_ids={"s0"}, labels=LABELS)


def test_meaningful_decisions_pass() -> None:
    for decision in (
        Decision(sample_id="s0", action="relabel", label="billing"),
        Decision(sample_id="s0", action="discard", reason="wrong label"),
        Decision(sample_id="s0", action="note", note="x"),
    ):
        check_decision(decision, sample_ids={"s0"}, labels=LABELS)


@pytest.mark.parametrize("name", ["", "  ", "a" * 41, "a\nb", "a\0b"])
def test_a_name_that_cannot_be_shown_on_a_line_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="name cannot be used"):
        check_annotator(name)


@pytest.mark.parametrize(
    "name", [" Ana María ", "Ana  María", "Ana Mari\u0301a", "\uff21na\u00a0María"]
)
def test_one_person_has_one_name_however_it_is_typed(name: str) -> None:
    assert check_annotator(name) == "Ana María"
    assert check_annotator(check_annotator(name)) == check_annotator(name)
