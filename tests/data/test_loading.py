"""From tables to a draft with all findings, and from an accepted draft to a collection."""

import json
from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness import samples
from synthcur.data.loading import (
    ColumnMapping,
    Draft,
    accept,
    build,
    keep_of_two_labels,
    read_table,
)
from synthcur.data.splits import draw_splits
from synthcur.data.tables import RawTable
from synthcur.errors import FindingsError, InputError
from synthcur.schema import REAL, ROW_COLUMNS

Row = Mapping[str, object]


def table(rows: Iterable[Row], name: str) -> RawTable:
    return read_table("\n".join(json.dumps(row) for row in rows).encode(), name)


def rows_of(texts: Mapping[str, Iterable[str]]) -> list[Row]:
    return [{"text": text, "label": label} for label in texts for text in texts[label]]


def parts() -> dict[str, list[Row]]:
    """Clean rows of all four parts."""
    real = {
        split: rows_of({label: samples.REAL[label][part] for label in samples.LABELS})
        for split, part in samples.REAL_PARTS.items()
    }
    return {"synthetic": rows_of(samples.SYNTHETIC), **real}


def draft(rows: Mapping[str, Iterable[Row]] | None = None, **options: object) -> Draft:
    rows = parts() if rows is None else rows
    return build("plants", {part: table(rows[part], f"{part}.jsonl") for part in rows}, **options)


def codes(drafted: Draft, state: str) -> set[str]:
    return {finding.code for finding in drafted.findings if finding.state == state}


def test_clean_files_become_a_collection_with_every_row_as_it_was():
    drafted = draft(title="Plants", note="n", guidelines={"pests": "Insects."})
    collection = accept(drafted, codes=())
    assert codes(drafted, "fine") == {finding.code for finding in drafted.findings}
    assert collection.rows.columns.tolist() == list(ROW_COLUMNS)
    assert collection.labels == ("delivery", "pests", "watering")
    assert collection.made_splits == ()
    assert (collection.title, collection.note) == ("Plants", "n")
    assert collection.guidelines == {"pests": "Insects."}
    assert collection.synthetic["text"].tolist() == [row["text"] for row in parts()["synthetic"]]
    assert collection.synthetic["row"].tolist() == list(range(1, 41))
    assert len(collection.part(REAL, "test")) == 12
    assert collection.rows["text_pair"].tolist() == [None] * len(collection.rows)
    assert collection.rows["sample_id"].is_unique


def test_pairs_keep_both_texts():
    rows = {
        part: [{**row, "second": f"and {row['text']}"} for row in part_rows]
        for part, part_rows in parts().items()
    }
    collection = accept(draft(rows, mapping=ColumnMapping("text", "label", "second")))
    assert collection.has_pairs
    assert collection.synthetic["text_pair"][0] == f"and {collection.synthetic['text'][0]}"


def test_files_may_name_their_columns_differently():
    rows = parts()
    rows["synthetic"] = [{"utterance": r["text"], "intent": r["label"]} for r in rows["synthetic"]]
    guessed = accept(draft(rows))
    given = accept(draft(rows, mapping={"synthetic": ColumnMapping("utterance", "intent")}))
    assert guessed.fingerprint == given.fingerprint == accept(draft()).fingerprint


def test_a_second_text_in_some_files_only_is_refused():
    rows = parts()
    rows["synthetic"] = [{**row, "text_pair": "x"} for row in rows["synthetic"]]
    with pytest.raises(InputError, match="second text"):
        draft(rows)


def test_other_columns_are_kept_in_their_kind_and_order():
    rows = parts()
    rows["synthetic"] = [
        {**row, "score": i / 2, "step": i, "ok": True, "by": "bot", "mixed": i if i % 2 else "x"}
        for i, row in enumerate(rows["synthetic"])
    ]
    provenance = accept(draft(rows)).provenance
    assert provenance.columns.tolist() == ["score", "step", "ok", "by", "mixed"]
    assert provenance["score"].tolist()[:3] == [0.0, 0.5, 1.0]
    assert [str(kind) for kind in provenance.dtypes[:3]] == ["float64", "Int64", "boolean"]
    assert provenance["mixed"].tolist()[:2] == ["x", "1"]
    assert provenance["by"].tolist()[-1] is None


