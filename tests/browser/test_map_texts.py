"""A stranger's words on the map: shown as characters, and nothing is fetched."""

import numpy as np
from playwright.sync_api import Page

from harness.serving import Server
from synthcur.schema import Collection
from tests.browser.map_driver import Map, star


def test_hostile_texts_are_shown_as_characters_and_fetch_nothing(
    page: Page, garden_server: Server, hostile_collection: Collection, strangers: list[str]
) -> None:
    hostile = Map(page).open(garden_server, "hostile")
    texts = [
        *hostile_collection.synthetic["text"],
        *hostile_collection.real_train["text"],
    ]
    seen = set()
    for row in range(len(texts)):
        page.mouse.move(*hostile.pixel_of(row))
        tip = page.locator(".sm-tip-text")
        if tip.is_visible():
            seen.add(tip.evaluate("node => node.textContent"))
    hostile.lasso(star(np.random.default_rng(6), hostile.box))
    page.wait_for_timeout(500)
    assert len(seen) > 10
    assert seen <= {text if len(text) <= 200 else f"{text[:199]}…" for text in texts}
    assert page.locator(".sm-strip .sm-name").all_inner_texts() == list(hostile_collection.labels)
    assert page.evaluate("document.title") != "owned"
    assert not page.locator(".sm img, .sm script, .sm a").count()
    assert strangers == []
