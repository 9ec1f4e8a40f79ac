"""The chart of a learning curve: where lines, bands and names lie."""

import itertools

import pytest

from synthcur.arms import ARMS as REGISTRY
from synthcur.charts.figures import arm_colour
from synthcur.charts.learning import learning_chart
from synthcur.charts.palette import DARK, LIGHT
from synthcur.stats.metrics import Interval
from synthcur.training.curve_results import Curve, Point
from synthcur.training.learning_curve import NO_REAL_ROWS


def curve(arm: str, means: dict[int, float]) -> Curve:
    points = (
        Point(n_real, Interval(mean, mean - 0.02, mean + 0.03, 600, 3))
        for n_real, mean in means.items()
    )
    return Curve(arm, arm, tuple(points))


ARMS = [
    curve("ce_real", {25: 0.5, 100: 0.8}),
    curve("ce", {NO_REAL_ROWS: 0.75}),
    curve("dimp", {25: 0.79}),
]


def test_every_arm_has_a_band_and_a_line_in_its_colour():
    figure = learning_chart(ARMS, (25, 100, 400), palette=LIGHT)
    bands, lines = figure.data[::2], figure.data[1::2]
    assert list(lines[0].x) == [25, 100]
    assert list(lines[0].y) == [50, 80]
    assert list(bands[0].x) == [25, 100, 100, 25]
    assert list(bands[0].y) == pytest.approx([48, 78, 83, 53])
    assert [line.line.color for line in lines] == [arm_colour(arm.arm, LIGHT) for arm in ARMS]


def test_an_arm_without_real_rows_is_level_over_all_sizes():
    level = learning_chart(ARMS, (25, 100, 400), palette=DARK).data[3]
    assert (list(level.x), list(level.y)) == ([25, 400], [75, 75])
    assert level.line.dash == "dash"


def test_the_axis_keeps_the_sizes_that_are_still_to_come():
    figure = learning_chart(ARMS, (25, 100, 400), palette=LIGHT)
    assert list(figure.layout.xaxis.ticktext) == ["25", "100", "400"]
    low, high = (10**end for end in figure.layout.xaxis.range)
    assert low < 25
    assert high > 400


def test_names_do_not_lie_over_each_other():
    figure = learning_chart(ARMS, (25, 100), palette=LIGHT)
    low, high = figure.layout.yaxis.range
    places = sorted(note.y for note in figure.layout.annotations)
    assert [note.text for note in figure.layout.annotations] == [
        *("<b>80 %</b> Real only", "<b>75 %</b> Plain", "<b>79 %</b> DIMP")
    ]
    gaps = [b - a for a, b in itertools.pairwise(places)]
    assert min(gaps) >= 0.08 * (high - low)


def test_names_at_the_upper_end_stay_inside_the_axis():
    crowd = [curve(arm, {25: 0.4, 50: 0.8}) for arm in tuple(REGISTRY)[:8]]
    figure = learning_chart(crowd, (25, 50), palette=LIGHT)
    low, high = figure.layout.yaxis.range
    assert all(low < note.y < high for note in figure.layout.annotations)


def test_a_single_size_can_be_drawn():
    figure = learning_chart(ARMS[2:], (25,), palette=LIGHT)
    low, high = figure.layout.xaxis.range
    assert low < high


@pytest.mark.parametrize(("majority", "is_drawn"), [(0.43, True), (0.9, True), (0.02, False)])
def test_the_majority_is_a_dotted_line_or_a_label_that_points_to_it(majority, is_drawn):
    arms = [ARMS[0]] if is_drawn else [ARMS[2]]
    figure = learning_chart(arms, (25, 100), palette=DARK, majority=majority)
    dotted = [line.y0 for line in figure.layout.shapes if line.line.dash == "dot"]
    assert dotted == ([pytest.approx(100 * majority)] if is_drawn else [])
    (note,) = [each for each in figure.layout.annotations if "largest label" in each.text]
    assert f"always the largest label, {100 * majority:.1f} %" in note.text
    low, high = figure.layout.yaxis.range
    assert (low < 100 * majority < high) is is_drawn
