"""Satellites that are sent away: by their address, or for what they send; none keeps a socket."""

import asyncio
import types
from ipaddress import ip_network

import pytest

from kwskit.serve.wyoming.peers import Peers
from kwskit.serve.wyoming.wake_service import WakeService
from tests.serve.wyoming.conftest import SMALL

pytestmark = pytest.mark.usefixtures("others")


class Unread:
    """The service's end of a connection whose other end takes nothing."""

    def __init__(self, peer=None):
        self.peer, self.aborted, self.sent = peer, [], []
        self.transport = types.SimpleNamespace(abort=lambda: self.aborted.append(True))

    def get_extra_info(self, name):
        return self.peer if name == "peername" else None

    def write(self, data):
        self.sent.append(data)

    writelines = write

    def close(self):
        pass

    async def drain(self):
        pass

    async def wait_closed(self):
        await asyncio.sleep(60)


async def visited(service, sent, writer):
    """What a connection does with what is sent."""
    reader = asyncio.StreamReader()
    reader.feed_data(sent)
    await service.connection(reader, writer).run()
    return writer


def test_one_that_does_not_read_why_it_is_sent_away_keeps_no_socket(strict_service):
    writer = asyncio.run(visited(strict_service, b"nonsense\n", Unread()))
    assert writer.sent
    assert writer.aborted


@pytest.mark.parametrize(
    ("allowed", "peer", "let_in"),
    [
        ([], ("127.0.0.1", 1), True),
        ([], ("192.168.1.7", 1), True),
        ([], ("10.200.0.1", 1), True),
        ([], ("::1", 1, 0, 0), True),
        ([], ("fd12::7", 1, 0, 0), True),
        ([], ("fe80::1%eth0", 1, 0, 2), True),
        ([], ("::ffff:172.17.0.1", 1, 0, 0), True),
        ([], "", True),  # a socket of this machine
        ([], ("8.8.8.8", 1), False),
        ([], ("100.64.0.1", 1), False),
        ([], ("::ffff:8.8.8.8", 1, 0, 0), False),
        ([], ("2001:db8::1", 1, 0, 0), False),
        (["8.8.8.0/24"], ("8.8.8.8", 1), True),
        (["8.8.8.0/24"], ("127.0.0.1", 1), True),
        (["8.8.8.0/24"], ("192.168.1.7", 1), False),
        (["192.168.1.7"], ("192.168.1.7", 1), True),
        (["192.168.1.7"], ("192.168.1.8", 1), False),
        (["2001:db8::/32"], ("2001:db8::1", 1, 0, 0), True),
    ],
)
def test_others_are_let_in_by_their_address(wake_spotter, allowed, peer, let_in, caplog):
    service = WakeService(wake_spotter, SMALL, Peers(list(map(ip_network, allowed))))
    writers = [asyncio.run(visited(service, b"nonsense\n", Unread(peer))) for _ in range(2)]
    assert [bool(one.sent) for one in writers] == [let_in] * 2
    assert all(one.aborted for one in writers)
    assert sum("not let in; --allow" in one for one in caplog.messages) == (not let_in)
