import numpy as np
import pytest

from synthcur import what_if
from synthcur.schema import Collection
from synthcur.settings import WeightingSettings
from synthcur.ui import curate_outlook
from synthcur.weighting import effective_sample_size
from tests.test_curate_rows import decided, joined


def test_effective_rows_shrink_when_few_rows_hold_the_weight() -> None:
    even, *_ = figures(np.ones(200))
    assert even == ("Effective rows", "200", "100 % of 200")
    weights = np.zeros(200)
    weights[:2] = 5.0
    effective, share, mean = figures(weights)
    assert effective[1:] == ("2", "1 % of 200")
    assert share[1:] == ("100 %", "2 rows of 200")
    assert mean[1] == "0.05"


def figures(weights: np.ndarray) -> list[tuple[str, str, str]]:
    outlook = what_if.outlook(weights, np.repeat("a", len(weights)))
    return curate_outlook.figures(outlook, WeightingSettings())


def warnings(weights: np.ndarray, labels: np.ndarray) -> list[str]:
    return curate_outlook.warnings(what_if.outlook(weights, labels))


def test_even_weights_of_large_classes_give_no_warning() -> None:
    assert warnings(np.ones(200), np.repeat(["a", "b"], 100)) == []


def test_few_effective_rows_and_thin_classes_are_warned_of() -> None:
    weights = np.full(400, 1e-4)
    weights[:20] = 1.0
    few, thin = warnings(weights, np.repeat(["a", "b"], 200))
    assert few.startswith("Only 20 effective rows, under 10 % of 400")
    assert thin == "Under 30 effective rows: a 20."


def test_many_thin_classes_are_counted_and_long_names_are_cut() -> None:
    labels = np.array(["b" * 100, *"cdefghi"], dtype=object)
    (thin,) = warnings(np.ones(8), labels)
    assert thin.endswith("and 3 more.")
    assert "b" * 39 + "…" in thin
    assert "b" * 40 not in thin


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
