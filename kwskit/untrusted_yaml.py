"""YAML of strangers: parts are built of it, and nothing else happens."""

import math
from collections.abc import Collection
from pathlib import Path
from typing import Any

import ruamel.yaml
from ruamel.yaml.composer import ComposerError
from ruamel.yaml.constructor import ConstructorError
from ruamel.yaml.events import AliasEvent

from kwskit import registry
from kwskit.hparams_origin import HparamsError
from kwskit.part_loader import part_loader
from kwskit.text_file import TextFileError, read_text

# Far beyond any model; what is nested or repeated can cost more than its bytes.
MOST_BYTES, DEEPEST, MOST_NODES, LARGEST = 1 << 20, 20, 50_000, 1 << 20


class BoundedLoader(ruamel.yaml.SafeLoader):
    """Plain values without anchors, neither deep nor many, and numbers that are finite and not huge."""

    def __init__(self, stream: Any):
        super().__init__(stream)
        self._depth = self._nodes = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        event = self.parser.peek_event()
        self._nodes += 1
        self._depth += 1
        if isinstance(event, AliasEvent) or event.anchor is not None:
            raise ComposerError(None, None, "anchors and aliases are not allowed", event.start_mark)
        if self._depth > DEEPEST:
            raise ComposerError(None, None, f"nested more than {DEEPEST} deep", event.start_mark)
        if self._nodes > MOST_NODES:
            raise ComposerError(None, None, f"more than {MOST_NODES:,} values", event.start_mark)
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def whole_number(self, node: Any) -> int:
        """The value of a scalar."""
        number = self.construct_yaml_int(node) if len(node.value) <= 20 else math.inf
        return self._bounded(number, node)

    def number(self, node: Any) -> float:
        """The value of a scalar."""
        return self._bounded(self.construct_yaml_float(node), node)

    def _bounded(self, number: Any, node: Any) -> Any:
        if not abs(number) <= LARGEST:
            raise ConstructorError(None, None, f"numbers may not exceed {LARGEST:,}", node.start_mark)
        return number


BoundedLoader.add_constructor("tag:yaml.org,2002:int", BoundedLoader.whole_number)
BoundedLoader.add_constructor("tag:yaml.org,2002:float", BoundedLoader.number)


def read_yaml(path: Path) -> str:
    """The text of a YAML file.

    Raises
    ------
    HparamsError
        When it is too large or not UTF-8.
    OSError
        When it cannot be read, or is no regular file.
    """
    if not path.is_file():  # a pipe would be waited for
        raise FileNotFoundError(2, "no such file", str(path))
    if path.stat().st_size > MOST_BYTES:
        raise HparamsError(f"{path}: {path.stat().st_size:,} bytes are more than a model's {MOST_BYTES:,}")
    try:
        return read_text(path)
    except TextFileError as error:
        raise HparamsError(str(error)) from error


def load_parts(text: str, path: str | Path, kinds: Collection[str] = tuple(registry.KINDS)) -> dict[str, Any]:
    """Build a YAML that may hold registry tags and plain values only: safe for files of strangers.

    Arguments that name files (a class lists them in ``files``) are names within the folder of ``path``.

    Parameters
    ----------
    text : the YAML
    path : of the file it is from
    kinds : of parts that it may hold

    Raises
    ------
    HparamsError
        For any other tag (``!new:``, ``!!python/…``), an unknown part, one that refuses its arguments, or text that is
        no YAML. The message names the file and the line.
    """
    path = Path(path)

    def confine(part: type, arguments: dict[str, Any]) -> None:
        for name in getattr(part, "files", ()):
            if arguments.get(name) is not None:
                arguments[name] = _file_beside(path, arguments[name])

    try:
        loader = part_loader(BoundedLoader, path, kinds, confine)(text)
        try:
            values = loader.get_single_data()
        finally:
            loader.dispose()
    except HparamsError:
        raise
    except ruamel.yaml.YAMLError as error:
        message = f"only registry tags and plain values are allowed here: {_problem(error)}"
        raise HparamsError(f"{path}: {message}") from error
    except (ValueError, TypeError, AttributeError, LookupError) as error:  # of a scalar with a tag that does not fit it
        raise HparamsError(f"{path}: not a plain value: {error}") from error
    if not isinstance(values, dict):
        raise HparamsError(f"{path}: expected a mapping at the top")
    return values


def _problem(error: ruamel.yaml.YAMLError) -> str:
    """What ruamel.yaml says, in a line that is not too long."""
    message = " ".join(str(getattr(error, "problem", None) or error).split())
    mark = getattr(error, "problem_mark", None)
    return (message if len(message) <= 200 else f"{message[:197]}...") + (f" (line {mark.line + 1})" if mark else "")


def _file_beside(path: Path, name: Any) -> str:
    """Path of the file ``name`` in the folder of ``path``.

    Links may lead to that folder, or to the one where ``path`` itself really lies, as in caches that keep a file once.
    """
    if not isinstance(name, str) or Path(name).name != name:
        raise ValueError(f"{name!r} must be the name of a file beside {path.name}")
    found = path.with_name(name).resolve()
    if found.parent not in (path.parent.resolve(), path.resolve().parent):
        raise ValueError(f"{name!r} leads out of the model's folder")
    if not found.is_file():
        raise ValueError(f"{name!r} is missing beside {path.name}")
    return str(found)
