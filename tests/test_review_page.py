"""The Review page without a browser: cards, progress, rail."""

import gc
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from synthcur.ledger import Ledger
from synthcur.queues import QUEUES, share_in_words
from synthcur.review import ANNOTATOR_LENGTH, Decision
from synthcur.review_store import Turn
from synthcur.schema import Collection
from synthcur.settings import WeightingSettings
from synthcur.store import Store
from synthcur.ui import session
from synthcur.ui.curate_rail import WhatIf
from synthcur.ui.review_cards import TEXT_LENGTH, Bench, card, shown
from synthcur.ui.review_data import (
    Opened,
    filtered,
    fixed_queues,
    queue_data,
    queues,
    size_in_words,
    window,
)
from synthcur.weighting import consensus, sample_weight
from tests.conftest import make_collection, make_scores

PAGE = Path(__file__).resolve().parent.parent / "pages" / "review.py"


def bench_of(collection: Collection, log: list[Decision] | None = None, **scheme: object) -> Bench:
    scores, ledger = make_scores(collection), Ledger()
    ledger.take_in(log or [])
    return Bench(
        collection=collection,
        quality=scores["quality"]["synthetic"],
        diversity=scores["diversity"]["synthetic"],
        held_out=scores["diversity"]["calibrated"],
        agreed=consensus(scores["quality"]["calibrated"], scores["diversity"]["calibrated"]),
        neighbours=scores["neighbours"],
        scheme=WeightingSettings(**scheme),
        state=ledger.state(),
        signals=scores["signals"],
    )


SEVEN = ["mislabelled", "low_weight", "both_doubt", "redundant", "influence", "random", "map"]


def opened_of(bench: Bench, sample_ids: Sequence[str], name: str = "random") -> Opened:
    rows = np.array([bench.row_of[each] for each in sample_ids])
    return Opened(QUEUES[name], rows, tuple(sample_ids))


def look(bench: Bench, row: int, queue: str = "mislabelled", annotator: str = "ana") -> dict:
    return card(bench, row, at=0, queue=QUEUES[queue], annotator=annotator)


def decided(bench: Bench, row: int, action: str, seq: int = 1, **more: object) -> Decision:
    return Decision(
        seq=seq, sample_id=bench.sample_ids[row], action=action, annotator="ana", **more
    )


def test_a_card_says_weight_and_share_under_every_label(small_collection):
    bench = bench_of(small_collection)
    shown_card = look(bench, 4)
    own = sample_weight(bench.quality, bench.diversity, bench.file_labels, bench.scheme)[4]
    assert bench.label_weights[4][bench.file_labels[4]] == pytest.approx(own)
    assert [option["label"] for option in shown_card["options"]] == [0, 1, 2]
    assert shown_card["best"] == int(np.argmax(bench.quality[4]))
    assert len(shown_card["real"]) == 3
    assert len(shown_card["synthetic"]) == 2
    json.dumps(shown_card)


def test_the_why_sentence_speaks_of_checkers_that_have_not_seen_the_row(small_collection):
    bench, said = bench_of(small_collection), []
    for row in range(len(bench.sample_ids)):
        why, label = "".join(look(bench, row)["why"]), bench.file_labels[row]
        if "trained on other synthetic rows" in why:
            said.append(share_in_words(bench.held_out[row, label]))
            assert f"trained on other synthetic rows, {said[-1]}" in why
    assert len(said) > 5


def test_a_relabelled_sample_is_shown_with_the_other_column(small_collection):
    plain = bench_of(small_collection)
    other = (int(plain.file_labels[4]) + 1) % 3
    log = [decided(plain, 4, "relabel", label=small_collection.labels[other])]
    relabelled = look(bench_of(small_collection, log), 4)
    assert relabelled["label"] == other
    assert relabelled["fileLabel"] == int(plain.file_labels[4])
    assert f"gives {small_collection.labels[other]} " in "".join(relabelled["why"])
    assert relabelled["version"] == 1


def test_normalised_weights_divide_by_the_mean_of_the_kept_rows(small_collection):
    plain = bench_of(small_collection)
    bench = bench_of(small_collection, [decided(plain, 0, "discard")], normalise=True)
    labels = bench.file_labels[1:]
    pool = sample_weight(bench.quality[1:], bench.diversity[1:], labels, bench.scheme)
    assert bench.label_weights[1][labels[0]] == pytest.approx(pool[0])


