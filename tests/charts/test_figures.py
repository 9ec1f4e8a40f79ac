"""Figures: what is drawn where, rows that line up with a table, texts that stay characters."""

import numpy as np
import pandas as pd
import pytest

from synthcur.arms import ARMS
from synthcur.charts.figures import (
    ROW_HEIGHT,
    arm_colour,
    blend,
    confusion_chart,
    contrast,
    interval_chart,
    label_chart,
    literal,
    readable,
)
from synthcur.charts.palette import DARK, LIGHT
from synthcur.stats.metrics import Difference

MARKUP = "<b>x</b>"


def test_every_arm_has_a_short_name_and_a_colour_of_its_own():
    assert len({arm.short for arm in ARMS.values()}) == len(ARMS)
    for palette in (LIGHT, DARK):
        assert len({arm_colour(arm, palette) for arm in ARMS}) == len(ARMS)


def test_text_is_shortened_and_cannot_be_markup():
    assert literal(MARKUP) == "&lt;b&gt;x&lt;/b&gt;"
    assert literal("a" * 50, limit=10) == "a" * 9 + "…"


DIFFERENCES = (
    Difference(0.044, 0.018, 0.072, n_rows=600, n_seeds=5, p_value=0.001),
    Difference(0.002, -0.03, 0.031, n_rows=600, n_seeds=5, p_value=0.9),
    None,
    Difference(-0.021, -0.04, -0.004, n_rows=600, n_seeds=5, p_value=0.02),
)


@pytest.fixture
def intervals():
    return interval_chart(DIFFERENCES, baseline="plain", palette=LIGHT)


def test_intervals_have_the_height_of_a_table_with_a_header_and_as_many_rows(intervals):
    assert intervals.layout.height == ROW_HEIGHT * 5 + 2
    assert intervals.layout.margin.t == ROW_HEIGHT
    assert tuple(intervals.layout.yaxis.range) == (3.5, -0.5)


def test_better_worse_and_no_evidence_differ_in_colour_and_shape(intervals):
    marks = [trace.marker for trace in intervals.data if trace.mode == "markers"]
    assert [(mark.color, mark.symbol) for mark in marks] == [
        (LIGHT.keep, "square"),
        (LIGHT.muted, "circle"),
        (LIGHT.page, None),
        (LIGHT.discard, "diamond"),
    ]


def test_zero_is_named_after_the_baseline_and_negative_ticks_have_a_true_minus(intervals):
    words = dict(zip(intervals.layout.xaxis.tickvals, intervals.layout.xaxis.ticktext, strict=True))
    assert words[0] == "0 = plain"
    assert words[-4] == "−4"
    assert words[6] == "+6"
    low, high = intervals.layout.xaxis.range
    assert low < -4
    assert high > 7.2


def test_intervals_of_one_arm_alone_can_be_drawn():
    figure = interval_chart([None], baseline="plain", palette=DARK)
    assert "0 = plain" in figure.layout.xaxis.ticktext


def test_labels_go_from_baseline_to_arm_and_say_the_direction_by_shape():
    table = pd.DataFrame(
        {"label": ["up", MARKUP, "same"], "baseline": [0.5, 0.75, 1], "arm": [0.625, 0.5, 1]}
    )
    figure = label_chart(table, palette=LIGHT)
    up, down, same = figure.data
    assert list(up.x) == [50, 62.5]
    assert up.marker.symbol[1] == "square"
    assert down.marker.symbol[1] == "diamond"
    assert down.marker.color[1] == LIGHT.discard
    assert same.marker.symbol[1] == "circle"
    assert figure.layout.yaxis.ticktext == ("up", "&lt;b&gt;x&lt;/b&gt;", "same")


def test_confusion_counts_more_right_and_fewer_wrong_answers_as_better():
    change = np.array([[2.0, -2.0], [1.4, -1.4]])
    figure = confusion_chart(change, ["a", MARKUP], palette=LIGHT)
    heat = figure.data[0]
    assert np.array_equal(heat.z, [[2, 2], [-1.4, -1.4]])
    assert heat.zmax == -heat.zmin == 2
    written = {(note.y, note.x): note.text for note in figure.layout.annotations}
    assert written == {(0, 0): "+2", (0, 1): "−2", (1, 0): "+1", (1, 1): "−1"}
    assert "<b>" not in str(heat.customdata)


@pytest.mark.parametrize("palette", [LIGHT, DARK])
@pytest.mark.parametrize("end", [2, 7])
@pytest.mark.parametrize("share", [0.0, 0.25, 0.5, 0.6, 0.75, 1.0])
def test_numbers_can_be_read_on_every_step_of_the_confusion_scale(palette, end, share):
    ground = blend(palette.raised, palette.weight_bins[end], share)
    assert contrast(readable(ground, palette), ground) >= 4


def test_contrast_agrees_with_known_pairs():
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert contrast(LIGHT.text, LIGHT.page) == pytest.approx(18.4, abs=0.1)
    assert contrast(DARK.keep, DARK.page) == pytest.approx(8.1, abs=0.1)


def test_confusion_without_any_change_writes_no_number():
    figure = confusion_chart(np.zeros((3, 3)), list("abc"), palette=DARK)
    assert not figure.layout.annotations


def test_names_of_many_labels_stand_upright_so_that_they_do_not_meet():
    few, many = (
        confusion_chart(np.zeros((n, n)), [f"label number {i}" for i in range(n)], palette=LIGHT)
        for n in (8, 9)
    )
    assert (few.layout.xaxis.tickangle, many.layout.xaxis.tickangle) == (0, -90)
    assert many.layout.xaxis.ticktext[0] == "label number 0"
