import numpy as np
import pytest

from synthcur.schema import Collection
from synthcur.settings import WeightingSettings
from synthcur.ui.curate import outlook as curate_outlook
from synthcur.weighting.rules import effective_sample_size
from tests.ui.curate.test_rows import decided, joined


def test_the_steps_lead_from_plain_training_to_the_weights_of_the_kept_rows(
    small_collection: Collection,
) -> None:
    rows = joined(small_collection, (decided(small_collection, 7, "discard"),))
    settings = WeightingSettings(clip_high=0.5, floor=0.2, balance_classes=True, normalise=True)
    steps = curate_outlook.steps(rows, settings)
    assert [step[0] for step in steps] == ["Rule", "Clip", "Mix with 1", "Balance", "Mean 1"]
    left = rows.n - 1
    for _, given, taken, mass, _ in steps:
        assert mass == pytest.approx(left + given - taken, abs=0.05)
        left = mass
    weights = rows.weights(settings)
    assert left == pytest.approx(np.nansum(weights), rel=1e-3)
    assert steps[-1][-1] == round(effective_sample_size(weights[rows.kept]))


@pytest.mark.parametrize("sends_texts", [True, False])
def test_the_lightest_kept_rows_are_listed_in_order(
    small_collection: Collection, sends_texts: bool
) -> None:
    rows = joined(small_collection, (decided(small_collection, 7, "discard"),))
    weights = rows.weights(WeightingSettings())
    lines = curate_outlook.lightest(rows, weights, {}, sends_texts=sends_texts)
    most = curate_outlook.LOWEST_SENT if sends_texts else curate_outlook.LOWEST_ROWS
    expected = np.argsort(weights)[:most]
    assert [line[0] for line in lines] == expected.tolist()
    assert [line[1] for line in lines] == rows.frame["row"][expected].tolist()


def test_listed_texts_are_cut_and_only_sent_where_the_browser_lacks_them(
    hostile_collection: Collection,
) -> None:
    rows = joined(hostile_collection)
    weights = np.arange(rows.n, dtype=float)
    sent = curate_outlook.lightest(rows, weights, {}, sends_texts=True)
    for position, _, text, _ in sent:
        whole = rows.frame["text"][position]
        assert text == whole or text == whole[: curate_outlook.LISTED_LENGTH - 1] + "…"
    unsent = curate_outlook.lightest(rows, weights, {}, sends_texts=False)
    assert {line[2] for line in unsent} == {None}


def test_a_verdict_stands_beside_its_row(small_collection: Collection) -> None:
    rows = joined(small_collection)
    weights = rows.weights(WeightingSettings())
    lightest = rows.frame["sample_id"][int(np.argmin(weights))]
    lines = curate_outlook.lightest(rows, weights, {lightest: "keep"}, sends_texts=False)
    assert [line[3] for line in lines] == ["keep"] + [""] * (len(lines) - 1)
