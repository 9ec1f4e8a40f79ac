"""Every check finds its rows by number, proposes what to leave out, and touches nothing."""

import numpy as np
import pandas as pd
import pytest

from synthcur.data.checks import validate
from synthcur.data.texts import estimated_tokens
from synthcur.schema import REAL, SYNTHETIC, Finding, FindingState, worst_first

PARTS = {
    "synthetic": (SYNTHETIC, "train"),
    "train": (REAL, "train"),
    "validation": (REAL, "validation"),
    "test": (REAL, "test"),
}
CLEAN = {
    part: [
        (f"{part} text {i} about {label}", label) for label in ("care", "pests") for i in range(5)
    ]
    for part in PARTS
}


def rows_of(**extra: list[tuple[str | None, ...]]) -> pd.DataFrame:
    """Clean rows of all parts, with extra (text, label) or (text, pair, label) at the end."""
    records = []
    for part, (source, split) in PARTS.items():
        for number, cells in enumerate([*CLEAN[part], *extra.get(part, [])], start=1):
            text, pair, label = cells if len(cells) == 3 else (cells[0], None, cells[1])
            records.append((source, split, text, pair, label, number, f"{part}.csv"))
    columns = ["source", "split", "text", "text_pair", "label", "row", "file"]
    cells = zip(*records, strict=True)
    frame = {name: pd.Series(c, dtype=object) for name, c in zip(columns, cells, strict=True)}
    return pd.DataFrame(frame).astype({"row": np.int64})


def found(code: str, **extra: list[tuple[str | None, ...]]) -> Finding:
    return next(finding for finding in validate(rows_of(**extra)) if finding.code == code)


def test_clean_rows_are_fine_in_every_check():
    findings = validate(rows_of())
    assert {finding.state for finding in findings} == {"fine"}
    assert not any(finding.rows or finding.excludes for finding in findings)
    assert len({finding.code for finding in findings}) == len(findings)


def test_a_check_changes_nothing():
    rows = rows_of(synthetic=[("", "care"), ("x", None)])
    before = rows.copy(deep=True)
    validate(rows)
    pd.testing.assert_frame_equal(rows, before)


@pytest.mark.parametrize("text", ["", "  \t", "\u200b\u200d", "\ufeff"])
def test_texts_without_anything_to_read_must_be_left_out(text: str):
    finding = found("empty_text", test=[(text, "care")])
    assert finding.state == "must_fix"
    assert finding.rows == finding.excludes == (("test.csv", 11),)
    assert finding.proposal == "Exclude 1"


def test_an_empty_second_text_counts_as_empty():
    pairs = [("a", "b", "care"), ("c", None, "care")]
    assert ("synthetic.csv", 12) in found("empty_text", synthetic=pairs).rows


@pytest.mark.parametrize("label", [None, "", " "])
def test_rows_without_a_label_must_be_left_out(label: str | None):
    finding = found("missing_label", train=[("who knows", label)])
    assert (finding.state, finding.excludes) == ("must_fix", (("train.csv", 11),))


@pytest.mark.parametrize(("part", "file"), [("synthetic", "synthetic.csv"), ("train", "train.csv")])
def test_a_label_of_one_source_only_must_be_left_out(part: str, file: str):
    finding = found("one_source_label", **{part: [("new", "soil"), ("newer", "soil")]})
    assert finding.state == "must_fix"
    assert finding.excludes == ((file, 11), (file, 12))


def test_a_label_that_only_held_out_rows_have_must_be_left_out():
    finding = found("unknown_label", test=[("x", "soil")], validation=[("y", "soil")])
    assert finding.state == "must_fix"
    assert set(finding.excludes) == {("test.csv", 11), ("validation.csv", 11)}


def test_with_no_label_in_common_nothing_is_proposed():
    rows = rows_of()
    real = rows["source"] == REAL
    rows["label"] = rows["label"].where(~real, rows["label"] + "!")
    findings = {finding.code: finding for finding in validate(rows)}
    assert findings["one_source_label"].state == "must_fix"
    assert not findings["one_source_label"].excludes
    assert findings["nothing_left"].state == "must_fix"


