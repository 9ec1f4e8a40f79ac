"""Live curves: means over finished seeds, the seed in progress apart, labels side by side."""

import json
from dataclasses import fields

import numpy as np
import pandas as pd
import pytest

from synthcur.charts.curve_axis import Axis, on_one_axis
from synthcur.charts.curves import (
    COLUMNS,
    EFFECTIVE_ROWS,
    LOSS,
    VAL_ACCURACY,
    curve_chart,
    curve_table,
)
from synthcur.charts.palette import DARK, LIGHT
from synthcur.store.records import Run


def metrics(rows):
    """Frame like `Store.metrics` of (arm, seed, epoch, loss, val_accuracy)."""
    frame = pd.DataFrame(rows, columns=["arm", "seed", "epoch", "loss", "val_accuracy"])
    return frame.assign(ess=np.nan, step=1, id=range(len(frame)))


@pytest.fixture
def two_seeds_and_a_third_running():
    rows = [("ce", seed, e, 2.0 - 0.5 * e + 0.1 * seed, None) for seed in (0, 1) for e in (1, 2)]
    return metrics([*rows, ("ce", 2, 1, 9.0, None)])


def test_the_mean_is_over_finished_seeds_and_the_band_their_range(two_seeds_and_a_third_running):
    table = curve_table(
        two_seeds_and_a_third_running, LOSS, finished=[("ce", 0), ("ce", 1)], arms=["ce"]
    )
    mean = table[table["kind"] == "mean"]
    assert mean["epoch"].tolist() == [1, 2]
    assert mean["value"].tolist() == pytest.approx([1.55, 1.05])
    assert mean["low"].tolist() == pytest.approx([1.5, 1.0])
    assert mean["high"].tolist() == pytest.approx([1.6, 1.1])


def test_a_seed_in_progress_is_a_line_of_its_own(two_seeds_and_a_third_running):
    table = curve_table(
        two_seeds_and_a_third_running, LOSS, finished=[("ce", 0), ("ce", 1)], arms=["ce"]
    )
    assert table.loc[table["kind"] == "running", "value"].tolist() == [9.0]


def test_the_label_says_the_mean_or_the_first_run_while_there_is_none():
    frame = metrics([("ce", 0, 1, 0.5, None), ("imp", 0, 1, 0.4, None)])
    table = curve_table(frame, LOSS, finished=[("ce", 0)], arms=["ce", "imp"])
    ends = table[table["kind"] == "end"].set_index("arm")
    assert ends.loc["Plain", "text"] == "0.50"
    assert ends.loc["IMP", "text"] == "0.40"


def test_values_that_were_not_measured_make_no_points():
    frame = metrics([("ce", 0, 0.5, 1.0, None), ("ce", 0, 1.0, None, 0.6)])
    table = curve_table(frame, VAL_ACCURACY, finished=[], arms=["ce"])
    assert table.loc[table["kind"] == "running", "epoch"].tolist() == [1.0]
    assert table.loc[table["kind"] == "end", "text"].tolist() == ["60 %"]
    nothing = curve_table(frame, EFFECTIVE_ROWS, finished=[], arms=["ce"])
    assert nothing.empty
    assert tuple(nothing.columns) == COLUMNS


def run_of(arm, steps):
    unknown = dict.fromkeys(field.name for field in fields(Run))
    return Run(**{**unknown, "arm": arm, "seed": 0, "steps": steps})


def test_real_rows_alone_stand_where_the_others_are_in_their_steps():
    rows = [("ce", 0, 2.5, 1.0, None), ("ce_real", 0, 15.0, 1.0, None), ("old", 0, 3.0, 1.0, None)]
    frame = metrics(rows).assign(step=[80, 120, 96])
    runs = [run_of("ce", 160), run_of("ce_real", 160), run_of("old", None)]
    assert on_one_axis(frame, runs, length=5)["epoch"].tolist() == [2.5, 3.75, 3.0]
    assert frame["epoch"].tolist() == [2.5, 15.0, 3.0], "what was measured stays"
    assert on_one_axis(frame[:0], [], length=5).empty


