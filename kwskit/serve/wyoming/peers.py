"""Who may connect to a service whose protocol has no password."""

import logging
from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

logger = logging.getLogger(__name__)

Network = IPv4Network | IPv6Network
HERE = tuple(map(ip_network, ("127.0.0.0/8", "::1/128")))
# What no router of the internet passes on: networks of RFC 1918 and RFC 4193, and link-local addresses.
PRIVATE = "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "fc00::/7", "fe80::/10"
REMEMBERED = 1000  # addresses that were refused, each told of once


class Peers:
    """Lets in this machine, and others by the networks of their addresses.

    Parameters
    ----------
    networks : that are let in besides this machine; without any, private networks, which is what a home has
    """

    def __init__(self, networks: Sequence[Network] = ()):
        self.networks = (*HERE, *(networks or map(ip_network, PRIVATE)))
        self._told: set[str] = set()

    def let_in(self, peer: Any) -> bool:
        """Whether the other end of a connection is let in; says so once, where it is not.

        Parameters
        ----------
        peer : its name as a socket has it: (host, port, …), or a text for one of this machine's own kind
        """
        if not isinstance(peer, tuple):
            return True
        address = ip_address(peer[0])
        if isinstance(address, IPv6Address) and address.ipv4_mapped:  # a socket of both kinds has them so
            address = address.ipv4_mapped
        if any(address in network for network in self.networks):
            return True
        if str(address) not in self._told and len(self._told) < REMEMBERED:
            self._told.add(str(address))
            logger.warning("%s: not let in; --allow %s would let it in", address, address)
        return False

    def __str__(self) -> str:
        return ", ".join(str(network) for network in self.networks if network not in HERE)
