"""The token that visitors need, where others than this machine can reach the page."""

import os
import re
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from kwskit.serve.address import loopback

VARIABLE = "KWSKIT_TOKEN"
_FORM = re.compile("[A-Za-z0-9_-]{16,200}")
_WANTED = "16 or more of letters, digits, - and _"


@dataclass(frozen=True)
class AccessToken:
    """A secret of letters, digits, ``-`` and ``_``, so that it can stand in an address and in a cookie.

    Attributes
    ----------
    secret : what visitors have to know
    kept : where it is kept, a file or a variable; empty where it was made for this once
    """

    secret: str = field(repr=False)
    kept: str = ""


def access_token(host: str, file: Path | None = None) -> AccessToken | None:
    """The token that a page at ``host`` asks for; None where it asks for none: on loopback, unless one is given.

    Parameters
    ----------
    host : address that is listened at
    file : has the token; where it is not there, it is made, for its owner alone. Without it, the variable
        ``KWSKIT_TOKEN`` has the token, and without both there is a new one each time

    Raises
    ------
    ValueError
        When what is given can be no token.
    OSError
        When the file cannot be read or made.
    """
    if file is not None:
        return _checked(_of_file(file), str(file))
    if given := os.environ.get(VARIABLE):
        return _checked(given, VARIABLE)
    return None if loopback(host) else AccessToken(secrets.token_urlsafe())


def _of_file(path: Path) -> str:
    try:
        made = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text("utf-8", "replace").strip()
    secret = secrets.token_urlsafe()
    try:
        with os.fdopen(made, "w") as file:
            file.write(f"{secret}\n")
    except OSError as error:  # a full disk: half a token would be refused the next time
        path.unlink()
        raise OSError(error.errno, error.strerror, str(path)) from error
    return secret


def _checked(secret: str, kept: str) -> AccessToken:
    if not _FORM.fullmatch(secret):
        raise ValueError(f"{kept}: a token has {_WANTED}; kwskit serve --token-file FILE makes one")
    return AccessToken(secret, kept)