def test_label_variants_that_cannot_stand_alone_must_be_merged_into_the_real_form():
    finding = found("label_variants", synthetic=[("a", "Care "), ("b", "ｃａｒｅ")])
    assert finding.state == "must_fix"
    assert finding.rows == (("synthetic.csv", 11), ("synthetic.csv", 12))
    assert finding.proposal == "Merge into “care”"
    assert not finding.excludes


def test_label_variants_with_rows_in_both_sources_are_only_shown():
    rows = [("a", "Care"), ("b", "Care")]
    assert found("label_variants", synthetic=rows, train=[("c", "Care"), ("d", "Care")]).state == (
        "check"
    )


@pytest.mark.parametrize(("one", "other"), [("US", "us"), ("A", "a"), ("True", "true")])
def test_labels_in_capitals_and_without_stay_apart_where_both_sources_use_both(
    one: str, other: str
):
    rows = {
        part: [(f"{label} {i} {part}", label) for label in (one, other) for i in range(6)]
        for part in ("synthetic", "train")
    }
    assert found("label_variants", **rows).state == "fine"
    finding = found("labels_apart", **rows)
    assert (finding.state, finding.proposal) == ("check", "")
    assert finding.labels == ((one, 12), (other, 12))
    rows["train"] = [row for row in rows["train"] if row[1] == one]
    assert found("labels_apart", **rows).state == "fine"
    assert found("label_variants", **rows).proposal == f"Merge into “{one}”"


def test_variants_of_a_label_are_not_called_unknown():
    assert found("one_source_label", synthetic=[("a", "CARE")]).state == "fine"


@pytest.mark.parametrize("label", ["nan", "None", "0", "1.0", "true", "{x}"])
def test_labels_that_look_like_something_else_are_labels(label: str):
    both = [("a", label), ("b", label)]
    extra = {part: [(f"{part} {text}", name) for text, name in both] for part in PARTS}
    findings = {finding.code: finding for finding in validate(rows_of(**extra))}
    for code in ("missing_label", "one_source_label", "unknown_label"):
        assert findings[code].state == "fine"


@pytest.mark.parametrize(
    ("held_out", "place", "state"),
    [
        ("test", "synthetic", "must_fix"),
        ("test", "train", "must_fix"),
        ("test", "validation", "must_fix"),
        ("validation", "synthetic", "check"),
        ("validation", "train", "check"),
    ],
)
def test_a_held_out_text_is_found_where_training_sees_it(held_out: str, place: str, state: str):
    text = CLEAN[held_out][0][0].upper().replace(" ", "  ")
    finding = found(f"{held_out}_in_{place}", **{place: [(text, "care")]})
    assert (finding.state, finding.excludes) == (state, ((f"{place}.csv", 11),))


def test_a_test_text_is_no_leak_when_only_one_text_of_a_pair_agrees():
    pair = {"test": [("a", "b", "care")], "synthetic": [("a", "c", "care")]}
    assert ("synthetic.csv", 11) not in found("test_in_synthetic", **pair).rows
    pair["synthetic"] = [("a", "B", "care")]
    assert ("synthetic.csv", 11) in found("test_in_synthetic", **pair).rows


def test_exact_duplicates_keep_the_first_and_leave_held_out_rows_alone():
    twice = [("same", "care"), ("same", "care"), ("Same", "care")]
    finding = found("exact_duplicates", synthetic=twice, test=twice)
    assert finding.state == "check"
    assert finding.excludes == (("synthetic.csv", 12),)


def test_a_text_with_two_labels_in_one_source_is_left_out_altogether():
    finding = found("two_labels", synthetic=[("same", "care"), ("Same ", "pests")])
    assert finding.state == "must_fix"
    assert finding.rows == finding.excludes
    assert len(finding.rows) == 2


def test_a_real_label_decides_between_two_labels():
    finding = found(
        "two_labels", synthetic=[("same", "care"), ("same", "pests")], train=[("same", "care")]
    )
    assert len(finding.rows) == 3
    assert finding.excludes == (("synthetic.csv", 12),)


