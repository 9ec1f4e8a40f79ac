"""The Review page without a browser: rail, queues, who is at the bench."""

import gc
import json
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from harness.collections import doubt_checkers, make_scores
from harness.house import ROOT
from synthcur.review.decisions import ANNOTATOR_LENGTH
from synthcur.review.queues import QUEUES
from synthcur.schema import Collection
from synthcur.settings import WeightingSettings
from synthcur.store.store import Store
from synthcur.ui import identity
from synthcur.ui.curate.rail import WhatIf
from synthcur.weighting.rules import sample_weight
from tests.support.reviewing import SEVEN

PAGE = ROOT / "pages" / "review.py"


class Account(dict):
    """Who is signed in, as Streamlit tells it."""

    def to_dict(self) -> dict:
        return dict(self)


@pytest.fixture
def open_page(fill: Callable[..., Store], small_collection: Collection) -> Callable[..., AppTest]:
    def run(*, scored: bool = True) -> AppTest:
        fill(small_collection, scored=scored)
        app = AppTest.from_file(str(PAGE), default_timeout=300)
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
        app = AppTest.from_file(str(PAGE), default_timeout=300)
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
        "synthcur.jobs.job_queue.submit_score", lambda store, name, settings: asked.append(name)
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
    assert "Nobody is signed in" in app.error[0].value
    assert not app.get("bidi_component")


def test_with_an_account_the_name_is_that_of_the_account(open_page, monkeypatch):
    account = Account(is_logged_in=True, email="eva@example.org")
    monkeypatch.setattr(identity, "asks_for_account", lambda: True)
    monkeypatch.setattr(st, "user", account)
    monkeypatch.setattr(identity, "find_spec", {"authlib": None}.get)
    app = open_page()
    assert "pip install Authlib" in app.error[0].value
    monkeypatch.setattr(identity, "find_spec", {"authlib": True}.get)
    app = app.run()
    assert app.session_state["synthcur"].annotator == "eva@example.org"
    assert app.sidebar.button(key="sign_in").label == "Sign out"
    account["is_logged_in"] = False
    app = app.run()
    assert "Nobody is signed in" in app.error[0].value
    assert app.button(key="sign_in").label == "Sign in"
    assert not app.sidebar.children
    assert not app.get("bidi_component")


def test_long_names_of_accounts_stay_apart():
    names = [f"{'a' * 50}{i}@example.org" for i in range(2)]
    cut = [identity.account_name(name) for name in names]
    assert cut[0] != cut[1]
    assert all(len(each) == ANNOTATOR_LENGTH for each in cut)
    assert identity.account_name("eva@example.org") == "eva@example.org"


def test_a_queue_of_checkers_that_are_not_to_be_trusted_says_so_above_it_and_on_every_card(
    fill: Callable[..., Store], small_collection: Collection
) -> None:
    store = fill(small_collection)

    def drawn() -> tuple[list[str], set[str]]:
        app = AppTest.from_file(str(PAGE), default_timeout=300)
        app.query_params["collection"] = "small"
        app.run()
        (queue,) = (each.proto for each in app.get("bidi_component"))
        ends = {each["why"][-1].split(". ")[-1] for each in json.loads(queue.json)["cards"]}
        return [each.value for each in app.warning], ends

    said, ends = drawn()
    assert not said
    assert not any("trusted" in end for end in ends)
    doubt_checkers(store, "small")
    (said,), ends = drawn()
    assert "The quality checker is not to be trusted" in said
    assert ends == {"Not to be trusted: the quality checker."}


def test_a_queue_is_filtered_by_a_column_of_the_file(
    fill: Callable[..., Store], small_collection: Collection
) -> None:
    markup = ":red[x] <b>"
    rows = small_collection.rows
    batch = [markup if i % 2 else "second" for i in range(len(rows))]
    fill(replace(small_collection, provenance=pd.DataFrame({"batch": batch, "id": rows["row"]})))
    app = AppTest.from_file(str(PAGE), default_timeout=300)
    app.query_params["collection"] = "small"
    app.run()
    (column,) = (each for each in app.selectbox if each.label == "Column of the file")
    assert column.options == ["none", "batch"]
    column.set_value("batch").run()
    (value,) = (each for each in app.selectbox if each.label == "Value in it")
    assert len(value.options) == 3
    value.set_value(markup).run()
    assert not app.exception
    words = [each.value for each in app.sidebar.caption if "rows of the queue match" in each.value]
    assert len(words) == 1
