"""Names of clusters: the last one given is there for everybody, and an empty one takes it away."""

import sqlite3
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthcur.errors import InputError
from synthcur.store.cluster_names import CLUSTER_NAME_LENGTH, check_cluster_name
from synthcur.store.store import Store


@pytest.fixture
def store(fill, small_collection):
    return fill(small_collection)


def rename(store, cluster, name, *, clusters="a1", annotator="Ana"):
    store.cluster_names.rename("small", clusters, cluster, name, annotator=annotator)


def test_the_last_name_is_there_after_the_store_is_opened_again_with_who_gave_it(store):
    rename(store, 2, "  Late parcels ")
    rename(store, 2, "Lost parcels", annotator="Ben")
    rename(store, 0, "**ferns** <b>")
    again = Store(store.workspace)
    assert again.cluster_names.given("small", "a1") == {0: "**ferns** <b>", 2: "Lost parcels"}
    again.close()
    with closing(sqlite3.connect(store.workspace / "synthcur.sqlite3")) as db:
        rows = db.execute("SELECT cluster, annotator, created_at > 0 FROM cluster_name").fetchall()
    assert sorted(rows) == [(0, "Ana", 1), (2, "Ben", 1)]


def test_another_clustering_has_names_of_its_own(store):
    rename(store, 1, "ferns")
    rename(store, 1, "parcels", clusters="b2")
    assert store.cluster_names.given("small", "a1") == {1: "ferns"}
    assert store.cluster_names.given("small", "b2") == {1: "parcels"}
    assert store.cluster_names.given("another", "a1") == {}


def test_an_empty_name_brings_the_words_back(store):
    rename(store, 1, "ferns")
    rename(store, 1, "  ")
    assert store.cluster_names.given("small", "a1") == {}


def test_the_history_notes_a_change_and_nothing_where_nothing_changes(store):
    before = len(store.events("small"))
    rename(store, 1, "")
    rename(store, 1, "ferns")
    rename(store, 1, "ferns ")
    rename(store, 1, "")
    said = [text for _, text in store.events("small")]
    assert len(said) == before + 2
    assert "Cluster 2 named “ferns”" in said


@pytest.mark.parametrize(
    "name", ["a\nb", "a\tb", "a\x00b", "a\u202eb", "a\u2028b", "x" * 61], ids=ascii
)
def test_a_name_that_cannot_be_shown_in_one_line_is_refused_and_the_old_one_stays(store, name):
    rename(store, 1, "ferns")
    with pytest.raises(InputError, match=r"Cluster 2 cannot take this name\. Use 1 to 60"):
        rename(store, 1, name)
    assert store.cluster_names.given("small", "a1") == {1: "ferns"}


@given(st.text(max_size=80))
def test_whatever_is_accepted_is_short_printable_and_the_same_when_given_again(text):
    try:
        name = check_cluster_name(text, 0)
    except InputError:
        return
    assert len(name) <= CLUSTER_NAME_LENGTH
    assert name.isprintable()
    assert name == text.strip() == check_cluster_name(name, 0)