def test_a_queue_without_hints_gives_the_browser_no_figures(small_collection):
    blind = look(bench_of(small_collection), 4, "random")
    assert {option["weight"] + option["share"] for option in blind["options"]} == {""}
    assert (blind["best"], blind["real"], blind["synthetic"]) == (-1, [], [])
    assert len(blind["guides"]) == 3


def test_with_many_labels_nine_have_keys_and_the_present_one_is_among_them():
    labels = tuple(f"label {i:02}" for i in range(14))
    rows = [("synthetic", "train", f"text {label} {i}", label) for label in labels for i in (0, 1)]
    rows += [("real", "train", f"real {label}", label) for label in labels]
    bench = bench_of(make_collection("many", rows, labels))
    for queue in ("mislabelled", "random"):
        for row in (0, 27):
            options = look(bench, row, queue)["options"]
            assert len(options) == 9
            assert int(bench.file_labels[row]) in [option["label"] for option in options]


def test_a_pair_is_two_texts(small_collection):
    rows = small_collection.rows.assign(text_pair="second text")
    pair = look(bench_of(replace(small_collection, rows=rows)), 0)
    assert pair["pair"] == "second text"
    assert pair["real"][0]["text"].endswith(" | second text")


def test_long_text_is_cut_and_its_length_stated(small_collection):
    rows = small_collection.rows.assign(text="x" * 9_000)
    long = look(bench_of(replace(small_collection, rows=rows)), 0)
    assert len(long["text"]) == TEXT_LENGTH
    assert long["length"] == 9_000


def test_characters_that_hide_or_turn_text_are_shown_as_such():
    assert shown("a\u202eb\x00c\x1b[31m\nd\te", 100) == "a\ufffdb\ufffdc\ufffd[31m\nd\te"


def test_the_queues_hold_synthetic_rows_and_that_of_the_map_needs_a_selection(small_collection):
    bench = bench_of(small_collection)
    assert list(queues(bench, ())) == SEVEN
    assert size_in_words(queues(bench, ())["map"], bench) == "none selected"
    real = small_collection.real_train["sample_id"][0]
    opened = queues(bench, (bench.sample_ids[5], real, bench.sample_ids[3]))
    assert opened["map"].sample_ids == (bench.sample_ids[5], bench.sample_ids[3])
    for each in opened.values():
        assert set(each.sample_ids) <= set(bench.sample_ids)


def test_the_most_doubted_row_is_the_one_whose_label_both_checkers_agree_least_on(
    small_collection,
):
    bench = bench_of(small_collection)
    own = bench.agreed[np.arange(len(bench.sample_ids)), bench.file_labels]
    found = queues(bench, ())["mislabelled"].rows
    assert own[found].tolist() == sorted(own)[: len(found)]


def test_a_decision_does_not_reshuffle_a_queue(small_collection):
    bench = bench_of(small_collection)
    before = queues(bench, ())
    rows = before["low_weight"].rows[:3].tolist()
    log = [
        decided(bench, rows[0], "discard", 1),
        decided(bench, rows[1], "relabel", 2, label="pests"),
    ]
    after = queues(bench_of(small_collection, log), ())
    assert {name: each.name for name, each in before.items()} == {
        name: each.name for name, each in after.items()
    }


def test_the_queue_opens_at_the_first_undecided_row_with_the_next_ones_prefetched(
    small_collection,
):
    plain = bench_of(small_collection)
    rows = queues(plain, ())["random"].rows
    log = [
        decided(plain, rows[0], "keep", 1),
        decided(plain, rows[1], "discard", 2),
        decided(plain, rows[3], "unsure", 3),
    ]
    bench = bench_of(small_collection, log)
    data = queue_data(bench, queues(bench, ())["random"], place=None, annotator="ana")
    assert data["states"][:5] == "kd.u."
    assert data["start"] == 2
    assert [each["at"] for each in data["history"]] == [0, 1, 3]
    places = [each["at"] for each in data["cards"]]
    assert places[:5] == [0, 1, 2, 4, 5]
    assert len(places) >= 16
    json.dumps(data)


def test_a_place_of_another_opening_does_not_count(small_collection):
    bench = bench_of(small_collection)
    opened = queues(bench, ())["random"]
    for place in (None, 3, {"opening": "other", "at": 9}, {"opening": opened.name, "at": "x"}):
        data = queue_data(bench, opened, place=place, annotator="ana")
        assert data["cards"][0]["at"] == 0
    moved = queue_data(bench, opened, place={"opening": opened.name, "at": 9}, annotator="ana")
    assert moved["cards"][0]["at"] == 5


