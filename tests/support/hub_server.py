"""A hub on this machine: the part of the protocol that a download needs, with faults to order.

Files come from another host than the one that is asked, as on the real hub, so that it shows where
a token goes.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

COMMIT = "c" * 40
_BLOCK = 1 << 20
_RESOLVE = re.compile(r"/(?P<repository>[^/]+/[^/]+)/resolve/(?P<revision>[^/]+)/(?P<name>.+)")
_MODEL = re.compile(r"/api/models/(?P<repository>[^/]+/[^/]+)/revision/(?P<revision>[^/]+)")
_TREE = re.compile(r"/api/models/(?P<repository>[^/]+/[^/]+)/tree/(?P<revision>[^/]+)")
_CDN = re.compile(r"/cdn/(?P<repository>[^/]+/[^/]+)/(?P<name>.+)")
_RANGE = re.compile(r"bytes=(\d+)-")


@dataclass
class Request:
    """What the hub was asked."""

    method: str
    path: str
    headers: dict[str, str]


@dataclass
class Hub:
    """Serves `files` by repository and name until it is closed, and does what is ordered.

    `status` answers every question with that number; `digests` and `sizes` are said of a file in
    place of the true ones; `cut_at` breaks the connection at that byte of a file, each once; at
    `stall_at` nothing more comes until `resumed` is set.
    """

    files: dict[tuple[str, str], bytes]
    status: int | None = None
    digests: dict[str, str] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    cut_at: list[int] = field(default_factory=list)
    stall_at: int | None = None
    token: str = ""
    resumed: threading.Event = field(default_factory=threading.Event)
    stalled: threading.Event = field(default_factory=threading.Event)
    requests: list[Request] = field(default_factory=list)

    def __enter__(self) -> Hub:
        hub = self

        class Handler(_Handler):
            pass

        Handler.hub = hub
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.resumed.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def asked(self, method: str, begins: str) -> list[Request]:
        """The requests of this kind so far."""
        return [
            request
            for request in self.requests
            if request.method == method and request.path.startswith(begins)
        ]


class _Handler(BaseHTTPRequestHandler):
    hub: Hub
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def log_message(self, *_: object) -> None:
        pass

    def _answer(self) -> None:
        hub, path = self.hub, urlsplit(self.path).path
        hub.requests.append(
            Request(self.command, path, {k.lower(): v for k, v in self.headers.items()})
        )
        if hub.status is not None:
            self._send(hub.status, {}, b'{"error": "as ordered"}')
            return
        is_cdn = path.startswith("/cdn/")
        if hub.token and not is_cdn and self.headers.get("Authorization") != f"Bearer {hub.token}":
            self._send(401, {"X-Error-Message": "Invalid username or password."}, b"")
            return
        routes: list[tuple[re.Pattern[str], Callable[[dict[str, str]], None]]] = [
            (_CDN, self._file),
            (_RESOLVE, self._resolve),
            (_MODEL, self._model),
            (_TREE, self._tree),
        ]
        for pattern, answer in routes:
            if found := pattern.fullmatch(path):
                answer(found.groupdict())
                return
        self._send(404, {}, b"")

    def _resolve(self, asked: dict[str, str]) -> None:
        repository, name = asked["repository"], asked["name"]
        content = self.hub.files.get((repository, name))
        if content is None:
            known = any(repository == there for there, _ in self.hub.files)
            self._send(404, {"X-Error-Code": "EntryNotFound" if known else "RepoNotFound"}, b"")
            return
        headers = {
            "X-Repo-Commit": COMMIT,
            "X-Linked-Etag": f'"{self._digest(name, content)}"',
            "X-Linked-Size": str(self.hub.sizes.get(name, len(content))),
            "ETag": '"of-the-redirect"',
            "Location": f"http://localhost:{self.hub.port}/cdn/{repository}/{name}",
        }
        self._send(302, headers, b"")

    def _model(self, asked: dict[str, str]) -> None:
        repository = asked["repository"]
        siblings: list[dict[str, Any]] = []
        for (there, name), content in self.hub.files.items():
            if there != repository:
                continue
            file: dict[str, Any] = {"rfilename": name, "size": len(content)}
            file["blobId"] = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
            if name.endswith(".safetensors"):
                sha256 = self._digest(name, content)
                file["lfs"] = {"sha256": sha256, "size": len(content), "pointerSize": 135}
            siblings.append(file)
        if not siblings:
            self._send(404, {"X-Error-Code": "RepoNotFound"}, b"")
            return
        body = {"id": repository, "sha": COMMIT, "siblings": siblings}
        self._send(200, {"Content-Type": "application/json"}, json.dumps(body).encode())

    def _tree(self, asked: dict[str, str]) -> None:
        files: list[dict[str, Any]] = []
        for (there, name), content in self.hub.files.items():
            if there == asked["repository"]:
                oid = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
                files.append({"type": "file", "path": name, "size": len(content), "oid": oid})
        self._send(200, {"Content-Type": "application/json"}, json.dumps(files).encode())

    def _file(self, asked: dict[str, str]) -> None:
        content = self.hub.files[asked["repository"], asked["name"]]
        given = _RANGE.fullmatch(self.headers.get("Range", ""))
        start = int(given[1]) if given else 0
        headers = {}
        if given:
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        self._begin(206 if given else 200, headers, len(content) - start)
        if self.command == "HEAD":
            return
        ends = [at for at in self.hub.cut_at if at >= start]
        end = min(ends, default=len(content))
        while start < end:
            block = content[start : min(start + _BLOCK, end)]
            if self.hub.stall_at is not None and start + len(block) > self.hub.stall_at:
                self.hub.stalled.set()
                self.hub.resumed.wait()
                self.hub.stall_at = None
            try:
                self.wfile.write(block)
            except OSError:
                return
            start += len(block)
        if ends:
            self.hub.cut_at.remove(end)
            self.close_connection = True
            self.connection.close()

    def _digest(self, name: str, content: bytes) -> str:
        return self.hub.digests.get(name) or hashlib.sha256(content).hexdigest()

    def _send(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self._begin(status, headers, len(body))
        if self.command != "HEAD":
            self.wfile.write(body)

    def _begin(self, status: int, headers: dict[str, str], n_bytes: int) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(n_bytes))
        self.end_headers()
