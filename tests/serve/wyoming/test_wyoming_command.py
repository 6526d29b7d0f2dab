"""kwskit wyoming: what it says, whom it lets in, and how it ends."""

import asyncio
import signal
import socket
import subprocess
import sys
import types

import pytest

pytest.importorskip("wyoming", reason="the extra wyoming is not installed")
from wyoming.client import AsyncClient
from wyoming.info import Describe

from kwskit.cli import main
from kwskit.serve.wyoming.wake_server import WakeServer
from kwskit.speech_model.packaged_models import SELF_CONTAINED


def described(uri):
    """Names of the models that a service tells."""

    async def visit():
        async with AsyncClient.from_uri(uri, read_timeout=20) as one:
            await one.write_event(Describe().event())
            return [model["name"] for model in (await one.read_event()).data["wake"][0]["models"]]

    return asyncio.run(visit())


def test_the_command_serves_typed_keywords_until_it_is_terminated(tmp_path):
    path = tmp_path / "wake words"
    (tmp_path / "keywords.txt").write_text("Hey Nova\njupiter\n", "utf-8")
    command = [sys.executable, "-m", "kwskit", "wyoming", "--uri", f"unix://{path}", "--model", SELF_CONTAINED]
    command += ["--keyword", "country", "--keywords-file", str(tmp_path / "keywords.txt"), "--threshold", "4"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes) as process:
        try:
            told = process.stdout.readline()
            names = described(f"unix://{path}")
        finally:
            process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=20)
    assert told == f"unix://{path} (Ctrl-C ends it)\n"
    assert names == ["country", "Hey Nova", "jupiter"]
    assert process.returncode == 0
    assert "country: K AH" in err
    assert "Traceback" not in err
    assert not path.exists()


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        ([], 2, "say what to listen for"),
        (["--keyword", "x", "--uri", "http://127.0.0.1:1"], 2, "an address is tcp://HOST:PORT or unix:///PATH"),
        (["--keyword", "x", "--uri", "tcp://127.0.0.1"], 2, "an address is"),
        (["--keyword", "x", "--uri", "tcp://127.0.0.1:99999"], 2, "an address is"),
        (["--keyword", "x", "--uri", "stdio://"], 2, "an address is"),
        (["--keyword", "x", "--uri", "unix://"], 2, "an address is"),
        (["--keyword", "x", "--allow", "192.168.1.7/24"], 2, "host bits set; an address is 192.168.1.7, a network"),
        (["--keyword", "x", "--allow", "kitchen.lan"], 2, "an address is 192.168.1.7, a network"),
        (["--keyword", "x", "--allow", "10.0.0.0/8"], 1, "--allow needs an address that others reach"),
        (["--keyword", "x", "--zeroconf"], 1, "is reached from this machine alone"),
        (["--keyword", "x", "--zeroconf", "--uri", "unix:///nowhere/socket"], 1, "is reached from this machine alone"),
    ],
)
def test_what_cannot_be_is_told(capsys, arguments, status, message):
    assert main(["wyoming", *arguments]) == status
    assert message in capsys.readouterr().err


def test_a_file_is_not_replaced_by_a_socket(tmp_path, capsys):
    (tmp_path / "notes").write_text("mine")
    assert main(["wyoming", "--keyword", "x", "--uri", f"unix://{tmp_path / 'notes'}"]) == 1
    assert "is there already, and is no socket" in capsys.readouterr().err
    assert (tmp_path / "notes").read_text() == "mine"


def test_an_address_in_use_is_told(wake_spotter):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        server = WakeServer(f"tcp://127.0.0.1:{taken.getsockname()[1]}")
        with pytest.raises(OSError, match="address already in use"):
            server.serve(wake_spotter)


def test_the_missing_package_is_named(monkeypatch, capsys):
    for name in [name for name in sys.modules if name.startswith("kwskit.serve.wyoming.")]:
        monkeypatch.delitem(sys.modules, name)
    for name in ("wyoming", "wyoming.server"):
        monkeypatch.setitem(sys.modules, name, None)
    assert main(["wyoming", "--keyword", "x"]) == 1
    assert "the Wyoming protocol needs its package: pip install 'kwskit[wyoming]'" in capsys.readouterr().err


class _Ended(Exception):
    pass


@pytest.mark.parametrize(("host", "address"), [("0.0.0.0", None), ("192.0.2.7", "192.0.2.7"), ("home.lan", None)])
def test_others_are_told_of_aloud_and_find_the_service(monkeypatch, wake_spotter, capsys, host, address):
    """With fakes of the package behind zeroconf, and of the socket: nothing is opened to the network."""
    announced = []

    class HomeAssistantZeroconf:
        def __init__(self, port, name, host):
            announced.append((port, name, host))

        async def register_server(self):
            raise _Ended

    async def nothing(*_):
        pass

    monkeypatch.setitem(sys.modules, "zeroconf", types.ModuleType("zeroconf"))
    fake = types.SimpleNamespace(HomeAssistantZeroconf=HomeAssistantZeroconf)
    monkeypatch.setitem(sys.modules, "wyoming.zeroconf", fake)
    server = WakeServer(f"tcp://{host}:10400", "kitchen")
    monkeypatch.setattr(server._server, "start", nothing)
    with pytest.raises(_Ended):
        server.serve(wake_spotter)
    assert announced == [(10400, "kitchen", address)]
    err = capsys.readouterr().err
    assert "Anybody in 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16" in err
    assert f"who can reach {host}:10400 can" in err
    assert "no password" in err


def test_zeroconf_that_is_not_installed_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "zeroconf", None)
    with pytest.raises(ImportError, match="pip install zeroconf"):
        WakeServer("tcp://0.0.0.0:10400", "kitchen")
