"""A stand-in for the Hugging Face Hub: the few addresses that fetching a repository uses."""

import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

COMMIT = "c0ffee" + "0" * 34


class HubServer(ThreadingHTTPServer):
    """Serves ``repositories``, files by path by ``owner/name``, at ``url``, and keeps what it was asked for."""

    daemon_threads = True

    def __init__(self, repositories: dict[str, dict[str, bytes]], gated: set[str], handler: type | None = None):
        super().__init__(("127.0.0.1", 0), handler or Handler)
        self.repositories, self.gated = repositories, gated
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.asked: list[str] = []
        self.tokens: set[str | None] = set()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def downloads(self) -> list[str]:
        """Paths of the files that were asked for since the last look."""
        found = {line.partition(f"/{COMMIT}/")[2] for line in self.asked if "/resolve/" in line}
        self.asked.clear()
        return sorted(found)


class Handler(BaseHTTPRequestHandler):
    server: HubServer

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        path = unquote(urlsplit(self.path).path)
        self.server.asked.append(f"{self.command} {path}")
        self.server.tokens.add(self.headers.get("Authorization"))
        parts = path.strip("/").split("/")
        if parts[:2] == ["api", "models"]:
            name, rest = "/".join(parts[2:4]), parts[4:]
        else:
            name, rest = "/".join(parts[:2]), parts[2:]
        files, self.commit_id = self.found(name, rest[1] if len(rest) > 1 else "main")
        if files is None:
            self.answer(404, b"", {"X-Error-Code": "RepoNotFound", "X-Error-Message": "Repository not found"})
        elif name in self.server.gated:
            self.answer(403, b"", {"X-Error-Code": "GatedRepo", "X-Error-Message": "Access is restricted"})
        elif self.commit_id is None:
            self.answer(404, b"", {"X-Error-Code": "RevisionNotFound", "X-Error-Message": "Invalid rev id"})
        elif parts[0] == "api":
            self.tell(name, rest, files)
        else:
            self.send_file(files, "/".join(rest[2:]))

    def found(self, name, revision):
        """Files of a repository, all of whose revisions are alike, and a commit; None where there is none."""
        return self.server.repositories.get(name), COMMIT if revision in ("main", "v1", COMMIT) else None

    def tell(self, name, rest, files):
        """What the repository is, or which files it has."""
        if rest[:1] == ["tree"]:
            entries = [
                {"type": "file", "path": path, "size": len(content), "oid": etag(content)}
                for path, content in files.items()
            ]
            facts = entries
        else:
            facts = {
                "id": name,
                "modelId": name,
                "sha": self.commit_id,
                "siblings": [{"rfilename": path} for path in files],
            }
        self.answer(200, json.dumps(facts).encode(), {"Content-Type": "application/json"})

    def send_file(self, files, path):
        if path not in files:
            self.answer(404, b"", {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": self.commit_id})
            return
        headers = {"ETag": f'"{etag(files[path])}"', "X-Repo-Commit": self.commit_id, "Accept-Ranges": "bytes"}
        self.answer(200, files[path], headers)

    def answer(self, status, content, headers):
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, *_):
        """Nothing."""


def etag(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
