"""A server of files that behaves like the worst of them, and archives to serve."""

import hashlib
import re
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

DATA = bytes(range(256)) * 8192  # 2 MiB


class Server(ThreadingHTTPServer):
    """Serves ``files``; may drop connections after some bytes, know no ranges, and name no lengths."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {}
        self.drops: list[int] = []  # bytes after which the next connections end
        self.errors: list[int] = []  # what the next connections get instead
        self.ranges, self.lengths, self.tag = True, True, '"1"'
        self.asked: list[tuple[str, str | None]] = []

    def handle_error(self, request, client_address):
        """A client that goes away is no error here."""

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/{name}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self):
        server, wanted = self.server, self.headers["Range"]
        server.asked.append((self.path[1:], wanted))
        data = server.files.get(self.path[1:])
        if server.errors or data is None:
            return self.send_error(server.errors.pop(0) if server.errors else 404)
        start = 0
        if wanted and server.ranges and self.headers["If-Range"] in (None, server.tag):
            start = int(re.fullmatch(r"bytes=(\d+)-", wanted)[1])
        if start >= len(data) > 0:
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(data)}")
            return self.end_headers()
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        if server.tag:
            self.send_header("ETag", server.tag)
        if server.lengths:
            self.send_header("Content-Length", str(len(data) - start))
        self.end_headers()
        end = start + server.drops.pop(0) if server.drops else len(data)
        self.wfile.write(data[start:end])
        return None

    def log_message(self, *_):
        pass


def sha256(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def left(folder) -> list[str]:
    return sorted(path.name for path in folder.iterdir())
