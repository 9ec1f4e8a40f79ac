"""The frame of all pages in a real browser: they open, they fit, and the server stays light."""

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from harness.collections import add_finished_job, add_scores
from harness.serving import Server
from synthcur.schema import Collection
from synthcur.workspace import open_store

PAGES = ("", "data", "curate", "review", "train", "results")
SIDEWAYS = "(s => s.scrollWidth - s.clientWidth)(document.querySelector('[data-testid=stMain]'))"
HEAVY_LIBRARIES = ("torch", "llvmlite", "numba", "sklearn")


def visit(page: Page, url: str) -> None:
    page.goto(url)
    expect(page.get_by_test_id("stMainBlockContainer")).to_contain_text(
        re.compile(r"\w{3,}"), timeout=30_000
    )
    page.wait_for_selector('[data-test-script-state="notRunning"]')


def mapped_packages(pid: int) -> set[str]:
    """Python packages with native code that a process has loaded."""
    maps = Path(f"/proc/{pid}/maps").read_text()
    return set(re.findall(r"/site-packages/([\w-]+?)(?:\.libs)?/", maps))


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="needs Linux's /proc")
def test_the_server_loads_no_model_library_whatever_page_is_opened(
    demo_server: Server, page: Page
) -> None:
    for path in PAGES:
        visit(page, f"{demo_server.url}/{path}")
    packages = mapped_packages(demo_server.process.pid)
    assert "numpy" in packages
    assert not packages & set(HEAVY_LIBRARIES)


@pytest.mark.parametrize("path", PAGES)
def test_a_page_shows_its_finding_without_errors_or_sideways_scrolling(
    demo_server: Server, page: Page, path: str
) -> None:
    faults: list[str] = []
    hosts: set[str] = set()
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("request", lambda request: hosts.add(urlsplit(request.url).hostname or ""))
    visit(page, f"{demo_server.url}/{path}")
    assert not faults
    assert hosts <= {"127.0.0.1", ""}
    expect(page.get_by_test_id("stAlertContentError")).to_have_count(0)
    expect(page.get_by_test_id("stException")).to_have_count(0)
    for width in (1440, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        # Charts follow the window a moment later.
        page.wait_for_function(f"({SIDEWAYS}) <= 0")


def test_the_open_collection_is_in_the_address_and_survives_a_reload(
    server: Server, page: Page, small_collection: Collection
) -> None:
    store = open_store(server.workspace)
    store.add_collection(small_collection)
    add_scores(store, small_collection)
    store.close()
    visit(page, server.url)
    page.get_by_test_id("stSelectbox").get_by_role("combobox").click()
    page.get_by_role("option", name="Plant nursery").click()
    expect(page).to_have_url(re.compile(r"collection=small"))
    page.reload()
    expect(page.get_by_test_id("stSelectbox").get_by_role("combobox")).to_have_value(
        "Plant nursery", timeout=30_000
    )
    page.get_by_role("link", name="Review").click()
    expect(page).to_have_url(re.compile(r"/review\?collection=small"))


def test_hostile_names_and_labels_run_nothing_and_fetch_nothing(
    server: Server, page: Page, hostile_collection: Collection
) -> None:
    store = open_store(server.workspace)
    store.add_collection(hostile_collection)
    add_scores(store, hostile_collection)
    add_finished_job(store, hostile_collection, {"ce": 0.5, "imp": 0.6})
    store.close()
    fetched: list[str] = []
    page.on("request", lambda request: fetched.append(request.url))
    for path in PAGES:
        visit(page, f"{server.url}/{path}?collection=hostile")
        page.wait_for_timeout(500)
        assert page.title() != "owned"
        assert (
            page.evaluate("document.querySelectorAll('a[href*=beacon], img[src*=beacon]').length")
            == 0
        )
    assert not [url for url in fetched if "beacon" in url]