def test_two_labels_in_the_test_split_are_shown_but_never_left_out():
    finding = found("held_out_two_labels", test=[("same", "care"), ("same", "pests")])
    assert (finding.state, len(finding.rows), finding.excludes) == ("check", 2, ())


def test_a_label_with_one_training_row_goes_altogether():
    extra = {part: [(f"{part} soil {i}", "soil") for i in range(3)] for part in PARTS}
    extra["train"] = extra["train"][:1]
    finding = found("few_rows", **extra)
    assert finding.state == "must_fix"
    assert len(finding.excludes) == 10


def test_a_label_with_few_rows_is_shown():
    extra = {part: [(f"{part} soil {i}", "soil") for i in range(8)] for part in PARTS}
    extra["train"] = extra["train"][:3]
    finding = found("few_rows", **extra)
    assert (finding.state, finding.excludes) == ("check", ())
    assert finding.rows == (("train.csv", 11), ("train.csv", 12), ("train.csv", 13))


def test_one_label_only_cannot_be_stored():
    rows = rows_of()
    finding = next(f for f in validate(rows[rows["label"] == "care"]) if f.code == "nothing_left")
    assert (finding.state, finding.excludes) == ("must_fix", ())


def test_a_split_without_a_usable_row_cannot_be_stored():
    rows = rows_of()
    rows.loc[rows["split"] == "test", "text"] = " "
    finding = next(f for f in validate(rows) if f.code == "nothing_left")
    assert finding.state == "must_fix"
    assert "test" in finding.title


def test_a_label_without_a_test_row_is_named():
    rows = rows_of()
    rows = rows[~((rows["split"] == "test") & (rows["label"] == "pests"))]
    finding = next(f for f in validate(rows) if f.code == "absent_label")
    assert (finding.state, finding.proposal) == ("check", "pests")


def test_imbalance_names_the_ratio_and_the_source():
    finding = found("imbalance", synthetic=[(f"more {i}", "care") for i in range(95)])
    assert (finding.state, finding.title) == ("check", "Class imbalance, 20 : 1 in synthetic")


def test_long_texts_are_shown_and_not_left_out():
    finding = found("too_long", synthetic=[("word " * 130, "care"), ("word " * 100, "care")])
    assert (finding.state, finding.excludes) == ("check", ())
    assert finding.rows == (("synthetic.csv", 11),)
    assert "estimate" in finding.title
    assert "about 3% of the words" in finding.advice


def test_how_much_of_long_texts_is_lost_is_measured_over_all_of_them():
    texts = [("word " * 252, "care"), ("word " * 126, "care"), ("word " * 504, "pests")]
    finding = found("too_long", synthetic=texts)
    assert len(finding.rows) == 2
    assert "about 67% of the words" in finding.advice


@pytest.mark.parametrize("text", ["caf\ufffd", "cafÃ©", "donâ€™t", "5 Â£"])
def test_encoding_damage_is_shown(text: str):
    assert found("encoding_damage", train=[(text, "care")]).rows == (("train.csv", 11),)


@pytest.mark.parametrize("text", ["café", "Ã la carte", "São Paulo", "naïve", "Привет", "日本語"])
def test_correct_letters_of_other_languages_are_not_damage(text: str):
    assert found("encoding_damage", train=[(text, "care")]).state == "fine"


@pytest.mark.parametrize("text", ["a\x00b", "a\x1bb", "a\u202eb", "a\x85b"])
def test_control_characters_are_shown(text: str):
    assert found("control", train=[(text, "care")]).rows == (("train.csv", 11),)


def test_line_breaks_and_emoji_are_not_control_characters():
    assert found("control", train=[("a\n\tb 👩‍🌾", "care")]).state == "fine"


@pytest.mark.parametrize(
    ("text", "pieces"),
    [("", 0), ("two words", 2), ("Stop!", 2), ("incomprehensibilities", 3), ("日本語", 3)],
)
def test_token_estimates(text: str, pieces: int):
    assert estimated_tokens(text) == pieces