def test_a_long_run_is_averaged_in_bins_without_losing_its_mean():
    epochs = np.linspace(0.01, 5, 5000)
    rows = [("imp", 0, epoch, 1 / (1 + epoch), None) for epoch in epochs]
    table = curve_table(metrics(rows), LOSS, finished=[("imp", 0)], arms=["imp"], most_points=400)
    mean = table[table["kind"] == "mean"]
    assert 150 < len(mean) <= 200
    assert mean["epoch"].is_monotonic_increasing
    assert np.allclose(mean["value"], 1 / (1 + mean["epoch"]), atol=1e-3)


def test_no_chart_gets_more_points_than_allowed():
    random = np.random.default_rng(0)
    rows = [
        (arm, seed, epoch, random.random(), None)
        for arm in ("ce", "imp", "dimp")
        for seed in (0, 1)
        for epoch in np.linspace(0, 5, 700)
    ]
    finished = [("ce", 0), ("imp", 0), ("dimp", 0)]
    table = curve_table(metrics(rows), LOSS, finished=finished, arms=["ce", "imp", "dimp"])
    assert (table["kind"] != "end").sum() <= 400


def test_labels_of_equal_curves_stand_apart_in_the_order_of_their_values():
    frame = metrics(
        [(arm, 0, e, 2.0 - e + d, None) for arm, d in (("ce", 0.0), ("imp", 0.001)) for e in (0, 1)]
    )
    table = curve_table(frame, LOSS, finished=[], arms=["ce", "imp"])
    ends = table[table["kind"] == "end"].set_index("arm")["value"]
    assert ends["IMP"] - ends["Plain"] >= 0.1
    assert ends.mean() == pytest.approx(1.0005)


@pytest.mark.parametrize("measure", [LOSS, VAL_ACCURACY, EFFECTIVE_ROWS])
@pytest.mark.parametrize("palette", [LIGHT, DARK])
def test_the_specification_is_plain_json_and_keeps_plain_training_in_ink(measure, palette):
    chart = curve_chart(measure, ["imp", "ce"], axis=Axis("epoch", 5), palette=palette)
    assert json.loads(json.dumps(chart)) == chart
    scale = chart["encoding"]["color"]["scale"]
    assert scale["domain"] == ["IMP", "Plain"]
    assert scale["range"][1] == palette.text
    assert "data" not in chart


@pytest.mark.parametrize(
    ("majority", "kind", "value"),
    [(0.4, "majority", 0.4), (0.01, "majority below", 0.5), (0.99, "majority above", 0.6)],
)
def test_the_majority_is_one_row_that_never_stretches_the_axis(majority, kind, value):
    frame = metrics([("ce", 0, 1.0, None, 0.5), ("ce", 0, 2.0, None, 0.6)])
    table = curve_table(frame, VAL_ACCURACY, finished=[], arms=["ce"], majority=majority)
    (row,) = table[table["kind"].str.startswith("majority")].to_dict("records")
    assert (row["kind"], row["value"]) == (kind, pytest.approx(value))
    assert row["text"].endswith(f"always the largest label, {100 * majority:.1f} %")
    chart = json.dumps(curve_chart(VAL_ACCURACY, ["ce"], axis=Axis("epoch", 2), palette=LIGHT))
    assert f"datum.kind == '{kind}'" in chart
    assert "majority" not in set(curve_table(frame, VAL_ACCURACY, finished=[], arms=["ce"])["kind"])


@pytest.mark.parametrize("majority", [None, 0.5])
def test_labels_of_arms_that_end_at_one_value_stand_apart(majority):
    arms = ["ce", "imp", "dimp"]
    frame = metrics([(arm, 0, 1, None, 0.43) for arm in arms])
    done = [(arm, 0) for arm in arms]
    table = curve_table(frame, VAL_ACCURACY, finished=done, arms=arms, majority=majority)
    ends = np.sort(table.loc[table["kind"] == "end", "value"].to_numpy(float))
    places = table["value"].astype(float)
    assert np.diff(ends).min() > 0.05 * (places.max() - places.min())
