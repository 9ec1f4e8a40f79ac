"""The Curate page without a browser: what is told, controls, empty state."""

import json
import zlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from harness.collections import add_scores, doubt_checkers, make_scores
from harness.house import ROOT
from synthcur.checkers.trust import measured
from synthcur.jobs import job_queue
from synthcur.review.decisions import Decision, current_decisions
from synthcur.schema import Collection
from synthcur.settings import ScoreSettings, WeightingSettings, fingerprint
from synthcur.store.store import Store
from synthcur.ui.curate import map as row_map
from synthcur.ui.curate import panel
from synthcur.ui.curate import trust as curate_trust
from synthcur.ui.curate.actions import Discarded
from synthcur.ui.curate.rail import WhatIf
from synthcur.weighting.rules import effective_sample_size, sample_weight
from tests.ui.curate.test_rows import joined

PAGE = ROOT / "pages" / "curate.py"


def open_page(collection: str) -> AppTest:
    app = AppTest.from_file(str(PAGE), default_timeout=300)
    app.query_params["collection"] = collection
    app.run()
    assert not app.exception
    return app


def move(app: AppTest, key: str, value: float | tuple[float, float]) -> None:
    """Move a slider: its run draws the fragments only, the next one the whole page."""
    app.slider(key=key).set_value(value).run()
    app.run()


def effective_rows(app: AppTest) -> str:
    """Return what is left in effect after the last step of the weighting."""
    return str(link_message(app)["steps"][-1][-1])


def expected_rows(collection: Collection, settings: WeightingSettings) -> str:
    found = make_scores(collection)
    labels = collection.label_ids(collection.synthetic)
    q = {"in_sample": "synthetic", "out_of_fold": "calibrated"}[settings.diversity]
    quality, diversity = found["quality"]["synthetic"], found["diversity"][q]
    return f"{effective_sample_size(sample_weight(quality, diversity, labels, settings)):.0f}"


def test_trust_is_told_with_its_interval_and_how_it_was_found() -> None:
    found = {"accuracy": 0.45, "low": 0.38, "high": 0.51, "n": 240, "how": "out of fold"}
    quality, diversity = curate_trust.figures({"quality": found, "diversity": found})
    assert quality == ("Quality checker", "45 %", "[38, 51] of 240 real, out of fold")
    assert diversity[2] == "[38, 51] of 240, out of fold"


def test_the_table_of_trust_has_what_was_measured_and_no_empty_column() -> None:
    accuracy = {"accuracy": 0.45, "low": 0.38, "high": 0.51, "n": 240, "how": "out of fold"}
    more = {
        "macro_f1": {"value": 0.42, "low": 0.36, "high": 0.48},
        "ece": {"value": 0.06, "low": 0.0, "high": 0.12},
    }
    table = curate_trust.table({"quality": accuracy | more, "diversity": accuracy | more})
    assert table.iloc[0].to_dict() == {
        "Checker": "Quality checker, P′",
        "Accuracy": "45 % [38, 51]",
        "Macro-F1": "42 % [36, 48]",
        "Calibration error": "6 % [0, 12]",
        "Measured on": "240 real rows, out of fold",
    }
    assert table["Measured on"][1] == "240 synthetic rows, out of fold"
    older = curate_trust.table({"quality": accuracy, "diversity": accuracy})
    assert list(older) == ["Checker", "Accuracy", "Measured on"]


def test_the_calibration_errors_are_said_without_opening_the_table(
    fill: Callable[..., Store], small_collection: Collection
) -> None:
    store = fill(small_collection)
    assert open_page("small").expander[0].label == "Checker trust"
    scores = store.scores("small")["probe"]
    ece = {"quality": {"value": 0.06, "low": 0.0, "high": 0.12}}
    ece |= {"diversity": {"value": 0.02, "low": 0.01, "high": 0.03}}
    trust = {role: {**found, "ece": ece[role]} for role, found in scores.trust.items()}
    store.add_scores("small", checkers="probe", artefacts=scores.artefacts, trust=trust)
    expander = open_page("small").expander[0]
    assert expander.label == (
        "Checker trust: calibration error 6 % [0, 12] quality, 2 % [1, 3] diversity"
    )