def test_what_must_be_fixed_comes_first():
    rows = rows_of(test=[("", "care")], synthetic=[("same", "care"), ("same", "care")])
    states = [finding.state for finding in validate(rows)]
    assert states == sorted(states, key=["must_fix", "check", "fine"].index)


def test_findings_of_one_state_keep_their_order():
    found = [
        Finding(code, "", FindingState(state), (), 1)
        for code, state in [("a", "fine"), ("b", "check"), ("c", "must_fix"), ("d", "check")]
    ]
    assert [finding.code for finding in worst_first(found)] == ["c", "b", "d", "a"]


def with_reason(reason: str, *extra: tuple[str, str]) -> pd.DataFrame:
    """Clean rows, with extra real ones at the end that are set aside for a reason."""
    rows = rows_of(train=list(extra))
    aside = [
        "" if row["row"] <= 10 or row["file"] != "train.csv" else reason
        for _, row in rows.iterrows()
    ]
    return rows.assign(aside=aside)


@pytest.mark.parametrize(
    ("reason", "code"), [("rejected", "rejected_rows"), ("several", "several_labels")]
)
def test_rows_that_are_set_aside_are_found_as_such_and_by_no_other_check(reason: str, code: str):
    test_text, train_text = CLEAN["test"][0][0], CLEAN["train"][0][0]
    rows = with_reason(reason, (test_text, "soil"), (train_text, "pests"), ("", "care"))
    findings = {finding.code: finding for finding in validate(rows)}
    assert {each.code for each in findings.values() if each.rows} == {code}
    assert findings[code].state == "must_fix"
    assert findings[code].excludes == tuple(("train.csv", row) for row in (11, 12, 13))
    assert findings[code].labels == (("care", 1), ("pests", 1), ("soil", 1))


def test_every_finding_with_rows_counts_their_labels():
    finding = found("empty_text", test=[("", "care"), (" ", "pests"), ("", "care")])
    assert finding.labels == (("care", 2), ("pests", 1))


def test_most_real_rows_decide_between_two_labels():
    finding = found(
        "two_labels",
        train=[("same", "care"), ("same", "pests"), ("same", "care")],
        synthetic=[("same", "pests")],
    )
    assert set(finding.excludes) == {("train.csv", 12), ("synthetic.csv", 11)}


def test_a_held_out_text_is_kept_once_with_the_label_of_most_rows_or_not_at_all():
    agreed = [("a", "pests"), ("A ", "care"), ("a", "care")]
    split = [("b", "care"), ("b", "pests")]
    finding = found("held_out_repeats", test=[*agreed, *split], validation=[("c", "care")])
    assert finding.state == "check"
    assert finding.rows == tuple(("test.csv", row) for row in range(11, 16))
    assert finding.excludes == tuple(("test.csv", row) for row in (11, 13, 14, 15))


def test_labels_without_one_in_common_are_named_on_both_sides():
    rows = rows_of()
    real = rows["source"] == REAL
    rows["label"] = rows["label"].where(~real, rows["label"].map({"care": "0", "pests": "1"}))
    finding = next(f for f in validate(rows) if f.code == "one_source_label")
    assert finding.title == ("No label in common: synthetic “care”, “pests”; real “0”, “1”")


def test_words_that_the_bundled_model_does_not_know_are_told_by_source():
    assert found("unknown_words").state == "fine"
    rows = rows_of()
    rows.loc[rows["source"] == SYNTHETIC, "text"] = "水泵被重复扣款，日期是七号"
    finding = next(f for f in validate(rows) if f.code == "unknown_words")
    assert finding.state == "check"
    assert finding.title.endswith("% of the words unknown to the bundled model")
    assert "real 0%" in finding.advice
    assert "--checkers finetune --base-model" in finding.advice


def test_rows_that_are_all_set_aside_leave_nothing_to_store():
    findings = {f.code: f for f in validate(rows_of().assign(aside="rejected"))}
    assert findings["nothing_left"].state == "must_fix"
    assert not findings["nothing_left"].excludes
