"""Finding rows on the Curate page: what is found is selected, tagged, opened and exported."""

import io
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from harness.collections import make_scores
from synthcur.schema import Collection
from synthcur.settings import WeightingSettings
from synthcur.store.store import Store
from synthcur.ui import resources
from synthcur.ui.curate import row_detail
from synthcur.ui.curate import search as curate_search
from synthcur.ui.curate import table as curate_table
from synthcur.ui.curate.search import Found, closest
from synthcur.weighting.rules import sample_weight
from tests.ui.curate.test_page import open_page
from tests.ui.curate.test_rows import joined

SETTINGS = WeightingSettings()


def find(app: AppTest, query: str, *, kind: str = "words") -> None:
    if kind != "words":
        app.radio(key="curate_query_kind").set_value(kind).run()
    app.text_input(key="curate_query").input(query).run()
    assert not app.exception


def selected(app: AppTest) -> tuple[str, ...]:
    return app.session_state["synthcur"].selection


def holding(collection: Collection, word: str) -> set[str]:
    both = pd.concat([collection.synthetic, collection.real_train])
    return set(both["sample_id"][both["text"].str.contains(word)])


def test_rows_that_hold_the_words_are_selected_and_clearing_the_search_frees_them(
    fill: Callable[..., Store], small_collection: Collection
) -> None:
    fill(small_collection)
    word = small_collection.synthetic["text"][3].split()[-1]
    app = open_page("small")
    find(app, f'"{word}"')
    assert set(selected(app)) >= {small_collection.synthetic["sample_id"][3]}
    assert set(selected(app)) <= holding(small_collection, word)
    find(app, "")
    assert selected(app) == ()


def test_a_search_without_a_find_says_so_and_leaves_the_selection_of_the_map(
    fill: Callable[..., Store], small_collection: Collection
) -> None:
    fill(small_collection)
    app = open_page("small")
    chosen = tuple(small_collection.synthetic["sample_id"][[4, 9]])
    app.session_state["synthcur"].selection = chosen
    find(app, "xylophone")
    assert selected(app) == chosen
    assert any("No row holds all of these words" in each.value for each in app.caption)


