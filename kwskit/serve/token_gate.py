"""Lets in those who know the page's token."""

import re
import secrets

from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from kwskit.serve.refusal import Refusal

MONTH = 30 * 24 * 3600  # s that a browser keeps it
ENTERED = '<!doctype html><title>kwskit</title><p><a href="/">The page</a>'


class TokenGate:
    """Passes on what comes with the token: in a cookie, or as ``Authorization: Bearer TOKEN`` for programs.

    ``/?token=TOKEN`` gives a browser the cookie, which no script sees and no other site's page sends, and has it go to
    the address without the token. That is said by ``Refresh``, not by a redirect: on a link of another site, browsers
    would take the redirect for that site's request, and leave the cookie out.

    Parameters
    ----------
    app : what is behind it
    secret : the token, ASCII
    """

    def __init__(self, app: ASGIApp, secret: str):
        self.app, self._secret = app, secret.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        asked = HTTPConnection(scope)
        entering = scope["type"] == "http" and scope["method"] == "GET" and scope["path"] == "/"
        given = asked.query_params.get("token") if entering else None
        shown = _shown(asked) if given is None else given
        if shown is None or not self._right(shown):
            await _refuse(scope, receive, send, wrong=shown is not None)
        elif given is not None:
            await _entered(asked, given)(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    def _right(self, shown: str) -> bool:
        return secrets.compare_digest(shown.encode("utf-8", "replace"), self._secret)


async def _refuse(scope: Scope, receive: Receive, send: Send, wrong: bool) -> None:
    told = "This page needs a token. Open it once by the address that kwskit serve printed, which ends in ?token=…"
    refusal = Refusal(401, told)
    if wrong:
        refusal = Refusal(403, "This is not the token of this page, or not any more: kwskit serve says which it is.")
    if scope["type"] == "websocket":
        await receive()  # its handshake
        await send({"type": "websocket.close", "code": 1008, "reason": str(refusal)})
        return
    headers = {} if wrong else {"www-authenticate": "Bearer"}
    reply: Response = JSONResponse({"error": str(refusal)}, refusal.status, headers)
    if scope["path"] == "/":  # a person reads it
        reply = PlainTextResponse(str(refusal), refusal.status, headers)
    await reply(scope, receive, send)


def _entered(asked: HTTPConnection, given: str) -> Response:
    response = HTMLResponse(ENTERED, headers={"refresh": "0;url=/"})
    response.set_cookie(_cookie(asked), given, MONTH, path="/", httponly=True, samesite="strict")
    return response


def _shown(asked: HTTPConnection) -> str | None:
    kind, _, bearer = asked.headers.get("authorization", "").partition(" ")
    return bearer.strip() if kind.lower() == "bearer" else asked.cookies.get(_cookie(asked))


def _cookie(asked: HTTPConnection) -> str:
    """Its name; browsers send cookies to all ports of a host, where other pages may want another token."""
    port = re.search(r":(\d{1,5})$", asked.headers.get("host", ""))
    return f"kwskit-{port[1] if port else 'token'}"
