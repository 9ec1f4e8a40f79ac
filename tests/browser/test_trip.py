"""The whole trip of a new user in one sitting: own files to a trained and compared classifier."""

import re
import time
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pytest
from playwright.sync_api import Page, expect

from harness.serving import Server
from synthcur.schema import REAL, SYNTHETIC, TEST, TRAIN, VALIDATION, Collection
from synthcur.store.store import Store
from synthcur.workspace import open_store

MINUTES = 60_000
SAVED = ".review .saved"


PARTS = {
    "synthetic": (SYNTHETIC, TRAIN),
    "train": (REAL, TRAIN),
    "validation": (REAL, VALIDATION),
    "test": (REAL, TEST),
}


@pytest.fixture
def files(tmp_path: Path, small_collection: Collection) -> Mapping[str, Path]:
    """The small collection as four CSV files of a user, with names and a column of their own."""
    own = small_collection.rows.rename(columns={"text": "message", "label": "intent"})
    return _written(tmp_path, own.assign(batch=7), ["message", "intent", "batch"])


@pytest.fixture
def plain_files(tmp_path: Path, plain_collection: Collection) -> Mapping[str, Path]:
    """A text and a label, and nothing else."""
    return _written(tmp_path, plain_collection.rows, ["text", "label"])


@pytest.fixture
def pair_files(tmp_path: Path, pair_collection: Collection) -> Mapping[str, Path]:
    """Two texts and a label."""
    return _written(tmp_path, pair_collection.rows, ["text", "text_pair", "label"])


def _written(folder: Path, rows: pd.DataFrame, columns: list[str]) -> Mapping[str, Path]:
    paths = {part: folder / f"{part}.csv" for part in PARTS}
    for part, (source, split) in PARTS.items():
        chosen = (rows["source"] == source) & (rows["split"] == split)
        rows.loc[chosen, columns].to_csv(paths[part], index=False)
    return paths


@pytest.mark.parametrize("kind", ["files", "plain_files", "pair_files"])
def test_own_files_become_a_map_decisions_a_run_and_a_result(
    page: Page, server: Server, kind: str, request: pytest.FixtureRequest
) -> None:
    files = request.getfixturevalue(kind)
    sizes = {part: len(pd.read_csv(path)) for part, path in files.items()}
    page.goto(server.url)
    _import(page, files, sizes)
    store = open_store(server.workspace)
    assert store.collection_info("nursery").counts == sizes
    _see_the_map(page)
    _lasso(page)
    _move_a_slider(page)
    _decide(page, store)
    _train(page, store, sizes)
    _read_the_results(page)
    store.close()


PLACES = """
() => {
  window.places = [];
  const look = () => {
    for (const button of document.querySelectorAll('button')) {
      const { left, top } = button.getBoundingClientRect();
      const place = `${Math.round(left)}, ${Math.round(top)}`;
      if (button.innerText.includes('Store 88 rows') && window.places.at(-1) !== place) {
        window.places.push(place);
      }
    }
    requestAnimationFrame(look);
  };
  look();
}
"""


def test_a_button_that_takes_the_place_of_another_stays_where_it_appears(
    page: Page, server: Server, files: Mapping[str, Path]
) -> None:
    page.goto(server.url)
    _choose(page, files)
    page.evaluate(PLACES)
    page.get_by_role("button", name="Check 88 rows").click()
    expect(page.get_by_role("button", name="Store 88 rows")).to_be_visible()
    page.wait_for_selector('[data-test-script-state="notRunning"]')
    expect(page.get_by_role("button", name="Check 88 rows")).to_have_count(0)
    page.wait_for_timeout(300)
    places = page.evaluate("window.places")
    assert len(places) == 1, places


def _import(page: Page, files: Mapping[str, Path], sizes: Mapping[str, int]) -> None:
    _choose(page, files)
    rows = sum(sizes.values())
    page.get_by_role("button", name=f"Check {rows} rows").click()
    page.get_by_role("button", name=f"Store {rows} rows").click()
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_contain_text(f"{sizes['synthetic']} synthetic")


