"""What the Overview says of a collection: the flow of weight, decisions, the weighting shown."""

from dataclasses import replace

import numpy as np
import pytest

from harness.collections import make_collection
from synthcur.charts.overview import ArmInterval, arm_intervals, waterfall
from synthcur.charts.palette import DARK, LIGHT
from synthcur.review.decisions import Decision
from synthcur.schema import SYNTHETIC, Collection
from synthcur.settings import WeightingSettings
from synthcur.stats.metrics import Interval
from synthcur.weighting.weight_flow import (
    Decided,
    WeightFlow,
    decided,
    decided_since,
    rows_decided,
    shown_weighting,
    weight_flow,
)

LABELS = ("a", "b")
PLAIN = WeightingSettings(rule="ce")


@pytest.fixture
def collection() -> Collection:
    """Six rows; the third is a copy of the first, the fourth only shares its text."""
    texts = [("one", "a"), ("two", "a"), ("one", "a"), ("one", "b"), ("three", "b"), ("four", "b")]
    return make_collection("six", [(SYNTHETIC, "train", *each) for each in texts], LABELS)


def decide(collection: Collection, row: int, action: str, label: str | None = None) -> Decision:
    sample_id = collection.synthetic["sample_id"][row]
    return Decision(sample_id=sample_id, action=action, label=label, seq=row + 1)


def test_equal_weights_lose_only_copies_and_discards(collection: Collection) -> None:
    probs = np.full((6, 2), 0.5)
    flow, mass = weight_flow(collection, [decide(collection, 4, "discard")], probs, probs, PLAIN)
    assert flow == WeightFlow(rows_in=6, discarded=1, copies=1, effective=4.0)
    assert flow.down_weighted == 0
    assert dict(zip(mass["group"], mass["rows"], strict=True)) == {"a": 2, "b": 2}


def test_uneven_weights_cost_effective_rows(collection: Collection) -> None:
    quality = np.array([[p, 1 - p] for p in (0.9, 0.1, 0.9, 0.5, 0.5, 0.9)])
    settings = WeightingSettings(rule="p_only")
    flow, mass = weight_flow(collection, [], quality, quality, settings)
    weights = np.array([0.9, 0.1, 0.5, 0.5, 0.1])
    assert flow.effective == pytest.approx(weights.sum() ** 2 / (weights**2).sum())
    assert flow.rows_in - flow.copies - flow.down_weighted == pytest.approx(flow.effective)
    assert mass["mass"].sum() == pytest.approx(1)
    assert (mass["mass"] * 5 / mass["rows"]).mean() == pytest.approx(1, abs=0.2)


def test_a_relabelled_row_counts_under_its_new_label(collection: Collection) -> None:
    probs = np.full((6, 2), 0.5)
    decisions = [decide(collection, 1, "relabel", "b")]
    flow, mass = weight_flow(collection, decisions, probs, probs, PLAIN)
    assert flow.discarded == 0
    assert dict(zip(mass["group"], mass["rows"], strict=True)) == {"a": 1, "b": 4}


def test_a_pool_discarded_to_the_last_row_has_no_effective_rows(collection: Collection) -> None:
    probs = np.full((6, 2), 0.5)
    decisions = [decide(collection, row, "discard") for row in range(6)]
    flow, mass = weight_flow(collection, decisions, probs, probs, PLAIN)
    assert flow == WeightFlow(rows_in=6, discarded=6, copies=0, effective=0.0)
    assert mass.empty


def test_decisions_are_counted_by_what_stands(collection: Collection) -> None:
    log = [
        decide(collection, 0, "discard"),
        decide(collection, 1, "relabel", "b"),
        decide(collection, 2, "keep"),
        Decision(sample_id="", action="undo", seq=9, undoes=1),
    ]
    assert decided(log) == Decided(reviewed=2, discarded=0, relabelled=1)


