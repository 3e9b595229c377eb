"""A hub of one's own: the requests with which `huggingface_hub` fetches the files of a folder."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@contextmanager
def serve(
    repo: str, folder: Path, lost: Collection[str] = (), kind: str = "datasets"
) -> Iterator[tuple[str, list[str]]]:
    """The files of `folder` as the data set `repo`: the address, and the paths asked for so far.

    Those in `lost` are listed, and cannot be had. `kind`: "models" of one of those.
    """
    files_of = f"/{repo}" if kind == "models" else f"/{kind}/{repo}"
    asked: list[str] = []

    class Hub(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.do_GET()

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            asked.append(path)
            names = sorted(
                p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()
            )
            sizes = {name: (folder / name).stat().st_size for name in names}
            if re.fullmatch(rf"/api/{kind}/{repo}(/revision/(main|{COMMIT}))?", path):
                siblings = [{"rfilename": name, "size": sizes[name]} for name in names]
                self._answer({"id": repo, "sha": COMMIT, "siblings": siblings})
            elif path.startswith(f"/api/{kind}/{repo}/tree/{COMMIT}"):
                files = [
                    {"type": "file", "path": name, "size": sizes[name], "oid": self._oid(name)}
                    for name in names
                ]
                self._answer(files)
            elif path.startswith(f"{files_of}/resolve/{COMMIT}/"):
                name = path.removeprefix(f"{files_of}/resolve/{COMMIT}/")
                if name in lost:
                    self._refuse("EntryNotFound")
                else:
                    self._answer((folder / name).read_bytes(), self._oid(name))
            else:
                self._refuse("RepoNotFound")

        def _refuse(self, reason: str) -> None:
            self.send_response(404)
            self.send_header("X-Error-Code", reason)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def _oid(self, name: str) -> str:
            return hashlib.sha1((folder / name).read_bytes()).hexdigest()

        def _answer(self, content: object, tag: str = "") -> None:
            body = content if isinstance(content, bytes) else json.dumps(content).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("X-Repo-Commit", COMMIT)
            if tag:
                self.send_header("ETag", f'"{tag}"')
            else:
                self.send_header("Content-Type", "application/json")
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
