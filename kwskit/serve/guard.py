"""Who may talk to the page's server, and what a browser may do with its answers."""

import ipaddress
from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "media-src 'self' blob:; connect-src 'self'; base-uri 'none'; form-action 'none'"
)
HEADERS = {
    "content-security-policy": f"{POLICY}; frame-ancestors 'none'",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "microphone=(self)",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


class Guard:
    """Lets through what comes from the page itself, and gives every answer the headers of a strict page.

    A name that somebody else controls may be made to point at this machine (DNS rebinding), so the ``Host`` of a
    request must be a number, ``localhost`` or one of ``names``. What changes or costs something (``POST``, websockets)
    must come from the page: its ``Origin`` must be there and be the host itself, or a proxy's.

    Parameters
    ----------
    app : what is guarded
    names : further host names, in any case
    proxies : ``HOST`` or ``HOST:PORT``, in lower case, by which browsers reach a proxy in front of the server
    frames : origins, such as ``https://example.org``, whose pages may show this one within theirs
    """

    def __init__(
        self, app: ASGIApp, names: Collection[str] = (), proxies: Collection[str] = (), frames: Collection[str] = ()
    ):
        self.app, self.proxies = app, frozenset(proxies)
        self.names = {
            "localhost",
            *(name.lower() for name in names),
            *(urlsplit(f"//{one}").hostname for one in proxies),
        }
        ancestors = " ".join(frames) or "'none'"
        self.headers = HEADERS | {"content-security-policy": f"{POLICY}; frame-ancestors {ancestors}"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        refusal = self._refused(scope)
        if refusal and scope["type"] == "websocket":
            await receive()  # its handshake
            await send({"type": "websocket.close", "code": 1008, "reason": refusal})
            return

        async def send_strictly(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self.headers.items():
                    headers[name] = value
                headers.setdefault("cache-control", "no-store")
            await send(message)

        await (JSONResponse({"error": refusal}, 403) if refusal else self.app)(scope, receive, send_strictly)

    def _refused(self, scope: Scope) -> str | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if not self._known(host):
            return "This server is not known by that name. Open it by the address that it printed."
        if scope["type"] == "http" and scope["method"] in ("GET", "HEAD"):
            return None
        if _netloc(headers.get("origin", "")) not in {host.lower(), *self.proxies}:
            return "Only this server's own page may ask that."
        return None

    def _known(self, host: str) -> bool:
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        if name in self.names:
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True


def _netloc(origin: str) -> str:
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:  # such as http://[
        return ""
