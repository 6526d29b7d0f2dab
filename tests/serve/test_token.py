"""The token of a page that others than this machine can reach."""

import errno
import http.cookies
import io
import json
import os
import re

import pytest
import uvicorn
from websockets.exceptions import InvalidStatus

from kwskit.cli import main
from kwskit.serve.access_token import access_token
from kwskit.serve.page import Page
from tests.serve.page_requests import asked, refusal

sync = pytest.importorskip("websockets.sync.client", reason="the extra serve is not installed")
TOKEN = "a-token_of-16-and-more"


@pytest.fixture(scope="module")
def locked(serving, spotter):
    """A page that wants a token."""
    return serving(Page(spotter, token=TOKEN))


def cookie(port, token=TOKEN):
    return f"kwskit-{port}={token}"


PATHS = [
    ("GET", "/"),
    ("GET", "/static/page.js"),
    ("GET", "/api/about"),
    ("GET", "/nowhere"),
    ("POST", "/api/keyword"),
    ("POST", f"/api/spot?token={TOKEN}"),
    ("POST", f"/?token={TOKEN}"),
    ("GET", f"/api/about?token={TOKEN}"),
    ("GET", f"//evil.example/?token={TOKEN}"),
    ("OPTIONS", "/"),
]


@pytest.mark.parametrize(("method", "path"), PATHS)
def test_nothing_is_told_without_the_token(locked, method, path):
    status, headers, body = asked(locked, method, path)
    assert status == 401
    assert headers["www-authenticate"] == "Bearer"
    assert b"Open it once by the address that kwskit serve printed" in body
    assert "set-cookie" not in headers
    assert TOKEN.encode() not in body
    assert headers["content-security-policy"]


@pytest.mark.parametrize("wrong", ["", "x", TOKEN[:-1], f"{TOKEN}x", TOKEN.upper(), "\u00e9"])
def test_another_token_is_told_to_be_wrong(locked, wrong):
    status, reason = refusal(locked, "GET", "/api/about", Cookie=cookie(locked, wrong).encode("latin-1"))
    assert (status, "not the token of this page" in reason) == (403, True)
    assert refusal(locked, "GET", "/api/about", Authorization=f"Bearer {wrong}".encode("latin-1"))[0] == 403
    status, headers, _ = asked(locked, "GET", f"/?token={wrong.encode('latin-1').hex()}")
    assert (status, headers["set-cookie"]) == (403, None)


def test_the_address_with_the_token_gives_a_browser_what_it_needs_from_then_on(locked):
    status, headers, body = asked(locked, "GET", f"/?token={TOKEN}", Sec_Fetch_Site="cross-site")
    assert (status, headers["refresh"], headers["cache-control"]) == (200, "0;url=/", "no-store")
    assert TOKEN.encode() not in body
    (kept,) = http.cookies.SimpleCookie(headers["set-cookie"]).values()
    assert (kept["httponly"], kept["samesite"], kept["path"]) == (True, "strict", "/")
    sent = f"{kept.key}={kept.value}"
    assert sent == cookie(locked)
    assert b"<title>kwskit</title>" in asked(locked, "GET", "/", Cookie=sent)[2]
    assert asked(locked, "GET", "/static/page.js", Cookie=sent)[0] == 200
    typed = json.dumps({"text": "rocket", "fa_per_hour": 1})
    assert asked(locked, "POST", "/api/keyword", typed, Cookie=sent)[0] == 200
    assert asked(locked, "POST", "/api/keyword", typed, Authorization=f"Bearer {TOKEN}")[0] == 200
    for origin in (None, "http://evil.example", "http://["):  # another site's page, for which the browser sent it
        assert refusal(locked, "POST", "/api/keyword", typed, Cookie=sent, Origin=origin)[0] == 403
    assert refusal(locked, "GET", "/", Host="rebound.example", Cookie=sent)[0] == 403


def test_a_microphone_needs_it_too(locked):
    address = f"ws://127.0.0.1:{locked}/api/listen?keyword=rocket&token={TOKEN}"
    given = {"origin": f"http://127.0.0.1:{locked}", "proxy": None}
    for headers in ({}, {"Cookie": cookie(locked, "x")}, {"Cookie": f"kwskit-1={TOKEN}"}):
        with pytest.raises(InvalidStatus, match="403"), sync.connect(address, additional_headers=headers, **given):
            pass
    with sync.connect(address, additional_headers={"Cookie": cookie(locked)}, **given) as microphone:
        microphone.send("end")
        assert "seconds" in json.loads(microphone.recv(10))


