"""A stand-in for the hub on loopback that serves the files of one data set to whoever reads it."""

import hashlib
import json
import threading
import urllib.parse
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

COMMIT = "ab" * 20
REPO = "ada/plants"


class _Hub(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, files: Mapping[str, bytes], revisions: Mapping[str, str]) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.files, self.revisions = files, revisions
        self.tokens: list[str | None] = []


class _Answer(BaseHTTPRequestHandler):
    server: _Hub
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        asked, path = self.rfile.read(length), urllib.parse.unquote(self.path.partition("?")[0])
        self.server.tokens.append(self.headers.get("Authorization"))
        api, resolve = f"/api/datasets/{REPO}", f"/datasets/{REPO}/resolve/"
        if path == api or path.startswith(f"{api}/revision/"):
            self._tell_of_revision(path.partition("/revision/")[2] or "main")
        elif path.startswith(f"{api}/tree/"):
            self._json(list(self._listed(path.removeprefix(f"{api}/tree/").partition("/")[2])))
        elif path.startswith(f"{api}/paths-info/"):
            self._json(list(self._infos(json.loads(asked or b"{}").get("paths", []))))
        elif path.startswith(resolve):
            self._file(path.removeprefix(resolve).partition("/")[2])
        else:
            self._send(404, b"{}", X_Error_Code="RepoNotFound")

    do_HEAD = do_POST = do_GET

    def _tell_of_revision(self, revision: str) -> None:
        commit = self.server.revisions.get(revision)
        if commit is None:
            self._send(404, b"{}", X_Error_Code="RevisionNotFound")
            return
        siblings = [{"rfilename": each} for each in self.server.files]
        self._json({"id": REPO, "sha": commit, "siblings": siblings, "tags": []})

    def _below(self, inside: str) -> list[str]:
        return [each for each in self.server.files if each.startswith(inside)]

    def _listed(self, folder: str) -> Iterator[dict[str, Any]]:
        start = f"{folder.strip('/')}/".removeprefix("/")
        folders: dict[str, None] = {}
        for path in self._below(start):
            inside, more, _ = path.removeprefix(start).partition("/")
            if more:
                folders[f"{start}{inside}"] = None
            else:
                yield self._entry(path)
        for each in folders:
            yield {"type": "directory", "path": each, "size": 0, "oid": COMMIT}

    def _entry(self, path: str) -> dict[str, Any]:
        content = self.server.files[path]
        oid = hashlib.sha1(content).hexdigest()
        return {"type": "file", "path": path, "size": len(content), "oid": oid}

    def _infos(self, paths: list[str]) -> Iterator[dict[str, Any]]:
        for path in paths:
            if path in self.server.files:
                yield self._entry(path)
            elif self._below(f"{path.rstrip('/')}/"):
                yield {"type": "directory", "path": path, "size": 0, "oid": COMMIT}

    def _file(self, path: str) -> None:
        content = self.server.files.get(path)
        if content is None:
            self._send(404, b"{}", X_Error_Code="EntryNotFound")
            return
        tag = f'"{hashlib.sha1(content).hexdigest()}"'
        known = {"ETag": tag, "X_Repo_Commit": COMMIT, "Accept_Ranges": "bytes"}
        wanted = self.headers.get("Range")
        if wanted is None:
            self._send(200, content, **known)
            return
        first, _, last = wanted.removeprefix("bytes=").partition("-")
        end = min(int(last or len(content)), len(content) - 1)
        part = content[int(first) : end + 1]
        self._send(206, part, Content_Range=f"bytes {first}-{end}/{len(content)}", **known)

    def _json(self, value: Any) -> None:
        self._send(200, json.dumps(value).encode(), Content_Type="application/json")

    def _send(self, status: int, content: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def hub(files: Mapping[str, bytes]) -> Iterator[_Hub]:
    """Serve the files of `REPO`; ``main`` and the tag ``v1`` are `COMMIT`."""
    server = _Hub(files, {"main": COMMIT, "v1": COMMIT, COMMIT: COMMIT})
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