def test_the_open_trust_panel_says_how_varied_and_how_real_the_rows_are(
    fill: Callable[..., Store], small_collection: Collection
) -> None:
    store = fill(small_collection)
    scores, signals = store.scores("small")["probe"], fingerprint("signals", "varied")
    store.artefacts.write(
        signals,
        arrays=make_scores(small_collection)["signals"]
        | {"density_ratio": np.repeat([0.2, 0.5, 3.0], [10, 10, 20])},
        meta={"vendi": 12.4, "vendi_by_quality": 11.6},
    )
    artefacts = {**scores.artefacts, "signals": signals}
    store.add_scores("small", checkers="probe", artefacts=artefacts, trust=scores.trust)
    app = open_page("small")
    assert "as varied as" not in captions(app)
    app.session_state["curate_trust_open"] = True
    app.run()
    assert "The 40 rows are as varied as 12 texts with nothing in common" in captions(app)
    assert "25 % of the 40 rows look unlike real ones" in captions(app)


def test_of_scores_that_note_no_variety_none_is_told() -> None:
    (said,) = curate_trust.pool_sentences({}, np.array([0.1, 2.0]))
    assert said.startswith("50 % of the 2 rows look unlike real ones")


def captions(app: AppTest) -> str:
    """Return what the page says in small print, as it is read."""
    return "\n".join(each.value for each in app.caption).replace("\\", "")


def test_a_slider_changes_the_effective_rows(
    fill: Callable[..., Store], small_collection: Collection
) -> None:
    fill(small_collection)
    app = open_page("small")
    assert effective_rows(app) == expected_rows(small_collection, WeightingSettings())
    move(app, "curate_quality_exponent", 2.0)
    changed = WeightingSettings(quality_exponent=2.0)
    assert effective_rows(app) == expected_rows(small_collection, changed)


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


def test_q_out_of_fold_changes_the_weights_and_the_points_of_the_map(
    fill: Callable[..., Store], small_collection: Collection
) -> None:
    fill(small_collection)
    app = open_page("small")
    before = points_header(app)
    app.selectbox(key="curate_diversity").select("out_of_fold").run()
    assert not app.exception
    settings = WeightingSettings(diversity="out_of_fold")
    assert effective_rows(app) == expected_rows(small_collection, settings)
    after = points_header(app)
    assert after["map"] == before["map"]
    assert after["version"] != before["version"]
    assert link_message(app)["baseline"] is None


def test_which_q_is_part_of_the_scheme_that_is_saved_and_reset(
    fill: Callable[..., Store], small_collection: Collection
) -> None:
    store = fill(small_collection)
    app = open_page("small")
    app.selectbox(key="curate_diversity").select("out_of_fold").run()
    assert app.session_state["curate_what_if"].is_changed
    app.text_input(key="curate_scheme_name").input("Honest").run()
    app.button(key="curate_save").click().run()
    assert store.schemes("small") == {"Honest": WeightingSettings(diversity="out_of_fold")}
    app.selectbox(key="curate_diversity").select("in_sample").run()
    app.button(key="curate_reset").click().run()
    assert app.selectbox(key="curate_diversity").value == "out_of_fold"


def test_which_q_can_only_be_chosen_where_the_rule_reads_it(
    fill: Callable[..., Store], small_collection: Collection
) -> None:
    fill(small_collection)
    app = open_page("small")
    for rule, is_read in (("imp", True), ("dimp", False), ("p_only", False), ("ce", False)):
        app.selectbox(key="curate_rule").select(rule).run()
        assert app.selectbox(key="curate_diversity").disabled is not is_read


@pytest.mark.parametrize(
    ("rule", "measured", "is_compared"),
    [("imp", "in_sample", True), ("imp", "out_of_fold", False), ("p_only", "out_of_fold", True)],
)
def test_the_histogram_is_compared_only_with_what_the_browser_can_weigh(
    small_collection: Collection, rule: str, measured: str, is_compared: bool
) -> None:
    saved = WeightingSettings(rule=rule)
    tried = replace(saved, diversity=measured, floor=0.5)
    rows = joined(small_collection, measured=measured)
    found = panel.histogram_before(WhatIf("small", "s", saved, tried), rows)
    assert found == (saved if is_compared else None)
    assert panel.histogram_before(WhatIf("small", "s", tried, tried), rows) is None


def test_a_clip_without_width_is_widened_by_one_step(
    fill: Callable[..., Store], small_collection: Collection
) -> None:
    fill(small_collection)
    app = open_page("small")
    app.slider(key="curate_clip").set_range(1.0, 1.0).run()
    settings = app.session_state["curate_what_if"].settings
    assert (settings.clip_low, settings.clip_high) == (1.0, 1.5)