def test_labels_stay_the_text_they_were():
    labels = ["nan", "None", "0", "1.0", "true", "null"]
    texts = {label: [f"{label} {i}" for i in range(10)] for label in labels}
    rows = {
        "synthetic": rows_of(texts),
        "train": rows_of({k: [f"real {t}" for t in v] for k, v in texts.items()}),
    }
    assert accept(draft(rows)).labels == tuple(sorted(labels))


@pytest.mark.parametrize("name", ["", "a b", "../up", "x" * 61, "-x", "é"])
def test_names_that_cannot_be_typed_in_a_command_are_refused(name: str):
    with pytest.raises(InputError, match="cannot be a collection's name"):
        build(name, {})


@pytest.mark.parametrize("missing", ["synthetic", "train"])
def test_both_sources_are_needed(missing: str):
    rows = parts()
    del rows[missing]
    with pytest.raises(InputError, match="There is no file"):
        draft(rows)


def test_kept_and_rejected_rows_add_up_and_rejected_ones_must_be_accepted():
    tables = {part: table(rows, part) for part, rows in parts().items()}
    lines = [json.dumps(row) for row in parts()["synthetic"]]
    tables["synthetic"] = read_table("\n".join([*lines[:5], "{broken", *lines[5:]]).encode(), "s")
    drafted = build("plants", tables)
    finding = next(f for f in drafted.findings if f.code == "unreadable")
    assert (finding.state, finding.excludes) == ("must_fix", (("s", 6),))
    assert drafted.total == len(drafted.rows) + 1 == finding.of
    assert accept(drafted).synthetic["row"].tolist() == [1, 2, 3, 4, 5, *range(7, 42)]
    with pytest.raises(FindingsError, match="could not be read"):
        accept(drafted, codes=())


def with_faults() -> dict[str, list[Row]]:
    rows = parts()
    rows["synthetic"] += [
        {"text": "", "label": "pests"},
        {"text": rows["test"][0]["text"], "label": "pests"},
        rows["synthetic"][0],
        {"text": "A question about soil.", "label": "soil"},
    ]
    return rows


def test_all_findings_come_together_and_accepting_them_leaves_the_clean_rows():
    drafted = draft(with_faults())
    assert codes(drafted, "must_fix") == {"empty_text", "test_in_synthetic", "one_source_label"}
    assert codes(drafted, "check") == {"exact_duplicates"}
    assert accept(drafted).fingerprint == accept(draft()).fingerprint


def test_what_must_be_fixed_is_named_with_its_rows_until_it_is_accepted():
    drafted = draft(with_faults())
    with pytest.raises(FindingsError, match=r"Empty text, 1 row \(synthetic.jsonl:41\)"):
        accept(drafted, codes={"one_source_label", "test_in_synthetic"})


def test_a_proposal_that_is_only_offered_may_be_declined():
    drafted = draft(with_faults())
    collection = accept(drafted, codes=drafted.proposals - {"exact_duplicates"})
    assert len(collection.synthetic) == 41
    assert collection.rows["sample_id"].is_unique


def test_what_has_no_proposal_cannot_be_accepted():
    rows = {
        part: [{**row, "label": "one"} for row in part_rows] for part, part_rows in parts().items()
    }
    with pytest.raises(FindingsError, match="Fewer than two labels"):
        accept(draft(rows))


def with_two_labels() -> dict[str, list[Row]]:
    rows = parts()
    rows["synthetic"] += [
        {"text": "Soaked parcel", "label": "delivery"},
        {"text": "soaked  parcel", "label": "pests"},
        {"text": "Soaked parcel", "label": "Pests"},
    ]
    return rows


def test_rows_of_a_text_with_two_labels_are_kept_as_chosen():
    drafted = draft(with_two_labels())
    chosen = keep_of_two_labels(drafted, {("synthetic.jsonl", 42), ("synthetic.jsonl", 43)})
    kept = accept(chosen).synthetic
    assert kept["row"].tolist() == [*range(1, 41), 42, 43]
    assert kept["label"].tolist()[-2:] == ["pests", "pests"]
    assert len(accept(drafted).synthetic) == 40


