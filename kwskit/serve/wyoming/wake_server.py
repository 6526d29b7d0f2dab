"""Wake words, served."""

import asyncio
import signal
from collections.abc import Sequence
from contextlib import suppress
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from wyoming.server import AsyncServer

from kwskit.serve.address import loopback, tell_exposure
from kwskit.serve.wyoming.peers import Network, Peers
from kwskit.serve.wyoming.wake_service import WakeService
from kwskit.spotting.spotter import Spotter


class WakeServer:
    """A wake-word service of the Wyoming protocol at an address.

    Parameters
    ----------
    uri : ``tcp://HOST:PORT`` or ``unix:///PATH``, the latter for programs of this machine and user
    announced : name to be found by with zeroconf; None is not to be found
    allowed : networks that may connect besides this machine; without any, private ones

    Raises
    ------
    ValueError
        When what is at the path is no socket, or an address of this machine alone is to be announced, or others are
        to be let in there.
    ImportError
        When it is to be announced, and zeroconf is not installed.
    """

    def __init__(self, uri: str, announced: str | None = None, allowed: Sequence[Network] = ()):
        self.uri, self._name, self.peers = uri, announced, Peers(allowed)
        parts = urlsplit(uri)
        self._host, self._port = parts.hostname or "", parts.port or 0
        self._server = AsyncServer.from_uri(uri)
        path = Path(parts.path)
        if parts.scheme == "unix" and path.exists() and not path.is_socket():
            raise ValueError(f"{path}: is there already, and is no socket")  # the server would put one in its place
        here = not self._host or loopback(self._host)
        if allowed and here:
            raise ValueError(f"{uri} is reached from this machine alone: --allow needs an address that others reach")
        if announced is None:
            return
        if here:
            raise ValueError(f"{uri} is reached from this machine alone: nobody else needs to find it by zeroconf")
        try:
            import zeroconf  # noqa: F401  # before the model is loaded
        except ModuleNotFoundError as error:
            raise ImportError(f"to be found, a service needs zeroconf: pip install zeroconf ({error})") from error

    def serve(self, spotter: Spotter) -> None:
        """Serve the keywords of ``spotter`` until it is interrupted or terminated.

        Raises
        ------
        OSError
            When the address cannot be listened at.
        """
        if self._host:
            insecure = "let it listen, and know the keywords"
            instead = "With --uri tcp://127.0.0.1:10400, only this machine can; --allow says who else."
            tell_exposure(self._host, self._port, insecure, instead, f"Anybody in {self.peers}")
        asyncio.run(self._serve(WakeService(spotter, peers=self.peers)))

    async def _serve(self, service: WakeService) -> None:
        ended = asyncio.Event()
        with suppress(NotImplementedError, RuntimeError):  # Windows has no such handlers, nor have other threads
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
        try:
            await self._server.start(service.connection)
            found = await self._announce()
            print(f"{self.uri} (Ctrl-C ends it)", flush=True)
            await ended.wait()
            del found
        finally:
            await self._server.stop()
            service.work.close()

    async def _announce(self) -> Any:
        """What announces the service for as long as it is kept."""
        if self._name is None:
            return None
        from wyoming.zeroconf import HomeAssistantZeroconf

        found = HomeAssistantZeroconf(self._port, self._name, _address(self._host))
        await found.register_server()
        return found


def _address(host: str) -> str | None:
    """``host`` where it is one address of IPv4, which can be announced; None has it looked up."""
    try:
        return None if IPv4Address(host).is_unspecified else host
    except ValueError:
        return None
