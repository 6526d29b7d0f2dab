"""YAML in: registry tags beside HyperPyYAML's, overlays and dotted overrides.

``!loss:asyp {level: phn}`` builds a registered part; ``!new:``, ``!name:``, ``!ref`` and the rest of
HyperPyYAML stay. Unlike HyperPyYAML's own overrides, a node with one tag is *replaced* by a node with
another tag, arguments and all; a mapping without a tag is merged into what it meets.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from copy import deepcopy
from functools import lru_cache
from io import StringIO
from pathlib import Path
from typing import Any

import hyperpyyaml
import ruamel.yaml
from ruamel.yaml.comments import CommentedMap, TaggedScalar

from kwskit import registry
from kwskit.arguments import ArgumentError
from kwskit.hparams_origin import REFERENCE, HparamsError, errors_with_origin, read_tree, yaml_reader
from kwskit.part_loader import part_loader

_PART_TAG = re.compile(rf"^!({'|'.join(registry.KINDS)}):(.+)$")


def resolve_hparams(
    path: str | Path,
    overlays: Iterable[str | Path] = (),
    overrides: Mapping[str, str] | None = None,
    known_keys: Iterable[str] | None = None,
) -> str:
    """The YAML text of ``path`` with overlays, then dotted overrides, applied and references resolved.

    Parameters
    ----------
    path : the base YAML
    overlays : YAML files merged over it, in order
    overrides : ``{"losses.phn.weight": "0.3"}``; values are YAML
    known_keys : top-level keys somebody reads; any other key must be referenced by a ``!ref``

    Raises
    ------
    HparamsError
        For a file that is missing or no YAML, an unknown key, a placeholder left open, a reference to
        nothing. The message names the file and the key.
    """
    path, overlays = Path(path), list(overlays)
    tree = read_tree(path)
    # A key stays known when an overlay drops the only reference to it.
    referenced = {name for _, name in _references(tree)}
    for overlay in overlays:
        _merge(tree, read_tree(Path(overlay)))
    for dotted, value in (overrides or {}).items():
        _override(tree, dotted, value, path)
    with errors_with_origin(path, overlays, overrides):
        _check_references(tree)
        if known_keys is not None:
            _check_keys(tree, list(known_keys), referenced | {name for _, name in _references(tree)})
    stream = StringIO()
    stream.name = str(path)  # HyperPyYAML resolves !include beside the file of this name
    _writer().dump(tree, stream)
    stream.seek(0)
    try:
        return hyperpyyaml.resolve_references(stream).getvalue()
    except Exception as error:
        raise HparamsError(f"{path}: a reference cannot be resolved: {error}") from error


def build_hparams(
    text: str,
    path: str | Path,
    overlays: Iterable[str | Path] = (),
    overrides: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """What the resolved YAML ``text`` describes, every part built.

    Parameters
    ----------
    text : of :func:`resolve_hparams`
    path, overlays, overrides : what it was resolved from, for messages

    Raises
    ------
    HparamsError
        For an unknown part or argument, or a part that refuses its arguments.
    """
    loader = part_loader(ruamel.yaml.Loader, Path(path))
    with errors_with_origin(path, overlays, overrides):
        try:
            return hyperpyyaml.load_hyperpyyaml(text, loader=loader)
        except (HparamsError, ArgumentError):
            raise
        except Exception as error:
            raise HparamsError(f"{path}: {error}") from error


def plain_value(text: str, key: str) -> Any:
    """The top-level value of ``key`` in the YAML ``text``, nothing built.

    Raises
    ------
    HparamsError
        When there is none.
    """
    tree = _last_read(text)
    if key not in tree:
        raise HparamsError(f"{key} is missing", key)
    return deepcopy(tree[key])


def plain_tree(text: str, without: Collection[str] = ()) -> Any:
    """The YAML ``text`` as plain data with its tags, without comments, styles and the keys of ``without``."""

    def plain(node: Any) -> Any:
        tag = _tag(node)
        if isinstance(node, dict):
            inner: Any = {str(key): plain(value) for key, value in node.items() if key not in without}
        elif isinstance(node, list):
            inner = [plain(value) for value in node]
        else:
            inner = getattr(node, "value", node) if tag else node
        return [tag, inner] if tag else inner

    return plain(yaml_reader().load(text))


def with_arguments(text: str, key: str, arguments: Mapping[str, Any]) -> str:
    """The YAML ``text`` with ``arguments`` (plain values) set in the part of the top-level ``key``."""
    tree = yaml_reader().load(text)
    tree[key] = _as_mapping(tree[key])
    tree[key].update(arguments)
    stream = StringIO()
    _writer().dump(tree, stream)
    return stream.getvalue()


def select(text: str, keep: Mapping[str, Iterable[str] | None], inside: str | None = None) -> str:
    """The YAML ``text`` with only the top-level keys of ``keep`` and, where given, only those arguments.

    References are already resolved in ``text``, so what is left stands alone. Of the part of the top-level key
    ``inside``, the arguments of ``keep`` that it has and that are not null.
    """
    source = yaml_reader().load(text)
    if inside is not None:
        source = {key: node for key, node in source[inside].items() if node is not None}
        keep = {key: arguments for key, arguments in keep.items() if key in source}
    chosen = CommentedMap()
    for key, arguments in keep.items():
        node = source[key]
        if arguments is not None:
            for argument in [a for a in node if a not in set(arguments)]:
                del node[argument]
        chosen[key] = node
    stream = StringIO()
    writer = _writer()
    writer.representer.ignore_aliases = lambda *_: True
    writer.dump(chosen, stream)
    return stream.getvalue()


@lru_cache(maxsize=1)  # several values are asked of one text after another
def _last_read(text: str) -> Any:
    return yaml_reader().load(text)


def _writer() -> ruamel.yaml.YAML:
    yaml = ruamel.yaml.YAML()
    yaml.width = 4096
    return yaml


def _tag(node: Any) -> str | None:
    tag = getattr(getattr(node, "tag", None), "value", None)
    return None if tag is None else str(tag)


def _as_mapping(node: Any) -> Any:
    """``!tokenizer:phoneme`` without arguments is a tagged empty mapping."""
    if isinstance(node, TaggedScalar) and not node.value and _PART_TAG.match(_tag(node) or ""):
        mapping = CommentedMap()
        mapping.yaml_set_ctag(node.tag)
        return mapping
    return node


def _merge(base: CommentedMap, overlay: CommentedMap) -> None:
    for key, new in overlay.items():
        new, old = _as_mapping(new), _as_mapping(base.get(key))
        same_part = _tag(new) in (None, _tag(old))
        if isinstance(new, CommentedMap) and isinstance(old, CommentedMap) and same_part:
            base[key] = old
            _merge(old, new)
        else:
            base[key] = new


def _override(tree: CommentedMap, dotted: str, value: str, path: Path) -> None:
    *parents, last = dotted.split(".")
    node, walked = tree, ""
    for name in parents:
        walked = f"{walked}.{name}" if walked else name
        if name not in node:
            raise HparamsError(f"--{dotted}: {path} has no '{walked}'{registry.nearest(name, list(node))}")
        node[name] = _as_mapping(node[name])
        node = node[name]
        if not isinstance(node, CommentedMap):
            raise HparamsError(f"--{dotted}: '{walked}' is a plain value in {path}, so it has no '{last}'")
    try:
        new = yaml_reader().load(value) if value.strip() else None
    except ruamel.yaml.YAMLError as error:
        raise HparamsError(f"--{dotted} {value}: not a YAML value: {' '.join(str(error).split())}") from error
    _merge(node, CommentedMap({last: new}))


def _check_keys(tree: CommentedMap, known: list[str], referenced: set[str]) -> None:
    for key in tree:
        if key not in known and key not in referenced:
            hint = registry.nearest(str(key), known)
            raise HparamsError(f"nothing reads the key '{key}'{hint}; known: {', '.join(known)}", str(key))
    for key, node in tree.items():
        if _tag(node) == "!PLACEHOLDER":
            raise HparamsError(f"no value for {key}", key)


def _check_references(tree: CommentedMap) -> None:
    for key, name in _references(tree):
        if name not in tree:
            raise HparamsError(f"{key}: there is no <{name}> to refer to{registry.nearest(name, list(tree))}", key)


def _references(node: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """The dotted key of each reference, and the name of what it refers to."""
    if isinstance(node, TaggedScalar):
        yield from ((key, name) for name in REFERENCE.findall(str(node.value)))
    children = node.items() if isinstance(node, CommentedMap) else enumerate(node) if isinstance(node, list) else ()
    for name, child in children:
        yield from _references(child, f"{key}.{name}" if key else str(name))
