"""Uploads to a stand-in for the hub on loopback; the token stays where it was given."""

import json
import logging
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from harness.collections import add_finished_job
from synthcur.__main__ import main
from synthcur.errors import InputError, WorkerError
from synthcur.exports import hub

TOKEN = "hf_not_a_real_token_0123456789"


class Stub(BaseHTTPRequestHandler):
    """Answers what the library asks when it makes a repository and commits small files."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        server = self.server
        server.seen.append((self.path, self.headers.get("Authorization"), body))
        if server.refuses:
            self._answer(403, {"error": f"no right for {TOKEN}"})
        elif self.path.startswith("/api/repos/create"):
            name = json.loads(body)["name"]
            self._answer(200, {"url": f"{server.url}/datasets/ada/{name}", "name": name})
        elif "/preupload/" in self.path:
            files = [
                {"path": file["path"], "uploadMode": "regular", "shouldIgnore": False}
                for file in json.loads(body)["files"]
            ]
            self._answer(200, {"files": files})
        else:
            commit = f"{server.url}/datasets/ada/curated/commit/{'1' * 40}"
            self._answer(200, {"commitUrl": commit, "commitOid": "1" * 40})

    def do_GET(self):
        self._answer(404, {"error": "nothing here"})

    def _answer(self, status, data):
        content = json.dumps(data).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


@pytest.fixture
def stub(monkeypatch):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Stub)
    server.seen, server.refuses = [], False
    server.url = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setenv("HF_ENDPOINT", server.url)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_folder_is_uploaded_in_one_commit_as_private(stub, tmp_path, caplog):
    (tmp_path / "README.md").write_text("# Card")
    with caplog.at_level(logging.DEBUG):
        address = hub.push(tmp_path, "ada/curated", kind="dataset", token=TOKEN)
    assert "ada/curated" in address
    paths = [path for path, _, _ in stub.seen]
    assert sum("/commit/" in path for path in paths) == 1
    made = json.loads(stub.seen[0][2])
    assert made["visibility"] == "private"
    assert {token for _, token, _ in stub.seen} == {f"Bearer {TOKEN}"}
    assert not any(TOKEN.encode() in body for _, _, body in stub.seen)
    assert TOKEN not in caplog.text


def test_a_refusal_is_one_sentence_without_the_token(stub, tmp_path):
    stub.refuses = True
    (tmp_path / "README.md").write_text("# Card")
    with pytest.raises(WorkerError, match="did not take ada/curated") as refused:
        hub.push(tmp_path, "ada/curated", kind="dataset", token=TOKEN)
    assert TOKEN not in str(refused.value)
    assert refused.value.__suppress_context__


@pytest.mark.parametrize("repo", ["", "curated", "a/b/c", "../x/y", "a /b"])
def test_a_name_that_is_no_repository_is_refused_before_anything_is_sent(repo, stub, tmp_path):
    with pytest.raises(InputError, match="no repository"):
        hub.push(tmp_path, repo, kind="model", token=TOKEN)
    assert not stub.seen


def test_the_command_takes_the_token_from_the_environment_and_keeps_it_nowhere(
    stub, fill, small_collection, monkeypatch, capsys
):
    store = fill(small_collection)
    add_finished_job(store, small_collection, {"ce": 0.5}, seeds=1)
    words = ["push", "small", "--repo", "ada/curated", "--workspace", str(store.workspace)]
    monkeypatch.delenv(hub.TOKEN, raising=False)
    assert main(words) == 2
    assert "token was found" in capsys.readouterr().err
    monkeypatch.setenv(hub.TOKEN, TOKEN)
    assert main(words) == 0
    assert "ada/curated" in capsys.readouterr().out
    kept = [path for path in store.workspace.rglob("*") if path.is_file()]
    assert not [path for path in kept if TOKEN.encode() in path.read_bytes()]
    (commit,) = (body for path, _, body in stub.seen if "/commit/" in path)
    assert b"data/train.parquet" in commit
