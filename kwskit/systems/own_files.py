"""The files that a model directory has of its parts."""

from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

from kwskit import registry
from kwskit.hparams_origin import yaml_reader


def with_own_files(parts: str, directory: Path) -> str:
    """The YAML ``parts`` with the files that they read written to ``directory``, for a model stands alone.

    A class lists the arguments that name files in ``files``, and may have ``released_file(argument, given)``, which
    gives the ending and the content of what is kept; else that is the file itself. It is called after the argument, of
    a tokenizer, or else after the part.
    """
    yaml = yaml_reader()
    yaml.width = 4096
    tree = yaml.load(parts)
    for key, kind, name, arguments in _parts(tree):
        cls = registry.get(kind, name).cls
        released: Any = getattr(cls, "released_file", _as_it_is)
        for argument in getattr(cls, "files", ()):
            if arguments.get(argument) is not None:
                ending, content = released(argument, arguments[argument])
                arguments[argument] = f"{argument if kind == 'tokenizer' else key}{ending}"
                (directory / arguments[argument]).write_bytes(content)
    stream = StringIO()
    yaml.dump(tree, stream)
    return stream.getvalue()


def _parts(node: Any, key: str = "") -> Iterator[tuple[str, str, str, Any]]:
    """Key, kind, name and arguments of every part that has arguments."""
    if not hasattr(node, "items"):
        return
    kind, _, name = str(getattr(getattr(node, "tag", None), "value", None) or "").removeprefix("!").partition(":")
    if kind in registry.KINDS:
        yield key, kind, name, node
    for child_key, child in node.items():
        yield from _parts(child, str(child_key))


def _as_it_is(_argument: str, given: str) -> tuple[str, bytes]:
    return Path(given).suffix, Path(given).read_bytes()
