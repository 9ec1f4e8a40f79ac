"""What the Overview says and offers, from an unscored collection to a finished run."""

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from harness.collections import add_finished_job, doubt_checkers, make_scores
from synthcur.arms import OFFERED
from synthcur.jobs import job_queue
from synthcur.review.queues import queue_order
from synthcur.schema import Collection
from synthcur.settings import ScoreSettings, WeightingSettings
from synthcur.store.store import Store
from synthcur.weighting.rules import consensus, effective_sample_size, sample_weight
from tests.results.test_comparison import add_runs
from tests.ui.test_pages import complaints, open_page


def title(app: AppTest) -> str:
    return app.title[0].value


def button_labels(app: AppTest) -> list[str]:
    return [button.label for button in app.button]


def metric(app: AppTest, label: str) -> str:
    return next(each.value for each in app.metric if each.label == label)


def decide(store: Store, collection: Collection, rows: list[int], action: str) -> None:
    for number, row in enumerate(rows, start=1):
        store.decisions.append(
            collection.name,
            sample_id=collection.synthetic["sample_id"][row],
            annotator="Ana",
            action=action,
            client_id=action,
            client_seq=number,
            expected_seq=store.decisions.count(collection.name),
        )


def test_unscored_rows_can_be_scored_by_the_one_button(
    fill: Callable[..., Store], small_collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = fill(small_collection, scored=False)
    asked = []
    monkeypatch.setattr(job_queue, "submit_score", lambda _, *what: asked.append(what))
    app = open_page("overview", "small")
    assert title(app) == "Plant nursery: 40 synthetic rows, not weighed yet"
    assert metric(app, "Effective rows") == "not yet"
    button = next(each for each in app.button if each.label == "Score 40 rows")
    button.click().run()
    assert asked == [("small", ScoreSettings())]
    assert store.jobs("small") == []


def test_a_waiting_job_is_followed_and_can_be_cancelled(
    fill: Callable[..., Store], small_collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = fill(small_collection, scored=False)
    monkeypatch.setattr(job_queue, "poll", lambda *_, **__: None)
    store.add_job("score", "small", settings={}, scores={})
    app = open_page("overview", "small")
    assert title(app) == "Plant nursery: 40 synthetic rows, being scored"
    assert "Cancel scoring" in button_labels(app)
    next(each for each in app.button if each.label == "Cancel scoring").click().run()
    assert store.jobs("small")[0].status == "cancelled"
    assert "Score 40 rows" in button_labels(app)


def test_a_learning_curve_is_followed_and_no_cancel_of_scoring_is_offered(
    fill: Callable[..., Store], small_collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = fill(small_collection)
    monkeypatch.setattr(job_queue, "poll", lambda *_, **__: None)
    store.add_job("learning_curve", "small", settings={}, scores={})
    labels = button_labels(open_page("overview", "small"))
    assert "Watch the learning curve" in labels
    assert "Cancel scoring" not in labels


def test_weighed_rows_are_told_as_effective_rows_and_lead_to_the_queue(
    fill: Callable[..., Store], small_collection: Collection
) -> None:
    fill(small_collection)
    app = open_page("overview", "small")
    assert title(app) == f"40 synthetic rows carry the weight of {metric(app, 'Effective rows')}"
    assert "Review 25 probably mislabelled" in button_labels(app)
    assert f"Train {len(OFFERED)} arms" in button_labels(app)
    assert metric(app, "Quality checker accuracy") == "71 %"


def test_decisions_count_and_lead_on_to_training(
    fill: Callable[..., Store], small_collection: Collection
) -> None:
    store = fill(small_collection)
    scores = store.scores("small")["probe"]
    agreed = consensus(
        *(
            store.artefacts.array(scores.artefacts[role], "calibrated")
            for role in ("quality", "diversity")
        )
    )
    labels = small_collection.label_ids(small_collection.synthetic)
    rows = queue_order("mislabelled", agreed_probs=agreed, labels=labels, weights=labels * 1.0)
    decide(store, small_collection, list(rows), "discard")
    app = open_page("overview", "small")
    assert metric(app, "Reviewed") == metric(app, "Discarded") == "25"
    assert "Train with the decisions" in button_labels(app)


def test_a_finished_run_is_the_finding(
    fill: Callable[..., Store], small_collection: Collection
) -> None:
    store = fill(small_collection)
    add_finished_job(store, small_collection, {"ce": 0.0, "dimp": 1.0})
    app = open_page("overview", "small")
    assert title(app) == "DIMP, P′/p beats plain training: accuracy 0.0 → 100.0 %"
    captions = [each.value for each in app.caption]
    assert (
        "+100.0 [+100.0, +100.0] points, 95 % interval, DIMP, P′/p against plain training on "
        "12 real test rows, 3 seeds." in captions
    )
    decide(store, small_collection, [0, 1], "keep")
    app = open_page("overview", "small")
    assert "last was run 1, 2 decisions ago" in [each.value for each in app.caption]


def test_decisions_since_the_run_are_counted_as_rows_whether_kept_edited_or_both(
    fill: Callable[..., Store], small_collection: Collection
) -> None:
    store = fill(small_collection)

    def since() -> str:
        found = open_page("overview", "small").caption
        return next(each.value for each in found if each.value.startswith("last was run"))

    def edit(row: int, text: str) -> None:
        sample_id = small_collection.synthetic["sample_id"][row]
        place = store.decisions.count("small")
        store.decisions.append(
            "small",
            sample_id=sample_id,
            annotator="Ana",
            action="edit",
            text=text,
            client_id="e",
            client_seq=place,
            expected_seq=place,
        )

    for row in range(3):
        edit(row, f"other words {row}")
    decide(store, small_collection, [0, 1, 2], "keep")
    job = add_finished_job(store, small_collection, {"ce": 0.0, "dimp": 1.0})
    assert len(job.spec["decisions"]) == 6, "verdicts and edits stand apart in the spec"
    assert since() == "last was run 1"
    decide(store, small_collection, [0, 1, 2, 3], "discard")
    edit(0, "words once more")
    assert since() == "last was run 1, 4 decisions ago"
    assert "decide   3 rows" in open_page("results", "small").code[0].value


def test_no_difference_is_said_as_such_and_one_seed_wears_a_badge(
    fill: Callable[..., Store], small_collection: Collection
) -> None:
    store = fill(small_collection)
    add_finished_job(store, small_collection, {"ce": 1.0, "imp": 1.0}, seeds=1)
    app = open_page("overview", "small")
    assert title(app) == "No evidence of a difference between IMP, P′/Q and plain training"
    assert any("1 seed" in each.value for each in app.markdown)


def test_the_newest_scheme_is_what_the_weights_are_told_with(
    fill: Callable[..., Store], small_collection: Collection
) -> None:
    store = fill(small_collection)
    store.save_scheme("small", "even", WeightingSettings(rule="ce"))
    app = open_page("overview", "small")
    assert metric(app, "Effective rows") == "40"
    assert any("scheme “even”" in each.value for each in app.caption)


def test_a_scheme_with_q_out_of_fold_is_told_with_that_q(
    fill: Callable[..., Store], small_collection: Collection
) -> None:
    store = fill(small_collection)
    scheme = WeightingSettings(diversity="out_of_fold")
    store.save_scheme("small", "honest", scheme)
    found = make_scores(small_collection)
    labels = small_collection.label_ids(small_collection.synthetic)
    weights = sample_weight(
        found["quality"]["synthetic"], found["diversity"]["calibrated"], labels, scheme
    )
    effective = f"{effective_sample_size(weights):.0f}"
    assert metric(open_page("overview", "small"), "Effective rows") == effective


def test_all_rows_discarded_leave_no_weight_and_no_error(
    fill: Callable[..., Store], small_collection: Collection
) -> None:
    store = fill(small_collection)
    decide(store, small_collection, list(range(40)), "discard")
    app = open_page("overview", "small")
    assert not complaints(app)
    assert metric(app, "Effective rows") == "0"
    assert "Every row is discarded: no weight is left." in [each.value for each in app.caption]


def test_the_address_names_the_collection_and_an_unknown_one_opens_the_demo(
    fill: Callable[..., Store], small_collection: Collection, workspace: Path
) -> None:
    fill(small_collection)
    app = open_page("overview", "nowhere")
    assert app.query_params["collection"] == "demo"
    app.selectbox(key="collection_picker").set_value("small").run()
    assert app.query_params["collection"] == "small"
    assert "40 synthetic rows" in title(app)


def test_a_checker_that_knows_no_more_than_the_largest_label_is_said_not_to_be_trusted(
    fill: Callable[..., Store], small_collection: Collection
) -> None:
    store = fill(small_collection)
    app = open_page("overview", "small")
    assert not app.warning
    assert "[51, 86] of 24 real; largest label 33 %" in [each.value for each in app.caption]
    doubt_checkers(store, "small")
    (said,) = open_page("overview", "small").warning
    assert "quality checker is not to be trusted" in said.value
    assert "always naming the largest label reads 33.3 % right" in said.value
    assert "Next" in said.value


def test_an_arm_that_learned_nothing_gives_no_finding_and_is_marked(
    fill: Callable[..., Store], small_collection: Collection
) -> None:
    store = fill(small_collection)
    add_runs(store, small_collection, {"ce": [[0] * 12] * 2, "imp": [[1] * 12] * 2})
    app = open_page("overview", "small")
    assert not complaints(app)
    assert title(app) == "No verdict, since every arm learned nothing: train longer"
    words = " ".join(each.value for each in app.caption)
    assert "always the largest label, 33.3 %" in words
    assert r"Plain \(synthetic only\) learned nothing" in words
    for word in ("worse", "better", "p =", "p <"):
        assert word not in words
    assert "largest label" in next(
        each.proto.spec for each in app.get("plotly_chart") if "IMP" in each.proto.spec
    )
