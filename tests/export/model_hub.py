"""A hub of one's own: the requests with which `huggingface_hub` pushes a folder or fetches one."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType

COMMIT = "0123456789abcdef0123456789abcdef01234567"
TOKEN = "hf_0123456789abcdefghij"


@dataclass
class Hub:
    """What was pushed: repositories that were made, files by name, and messages of commits."""

    url: str = ""
    made: list[dict] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)
    refuse: int = 0  # a status with which commits are answered
    revisions: tuple[str, ...] = ("main", COMMIT)
    fetches: bool = False  # whether anybody may read
    fetched: list[str] = field(default_factory=list)


@contextmanager
def serve() -> Iterator[Hub]:
    """Answers those who know the token; every file is a regular one, none is kept elsewhere."""
    hub = Hub()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self._resolve()

        def _resolve(self) -> None:
            """A file of a revision: /owner/name/resolve/revision/path."""
            _, owner, name, _, _revision, *rest = self.path.split("?")[0].split("/")
            path = "/".join(rest)
            if f"{owner}/{name}" != "marianne/birds" or path not in hub.files:
                self._answer({"error": "none"}, 404, {"X-Error-Code": "EntryNotFound"})
                return
            body = hub.files[path]
            headers = {"ETag": f'"{hashlib.sha1(body).hexdigest()}"', "X-Repo-Commit": COMMIT}
            if self.command == "GET":
                hub.fetched.append(path)
            self._send(body, 200, headers)

        def do_GET(self) -> None:
            if "/resolve/" in self.path:
                self._resolve()
                return
            path = self.path.split("?")[0]
            if path.startswith("/api/models/") and hub.fetches:
                _, _, _, owner, name, *rest = path.split("/")
                if f"{owner}/{name}" != "marianne/birds":
                    self._answer({"error": "none"}, 404, {"X-Error-Code": "RepoNotFound"})
                elif len(rest) > 1 and rest[1] not in hub.revisions:
                    self._answer({"error": "none"}, 404, {"X-Error-Code": "RevisionNotFound"})
                elif "tree" in rest:
                    self._answer(
                        [
                            {"type": "file", "path": n, "size": len(b), "oid": "0"}
                            for n, b in hub.files.items()
                        ]
                    )
                else:
                    names = [{"rfilename": name} for name in hub.files]
                    self._answer({"id": "marianne/birds", "sha": COMMIT, "siblings": names})
                return
            listed = [{"type": "file", "path": name, "size": 1, "oid": "0"} for name in hub.files]
            if self._knows():
                self._answer(listed if "/tree/" in self.path else {"id": "marianne/birds"})

        def do_POST(self) -> None:
            body = self._body()
            if not self._knows():
                return
            if self.path == "/api/repos/create":
                hub.made.append(json.loads(body))
                content = hub.made[-1]
                name = f"{content.get('organization') or 'me'}/{content['name']}"
                self._answer({"url": f"{hub.url}/{name}", "name": name})
            elif "/preupload/" in self.path:
                names = [item["path"] for item in json.loads(body)["files"]]
                found = [{"path": n, "uploadMode": "regular", "shouldIgnore": False} for n in names]
                self._answer({"files": found})
            elif "/commit/" in self.path and hub.refuse:
                self._answer({"error": "refused"}, hub.refuse)
            elif "/commit/" in self.path:
                for line in body.decode().splitlines():
                    self._record(json.loads(line))
                name = "/".join(self.path.split("/")[3:5])
                url = f"{hub.url}/{name}/commit/{COMMIT}"
                self._answer({"commitUrl": url, "commitOid": COMMIT, "success": True})
            else:
                self._answer({"errors": [], "warnings": []})

        def _knows(self) -> bool:
            known = self.headers.get("Authorization") == f"Bearer {TOKEN}"
            if not known:
                self._answer({"error": "no"}, 401)
            return known

        def _record(self, line: dict) -> None:
            value = line["value"]
            if line["key"] == "header":
                hub.messages.append(value["summary"])
            elif line["key"] == "file":
                hub.files[value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "deletedFile":
                del hub.files[value["path"]]

        def _body(self) -> bytes:
            if self.headers.get("Transfer-Encoding") != "chunked":
                return self.rfile.read(int(self.headers.get("Content-Length") or 0))
            parts = []
            while size := int(self.rfile.readline(), 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)

        def _answer(
            self,
            content: object,
            status: int = 200,
            headers: Mapping[str, str] = MappingProxyType({}),
        ) -> None:
            body = json.dumps(content).encode()
            self._send(body, status, {"Content-Type": "application/json", **headers})

        def _send(self, body: bytes, status: int, headers: Mapping[str, str]) -> None:
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
