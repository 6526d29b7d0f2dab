"""Files by an address, such as ``s3://bucket/key``, of any storage that fsspec knows."""

from pathlib import Path
from typing import cast

from kwskit.extras import missing_extra


def is_address(path: object) -> bool:
    """Whether ``path`` is an address and no path of this machine."""
    return "://" in str(path)


def located(path: str | Path) -> Path:
    """A path of this machine, or what is at an address: a UPath, which has the methods of a path.

    Raises
    ------
    ImportError
        When what reads such addresses is not installed.
    ValueError
        When nothing knows such addresses.
    """
    if not is_address(path):
        return Path(path)
    try:
        from upath import UPath
    except ImportError as error:
        raise missing_extra("remote", f"{path}: what is elsewhere is read by universal_pathlib", error) from error
    return cast(Path, UPath(path))