def _choose(page: Page, files: Mapping[str, Path]) -> None:
    page.get_by_role("link", name="Data").click()
    page.get_by_role("button", name="Add a collection").click()
    inputs = page.locator('[data-testid="stFileUploader"] input[type="file"]')
    expect(inputs).to_have_count(4)
    for i, path in enumerate(files.values()):
        inputs.nth(i).set_input_files(path)
        # The file is read, and says so, before the next one is chosen.
        expect(page.get_by_text(re.compile(r"\d+ rows\. ")).nth(i)).to_be_visible()
    name = page.get_by_label("Name", exact=True)
    name.fill("nursery")
    name.press("Enter")


def _see_the_map(page: Page) -> None:
    """Scoring runs by itself after an import; the map appears without a reload."""
    page.get_by_role("link", name="Curate").click()
    page.wait_for_selector(".sm[data-drawn]", timeout=10 * MINUTES)


def _lasso(page: Page) -> None:
    box = page.locator(".sm-map").bounding_box()
    assert box is not None
    left, top = box["x"] + 6, box["y"] + 6
    right, bottom = box["x"] + box["width"] - 6, box["y"] + box["height"] - 6
    page.mouse.move(left, top)
    page.mouse.down()
    for x, y in ((right, top), (right, bottom), (left, bottom)):
        page.mouse.move(x, y, steps=4)
    page.mouse.up()
    heading = page.get_by_test_id("stMarkdown").get_by_text(re.compile(r"\d+ rows selected"))
    expect(heading).to_be_visible()


def _move_a_slider(page: Page) -> None:
    effective = page.locator(".sm-figure").filter(has_text="Effective rows")
    before = effective.inner_text()
    thumb = page.get_by_role("slider", name="Exponent on P′")
    thumb.focus()
    for _ in range(8):
        thumb.press("ArrowRight")
    expect(effective).not_to_have_text(before)
    # The slider sends its last step a moment after the key; a person would also look first.
    page.wait_for_timeout(1000)
    page.wait_for_selector('[data-test-script-state="notRunning"]')


def _decide(page: Page, store: Store) -> None:
    page.get_by_role("link", name="Review").click()
    page.wait_for_selector(".review .sample")
    for keys in (["a"], ["x", "Enter"], ["a"], ["u"]):
        for key in keys:
            page.keyboard.press(key)
            page.wait_for_timeout(150)
    deadline = time.monotonic() + 600
    while store.decisions.count("nursery") < 4 and time.monotonic() < deadline:
        page.wait_for_timeout(200)
    log = [decision.action for decision in store.decisions.log("nursery")]
    assert log == ["keep", "discard", "keep", "undo"]
    expect(page.locator(SAVED)).to_have_text("saved")


def _pick(page: Page, label: str, option: str) -> None:
    page.get_by_role("combobox", name=re.compile(label)).click()
    page.get_by_role("option", name=option).click()
    page.wait_for_selector('[data-test-script-state="notRunning"]')


def _train(page: Page, store: Store, sizes: Mapping[str, int]) -> None:
    page.get_by_role("link", name="Train").click()
    seeds = page.get_by_label("Seeds", exact=True)
    seeds.fill("1")
    seeds.press("Enter")
    _pick(page, "Recipe", "As published")
    page.get_by_role("button", name="Start training").click()
    page.get_by_role("button", name=re.compile("Cancel")).wait_for()
    curve = page.get_by_label(re.compile("Validation accuracy by epoch"))
    curve.first.wait_for(timeout=10 * MINUTES)
    seen = {curve.first.get_attribute("aria-label")}
    deadline = time.monotonic() + 600
    while page.get_by_role("button", name="See the results").count() == 0:
        assert time.monotonic() < deadline, store.jobs("nursery")[0]
        if curve.count():
            seen.add(curve.first.get_attribute("aria-label"))
        page.wait_for_timeout(200)
    assert len(seen) >= 3, "the curve grew while it was watched"
    job = store.jobs("nursery")[0]
    assert job.status == "done"
    rows = {run.arm: run.rows for run in store.runs(job.id)}
    left = sizes["synthetic"] - 1
    both = left + sizes["train"]
    expected = dict.fromkeys(("ce", "imp", "dimp"), left) | {
        **{"witnesses": both, "probe_both": both, "probe_real": sizes["train"]}
    }
    assert rows == expected, "the discarded row was left out"


def _read_the_results(page: Page) -> None:
    page.get_by_role("button", name="See the results").click()
    expect(page.get_by_text(re.compile(r"on the same|1 seed")).first).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_contain_text(
        re.compile("plain training|difference")
    )
