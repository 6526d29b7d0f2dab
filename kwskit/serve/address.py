"""Who can reach an address that is listened at."""

import sys
from ipaddress import ip_address


def loopback(host: str) -> bool:
    """Whether only this machine can reach ``host``, a number or a name."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def tell_exposure(host: str, port: int, what: str, instead: str, who: str = "Anybody") -> None:
    """Say aloud, on stderr, that others can reach a server, if they can.

    Parameters
    ----------
    host, port : that it listens at
    what : what they can do, after "can"
    instead : what keeps them out, as a sentence
    who : they are, if they can reach it
    """
    if not loopback(host):
        print(
            f"{who} who can reach {host}:{port} can {what}: there is no password. {instead}",
            file=sys.stderr,
        )