def test_a_search_by_meaning_selects_the_closest_rows_and_lists_them_in_that_order(
    fill: Callable[..., Store], small_collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(small_collection)
    embeddings = make_scores(small_collection)["embeddings"]
    sentence = embeddings["synthetic"][7]

    class Encoder:
        def encode(self, text: str) -> np.ndarray:
            assert text == "late refund"
            return sentence

    monkeypatch.setattr(resources, "encoder", Encoder)
    monkeypatch.setattr(curate_search, "CLOSEST", 9)
    app = open_page("small")
    find(app, "late refund", kind="meaning")
    ids = pd.concat([small_collection.synthetic, small_collection.real_train])["sample_id"]
    cosine = np.concatenate([embeddings["synthetic"], embeddings["real"]]) @ sentence
    expected = ids.to_numpy()[np.argsort(-cosine, kind="stable")[:9]]
    assert list(selected(app)) == list(expected)
    (listed,) = (each.value for each in app.dataframe if "cosine" in each.value)
    assert np.allclose(listed["cosine"], np.sort(cosine)[::-1][:9])


def test_the_closest_of_several_tables_are_those_of_one_table() -> None:
    random = np.random.default_rng(5)
    vectors = random.normal(size=(60, 8))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    ids = np.array([f"row {i}" for i in range(60)], dtype=object)
    split = [(ids[:23], vectors[:23]), (ids[23:], vectors[23:])]
    for count in (1, 10, 60, 99):
        names, cosine = closest(split, vectors[40], count)
        order = np.argsort(-(vectors @ vectors[40]), kind="stable")[:count]
        assert list(names) == list(ids[order])
        assert np.allclose(cosine, (vectors @ vectors[40])[order])


def test_a_tag_is_put_on_the_selection_found_again_and_taken_off(
    fill: Callable[..., Store], small_collection: Collection
) -> None:
    store = fill(small_collection)
    app = open_page("small")
    chosen = tuple(small_collection.synthetic["sample_id"][[4, 9, 11]])
    app.session_state["synthcur"].selection = chosen
    app.run()
    app.text_input(key="curate_tag_name").input("tone *of* voice")
    put_on = next(each for each in app.button if each.label == "Put on")
    put_on.click().run()
    assert not app.exception
    assert set(store.tags.rows("small")["tone *of* voice"]) == set(chosen)
    again = open_page("small")
    again.selectbox(key="curate_tag_found").select("tone *of* voice").run()
    assert set(selected(again)) == set(chosen)
    app.button(key="curate_undo").click().run()
    assert store.tags.rows("small") == {}


def test_a_tag_that_cannot_be_used_says_why_and_a_tag_can_be_taken_off(
    fill: Callable[..., Store], small_collection: Collection
) -> None:
    store = fill(small_collection)
    ids = tuple(small_collection.synthetic["sample_id"][[4, 9]])
    store.tags.add("small", ids, "tone", annotator="Ana")
    app = open_page("small")
    app.session_state["synthcur"].selection = ids[:1]
    app.run()
    app.text_input(key="curate_tag_name").input("a,b")
    next(each for each in app.button if each.label == "Put on").click().run()
    assert any("without a comma" in each.value for each in app.error)
    app.button(key="curate_untag_0").click().run()
    assert store.tags.rows("small") == {"tone": ids[1:]}
    app.button(key="curate_undo").click().run()
    assert set(store.tags.rows("small")["tone"]) == set(ids)


def test_the_tags_of_the_selection_are_listed_however_many_others_there_are(
    fill: Callable[..., Store], small_collection: Collection
) -> None:
    store = fill(small_collection)
    ids = tuple(small_collection.synthetic["sample_id"][[4, 9]])
    for letter in "abcdefgh":
        store.tags.add("small", ids[:1], letter, annotator="Ana")
    store.tags.add("small", ids[1:], "tone", annotator="Ana")
    app = open_page("small")
    app.session_state["synthcur"].selection = ids[1:]
    app.run()
    assert not app.exception
    app.button(key="curate_untag_0").click().run()
    assert "tone" not in store.tags.rows("small")


def test_one_selected_row_is_opened_with_its_weight_under_every_label(
    fill: Callable[..., Store], small_collection: Collection
) -> None:
    fill(small_collection)
    rows = joined(small_collection)
    app = open_page("small")
    app.session_state["synthcur"].selection = rows.sample_ids(np.array([3]))
    app.run()
    assert not app.exception
    assert rows.frame["text"][3] in [each.value for each in app.text]
    found = row_detail.labels_table(rows, 3, SETTINGS)
    for _, line in found.iterrows():
        label = rows.label_names.index(line["label"].removesuffix(" (its label)"))
        labels = rows.labels.copy()
        labels[3] = label
        weights = sample_weight(rows.quality, rows.diversity, labels, SETTINGS, rows.facts)
        assert line["weight"] == pytest.approx(weights[3])
    assert found["p"].is_monotonic_decreasing
    assert found["label"].str.endswith("(its label)").sum() == 1


def test_rows_like_a_row_are_selected_with_it_in_front(
    fill: Callable[..., Store], small_collection: Collection
) -> None:
    fill(small_collection)
    app = open_page("small")
    (own,) = joined(small_collection).sample_ids(np.array([5]))
    app.session_state["synthcur"].selection = (own,)
    app.run()
    app.button(key="curate_record_alike").click().run()
    app.run()
    assert not app.exception
    assert selected(app)[0] == own
    assert len(set(selected(app))) == curate_search.ALIKE + 1


def test_a_real_row_is_opened_without_a_weight(small_collection: Collection) -> None:
    rows = joined(small_collection)
    sentence = row_detail.why(rows, rows.n + 2, SETTINGS, row_detail.Found())
    label = rows.label_names[rows.frame["label"][rows.n + 2]]
    assert f"gives {label} {rows.frame['p'][rows.n + 2]:.0%}" in sentence


def test_the_export_of_a_selection_holds_every_row_with_its_tags(
    small_collection: Collection,
) -> None:
    rows = joined(small_collection)
    chosen, weights = np.arange(5), rows.weights(SETTINGS)
    tags = {"tone": rows.sample_ids(chosen[:2]), "odd": rows.sample_ids(chosen[1:3])}
    found = curate_table.exported(rows, chosen, weights, {}, tags, "jsonl")
    table = pd.read_json(io.BytesIO(found), lines=True)
    assert sorted(table["sample_id"]) == sorted(rows.sample_ids(chosen))
    of_row = dict(zip(table["sample_id"], table["tags"], strict=True))
    assert [of_row[each] for each in rows.sample_ids(chosen)] == [
        "tone",
        "tone, odd",
        "odd",
        "",
        "",
    ]


def test_what_was_found_is_forgotten_once_something_else_is_selected(
    fill: Callable[..., Store], small_collection: Collection
) -> None:
    fill(small_collection)
    app = open_page("small")
    find(app, small_collection.synthetic["text"][3].split()[-1])
    found = app.session_state["curate_found"]
    assert isinstance(found, Found)
    other = tuple(small_collection.synthetic["sample_id"][[4, 9]])
    app.session_state["synthcur"].selection = other
    find(app, "")
    assert selected(app) == other


def test_a_row_says_what_its_further_columns_hold_and_no_more_than_can_be_read():
    row = pd.DataFrame({"model": ["gpt-4o"], "temperature": [0.7], "empty": [None]})
    assert row_detail.columns_in_words(row) == "model: gpt-4o · temperature: 0.7"
    many = pd.DataFrame({f"c{i}": ["x" * 5000] for i in range(20)})
    said = row_detail.columns_in_words(many)
    assert said.endswith(" · 8 more")
    assert len(said) < 1000
    assert row_detail.columns_in_words(row.iloc[:0]) == ""
