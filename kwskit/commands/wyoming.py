"""``kwskit wyoming``."""

import argparse
from ipaddress import IPv4Network, IPv6Network, ip_network
from urllib.parse import urlsplit

from kwskit.commands.spot import add_keywords, spotter_for, wanted_keywords
from kwskit.commands.usage import listen_on_one_thread
from kwskit.extras import missing_extra

HELP = "serve typed wake words to Home Assistant and its satellites, by the Wyoming protocol"
HERE = "tcp://127.0.0.1:10400"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Tell ``parser`` what the command takes."""
    text = f"address to listen at: tcp://HOST:PORT or unix:///PATH (default {HERE}, which only this machine reaches)"
    parser.add_argument("--uri", type=_address, default=HERE, help=text)
    text = "let Home Assistant find the service, under NAME (default kwskit); needs pip install zeroconf"
    parser.add_argument("--zeroconf", nargs="?", const="kwskit", metavar="NAME", help=text)
    text = "address or network, such as 192.168.1.0/24, that may connect besides this machine where others reach it "
    text += "(repeatable; default: private networks)"
    parser.add_argument("--allow", type=_network, action="append", default=[], metavar="NETWORK", help=text)
    add_keywords(parser)


def run(options: argparse.Namespace) -> None:
    """Run it."""
    listen_on_one_thread()
    wanted = wanted_keywords(options)
    try:
        from kwskit.serve.wyoming.wake_server import WakeServer
    except ModuleNotFoundError as error:
        raise missing_extra("wyoming", "the Wyoming protocol needs its package", error) from error
    server = WakeServer(options.uri, options.zeroconf, options.allow)  # before the model is loaded: it may be refused
    server.serve(spotter_for(wanted, options))


def _address(text: str) -> str:
    try:
        parts = urlsplit(text)
        usable = bool(parts.hostname and parts.port) if parts.scheme == "tcp" else parts.scheme == "unix" and parts.path
    except ValueError:  # such as a port that is no number
        usable = False
    if not usable:
        raise argparse.ArgumentTypeError(f"an address is tcp://HOST:PORT or unix:///PATH, not '{text}'")
    return text


def _network(text: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{error}; an address is 192.168.1.7, a network 192.168.1.0/24") from error
