"""What the bench is shown: cards, queues and their order, whose rows are sent."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from harness.collections import make_collection
from synthcur.data.row_groups import groups_of
from synthcur.review.decisions import EDIT_LENGTH
from synthcur.store.turns import Turn
from synthcur.ui.review import cards as review_cards
from synthcur.ui.review.cards import TEXT_LENGTH, Bench, shown
from synthcur.ui.review.messages import (
    filtered,
    fixed_queues,
    queue_data,
    queues,
    size_in_words,
    window,
)
from synthcur.weighting.rules import sample_weight
from synthcur.wording import share_in_words
from tests.support.reviewing import SEVEN, bench_of, decided, look, opened_of


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
    assert shown("a\r\nb\rc", 100) == "a\nb\ufffdc"


def test_a_display_copy_says_that_it_is_one_and_the_text_itself_is_sent_when_asked_for(
    small_collection,
):
    odd = ["\u200fa\r\nb\x00" + "x" * 9_000, "plain\ntext", "y" * (EDIT_LENGTH + 1)]
    rows = small_collection.rows.copy()
    is_synthetic = (rows["source"] == "synthetic").to_numpy()
    rows.loc[np.flatnonzero(is_synthetic)[:3], "text"] = odd
    bench = bench_of(replace(small_collection, rows=rows))
    opened = opened_of(bench, bench.sample_ids[:3])
    cards = [look(bench, row) for row in range(3)]
    assert [each["isWhole"] for each in cards] == [False, True, False]
    assert [each["size"] for each in cards] == [len(each) for each in odd]

    def asked(edits: object) -> dict | None:
        return queue_data(bench, opened, place={"edits": edits}, annotator="ana")["whole"]

    first, _, third = bench.sample_ids[:3]
    assert asked(first) == {"id": first, "version": 0, "text": odd[0], "file": odd[0]}
    assert [asked(each) for each in (third, "gone", "\ud83d", ["s"], None)] == [None] * 5


def test_an_edited_text_and_that_of_the_file_are_sent_as_they_are(small_collection):
    bench = bench_of(small_collection)
    log = [decided(bench, 0, "edit", 7, text="new\r\ntext\u200e")]
    bench = bench_of(small_collection, log)
    sample, opened = bench.sample_ids[0], opened_of(bench, bench.sample_ids[:1])
    sent = queue_data(bench, opened, place={"edits": sample}, annotator="ana")
    file = small_collection.synthetic["text"][0]
    assert sent["whole"] == {"id": sample, "version": 7, "text": log[0].text, "file": file}
    assert not look(bench, 0)["isWhole"]


def test_the_script_shows_a_new_text_as_the_server_will():
    script = (Path(review_cards.__file__).parent / "queue" / "edit.js").read_text("utf-8")
    assert f"SHOWN_LENGTH = {TEXT_LENGTH};" in script
    assert f"UNSEEN = /{review_cards._UNSEEN.pattern}/g;" in script


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
    batch = groups_of("batch", pd.Series(["a", "b"] * 20))
    of_batch = filtered(opened, bench, column=batch, group="b")
    assert of_batch.rows.tolist() == [row for row in opened.rows if row % 2]
    assert filtered(opened, bench, column=batch, group="no such") is opened
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