def test_a_sample_outside_of_the_queue_can_be_asked_for(small_collection):
    bench = bench_of(small_collection)
    opened = queues(bench, ())["mislabelled"]
    outside = next(each for each in bench.sample_ids if each not in opened.sample_ids)
    place = {"opening": opened.name, "at": 0, "detour": outside}
    cards = queue_data(bench, opened, place=place, annotator="ana")["cards"]
    assert {each["id"]: each["at"] for each in cards}[outside] == -1


def test_the_window_skips_decided_rows_ahead():
    assert window("kkkkkkkkk.kk.", 9) == [5, 6, 7, 8, 9, 12]


def test_a_size_says_how_many_are_done(small_collection):
    bench = bench_of(small_collection)
    assert size_in_words(opened_of(bench, bench.sample_ids), bench) == "40 rows"
    done = bench_of(small_collection, [decided(bench, 0, "keep")])
    assert size_in_words(opened_of(done, done.sample_ids), done) == "40 rows, 1 done"
    assert size_in_words(opened_of(done, done.sample_ids[:1]), done) == "1 row, 1 done"


def test_look_alikes_are_listed_until_they_are_discarded(small_collection):
    bench = bench_of(small_collection)
    (alike,) = look(bench, 0)["alike"]
    assert alike["sample"] == bench.sample_ids[1]
    assert "One of 2 rows that say nearly the same" in "".join(
        "".join(look(bench, row)["why"]) for row in range(4)
    )
    gone = bench_of(small_collection, [decided(bench, 1, "discard")])
    assert look(gone, 0)["alike"] == []


def test_an_edited_row_shows_both_texts(small_collection):
    bench = bench_of(small_collection)
    earlier = look(bench, 2)["text"]
    edited = look(bench_of(small_collection, [decided(bench, 2, "edit", text="better")]), 2)
    assert (edited["text"], edited["earlier"]) == ("better", earlier)


def test_a_row_of_the_overlap_hides_the_figures_and_what_the_other_said(small_collection):
    bench = replace(bench_of(small_collection), overlap=1.0)
    label = small_collection.labels[(int(bench.file_labels[0]) + 1) % 3]
    log = [decided(bench, 0, "relabel", label=label), decided(bench, 0, "note", 2, note="mine")]
    shared = replace(bench_of(small_collection, log), overlap=1.0)
    other = look(shared, 0, annotator="ben")
    assert (other["action"], other["label"], other["note"]) == ("", bench.file_labels[0], "")
    assert (other["best"], other["alike"]) == (-1, [])
    own = look(shared, 0, annotator="ana")
    assert (own["action"], small_collection.labels[own["label"]], own["note"]) == (
        "relabel",
        label,
        "mine",
    )
    states = {
        who: queue_data(shared, opened_of(shared, shared.sample_ids), place=None, annotator=who)
        for who in ("ana", "ben")
    }
    assert (states["ana"]["states"][0], states["ben"]["states"][0]) == ("r", ".")


def test_a_disagreement_becomes_a_queue_that_says_who_judged_how(small_collection):
    plain = bench_of(small_collection)
    log = [
        decided(plain, 3, "keep"),
        replace(decided(plain, 3, "discard", 2, reason="off topic"), annotator="ben"),
    ]
    bench = bench_of(small_collection, log)
    opened = queues(bench, ())["disagreements"]
    assert opened.sample_ids == (bench.sample_ids[3],)
    assert queue_data(bench, opened, place=None, annotator="eva")["states"] == "."
    why = "".join(look(bench, 3, "disagreements")["why"])
    assert why == "Judged differently: ana kept; ben discarded (off topic). Yours settles it."
    settled = replace(decided(plain, 3, "keep", 3, queue="disagreements"), annotator="eva")
    bench = bench_of(small_collection, [*log, settled])
    opened = queues(bench, ())["disagreements"]
    assert queue_data(bench, opened, place=None, annotator="ana")["states"] == "k"
    assert size_in_words(opened, bench) == "1 row, 1 done"


def test_rows_of_others_are_neither_sent_nor_waiting(small_collection):
    bench = bench_of(small_collection)
    opened = queues(bench, ())["random"]
    ids = opened.sample_ids
    turn = Turn(frozenset(ids[2:6]), frozenset(ids[:2]), 0.0, bench.state)
    data = queue_data(bench, opened, place=None, annotator="ana", turn=turn)
    assert data["states"][:3] == "oo."
    assert data["start"] == 2
    assert {each["id"] for each in data["cards"]} == set(ids[2:6])
    place = {"opening": opened.name, "at": 1}
    data = queue_data(bench, opened, place=place, annotator="ana", turn=turn)
    assert {each["id"] for each in data["cards"]} == set(ids[2:6]), "not even the one asked for"


