"""Photograph every page of a running server in both themes.

    python -m benchmarks.screenshots http://127.0.0.1:8501 OUT [--size 1440x900] [--page overview]

Each picture is taken once the page has stopped running and its charts and components stand still.
"""

import argparse
import shutil
from pathlib import Path

from playwright.sync_api import Browser, Page, Playwright, sync_playwright

from harness.chromium import FLAGS

PAGES = ("overview", "data", "curate", "review", "train", "results")
THEMES = ("light", "dark")


def launch(playwright: Playwright) -> Browser:
    """Start the system's Chromium, headless, silent on the network, with WebGL in software."""
    path = shutil.which("chromium") or shutil.which("google-chrome")
    return playwright.chromium.launch(executable_path=path, args=FLAGS)


def wait_until_still(page: Page, *, settle_ms: int = 1500) -> None:
    """Wait until the script of the page has run and its last elements are drawn."""
    page.wait_for_selector('[data-testid="stApp"]')
    page.wait_for_selector(
        '[data-testid="stMainBlockContainer"] [data-testid="stVerticalBlock"] > *', timeout=120_000
    )
    page.wait_for_selector('[data-test-script-state="notRunning"]', timeout=120_000)
    page.wait_for_selector('[data-testid="stSkeleton"]', state="detached", timeout=120_000)
    page.evaluate("document.fonts.ready")
    page.wait_for_timeout(settle_ms)


def photograph(
    browser: Browser, url: str, out: Path, *, pages: list[str], size: tuple[int, int], query: str
) -> None:
    """Write ``PAGE-THEME-WIDTHxHEIGHT.png`` for every page and theme into `out`."""
    out.mkdir(parents=True, exist_ok=True)
    width, height = size
    for theme in THEMES:
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=theme
        )
        page = context.new_page()
        for name in pages:
            path = "" if name == "overview" else name
            page.goto(f"{url.rstrip('/')}/{path}{query}")
            wait_until_still(page)
            page.screenshot(path=out / f"{name}-{theme}-{width}x{height}.png")
        context.close()


def main() -> None:
    """Read the arguments and take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("url")
    parser.add_argument("out", type=Path)
    parser.add_argument("--size", default="1440x900")
    parser.add_argument("--page", action="append", choices=PAGES, help="default: all six")
    parser.add_argument("--collection", help="default: what the server opens by itself")
    options = parser.parse_args()
    width, height = (int(part) for part in options.size.split("x"))
    query = f"?collection={options.collection}" if options.collection else ""
    with sync_playwright() as playwright:
        browser = launch(playwright)
        photograph(
            browser,
            options.url,
            options.out,
            pages=options.page or list(PAGES),
            size=(width, height),
            query=query,
        )
        browser.close()


if __name__ == "__main__":
    main()
