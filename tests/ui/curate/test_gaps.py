from collections.abc import Callable

import numpy as np
import pytest

from harness.collections import make_scores
from synthcur.jobs import job_queue
from synthcur.schema import Collection
from synthcur.settings import ScoreSettings, WeightingSettings
from synthcur.store.store import Store
from synthcur.ui.curate import gaps as curate_gaps
from synthcur.ui.curate.gaps import Cover
from synthcur.ui.curate.rows import CurateRows
from synthcur.weighting import coverage_gaps
from tests.ui.curate.test_page import link_message, move, open_page
from tests.ui.curate.test_rows import joined


def around(rows: CurateRows, collection: Collection) -> Cover:
    found = make_scores(collection)["coverage"]
    return curate_gaps.cover(rows, found["synthetic_index"], found["synthetic_cosine"])


def test_neighbours_are_the_same_rows_in_the_order_of_the_page(
    small_collection: Collection,
) -> None:
    rows, found = joined(small_collection), make_scores(small_collection)["coverage"]
    of_page = around(rows, small_collection)
    ids = rows.frame["sample_id"].tolist()
    real = small_collection.real_train["sample_id"].tolist()
    synthetic = small_collection.synthetic["sample_id"].tolist()
    for place, sample_id in enumerate(ids[rows.n :]):
        row = real.index(sample_id)
        near = [synthetic[each] for each in found["synthetic_index"][row]]
        assert [ids[each] for each in of_page.index[place]] == near
        assert np.array_equal(of_page.cosine[place], found["synthetic_cosine"][row])


def test_a_missing_neighbour_stays_missing(small_collection: Collection) -> None:
    rows, found = joined(small_collection), make_scores(small_collection)["coverage"]
    index = np.full_like(found["synthetic_index"], -1)
    of_page = curate_gaps.cover(rows, index, found["synthetic_cosine"])
    assert (of_page.index == -1).all()


def test_the_message_names_the_thinnest_real_rows_of_the_weights(
    small_collection: Collection,
) -> None:
    rows = joined(small_collection)
    of_page = around(rows, small_collection)
    weights = rows.weights(WeightingSettings(quality_exponent=3.0))
    weights[0] = np.nan
    told = curate_gaps.message(rows, of_page, weights, sends_texts=True)
    found = coverage_gaps.find(of_page.index, of_page.cosine, weights)
    assert np.cumsum(told["thin"]).tolist() == sorted((found.thin + rows.n).tolist())
    assert told["of"] == len(found.thin)
    for position, before, after, text in told["rows"]:
        assert rows.frame["source"][position] == "real"
        assert before == pytest.approx(found.before[position - rows.n], rel=1e-2)
        assert after == pytest.approx(found.after[position - rows.n], rel=1e-2)
        assert text == rows.frame["text"][position]
    covers = [row[2] for row in told["rows"]]
    assert covers == sorted(covers)
    assert sum(thin for _, _, thin, _, _ in told["labels"]) == len(found.thin)
    assert sum(n for _, n, *_ in told["labels"]) == len(rows.frame) - rows.n


def test_gaps_follow_a_slider(fill: Callable[..., Store], small_collection: Collection) -> None:
    fill(small_collection)
    app = open_page("small")
    before = link_message(app)["gaps"]
    move(app, "curate_quality_exponent", 3.0)
    after = link_message(app)["gaps"]
    assert before["rows"] != after["rows"]
    rows = joined(small_collection)
    weights = rows.weights(WeightingSettings(quality_exponent=3.0))
    expected = curate_gaps.message(rows, around(rows, small_collection), weights, sends_texts=False)
    assert after == expected


def test_scores_of_an_earlier_version_offer_to_be_made_again(
    fill: Callable[..., Store], small_collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = fill(small_collection)
    assert not [button for button in open_page("small").button if button.key == "curate_again"]
    known = store.scores("small")["probe"]
    older = {
        kind: name
        for kind, name in known.artefacts.items()
        if kind not in ("coverage", "clusters", "signals")
    }
    store.add_scores("small", checkers="probe", artefacts=older, trust=known.trust)
    asked = []
    monkeypatch.setattr(job_queue, "submit_score", lambda _, *what: asked.append(what))
    app = open_page("small")
    assert "gaps" not in link_message(app)
    app.button(key="curate_again").click().run()
    assert asked == [("small", ScoreSettings(checkers="probe"))]


def test_what_was_noted_of_the_pool_is_told_with_its_intervals() -> None:
    auc = {"value": 0.918, "low": 0.9, "high": 0.937}
    covered = {"value": 0.921, "low": 0.88, "high": 0.95, "n": 240}
    both = curate_gaps.pool_in_words({"real_vs_synthetic": auc, "real_covered": covered})
    assert "cover 92 % of 240 real rows [88, 95]" in both
    assert "an AUC of 0.92 [0.90, 0.94]" in both
    assert "AUC" in curate_gaps.pool_in_words({"real_vs_synthetic": auc})
    assert curate_gaps.pool_in_words({}) == ""
