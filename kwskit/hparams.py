"""YAML in: registry tags beside HyperPyYAML's, overlays and dotted overrides.

``!loss:asyp {level: phn}`` builds a registered part; ``!new:``, ``!name:``, ``!ref`` and the rest of
HyperPyYAML stay. Unlike HyperPyYAML's own overrides, a node with one tag is *replaced* by a node with
another tag, arguments and all; a mapping without a tag is merged into what it meets.
"""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from io import StringIO
from pathlib import Path
from typing import Any

import hyperpyyaml
import ruamel.yaml
from ruamel.yaml.comments import CommentedMap, TaggedScalar

from kwskit import registry
from kwskit.text_file import TextFileError, read_text

_PART_TAG = re.compile(rf"^!({'|'.join(registry.KINDS)}):(.+)$")
_REFERENCE = re.compile(r"<(\w+)")


class HparamsError(ValueError):
    """A configuration that cannot be used; the message names the file and the key."""


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
    path = Path(path)
    tree = _read_tree(path)
    # A key stays known when an overlay drops the only reference to it.
    referenced = set(_references(tree))
    for overlay in overlays:
        _merge(tree, _read_tree(Path(overlay)))
    for dotted, value in (overrides or {}).items():
        _override(tree, dotted, value, path)
    if known_keys is not None:
        _check_keys(tree, list(known_keys), referenced | set(_references(tree)), path)
    stream = StringIO()
    stream.name = str(path)  # HyperPyYAML resolves !include beside the file of this name
    _writer().dump(tree, stream)
    stream.seek(0)
    try:
        return hyperpyyaml.resolve_references(stream).getvalue()
    except Exception as error:
        raise HparamsError(f"{path}: a reference cannot be resolved: {error}") from error


def build_hparams(text: str, path: str | Path) -> dict[str, Any]:
    """What the resolved YAML ``text`` of the file ``path`` describes, every part built.

    Raises
    ------
    HparamsError
        For an unknown part or argument, or a part that refuses its arguments.
    """
    loader = part_loader(ruamel.yaml.Loader, Path(path))
    try:
        return hyperpyyaml.load_hyperpyyaml(text, loader=loader)
    except HparamsError:
        raise
    except Exception as error:
        raise HparamsError(f"{path}: {error}") from error


def plain_value(text: str, key: str) -> Any:
    """The top-level value of ``key`` in the YAML ``text``, nothing built."""
    return _reader().load(text)[key]


def with_arguments(text: str, key: str, arguments: Mapping[str, Any]) -> str:
    """The YAML ``text`` with ``arguments`` (plain values) set in the part of the top-level ``key``."""
    tree = _reader().load(text)
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
    source = _reader().load(text)
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


def part_loader(
    base: type,
    path: Path,
    kinds: Collection[str] = tuple(registry.KINDS),
    confine: Callable[[type, dict[str, Any]], None] | None = None,
) -> type:
    """A loader class of its own (constructors are class state) that builds registry tags.

    Parameters
    ----------
    base : loader class of ruamel.yaml
    path : of the file, for messages
    kinds : of parts that may be built
    confine : for a YAML as somebody wrote it, given a part's class and arguments before it is built: raises ValueError
        for what may not be, and changes what it has to
    """
    loader = type("PartLoader", (base,), {})
    for kind in kinds:

        def construct(loader: Any, name: str, node: Any, kind: str = kind) -> Any:
            place = f"{path}: line {node.start_mark.line + 1}" if confine else str(path)
            arguments = _arguments(loader, node, f"!{kind}:{name}", path)
            try:
                if confine:
                    confine(registry.get(kind, name).cls, arguments)
                return registry.build(kind, name, **arguments)
            except HparamsError:
                raise
            except (ValueError, TypeError) as error:
                raise HparamsError(f"{place}: !{kind}:{name}: {_first_line(error)}") from error
            except Exception as error:  # of a part that did not expect such arguments
                told = f"{type(error).__name__}: {_first_line(error)}"
                raise HparamsError(f"{place}: !{kind}:{name}: {told}") from error

        loader.add_multi_constructor(f"!{kind}:", construct)  # type: ignore[attr-defined]
    return loader


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n", 1)[0]


def _arguments(loader: Any, node: Any, tag: str, path: Path) -> dict[str, Any]:
    if isinstance(node, ruamel.yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    if isinstance(node, ruamel.yaml.ScalarNode) and not node.value:
        return {}
    raise HparamsError(f"{path}: {tag} takes named arguments, as in {tag} {{name: value}}")


def _reader() -> ruamel.yaml.YAML:
    return ruamel.yaml.YAML()


def _writer() -> ruamel.yaml.YAML:
    yaml = ruamel.yaml.YAML()
    yaml.width = 4096
    return yaml


def _read_tree(path: Path) -> CommentedMap:
    try:
        tree = _reader().load(read_text(path))
    except OSError as error:
        raise HparamsError(f"{path}: cannot be read: {error.strerror}") from error
    except TextFileError as error:
        raise HparamsError(str(error)) from error
    except ruamel.yaml.YAMLError as error:
        raise HparamsError(f"{path}: not a YAML file: {' '.join(str(error).split())}") from error
    if not isinstance(tree, CommentedMap):
        raise HparamsError(f"{path}: expected a mapping at the top, as in 'seed: 1'")
    return tree


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
        new = _reader().load(value) if value.strip() else None
    except ruamel.yaml.YAMLError as error:
        raise HparamsError(f"--{dotted} {value}: not a YAML value: {' '.join(str(error).split())}") from error
    _merge(node, CommentedMap({last: new}))


def _check_keys(tree: CommentedMap, known: list[str], referenced: set[str], path: Path) -> None:
    for key in tree:
        if key not in known and key not in referenced:
            raise HparamsError(
                f"{path}: nothing reads the key '{key}'{registry.nearest(key, known)}; known: {', '.join(known)}"
            )
    open_keys = [key for key, node in tree.items() if _tag(node) == "!PLACEHOLDER"]
    if open_keys:
        raise HparamsError(f"{path}: no value for {', '.join(open_keys)}")


def _references(node: Any) -> Iterable[str]:
    if isinstance(node, TaggedScalar):
        yield from _REFERENCE.findall(str(node.value))
    elif isinstance(node, CommentedMap):
        for child in node.values():
            yield from _references(child)
    elif isinstance(node, list):
        for child in node:
            yield from _references(child)
