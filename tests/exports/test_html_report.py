"""The report as one file: complete, offline, and literal about every text."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from xml.etree import ElementTree

import numpy as np
import pytest
from markupsafe import Markup

from harness.collections import add_finished_job, make_collection
from synthcur.__main__ import main
from synthcur.exports.html_report import html_report
from synthcur.exports.report_page import Chart, Command, Page, Paragraph, Section, Table, render
from tests.results.test_comparison import IMP, PLAIN, add_runs

VOID = {"meta", "rect", "line", "path", "circle"}


class Reader(HTMLParser):
    """Collects tags, attributes and text, and complains about a tag that is not closed."""

    def __init__(self):
        super().__init__()
        self.open, self.tags, self.addresses, self.words = [], [], [], []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.addresses += [value for key, value in attributes if key in ("src", "href", "srcset")]
        assert not [key for key, _ in attributes if key.startswith("on")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


def read(page):
    reader = Reader()
    reader.feed(page)
    reader.close()
    assert not reader.open
    return reader


@pytest.fixture
def page(fill, small_collection):
    store = fill(small_collection)
    add_runs(store, small_collection, {"ce": PLAIN, "imp": IMP})
    return html_report(store, "small")


def test_the_report_holds_what_the_page_holds(page):
    words = " ".join(read(page).words)
    assert "No evidence of a difference between IMP, P′/Q and plain training" in words
    assert "95 % interval by paired bootstrap over 12 real test rows and 2 seeds" in words
    for title in ("Arms", "By label", "Confusion", "Decisions", "Flipped test rows", "Provenance"):
        assert f"<h2>{title}</h2>" in page
    assert "python -m synthcur train small --arms ce,imp --seeds 2" in words
    assert re.search(r"91\.7 %", words)


def test_nothing_in_it_asks_another_server_or_runs_a_script(page):
    reader = read(page)
    assert not reader.addresses
    assert not {"script", "img", "link", "iframe", "object"} & set(reader.tags)
    assert "url(" not in page
    assert "@import" not in page
    assert "default-src 'none'; style-src 'unsafe-inline'" in page
    assert len(page.encode()) < 1_000_000


def test_every_drawing_is_well_formed_and_says_what_it_is(page):
    drawings = re.findall(r"<svg.*?</svg>", page, flags=re.DOTALL)
    assert len(drawings) >= 3
    for drawing in drawings:
        assert ElementTree.fromstring(drawing).get("aria-label")
        assert "nan" not in drawing


def test_markup_in_texts_labels_and_titles_stays_characters(fill, hostile_collection):
    store = fill(hostile_collection)
    add_finished_job(store, hostile_collection, {"ce": 0.3, "imp": 0.8})
    page = html_report(store, "hostile")
    reader = read(page)
    assert not {"script", "img", "a", "b", "iframe"} & set(reader.tags)
    assert not reader.addresses
    words = "".join(reader.words)
    for label in hostile_collection.labels:
        assert label in words


def test_control_characters_leave_the_page_readable(fill, small_collection):
    rows = small_collection.rows.assign(text=small_collection.rows["text"] + "\x00\x1b[31m")
    odd = make_collection(
        "odd",
        list(rows[["source", "split", "text", "label"]].itertuples(index=False, name=None)),
        small_collection.labels,
    )
    store = fill(replace(odd, title="odd\x07"))
    add_runs(store, odd, {"ce": PLAIN, "imp": IMP})
    page = html_report(store, "odd")
    assert not re.search(r"[\x00-\x08\x0b-\x1f]", page)


def test_both_themes_and_paper_are_provided_for(page):
    assert "@media screen and (prefers-color-scheme:dark)" in page
    assert "@media print" in page
    for name in set(re.findall(r"var\(--([\w-]+)\)", page)):
        assert page.count(f"--{name}:") == 2, f"{name} has a colour in both themes"


def test_one_arm_and_one_seed_make_a_report_too(fill, small_collection):
    store = fill(small_collection)
    add_finished_job(store, small_collection, {"imp": 0.7}, seeds=1)
    words = " ".join(read(html_report(store, "small")).words)
    assert "1 seed" in words
    assert "Flipped test rows" not in words


def test_review_before_and_after_stands_in_the_report(fill, small_collection):
    store = fill(small_collection)
    add_runs(store, small_collection, {"ce": PLAIN})
    sample = small_collection.synthetic["sample_id"][0]
    store.decisions.append(
        "small",
        sample_id=sample,
        annotator="ada",
        action="discard",
        client_id="t",
        client_seq=1,
        expected_seq=0,
    )
    add_runs(store, small_collection, {"ce": IMP})
    words = " ".join(read(html_report(store, "small")).words)
    assert "Against run 1, of the same recipe with 0 decisions instead of 1" in words
    assert "+16.7 [" in words


def test_the_command_writes_the_file_and_says_its_size(fill, small_collection, tmp_path, capsys):
    store = fill(small_collection)
    add_runs(store, small_collection, {"ce": PLAIN, "imp": IMP})
    out = tmp_path / "deep" / "report.html"
    workspace = str(store.workspace)
    assert main(["report", "small", "--out", str(out), "--workspace", workspace]) == 0
    assert out.read_text("utf-8").startswith("<!doctype html>")
    assert "kB" in capsys.readouterr().out
    assert main(["report", "gone", "--out", str(out), "--workspace", workspace]) == 2


def test_the_histogram_counts_every_row_the_last_epoch_weighed(fill, small_collection):
    from synthcur.exports.svg import histogram

    edges = np.logspace(-1, 1, 3)
    drawing = ElementTree.fromstring(histogram([3, 1], edges, title="w"))
    heights = [float(each.get("height")) for each in drawing.iter("rect")]
    assert heights[0] == pytest.approx(3 * heights[1], abs=0.2)


def test_probes_stand_in_the_report_without_a_curve(fill, small_collection):
    store = fill(small_collection)
    predicted = {"ce": PLAIN, "probe_both": IMP}
    add_runs(store, small_collection, predicted, validation={"ce": 0.5, "probe_both": 0.95})
    words = " ".join(read(html_report(store, "small")).words)
    assert "Linear probe (synthetic + real)" in words
    assert "Below the linear probe (synthetic + real) on the 120 validation rows" in words
    assert "by epoch" not in words


def test_whatever_is_put_in_stays_characters():
    hostile = "<b>&\x00'\""
    table = Table((hostile,), [(hostile, 1234, 0.5)], text=(0,))
    parts = (table, Paragraph(hostile), Command(hostile), Chart(Markup("<svg></svg>")))
    section = Section(hostile, hostile, parts)
    colours = {"light": "", "dark": ""}
    said = {"title": hostile, "verdict": hostile, "basis": hostile, "made": hostile}
    page = render(Page(**said, rows=[[section], [section, section], []], **colours))
    reader = read(page)
    assert "b" not in reader.tags
    assert "<b>& '\"" in reader.words
    assert "\x00" not in page
    assert page.count("&lt;b&gt;") == 4 + 3 * 6
    assert '<td class="n">1,234</td>' in page
    assert page.count("<svg></svg>") == 3
    assert page.count('<div class="pair">') == 1
