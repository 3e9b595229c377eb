"""A hub of one's own: the requests with which `huggingface_hub` pushes a folder."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

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


@contextmanager
def serve() -> Iterator[Hub]:
    """Answers those who know the token; every file is a regular one, none is kept elsewhere."""
    hub = Hub()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
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

        def _answer(self, content: object, status: int = 200) -> None:
            body = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
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
