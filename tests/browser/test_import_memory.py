"""What files cost the server: less than 100 MB once they are refused, stored or left."""

import re
import time
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from harness.bombs import dictionary_bomb
from harness.serving import Server, served

ALLOWED = 100_000_000


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A server that forgets a browser soon after it has left."""
    monkeypatch.setenv("STREAMLIT_SERVER_DISCONNECTED_SESSION_TTL", "1")
    with served(tmp_path / "ws") as own:
        yield own


def resident(server: Server) -> int:
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    found = re.search(r"VmRSS:\s*(\d+) kB", status)
    assert found
    return int(found[1]) * 1024


def until_within(server: Server, before: int) -> int:
    """Return by how much the server's memory has grown, once that is little or a minute over."""
    deadline = time.monotonic() + 600
    while (grown := resident(server) - before) > ALLOWED and time.monotonic() < deadline:
        time.sleep(0.5)
    return grown


def begin(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/data?collection=demo")
    page.get_by_role("button", name="Add a collection").click()
    expect(inputs(page)).to_have_count(4)


def inputs(page: Page) -> Locator:
    return page.locator('[data-testid="stFileUploader"] input[type="file"]')


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """30 MB of rows that take four times as much memory."""
    path = tmp_path / "large.csv"
    rows = (
        f"row {i} with a text of usual length for a question,{'ab'[i % 2]}\n"
        for i in range(500_000)
    )
    path.write_text("text,label\n" + "".join(rows))
    return path


def test_a_bomb_is_a_sentence_and_the_server_keeps_its_memory(
    page: Page, server: Server, tmp_path: Path
) -> None:
    begin(page, server)
    before = resident(server)
    bomb = tmp_path / "bomb.parquet"
    bomb.write_bytes(dictionary_bomb())
    inputs(page).first.set_input_files(bomb)
    error = page.get_by_test_id("stAlert")
    expect(error).to_contain_text("bomb.parquet holds more than 500,000,000 bytes once unpacked")
    expect(error).to_contain_text("Nothing of it was stored.")
    assert resident(server) - before < ALLOWED


def test_memory_comes_back_when_an_import_is_left(page: Page, server: Server, large: Path) -> None:
    begin(page, server)
    before = resident(server)
    inputs(page).first.set_input_files(large)
    page.get_by_text("500,000 rows read from 1 file").wait_for(timeout=600_000)
    assert resident(server) - before > ALLOWED, "otherwise this test shows nothing"
    page.get_by_role("button", name="Leave without storing").click()
    page.get_by_role("button", name="Add a collection").wait_for()
    assert until_within(server, before) < ALLOWED


def test_memory_comes_back_when_the_browser_leaves(page: Page, server: Server, large: Path) -> None:
    begin(page, server)
    before = resident(server)
    inputs(page).first.set_input_files(large)
    page.get_by_text("500,000 rows read from 1 file").wait_for(timeout=600_000)
    assert resident(server) - before > ALLOWED, "otherwise this test shows nothing"
    page.close()
    assert until_within(server, before) < ALLOWED