@pytest.fixture
def open_page(fill: Callable[..., Store], small_collection: Collection) -> Callable[..., AppTest]:
    def run(*, scored: bool = True) -> AppTest:
        fill(small_collection, scored=scored)
        app = AppTest.from_file(str(PAGE), default_timeout=60)
        app.query_params["collection"] = small_collection.name
        return app.run()

    return run


def test_the_rail_lists_the_queues_with_sizes_and_the_rule(open_page):
    app = open_page()
    assert not app.exception
    assert not app.error
    radio = app.sidebar.radio(key="review_queue_choice")
    assert radio.options == [QUEUES[name].title for name in SEVEN]
    app = radio.set_value("low_weight").run()
    assert app.session_state["synthcur"].queue == "low_weight"
    assert "chosen scheme weighs least" in " ".join(each.value for each in app.sidebar.caption)


def test_the_queue_of_low_weight_follows_the_q_of_the_scheme(
    fill: Callable[..., Store], small_collection: Collection
) -> None:
    fill(small_collection)
    scores = make_scores(small_collection)
    labels, orders = small_collection.label_ids(small_collection.synthetic), set()
    for kind, part in (("in_sample", "synthetic"), ("out_of_fold", "calibrated")):
        scheme = WeightingSettings(diversity=kind)
        app = AppTest.from_file(str(PAGE), default_timeout=60)
        app.query_params["collection"] = "small"
        app.session_state["curate_what_if"] = WhatIf("small", kind, scheme, scheme)
        app.run()
        app.sidebar.radio(key="review_queue_choice").set_value("low_weight").run()
        (queue,) = (each.proto for each in app.get("bidi_component"))
        weights = sample_weight(
            scores["quality"]["synthetic"], scores["diversity"][part], labels, scheme
        )
        lightest = small_collection.synthetic["sample_id"][np.argsort(weights)[:15]].tolist()
        assert [each["id"] for each in json.loads(queue.json)["cards"][:15]] == lightest
        orders.add(tuple(lightest))
    assert len(orders) == 2


def test_what_the_server_has_loaded_is_not_searched_for_garbage_after_every_run(open_page):
    gc.unfreeze()
    open_page()
    assert gc.get_freeze_count() > 10_000


def test_a_selection_on_the_map_becomes_a_queue(open_page, small_collection):
    app = open_page()
    app.session_state["synthcur"].selection = tuple(small_collection.synthetic["sample_id"][:4])
    app.session_state["synthcur"].queue = "map"
    app = app.run()
    radio = app.sidebar.radio(key="review_queue_choice")
    assert radio.options[-1] == "From the map"
    assert radio.value == "map"


def test_a_name_that_cannot_be_used_keeps_the_last_one(open_page):
    app = open_page()
    field = app.sidebar.text_input(key="review_annotator")
    assert field.value == "me"
    app = field.set_value("Ana").run()
    app = app.sidebar.text_input(key="review_annotator").set_value("   ").run()
    assert app.session_state["synthcur"].annotator == "Ana"
    assert "Until then you are Ana" in " ".join(each.value for each in app.sidebar.caption)


def test_without_scores_the_page_offers_to_score(open_page, monkeypatch):
    asked = []
    monkeypatch.setattr(
        "synthcur.jobs.submit_score", lambda store, name, settings: asked.append(name)
    )
    app = open_page(scored=False)
    assert "score" in app.title[0].value
    app.button(key="review_score").click().run()
    assert asked == ["small"]


def test_behind_a_proxy_the_name_is_that_of_its_header(open_page, monkeypatch):
    monkeypatch.setenv("SYNTHCUR_USER_HEADER", "X-Forwarded-User")
    monkeypatch.setattr(
        "streamlit.runtime.context.ContextProxy.headers", {"X-Forwarded-User": "Eva Example"}
    )
    app = open_page()
    assert [each.label for each in app.sidebar.text_input] == ["Words in the text"]
    assert app.session_state["synthcur"].annotator == "Eva Example"


