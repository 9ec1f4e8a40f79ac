"""The Curate page without a browser: figures, warnings, controls, empty state."""

import base64
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
from streamlit.testing.v1 import AppTest

from synthcur.records import ranked_checkers
from synthcur.review import current_decisions
from synthcur.schema import Collection
from synthcur.settings import WeightingSettings
from synthcur.store import Store
from synthcur.ui import curate_panel
from synthcur.ui.curate_panel import Discarded
from synthcur.weighting import effective_sample_size, sample_weight
from tests.conftest import add_scores, make_scores

PAGE = Path(__file__).resolve().parent.parent / "pages" / "curate.py"


def open_page(collection: str) -> AppTest:
    app = AppTest.from_file(str(PAGE), default_timeout=60)
    app.query_params["collection"] = collection
    app.run()
    assert not app.exception
    return app


def move(app: AppTest, key: str, value: float | tuple[float, float]) -> None:
    """Move a slider: its run draws the fragments only, the next one the whole page."""
    app.slider(key=key).set_value(value).run()
    app.run()


def figures(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def expected_rows(collection: Collection, settings: WeightingSettings) -> str:
    found = make_scores(collection)
    labels = collection.label_ids(collection.synthetic)
    quality, diversity = found["quality"]["synthetic"], found["diversity"]["synthetic"]
    return f"{effective_sample_size(sample_weight(quality, diversity, labels, settings)):.0f}"


def test_effective_rows_shrink_when_few_rows_hold_the_weight() -> None:
    settings = WeightingSettings()
    even, *_ = curate_panel.weight_figures(np.ones(200), settings)
    assert even == ("Effective rows", "200", "100 % of 200")
    weights = np.zeros(200)
    weights[:2] = 5.0
    effective, share, mean = curate_panel.weight_figures(weights, settings)
    assert effective[1:] == ("2", "1 % of 200")
    assert share[1:] == ("100 %", "2 rows of 200")
    assert mean[1] == "0.05"


def test_trust_is_told_with_its_interval_and_how_it_was_found() -> None:
    found = {"accuracy": 0.45, "low": 0.38, "high": 0.51, "n": 240, "how": "out of fold"}
    quality, diversity = curate_panel.trust_figures({"quality": found, "diversity": found})
    assert quality == ("Quality checker", "45 %", "[38, 51] of 240 real, out of fold")
    assert diversity[2] == "[38, 51] of 240, out of fold"


def test_even_weights_of_large_classes_give_no_warning() -> None:
    assert curate_panel.warnings(np.ones(200), np.repeat(["a", "b"], 100)) == []


def test_few_effective_rows_and_thin_classes_are_warned_of() -> None:
    weights = np.full(400, 1e-4)
    weights[:20] = 1.0
    few, thin = curate_panel.warnings(weights, np.repeat(["a", "b"], 200))
    assert few.startswith("Only 20 effective rows, under 10 % of 400")
    assert thin == "Under 30 effective rows: a 20."


def test_many_thin_classes_are_counted_and_their_names_are_characters() -> None:
    labels = np.array(["**bold**", *"bcdefgh"], dtype=object)
    (thin,) = curate_panel.warnings(np.ones(8), labels)
    assert thin.endswith("and 3 more.")
    assert "**bold**" not in thin


def test_a_slider_changes_the_effective_rows(
    fill: Callable[..., Store], small_collection: Collection
) -> None:
    fill(small_collection)
    app = open_page("small")
    assert figures(app)["Effective rows"] == expected_rows(small_collection, WeightingSettings())
    move(app, "curate_quality_exponent", 2.0)
    changed = WeightingSettings(quality_exponent=2.0)
    assert figures(app)["Effective rows"] == expected_rows(small_collection, changed)


def test_the_controls_make_exactly_the_settings_they_show(
    fill: Callable[..., Store], small_collection: Collection
) -> None:
    fill(small_collection)
    app = open_page("small")
    move(app, "curate_clip", (-2.0, 5.0))
    move(app, "curate_floor", 25)
    app.checkbox(key="curate_normalise").check().run()
    settings = app.session_state["curate_what_if"].settings
    assert settings == WeightingSettings(clip_low=-2.0, floor=0.25, normalise=True)


def test_a_clip_without_width_is_widened_by_one_step(
    fill: Callable[..., Store], small_collection: Collection
) -> None:
    fill(small_collection)
    app = open_page("small")
    app.slider(key="curate_clip").set_range(1.0, 1.0).run()
    settings = app.session_state["curate_what_if"].settings
    assert (settings.clip_low, settings.clip_high) == (1.0, 1.5)


def test_a_scheme_is_saved_under_its_name_and_reset_returns_to_it(
    fill: Callable[..., Store], small_collection: Collection
) -> None:
    store = fill(small_collection)
    app = open_page("small")
    move(app, "curate_quality_exponent", 0.5)
    app.text_input(key="curate_scheme_name").input("Careful").run()
    app.button(key="curate_save").click().run()
    saved = WeightingSettings(quality_exponent=0.5)
    assert store.schemes("small") == {"Careful": saved}
    move(app, "curate_quality_exponent", 3.0)
    app.button(key="curate_reset").click().run()
    assert app.session_state["curate_what_if"].settings == saved
    assert app.slider(key="curate_quality_exponent").value == 0.5


def test_choosing_a_scheme_sets_every_control(
    fill: Callable[..., Store], small_collection: Collection
) -> None:
    store = fill(small_collection)
    store.save_scheme("small", "Flat", WeightingSettings(rule="p_only", clip_high=2.0, floor=0.5))
    app = open_page("small")
    app.selectbox(key="curate_scheme").select("Flat").run()
    assert app.selectbox(key="curate_rule").value == "p_only"
    assert app.slider(key="curate_clip").value == (-5.0, 2.0)
    assert app.slider(key="curate_floor").value == 50
    assert app.slider(key="curate_diversity_exponent").disabled


def test_both_kinds_of_checkers_can_be_chosen_once_both_have_scored(
    fill: Callable[..., Store], small_collection: Collection
) -> None:
    store = fill(small_collection)
    assert open_page("small").button(key="curate_finetune")
    add_scores(store, small_collection, checkers="finetune")
    app = open_page("small")
    best, *_ = ranked_checkers(store.scores("small"))
    assert app.radio(key="curate_checkers").value == best
    app.radio(key="curate_checkers").set_value("finetune").run()
    assert not app.exception
    assert not [button for button in app.button if button.key == "curate_finetune"]


def test_an_unscored_collection_offers_to_score_its_rows(
    fill: Callable[..., Store], small_collection: Collection
) -> None:
    fill(small_collection, scored=False)
    app = open_page("small")
    assert app.button(key="curate_score").label == "Score 40 rows"
    assert not app.metric


def test_a_failed_scoring_says_why_and_can_be_tried_again(
    fill: Callable[..., Store], small_collection: Collection
) -> None:
    store = fill(small_collection, scored=False)
    job = store.add_job("score", "small", settings={}, scores={})
    store.move_job(job.id, "failed", only_from=["queued"], what="No room left.", fix="Make room.")
    app = open_page("small")
    (sentence,) = (error.value for error in app.error)
    assert "No room left" in sentence
    assert app.button(key="curate_score")


def test_a_selection_made_on_another_page_is_sent_to_the_map(
    fill: Callable[..., Store], small_collection: Collection
) -> None:
    fill(small_collection)
    app = open_page("small")
    assert "selection" not in link_message(app)
    chosen = tuple(small_collection.synthetic["sample_id"][[4, 9]])
    app.session_state["synthcur"].selection = chosen
    app.run()
    rows = np.frombuffer(base64.b64decode(link_message(app)["selection"]["rows"]), "<u4")
    assert rows.tolist() == [4, 9]


def test_an_undo_is_offered_only_while_nothing_else_was_decided(
    fill: Callable[..., Store], small_collection: Collection
) -> None:
    store = fill(small_collection)
    ids = small_collection.synthetic["sample_id"]
    discard(store, ids[0], number=1)
    app = open_page("small")
    app.session_state["curate_discarded"] = Discarded(
        "small", "Ana", 1, store.decision_count("small")
    )
    app.run()
    assert app.button(key="curate_undo")
    discard(store, ids[1], number=2)
    app.run()
    assert not [button for button in app.button if button.key == "curate_undo"]


def discard(store: Store, sample_id: str, *, number: int) -> None:
    store.append_decision(
        "small",
        sample_id=sample_id,
        annotator="Ana",
        action="discard",
        client_id="test",
        client_seq=number,
    )


def test_undo_takes_back_every_row_that_was_discarded(
    fill: Callable[..., Store], small_collection: Collection
) -> None:
    store = fill(small_collection)
    for number, sample_id in enumerate(small_collection.synthetic["sample_id"][:3], start=1):
        discard(store, sample_id, number=number)
    app = open_page("small")
    app.session_state["curate_discarded"] = Discarded("small", "Ana", 2, 3)
    app.run()
    app.button(key="curate_undo").click().run()
    assert len(current_decisions(store.decisions("small"))) == 1


def link_message(app: AppTest) -> dict:
    messages = [each.proto for each in app.get("bidi_component")]
    (link,) = (each for each in messages if each.component_name == "synthcur_map_link")
    return json.loads(link.json or link.mixed.json)