def test_the_newest_scheme_is_shown_before_the_best_arm_and_that_before_imp() -> None:
    schemes = {"first": WeightingSettings(), "last": WeightingSettings(rule="p_only")}
    assert shown_weighting(schemes, "dimp") == ("scheme “last”", schemes["last"])
    title, settings = shown_weighting({}, "dimp")
    assert settings.rule == "dimp"
    assert "at the start of training" in title
    assert shown_weighting({}, "ce_both")[1].rule == "imp"
    assert shown_weighting({}, None)[1].rule == "imp"


def test_the_waterfall_ends_on_the_effective_rows() -> None:
    flow = WeightFlow(rows_in=1800, discarded=63, copies=4, effective=1271.4)
    bar = waterfall(flow, LIGHT).data[0]
    assert list(bar.text) == ["1,800", "−4", "−63", "−462", "1,271"]
    ends = [start + length for start, length in zip(bar.base, bar.x, strict=True)]
    assert ends == [1800, 1800, 1796, 1733, 1271]
    assert waterfall(flow, DARK).data[0].marker.color[-1] == DARK.keep


IMP_ARM = ArmInterval("imp", "IMP", Interval(0.67, 0.64, 0.7, n_rows=600, n_seeds=5))
PLAIN_ARM = ArmInterval("ce", "Plain", Interval(0.62, 0.6, 0.65, n_rows=600, n_seeds=5))


def test_only_an_arm_that_beats_plain_training_is_blue() -> None:
    arms = [IMP_ARM, PLAIN_ARM]
    figure = arm_intervals(arms, baseline="ce", leader="imp", palette=LIGHT)
    colours = {trace.y[0]: trace.marker.color for trace in figure.data if trace.mode == "markers"}
    assert colours == {"IMP": LIGHT.keep, "Plain": LIGHT.text}
    assert figure.layout.shapes[0].x0 == pytest.approx(62)
    alone = arm_intervals(arms, baseline="ce", leader=None, palette=LIGHT)
    assert LIGHT.keep not in {trace.marker.color for trace in alone.data}


def test_the_marks_of_an_arm_without_a_verdict_are_faint() -> None:
    figure = arm_intervals(
        [replace(IMP_ARM, is_faint=True), PLAIN_ARM], baseline="ce", leader=None, palette=LIGHT
    )
    colours = {trace.y[0]: trace.marker.color for trace in figure.data if trace.mode == "markers"}
    assert colours == {"IMP": LIGHT.muted, "Plain": LIGHT.text}


@pytest.mark.parametrize(("majority", "is_drawn"), [(0.58, True), (0.72, True), (0.1, False)])
def test_the_chart_of_the_arms_shows_the_majority_and_keeps_its_scale(
    majority: float, is_drawn: bool
) -> None:
    figure = arm_intervals(
        [IMP_ARM, PLAIN_ARM], baseline="ce", leader=None, palette=DARK, majority=majority
    )
    dotted = [line.x0 for line in figure.layout.shapes if line.line.dash == "dot"]
    assert dotted == ([pytest.approx(100 * majority)] if is_drawn else [])
    words = f"always the largest label, {100 * majority:.1f} %"
    assert any(words in note.text for note in figure.layout.annotations)
    low, high = figure.layout.xaxis.range
    assert low < 60 < 70 < high
    assert high - low <= 40, "what is measured keeps a quarter of the axis"
    if is_drawn:
        assert low < 100 * majority < high


def test_a_row_counts_once_and_again_only_when_its_verdict_or_text_is_another() -> None:
    spec = [
        {"sample_id": "a", "action": "keep", "label": None},
        {"sample_id": "b", "action": "relabel", "label": "x"},
        {"sample_id": "a", "action": "edit", "text": "new"},
    ]
    then = {
        "a": Decision(sample_id="a", action="keep", note="said since"),
        "b": Decision(sample_id="b", action="relabel", label="x"),
    }
    assert rows_decided(spec) == 2
    assert decided_since(spec, then, {"a": "new"}) == 0
    assert decided_since(spec, then, {"a": "newer"}) == 1
    assert decided_since(spec, {"b": then["b"]}, {}) == 1, "taken back is another state too"
    assert decided_since(spec, then | {"b": then["a"]}, {"a": "new", "c": "d"}) == 2
    assert decided_since([], {}, {}) == rows_decided([]) == 0
