"""Which line of which YAML, or which flag, a setting comes from."""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import ruamel.yaml
from ruamel.yaml.comments import CommentedMap, TaggedScalar

from kwskit.arguments import ArgumentError
from kwskit.text_file import TextFileError, read_text

REFERENCE = re.compile(r"<(\w+)")


class HparamsError(ValueError):
    """A configuration that cannot be used; the message names the file and the key.

    Attributes
    ----------
    key : dotted key of the setting, while its file and line are not yet told; else None
    """

    def __init__(self, message: str, key: str | None = None):
        super().__init__(message)
        self.key = key


@contextmanager
def errors_with_origin(
    path: str | Path, overlays: Iterable[str | Path] = (), overrides: Mapping[str, str] | None = None
) -> Iterator[None]:
    """Begin the messages of errors that have a key with the line, or the flag, that set it.

    Parameters
    ----------
    path, overlays, overrides : what was merged, as :func:`kwskit.hparams.resolve_hparams` takes it

    Raises
    ------
    HparamsError
        In place of an error with a key.
    """
    try:
        yield
    except (HparamsError, ArgumentError) as error:
        if error.key is None:
            raise
        if not Path(path).is_file():  # a text that was handed over under a name
            raise HparamsError(f"{path}: {error}") from error
        raise HparamsError(f"{_origin(error.key, path, overlays, overrides)}: {error}") from error


def _origin(key: str, path: str | Path, overlays: Iterable[str | Path], overrides: Mapping[str, str] | None) -> str:
    sources: list[tuple[str, Any]] = [(str(file), read_tree(Path(file))) for file in (path, *overlays)]
    for dotted, value in (overrides or {}).items():
        tree: Any = yaml_reader().load(value) if value.strip() else None
        for name in reversed(dotted.split(".")):
            tree = {name: tree}
        sources.append((f"--{dotted} {value}", tree))
    followed: set[str] = set()
    while True:
        place, node, rest = _last_place(key, sources)
        names = REFERENCE.findall(str(node.value)) if isinstance(node, TaggedScalar) else []
        known = any(names[0] in (tree or ()) for _, tree in sources) if names else False
        if len(names) != 1 or not known or names[0] in followed:
            return place
        key = ".".join([*names, *rest])
        followed.add(names[0])


def _last_place(key: str, sources: list[tuple[str, Any]]) -> tuple[str, Any, list[str]]:
    """Where ``key`` was set last, and what to; of a key that nobody set, where what it belongs to was set first.

    What is left of the key is the third.
    """
    names = key.split(".")
    for depth in range(len(names), 0, -1):
        for file, tree in reversed(sources) if depth == len(names) else sources:
            found = _place(file, tree, names[:depth])
            if found is not None:
                return *found, names[depth:]
    return sources[0][0], None, []


def _place(file: str, tree: Any, names: list[str]) -> tuple[str, Any] | None:
    node, line = tree, None
    for name in names:
        at: Any = int(name) if isinstance(node, list) and name.isdigit() and int(name) < len(node) else name
        if not (isinstance(at, int) or (isinstance(node, Mapping) and at in node)):
            return None
        line = node.lc.key(at)[0] + 1 if isinstance(node, CommentedMap) and not file.startswith("--") else line
        node = node[at]
    return (file if line is None else f"{file}: line {line}"), node


def yaml_reader() -> ruamel.yaml.YAML:
    """A reader that keeps tags, comments and lines."""
    return ruamel.yaml.YAML()


def read_tree(path: Path) -> CommentedMap:
    """The YAML file ``path``, nothing built.

    Raises
    ------
    HparamsError
        When it cannot be read, is no YAML, or no mapping.
    """
    try:
        tree = yaml_reader().load(read_text(path))
    except OSError as error:
        raise HparamsError(f"{path}: cannot be read: {error.strerror}") from error
    except TextFileError as error:
        raise HparamsError(str(error)) from error
    except ruamel.yaml.YAMLError as error:
        raise HparamsError(f"{path}: not a YAML file: {' '.join(str(error).split())}") from error
    if not isinstance(tree, CommentedMap):
        raise HparamsError(f"{path}: expected a mapping at the top, as in 'seed: 1'")
    return tree