def test_the_filter_has_a_slider_of_its_own_that_begins_at_chance(
    fill: Callable[..., Store], small_collection: Collection
) -> None:
    store = fill(small_collection)
    app = open_page("small")
    move(app, "curate_quality_exponent", 0.5)
    app.selectbox(key="curate_rule").select("quality_filter").run()
    assert not [each for each in app.slider if each.key == "curate_quality_exponent"]
    assert app.slider(key="curate_least_quality").value == 0.33
    tried = WeightingSettings(rule="quality_filter", quality_exponent=0.5)
    assert app.session_state["curate_what_if"].settings == tried
    move(app, "curate_least_quality", 0.6)
    app.text_input(key="curate_scheme_name").input("Sure ones").run()
    app.button(key="curate_save").click().run()
    assert store.schemes("small") == {"Sure ones": replace(tried, least_quality=0.6)}
    app.selectbox(key="curate_rule").select("imp").run()
    assert app.slider(key="curate_quality_exponent").value == 0.5


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


def test_the_average_can_be_asked_for_and_then_chosen(
    fill: Callable[..., Store], small_collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = fill(small_collection)
    asked = []
    monkeypatch.setattr(job_queue, "submit_score", lambda _, *what: asked.append(what))
    app = open_page("small")
    app.button(key="curate_average").click().run()
    assert asked == [("small", ScoreSettings(checkers="average"))]
    add_scores(store, small_collection, checkers="average")
    app = open_page("small")
    choice = app.radio(key="curate_checkers")
    assert set(choice.options) == {"Probe", "Average of both"}
    choice.set_value("average").run()
    assert not app.exception
    assert not [button for button in app.button if button.key == "curate_average"]


def test_the_average_is_still_offered_beside_both_kinds_of_checkers(
    fill: Callable[..., Store], small_collection: Collection
) -> None:
    store = fill(small_collection)
    add_scores(store, small_collection, checkers="finetune")
    app = open_page("small")
    assert set(app.radio(key="curate_checkers").options) == {"Probe", "Fine-tuned"}
    assert app.button(key="curate_average")


def test_an_unscored_collection_offers_to_score_its_rows(
    fill: Callable[..., Store], small_collection: Collection
) -> None:
    fill(small_collection, scored=False)
    app = open_page("small")
    assert app.button(key="curate_score").label == "Score 40 rows"
    assert not app.get("bidi_component")


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
    rows = joined(small_collection)
    sent = {"map": rows.map_id, "rows": link_message(app)["selection"]["rows"]}
    positions = row_map.reported_rows(sent, rows)
    assert positions is not None
    assert set(rows.frame["sample_id"][positions]) == set(chosen)


def test_an_undo_is_offered_only_while_nothing_else_was_decided(
    fill: Callable[..., Store], small_collection: Collection
) -> None:
    store = fill(small_collection)
    ids = small_collection.synthetic["sample_id"]
    discard(store, ids[0], number=1)
    app = open_page("small")
    app.session_state["curate_undoable"] = Discarded(
        "small", "Ana", 1, store.decisions.count("small")
    )
    app.run()
    assert app.button(key="curate_undo")
    discard(store, ids[1], number=2)
    app.run()
    assert not [button for button in app.button if button.key == "curate_undo"]


def discard(store: Store, sample_id: str, *, number: int) -> None:
    store.decisions.append(
        "small",
        sample_id=sample_id,
        annotator="Ana",
        action="discard",
        client_id="test",
        client_seq=number,
        expected_seq=0,
    )


def test_undo_takes_back_every_row_that_was_discarded(
    fill: Callable[..., Store], small_collection: Collection
) -> None:
    store = fill(small_collection)
    ids = small_collection.synthetic["sample_id"]
    discard(store, ids[0], number=1)
    together = [Decision(sample_id=ids[row], action="discard", annotator="Ana") for row in (1, 2)]
    store.decisions.append_batch("small", together, "test", 2, expected=[0, 0])
    app = open_page("small")
    app.session_state["curate_undoable"] = Discarded("small", "Ana", 2, 3)
    app.run()
    app.button(key="curate_undo").click().run()
    assert list(current_decisions(store.decisions.log("small"))) == [ids[0]]


def discard_selection(app: AppTest, sample_ids: tuple[str, ...], *, who: str) -> None:
    """Select rows and press the map's button."""
    state = app.session_state["synthcur"]
    state.selection, state.annotator = sample_ids, who
    app.session_state["curate_action"] = "discard"
    app.run()
    assert not app.exception


def decide(store: Store, sample_id: str, who: str, action: str = "keep") -> None:
    store.decisions.append(
        "small",
        sample_id=sample_id,
        annotator=who,
        action=action,
        client_id=f"tab of {who}",
        client_seq=store.decisions.count("small") + 1,
        expected_seq=store.decisions.state("small").versions.get(sample_id, 0),
    )


def said(app: AppTest) -> str:
    return " ".join(each.value for each in app.caption)


def test_a_selection_is_discarded_but_for_rows_that_others_hold_or_have_decided(
    fill: Callable[..., Store], small_collection: Collection
) -> None:
    store = fill(small_collection)
    ids = small_collection.synthetic["sample_id"].tolist()
    decide(store, ids[0], "Bob")
    app = open_page("small")
    decide(store, ids[1], "Bob")  # after Ana's page was drawn
    store.turns.take("small", "Eva", ids[2:4])
    discard_selection(app, tuple(ids[:6]), who="Ana")
    current = store.decisions.state("small").current
    assert {each: current[each].annotator for each in current} == {
        **dict.fromkeys(ids[:2], "Bob"),
        **dict.fromkeys(ids[4:6], "Ana"),
    }
    assert [current[each].action for each in ids[:2]] == ["keep", "keep"]
    assert "2 rows discarded; the next run does without." in said(app)
    assert "4 rows were left as they are: 2 were decided by Bob, 2 are before Eva now." in said(app)
    assert "Review shows them one at a time." in said(app)
    app.button(key="curate_undo").click().run()
    assert set(store.decisions.state("small").current) == set(ids[:2])


def test_a_selection_of_others_rows_alone_is_left_in_words_and_nothing_is_to_undo(
    fill: Callable[..., Store], small_collection: Collection
) -> None:
    store = fill(small_collection)
    ids = small_collection.synthetic["sample_id"].tolist()
    decide(store, ids[0], "*Bob*")
    app = open_page("small")
    discard_selection(app, (ids[0],), who="Ana")
    assert len(store.decisions.log("small")) == 1
    assert "No row was discarded. 1 row was left as it is: 1 was decided by \\*Bob\\*." in said(app)
    assert not [button for button in app.button if button.key == "curate_undo"]


def test_ones_own_verdicts_are_discarded_and_undone_as_one(
    fill: Callable[..., Store], small_collection: Collection
) -> None:
    store = fill(small_collection)
    ids = small_collection.synthetic["sample_id"].tolist()
    decide(store, ids[0], "Ana")
    app = open_page("small")
    discard_selection(app, tuple(ids[:3]), who="Ana")
    assert {row.action for row in store.decisions.state("small").current.values()} == {"discard"}
    assert "3 rows discarded; the next run does without." in said(app)
    assert "left as" not in said(app)
    app.button(key="curate_undo").click().run()
    assert {each: row.action for each, row in store.decisions.state("small").current.items()} == {
        ids[0]: "keep"
    }


def test_an_undo_from_another_window_is_not_taken_back_in_place_of_the_discard(
    fill: Callable[..., Store], small_collection: Collection
) -> None:
    store = fill(small_collection)
    ids = small_collection.synthetic["sample_id"].tolist()
    app = open_page("small")
    discard_selection(app, tuple(ids[:2]), who="Ana")
    decide(store, ids[5], "Ana")
    button = app.button(key="curate_undo")
    button.click().run()
    current = store.decisions.state("small").current
    assert set(current) == {*ids[:2], ids[5]}


def mounted(app: AppTest, name: str) -> Any:
    messages = [each.proto for each in app.get("bidi_component")]
    (found,) = (each for each in messages if each.component_name == name)
    return found


def link_message(app: AppTest) -> dict:
    return json.loads(zlib.decompress(mounted(app, "synthcur_map_link").bytes))


def points_header(app: AppTest) -> dict:
    payload = mounted(app, "synthcur_map").bytes
    return json.loads(payload[4 : 4 + int.from_bytes(payload[:4], "little")])


def test_a_checker_that_is_not_to_be_trusted_is_said_so_above_the_map(
    fill: Callable[..., Store], small_collection: Collection
) -> None:
    store = fill(small_collection)
    assert not open_page("small").warning
    doubt_checkers(store, "small", role="diversity")
    (said,) = open_page("small").warning
    assert "The diversity checker is not to be trusted" in said.value
    found = measured(store.scores("small")["probe"].trust, small_collection)
    trust = store.scores("small")["probe"].trust
    quality, diversity = curate_trust.figures(trust, found)
    assert diversity[2] == "[17, 53] of 24; largest label 35 %"
    assert quality[2] == "[51, 86] of 24 real; largest label 33 %"
    assert curate_trust.table(trust, found)["Largest label"].tolist() == ["33 %", "35 %"]
