import numpy as np
import pytest

from synthcur import what_if
from synthcur.schema import Collection
from synthcur.settings import WeightingSettings
from synthcur.ui import curate_outlook
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


def test_the_mass_of_labels_adds_up_and_the_small_ones_are_one_line() -> None:
    random = np.random.default_rng(0)
    labels, weights = random.integers(0, 30, size=2_000), random.gamma(1.0, size=2_000)
    lines = curate_outlook.mass(weights, labels)
    assert len(lines) == curate_outlook.MOST_LABELS
    assert lines[-1][:2] == [None, 30 - (curate_outlook.MOST_LABELS - 1)]
    assert sum(line[2] for line in lines) == 2_000
    assert sum(line[3] for line in lines) == pytest.approx(1, abs=1e-3)
    assert sum(line[4] for line in lines) == pytest.approx(1, abs=1e-3)
    shares = [line[4] for line in lines[:-1]]
    assert shares == sorted(shares, reverse=True)


def test_the_lightest_kept_rows_are_listed_in_order(small_collection: Collection) -> None:
    rows = joined(small_collection, (decided(small_collection, 7, "discard"),))
    weights = rows.weights(WeightingSettings())
    lines = curate_outlook.lightest(rows, weights, {}, sends_texts=True)
    expected = np.argsort(weights)[: curate_outlook.LOWEST_ROWS]
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
