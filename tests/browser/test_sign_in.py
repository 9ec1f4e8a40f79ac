"""Signing in with an account: a real provider's answers, the real server, a real browser."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from harness.serving import free_port, served
from synthcur.workspace import open_store
from tests.browser.review_driver import SAMPLE, wait_until_saved
from tests.support.accounts import CLIENT_ID, CLIENT_SECRET, provider_of_accounts

SECRETS = """
[auth]
redirect_uri = "{server}/oauth2callback"
cookie_secret = "a long random word of this test"
client_id = "{client_id}"
client_secret = "{client_secret}"
server_metadata_url = "{provider}/.well-known/openid-configuration"
"""


def test_people_decide_under_the_name_of_their_account(
    page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port, file = free_port(), tmp_path / "secrets.toml"
    monkeypatch.setenv("STREAMLIT_SECRETS_FILES", str(file))
    with provider_of_accounts() as provider:
        file.write_text(
            SECRETS.format(
                server=f"http://127.0.0.1:{port}",
                client_id=CLIENT_ID,
                client_secret=CLIENT_SECRET,
                provider=provider.url,
            )
        )
        with served(tmp_path / "ws", port=port) as server:
            for name in ("", "data", "curate", "train", "results", "review"):
                page.goto(f"{server.url}/{name}")
                expect(page.get_by_text("Nobody is signed in.")).to_be_visible()
                expect(page.get_by_role("button", name="Sign in")).to_be_visible()
                assert not page.get_by_role("combobox").count()
                assert "demo" not in page.locator("body").inner_text().lower()
            for path in ("media/0.csv", "_stcore/metrics", "_stcore/upload_file/a/b"):
                assert page.request.get(f"{server.url}/{path}").status == 401
            assert not page.locator(SAMPLE).count()
            for email in ("ana@example.org", "ben@example.org"):
                provider.email = email
                page.get_by_role("button", name="Sign in").click()
                page.wait_for_url(f"{server.url}/")
                page.get_by_role("link", name="Review").click()
                expect(page.get_by_text(f"Signed in as {email}")).to_be_visible()
                page.wait_for_selector(SAMPLE)
                assert page.request.get(f"{server.url}/_stcore/metrics").status == 200
                page.keyboard.press("a")
                wait_until_saved(page)
                page.get_by_role("button", name="Sign out").click()
                page.wait_for_url(f"{server.url}/")
                page.get_by_role("link", name="Review").click()
                expect(page.get_by_text("Nobody is signed in.")).to_be_visible()
            store = open_store(server.workspace)
            log = store.decisions.log("demo")
            store.close()
    assert [row.annotator for row in log] == ["ana@example.org", "ben@example.org"]
    assert len({row.sample_id for row in log}) == 2