def test_a_token_is_wanted_where_others_listen(monkeypatch, tmp_path):
    monkeypatch.delenv("KWSKIT_TOKEN", raising=False)
    assert [access_token(host) for host in ("127.0.0.1", "::1", "localhost")] == [None] * 3
    made = [access_token(host) for host in ("0.0.0.0", "::", "192.168.1.7", "kitchen.lan") * 2]
    assert len({one.secret for one in made}) == 8
    assert all(re.fullmatch("[A-Za-z0-9_-]{43}", one.secret) and not one.kept for one in made)
    assert made[0].secret not in repr(made[0])

    file = tmp_path / "token"
    kept = access_token("127.0.0.1", file)
    assert kept == access_token("0.0.0.0", file)
    assert (kept.kept, file.read_text()) == (str(file), f"{kept.secret}\n")
    assert os.name == "nt" or file.stat().st_mode & 0o777 == 0o600

    monkeypatch.setenv("KWSKIT_TOKEN", TOKEN)
    assert (access_token("127.0.0.1").secret, access_token("0.0.0.0").kept) == (TOKEN, "KWSKIT_TOKEN")
    assert access_token("0.0.0.0", file) == kept


@pytest.mark.parametrize("wrong", ["short", "a token of 16 and more", "ü" * 20, "", "x" * 201])
def test_what_can_be_no_token_is_told(monkeypatch, tmp_path, wrong):
    (tmp_path / "token").write_text(wrong, "utf-8")
    with pytest.raises(ValueError, match="a token has 16 or more of letters, digits, - and _"):
        access_token("127.0.0.1", tmp_path / "token")
    if wrong:
        monkeypatch.setenv("KWSKIT_TOKEN", wrong)
        with pytest.raises(ValueError, match="KWSKIT_TOKEN: a token has"):
            access_token("127.0.0.1")


class FullDisk(io.StringIO):
    def write(self, text):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_token_that_cannot_be_kept_is_no_token(monkeypatch, tmp_path):
    path = tmp_path / "token"
    monkeypatch.setattr(os, "fdopen", lambda made, mode: os.close(made) or FullDisk())
    with pytest.raises(OSError, match=r"No space left on device: '.*token'"):
        access_token("127.0.0.1", path)
    assert not path.exists()


@pytest.mark.parametrize(
    ("arguments", "variable", "address", "told"),
    [
        ([], "", r"http://127.0.0.1:\d+/ ", ""),
        ([], TOKEN, r"http://127.0.0.1:\d+/ ", "the token of KWSKIT_TOKEN"),
        (["--host", "0.0.0.0"], "", r"http://0.0.0.0:\d+/\?token=[\w-]{43} ", "Whoever has the token"),
        (["--host", "0.0.0.0"], TOKEN, r"http://0.0.0.0:\d+/ ", "the token of KWSKIT_TOKEN"),
        (
            ["--host", "0.0.0.0", "--no-token"],
            TOKEN,
            r"http://0.0.0.0:\d+/ ",
            "there is no password. Without --no-token",
        ),
    ],
)
def test_the_command_says_how_to_get_in(monkeypatch, capsys, tiny_model, arguments, variable, address, told):
    monkeypatch.setenv("KWSKIT_TOKEN", variable)
    monkeypatch.setattr(uvicorn.Server, "run", lambda self, sockets: None)
    assert main(["serve", "--port", "0", "--model", str(tiny_model), *arguments]) == 0
    out, err = capsys.readouterr()
    assert re.match(address, out)
    assert told in err
    assert TOKEN not in out + err


def test_a_token_and_a_frame_do_not_go_together(monkeypatch, capsys, tmp_path):
    monkeypatch.delenv("KWSKIT_TOKEN", raising=False)
    assert main(["serve", "--host", "0.0.0.0", "--frame", "https://example.org"]) == 1
    assert "browsers keep the token from a page within another site's" in capsys.readouterr().err
    assert main(["serve", "--no-token", "--token-file", str(tmp_path / "token")]) == 2
