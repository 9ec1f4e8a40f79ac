"""Whatever address is opened first on a fresh server, the whole app appears."""

from pathlib import Path

from playwright.sync_api import Page, expect

from harness.serving import served


def test_a_page_that_is_opened_first_has_the_frame(tmp_path: Path, page: Page) -> None:
    with served(tmp_path / "ws") as server:
        page.goto(f"{server.url}/data?collection=demo")
        expect(page.get_by_role("heading", name="2,760 rows")).to_be_visible(timeout=60_000)
        expect(page.get_by_test_id("stTopNavLink")).to_have_count(6)
        assert page.url == f"{server.url}/data?collection=demo"
