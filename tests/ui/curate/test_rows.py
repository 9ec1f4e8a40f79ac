import numpy as np
import pytest

from harness.collections import make_scores
from synthcur.review.decisions import Decision
from synthcur.schema import Collection
from synthcur.settings import WeightingSettings
from synthcur.ui.curate import places
from synthcur.ui.curate import rows as curate_rows
from synthcur.ui.curate.rows import CurateRows
from synthcur.weighting.rules import Facts, label_shares, sample_weight

ARTEFACTS = {"coordinates": "a" * 16, "quality": "b" * 16, "diversity": "c" * 16}


def joined(
    collection: Collection, decisions: tuple[Decision, ...] = (), *, measured: str = "in_sample"
) -> CurateRows:
    found = make_scores(collection)
    q = {"in_sample": "synthetic", "out_of_fold": "calibrated"}[measured]
    arrays = {
        "quality": found["quality"]["synthetic"],
        "diversity": found["diversity"][q],
        **found["coordinates"],
        "real_quality": found["quality"]["out_of_fold"],
    }
    real = collection.real_train_labels
    return curate_rows.join(
        collection,
        decisions,
        arrays,
        ARTEFACTS,
        measured=("raw", measured),
        facts=Facts(
            label_shares(real, len(collection.labels)), found["signals"]["duplicate_group"]
        ),
    )


def decided(collection: Collection, row: int, action: str, label: str | None = None) -> Decision:
    sample_id = collection.synthetic["sample_id"][row]
    return Decision(seq=row + 1, sample_id=sample_id, action=action, label=label, annotator="Ana")


def position(rows: CurateRows, collection: Collection, row: int) -> int:
    """Where a synthetic row of the file stands among the joined rows."""
    (found,) = rows.positions([collection.synthetic["sample_id"][row]])
    return found


def test_synthetic_rows_come_first_and_real_rows_follow(small_collection: Collection) -> None:
    rows = joined(small_collection)
    assert rows.n == len(small_collection.synthetic)
    assert rows.frame["source"].tolist() == ["synthetic"] * rows.n + ["real"] * 24
    assert rows.places.shape == (rows.n + 24, 2)


def test_every_row_keeps_its_own_scores_and_place(small_collection: Collection) -> None:
    rows, found = joined(small_collection), make_scores(small_collection)
    file_order = rows.at
    assert sorted(file_order) == list(range(rows.n))
    ids = rows.frame["sample_id"].tolist()
    assert [small_collection.synthetic_ids[row] for row in rows.at] == ids[: rows.n]
    assert small_collection.real_train["sample_id"][rows.real_at].tolist() == ids[rows.n :]
    assert np.array_equal(rows.quality, found["quality"]["synthetic"][file_order])
    assert np.array_equal(rows.diversity, found["diversity"]["synthetic"][file_order])
    assert np.array_equal(rows.frame["p"][: rows.n], rows.quality[np.arange(rows.n), rows.labels])
    whole = np.concatenate([found["coordinates"]["synthetic"], found["coordinates"]["real"]])
    low, extent = whole.min(axis=0), np.ptp(whole, axis=0)
    back = low + rows.places[: rows.n] / places.SIDE * extent
    off = extent.max() * places.STEP / places.SIDE
    np.testing.assert_allclose(back, whole[file_order], atol=off)


def test_the_rows_of_each_source_follow_the_curve_through_the_map(
    small_collection: Collection,
) -> None:
    rows = joined(small_collection)
    for part in np.split(places.curve_codes(rows.places).astype(np.int64), [rows.n]):
        assert (np.diff(part) >= 0).all()


def test_without_decisions_the_weights_are_those_of_the_formula(
    small_collection: Collection,
) -> None:
    rows, settings = joined(small_collection), WeightingSettings(floor=0.2, normalise=True)
    expected = sample_weight(rows.quality, rows.diversity, rows.labels, settings)
    assert np.array_equal(rows.weights(settings), expected)


def test_a_relabelled_row_is_weighed_under_its_new_label(small_collection: Collection) -> None:
    before = joined(small_collection)
    row = position(before, small_collection, 3)
    label = (before.labels[row] + 1) % 3
    name = small_collection.labels[label]
    after = joined(small_collection, (decided(small_collection, 3, "relabel", name),))
    p, q = before.quality[row, label], before.diversity[row, label]
    assert after.weights(WeightingSettings())[row] == pytest.approx(p / q, rel=1e-6)
    assert after.frame["p"][row] == pytest.approx(p)
    assert after.version != before.version
    assert after.map_id == before.map_id


def test_a_discarded_row_has_no_weight_and_does_not_move_the_mean(
    small_collection: Collection,
) -> None:
    rows = joined(small_collection, (decided(small_collection, 0, "discard"),))
    weights = rows.weights(WeightingSettings(normalise=True))
    (without,) = np.flatnonzero(np.isnan(weights))
    assert without == position(rows, small_collection, 0)
    assert np.nanmean(weights) == pytest.approx(1.0)


def test_another_q_is_the_same_map_with_other_points(small_collection: Collection) -> None:
    before = joined(small_collection)
    after = joined(small_collection, measured="out_of_fold")
    assert after.map_id == before.map_id
    assert after.version != before.version
    assert not np.array_equal(after.frame["q"], before.frame["q"])


def test_real_rows_are_read_out_of_fold(small_collection: Collection) -> None:
    rows = joined(small_collection)
    probs = make_scores(small_collection)["quality"]["out_of_fold"]
    real = small_collection.real_train
    own = probs[np.arange(24), small_collection.label_ids(real)]
    found = rows.frame.set_index("sample_id")["p"][real["sample_id"]]
    np.testing.assert_allclose(found, own, rtol=1e-6)
    assert rows.frame["q"][rows.n :].isna().all()


def test_positions_leave_out_ids_of_other_collections(small_collection: Collection) -> None:
    rows = joined(small_collection)
    ids = [rows.frame["sample_id"][7], "no such row", rows.frame["sample_id"][2]]
    assert rows.positions(ids).tolist() == [2, 7]


def test_the_lightest_rows_come_first_and_rows_without_a_weight_last() -> None:
    weights = np.array([3.0, np.nan, 0.5, 1.0])
    chosen = np.array([0, 1, 2, 3, 4, 5])
    assert curate_rows.lightest_first(chosen, weights).tolist() == [2, 3, 0, 1, 4, 5]


def test_the_table_names_labels_and_decisions(small_collection: Collection) -> None:
    rows = joined(small_collection)
    weights = rows.weights(WeightingSettings())
    verdicts = {rows.frame["sample_id"][1]: "keep"}
    tags = {rows.frame["sample_id"][1]: ["odd", "tone"]}
    table = curate_rows.table(rows, np.array([rows.n, 1]), weights, verdicts, tags)
    names = np.array(small_collection.labels)[rows.frame["label"]]
    assert table["source"].tolist() == ["real", "synthetic"]
    assert table["label"].tolist() == names[[rows.n, 1]].tolist()
    assert set(table["predicted"]) <= set(small_collection.labels)
    assert table["decision"].tolist() == ["", "keep"]
    assert table["tags"].tolist() == ["", "odd, tone"]
    assert np.isnan(table["weight"][0])
    assert table["weight"][1] == weights[1]