def test_behind_a_proxy_that_names_nobody_nothing_can_be_decided(open_page, monkeypatch):
    monkeypatch.setenv("SYNTHCUR_USER_HEADER", "X-Forwarded-User")
    monkeypatch.setattr("streamlit.runtime.context.ContextProxy.headers", {})
    app = open_page()
    assert "name cannot be used" in app.error[0].value
    assert not app.get("bidi_component")


def test_with_an_account_the_name_is_that_of_the_account(open_page, monkeypatch):
    account = SimpleNamespace(is_logged_in=True, to_dict=lambda: {"email": "eva@example.org"})
    monkeypatch.setattr(session, "_asks_for_account", lambda: True)
    monkeypatch.setattr(st, "user", account)
    monkeypatch.setattr(session, "find_spec", {"authlib": None}.get)
    app = open_page()
    assert "pip install Authlib" in app.error[0].value
    monkeypatch.setattr(session, "find_spec", {"authlib": True}.get)
    app = app.run()
    assert app.session_state["synthcur"].annotator == "eva@example.org"
    assert app.sidebar.button(key="review_sign_in").label == "Sign out"
    account.is_logged_in = False
    app = app.run()
    assert "Nobody is signed in" in app.error[0].value
    assert app.sidebar.button(key="review_sign_in").label == "Sign in"
    assert not app.get("bidi_component")


def test_long_names_of_accounts_stay_apart():
    names = [f"{'a' * 50}{i}@example.org" for i in range(2)]
    cut = [session.account_name(name) for name in names]
    assert cut[0] != cut[1]
    assert all(len(each) == ANNOTATOR_LENGTH for each in cut)
    assert session.account_name("eva@example.org") == "eva@example.org"


def test_a_filter_keeps_the_order_and_does_not_depend_on_decisions(small_collection):
    bench = bench_of(small_collection)
    opened = queues(bench, ())["mislabelled"]
    label = small_collection.labels[0]
    by_label = filtered(opened, bench, label=label)
    rows = small_collection.synthetic.set_index("sample_id").loc[list(opened.sample_ids)]
    assert list(by_label.sample_ids) == rows.index[rows["label"] == label].tolist()
    word = rows["text"].iat[0].split()[0]
    by_word = filtered(opened, bench, words=f" {word.upper()} ")
    found = rows["text"].str.casefold().str.contains(word.casefold(), regex=False)
    assert list(by_word.sample_ids) == rows.index[found].tolist()
    assert len(filtered(opened, bench, words="(a+)+$").rows) == 0, "words are no pattern"
    assert filtered(opened, bench) is opened
    after = bench_of(small_collection, [decided(bench, int(by_label.rows[0]), "discard")])
    assert filtered(queues(after, ())["mislabelled"], after, label=label).name == by_label.name


def test_the_history_of_a_shared_row_tells_ones_own_part_only(small_collection):
    plain = bench_of(small_collection)
    log = [
        decided(plain, 0, "discard", 1, reason="off topic"),
        replace(decided(plain, 0, "keep", 2), annotator="ben"),
        decided(plain, 0, "undo", 3, undoes=1),
    ]
    bench = bench_of(small_collection, log)
    told = look(bench, 0)["history"]
    assert [(each["who"], each["what"], each["stands"]) for each in told] == [
        ("ana", "discarded: off topic", False),
        ("ben", "kept", True),
        ("ana", "took back: discarded: off topic", True),
    ]
    shared = look(replace(bench, overlap=1.0), 0)
    assert {each["who"] for each in shared["history"]} == {"ana"}


def test_a_card_says_what_both_checkers_give_every_label_but_not_where_hints_are_hidden(
    small_collection,
):
    bench = bench_of(small_collection)
    for option in look(bench, 3)["options"]:
        assert option["own"] == share_in_words(bench.held_out[3, option["label"]])
    assert {option["own"] for option in look(bench, 3, "random")["options"]} == {""}


def test_the_lasting_queues_are_found_once_and_those_that_people_change_every_time(
    small_collection, monkeypatch
):
    plain = bench_of(small_collection)
    fixed = fixed_queues(plain)
    assert list(fixed) == SEVEN[:-1]
    opened = queues(plain, (plain.sample_ids[3],), fixed)
    assert list(opened) == SEVEN
    assert opened["map"].sample_ids == (plain.sample_ids[3],)
    fresh = queues(plain, (plain.sample_ids[3],))
    assert {name: each.name for name, each in opened.items()} == {
        name: each.name for name, each in fresh.items()
    }
    monkeypatch.setattr(Bench, "file_weights", lambda bench: 1 / 0)
    assert queues(plain, (), fixed)["random"] is fixed["random"]