def test_a_choice_that_leaves_two_labels_is_refused():
    drafted = draft(with_two_labels())
    with pytest.raises(InputError, match="two labels, “delivery” and “pests”"):
        keep_of_two_labels(drafted, {("synthetic.jsonl", 41), ("synthetic.jsonl", 42)})


def test_merging_label_variants_changes_the_labels_only_when_accepted():
    rows = parts()
    rows["synthetic"][0] = {**rows["synthetic"][0], "label": "DELIVERY "}
    drafted = draft(rows)
    assert codes(drafted, "must_fix") == {"label_variants"}
    assert drafted.rows["label"][0] == "DELIVERY "
    assert accept(drafted).synthetic["label"][0] == "delivery"


def test_missing_splits_are_drawn_from_train_by_seed_and_noted():
    rows = parts()
    real = [*rows["train"], *rows["validation"], *rows["test"]]
    drafted = draft({"synthetic": rows["synthetic"], "train": real}, seed=1)
    assert drafted.made_splits == ("validation", "test")
    finding = next(f for f in drafted.findings if f.code == "made_splits")
    assert (finding.state, finding.of) == ("check", 48)
    collection = accept(drafted)
    for split, size in (("train", 30), ("validation", 9), ("test", 9)):
        assert len(collection.part(REAL, split)) == size
        assert set(collection.part(REAL, split)["label"]) == set(samples.LABELS)
    again = accept(draft({"synthetic": rows["synthetic"], "train": real}, seed=1))
    other = accept(draft({"synthetic": rows["synthetic"], "train": real}, seed=2))
    assert again.fingerprint == collection.fingerprint != other.fingerprint


def test_a_given_test_split_stays_as_it_is():
    rows = parts()
    del rows["validation"]
    drafted = draft(rows)
    assert drafted.made_splits == ("validation",)
    given = accept(drafted).part(REAL, "test")
    assert given["text"].tolist() == [row["text"] for row in parts()["test"]]


def test_two_parts_read_from_files_of_one_name_stay_apart_in_the_findings():
    rows = parts()
    tables = {part: table(rows[part], "data.jsonl") for part in rows}
    tables["test"] = table([*rows["test"], {"text": "", "label": "pests"}], "data.jsonl")
    finding = next(f for f in build("plants", tables).findings if f.code == "empty_text")
    assert finding.rows == (("test: data.jsonl", 13),)


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 30)), min_size=1, max_size=80),
    st.integers(0, 5),
)
def test_drawn_splits_keep_equal_texts_together_and_leave_rows_for_training(
    rows: list[tuple[str, int]], seed: int
):
    labels = [label for label, _ in rows]
    groups = [f"{label}{number}" for label, number in rows]
    split = draw_splits(labels, groups, ("validation", "test"), seed=seed)
    drawn = pd.DataFrame({"label": labels, "group": groups, "split": split})
    assert (drawn.groupby("group")["split"].nunique() == 1).all()
    for _, of_label in drawn.groupby("label"):
        texts = of_label.drop_duplicates("group")["split"].value_counts()
        assert texts.get("train", 0) >= min(2, texts.sum())
        assert texts.get("test", 0) >= (texts.sum() > 2)
        assert texts.get("validation", 0) >= (texts.sum() > 3)
    assert np.array_equal(split, draw_splits(labels, groups, ("validation", "test"), seed=seed))


@settings(deadline=None, max_examples=30)
@given(st.lists(st.tuples(st.text(max_size=8), st.sampled_from(["a", "A", "b", "nan", ""]))))
def test_rows_kept_and_left_out_always_add_up(extra: list[tuple[str, str]]):
    rows = parts()
    rows["synthetic"] += [{"text": text, "label": label} for text, label in extra]
    drafted = draft(rows)
    assert drafted.total == sum(map(len, rows.values()))
    collection = accept(drafted)
    left_out = {place for finding in drafted.findings for place in finding.excludes}
    assert len(collection.rows) + len(left_out) == drafted.total
    assert len(collection.provenance) == len(collection.rows)


def test_labels_that_are_numbers_have_the_ids_that_they_name():
    rows = {
        part: [
            {"text": f"{part} says number {label} in row {i}", "label": label}
            for label in range(12)
            for i in range(6)
        ]
        for part in ("synthetic", "train")
    }
    assert accept(draft(rows)).labels == tuple(map(str, range(12)))
