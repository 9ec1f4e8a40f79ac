"""Clusters on the Curate page: renamed for everybody, and their rows selected."""

from collections.abc import Callable

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from harness.collections import CLUSTER_TERMS, make_scores
from synthcur.schema import Collection
from synthcur.store.store import Store
from synthcur.ui.curate import clusters as curate_clusters
from tests.ui.curate.test_page import open_page

WORDS = ("fern, frond", "parcel, late, courier", "Cluster 3")


@pytest.fixture
def store(fill: Callable[..., Store], small_collection: Collection) -> Store:
    return fill(small_collection)


def open_menu() -> AppTest:
    app = open_page("small")
    app.session_state["curate_clusters"] = True
    app.run()
    assert not app.exception
    return app


def field(app: AppTest, cluster: int):
    label = f"Name of cluster {cluster + 1}"
    return next(each for each in app.text_input if each.label == label)


def clustering(store: Store) -> str:
    return store.scores("small")["probe"].artefacts["clusters"]


def names(store: Store) -> dict[int, str]:
    return store.cluster_names.given("small", clustering(store))


def test_clusters_go_by_their_words_until_they_are_named(store: Store) -> None:
    scores = store.scores("small")["probe"]
    found = curate_clusters.naming("small", scores)
    assert found is not None
    assert found.names == WORDS
    assert len(CLUSTER_TERMS) == len(WORDS)
    store.cluster_names.rename("small", found.clusters, 1, "Deliveries", annotator="Ana")
    again = curate_clusters.naming("small", scores)
    assert again is not None
    assert again.names == (WORDS[0], "Deliveries", WORDS[2])


def test_every_cluster_is_listed_with_its_rows_once_the_list_is_open(
    store: Store, small_collection: Collection
) -> None:
    assert not any("Name of cluster" in each.label for each in open_page("small").text_input)
    app = open_menu()
    found = make_scores(small_collection)["clusters"]
    sizes = np.bincount(np.concatenate([found["synthetic"], found["real"]]), minlength=3)
    order = np.argsort(-sizes, kind="stable")
    labels = [each.label for each in app.text_input if "Name of cluster" in each.label]
    assert labels == [f"Name of cluster {cluster + 1}" for cluster in order]
    assert [field(app, cluster).placeholder for cluster in range(3)] == list(WORDS)
    buttons = [each.label for each in app.button if each.label.startswith("Select its")]
    assert buttons == [f"Select its {sizes[cluster]} rows" for cluster in order]


def test_a_new_name_is_stored_and_seen_by_a_tab_that_is_open(store: Store) -> None:
    app, other = open_menu(), open_menu()
    field(app, 1).input("Late **parcels**").run()
    assert not app.exception
    assert names(store) == {1: "Late **parcels**"}
    other.run()
    assert field(other, 1).value == "Late **parcels**"
    field(other, 1).input("").run()
    assert names(store) == {}
    shown = [each.value for each in (*app.markdown, *app.caption, *app.error)]
    assert not any("parcels" in text for text in shown)


def test_a_name_that_cannot_be_used_is_refused_in_words_and_stays_in_its_field(
    store: Store,
) -> None:
    app = open_menu()
    field(app, 0).input("two\u2028lines").run()
    assert names(store) == {}
    assert "Cluster 1 cannot take this name." in app.error[0].value
    assert field(app, 0).value == "two\u2028lines"
    field(app, 0).input("one line").run()
    assert names(store) == {0: "one line"}
    assert not app.error


def test_the_rows_of_a_cluster_become_the_selection(
    store: Store, small_collection: Collection
) -> None:
    app = open_menu()
    app.button(key=f"curate_cluster_{clustering(store)}_2_select").click().run()
    found = make_scores(small_collection)["clusters"]
    tables = {"synthetic": small_collection.synthetic, "real": small_collection.real_train}
    expected = {
        sample_id
        for part, table in tables.items()
        for sample_id, cluster in zip(table["sample_id"], found[part], strict=True)
        if cluster == 2
    }
    assert expected
    assert set(app.session_state["synthcur"].selection) == expected
    assert any(f"{len(expected)} rows selected" in each.value for each in app.markdown)
