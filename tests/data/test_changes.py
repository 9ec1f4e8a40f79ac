"""Changes of a collection: what they do to rows, labels and ids, and what they refuse."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from harness.collections import make_collection
from synthcur.data import changes
from synthcur.data.draft import accept
from synthcur.data.loading import build
from synthcur.data.tables import RawTable
from synthcur.data.version_comparison import compare
from synthcur.errors import FindingsError, InputError
from synthcur.schema import REAL, SYNTHETIC, Collection, sample_ids

ROWS = [
    *((SYNTHETIC, "train", f"made {label} {i}", label) for label in "abc" for i in range(4)),
    *(
        (REAL, split, f"{split} {label} {i}", label)
        for split in ("train", "validation", "test")
        for label in "abc"
        for i in range(3)
    ),
]


@pytest.fixture
def before() -> Collection:
    made = make_collection("c", ROWS, ("a", "b", "c"))
    n = len(made.rows)
    further = pd.DataFrame(
        {
            "generator": [f"g{i % 2}" for i in range(n)],
            "price": pd.Series([i if i % 3 else None for i in range(n)], dtype="Int64"),
        }
    )
    return replace(made, provenance=further)


def table(name: str, rows: list[tuple[str, str]], **columns: list[object]) -> RawTable:
    frame = pd.DataFrame(rows, columns=["text", "label"], dtype=object)
    frame = frame.assign(**{name: pd.Series(each, dtype=object) for name, each in columns.items()})
    numbers = np.arange(1, len(frame) + 1)
    return RawTable(name, frame, numbers, numbers, (), "CSV")


def added(before: Collection, *, codes: list[str] | None = None, **tables: RawTable) -> Collection:
    return accept(build("more", tables, onto=before), codes)


def test_added_rows_stand_behind_the_others_with_ids_numbers_and_columns_of_their_own(before):
    new = table(
        "new.csv", [("fresh", "a"), ("fresher", "b")], generator=["g9", None], lang=["de", "en"]
    )
    change = changes.add_rows(before, added(before, synthetic=new), pool="second")
    after = change.collection
    n = len(before.rows)
    assert after.rows.iloc[:n].to_dict("records") == before.rows.to_dict("records")
    assert after.rows["row"].tolist()[n:] == [13, 14]
    assert after.provenance["generator"].tolist()[n:] == ["g9", None]
    assert after.provenance["price"].dtype == "Int64"
    assert after.provenance["lang"].tolist()[-3:] == [None, "de", "en"]
    assert after.provenance[changes.POOL].tolist()[-3:] == [None, "second", "second"]
    assert after.rows["sample_id"].is_unique
    assert change.what == "2 rows added as pool “second”"
    same = changes.add_rows(before, added(before, synthetic=new), pool="second").collection
    assert (same.fingerprint, same.origin) == (after.fingerprint, after.origin)


def test_rows_are_found_beside_what_is_there_and_only_new_ones_go(before):
    new = table(
        "new.csv", [("made a 0", "a"), ("train b 1", "b"), ("fresh", "c"), ("test a 0", "a")]
    )
    test = table("test.csv", [("made b 1", "b"), ("clean", "a")])
    draft = build("more", {"synthetic": new, "test": test}, onto=before)
    found = {finding.code: finding for finding in draft.findings if finding.rows}
    assert found["exact_duplicates"].excludes == (("new.csv", 1),)
    assert found["test_in_synthetic"].excludes == (("new.csv", 4), ("test.csv", 1))
    assert {file for finding in draft.findings for file, _ in finding.rows} <= {
        "new.csv",
        "test.csv",
    }
    kept = accept(draft)
    assert kept.rows["text"].tolist() == ["train b 1", "fresh", "clean"]
    with pytest.raises(FindingsError):
        accept(draft, [])


def test_a_new_row_takes_the_form_of_the_label_that_is_there(before):
    new = table("new.csv", [("x", "A "), ("y", "**b**")] * 1 + [(f"z{i}", "C") for i in range(9)])
    draft = build("more", {"synthetic": new}, onto=before)
    assert draft.merges == {"A ": "a", "**b**": "b", "C": "c"}
    assert set(accept(draft).rows["label"]) == {"a", "b", "c"}


def test_a_label_that_only_new_synthetic_rows_have_cannot_be_added(before):
    draft = build("more", {"synthetic": table("new.csv", [("x", "d"), ("y", "a")])}, onto=before)
    assert next(f for f in draft.findings if f.code == "one_source_label").rows == (("new.csv", 1),)
    both = {
        "synthetic": table("s.csv", [("x", "d"), ("y", "d")]),
        "train": table("r.csv", [("v", "d"), ("w", "d")]),
    }
    after = changes.add_rows(before, accept(build("more", both, onto=before))).collection
    assert after.labels == ("a", "b", "c", "d")


def test_a_renamed_label_keeps_the_ids_and_a_new_row_of_the_old_name_gets_one_of_its_own(before):
    change = changes.rename_labels(before, {"a": "first"})
    after = change.collection
    assert after.labels == ("first", "b", "c")
    assert after.rows["sample_id"].tolist() == before.rows["sample_id"].tolist()
    assert set(after.rows["label"]) == {"first", "b", "c"}
    assert change.data == {"kind": "labels", "labels": {"a": "first"}}
    # What the row "made a 0" was called before is what this one is called now.
    old = pd.DataFrame(
        [(SYNTHETIC, "train", "made a 0", None, "a", 1)],
        columns=["source", "split", "text", "text_pair", "label", "row"],
    )
    assert sample_ids(old)[0] in set(after.rows["sample_id"])
    more = make_collection("m", [(SYNTHETIC, "train", "made a 0", "a")] * 2, ("a",))
    grown = changes.add_rows(after, more).collection
    assert grown.rows["sample_id"].is_unique


def test_a_row_that_was_removed_and_comes_back_has_its_id(before):
    row = before.rows.iloc[2]
    without = changes.remove_rows(before, [row["sample_id"]]).collection
    assert len(without.rows) == len(before.rows) - 1
    again = make_collection("m", [(SYNTHETIC, "train", row["text"], row["label"])], ("a",))
    assert (
        changes.add_rows(without, again).collection.rows["sample_id"].iloc[-1] == row["sample_id"]
    )


def test_labels_are_merged_split_by_a_column_and_by_rows(before):
    merged = changes.rename_labels(before, {"a": "ab", "b": "ab"})
    assert merged.collection.labels == ("ab", "c")
    assert merged.what == "Label “a”, “b” merged into “ab”"
    into = changes.by_column(before, "a", "generator")
    split = changes.split_label(before, "a", into).collection
    assert split.labels == ("b", "c", "a: g0", "a: g1")
    one = before.rows["sample_id"][0]
    part = changes.split_label(before, "a", {one: "new"}).collection
    assert part.rows.set_index("sample_id").loc[one, "label"] == "new"
    with pytest.raises(InputError, match="no real training row"):
        changes.check_usable(part)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda c: changes.rename_labels(c, {"x": "y"}), "no label “x”"),
        (lambda c: changes.rename_labels(c, {"a": " "}), "needs a name"),
        (lambda c: changes.rename_labels(c, {"a": "b", "b": "a"}), "at once"),
        (lambda c: changes.exclude(c, "colour", ["red"]), "no further column “colour”"),
        (lambda c: changes.exclude(c, "generator", ["g7"]), "“g0”, “g1”"),
        (lambda c: changes.remove_rows(c, ["0" * 16]), "No row has the id"),
        (lambda c: changes.split_label(c, "a", {}), "No row"),
        (lambda c: changes.add_rows(c, c, replaces="old"), "no pool “old”"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(before, change, said):
    with pytest.raises(InputError, match=said):
        change(before)


def test_a_generator_is_left_out_in_every_part(before):
    change = changes.exclude(before, "generator", ["g1"])
    assert set(change.collection.provenance["generator"]) == {"g0"}
    assert len(change.collection.rows) == len(change.collection.provenance) == 20
    assert change.what == "19 rows with “g1” in “generator” left out"


def test_a_pool_takes_the_place_of_another_or_stands_beside_it(before):
    pool = make_collection("m", [(SYNTHETIC, "train", f"new {x}", x) for x in "abc"], tuple("abc"))
    beside = changes.add_rows(before, pool, pool="two").collection
    assert beside.counts["synthetic"] == 15
    other = make_collection(
        "m", [(SYNTHETIC, "train", f"third {x}", x) for x in "abc"], tuple("abc")
    )
    instead = changes.add_rows(beside, other, pool="three", replaces="two")
    assert instead.collection.counts["synthetic"] == 15
    assert instead.what == "3 rows added as pool “three” in place of 3 synthetic ones of pool “two”"
    alone = changes.add_rows(beside, other, pool="three", replaces="").collection
    assert alone.synthetic_texts == [("third a", None), ("third b", None), ("third c", None)]
    assert alone.counts["train"] == before.counts["train"]


def test_the_comparison_counts_rows_labels_and_weight(before):
    weights = np.ones(12)
    weights[:2] = 5
    gone = before.rows["sample_id"].tolist()[:2]
    after = changes.remove_rows(before, gone).collection
    after = changes.rename_labels(after, {"c": "d"}).collection
    found = compare(before, after, (weights, np.ones(10)))
    assert found.removed == {"train": 0, "validation": 0, "test": 0, "synthetic": 2}
    assert found.relabelled == {"train": 3, "validation": 3, "test": 3, "synthetic": 4}
    assert found.removed_mass == pytest.approx(0.5)
    by_label = {each.label: each for each in found.labels}
    assert by_label["a"].synthetic == (4, 2)
    assert by_label["a"].mass == pytest.approx((12 / 20, 0.2))
    assert (found.new_labels, found.lost_labels) == (["d"], ["c"])
    assert "Rows removed: 2 synthetic" in found.in_words()
    assert compare(before, before).in_words() == ["Nothing differs"]
