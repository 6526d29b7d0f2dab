"""A YAML loader that builds registered parts, and names the key of what goes wrong."""

from collections.abc import Callable, Collection, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import ruamel.yaml

from kwskit import registry
from kwskit.arguments import ArgumentError, check_call
from kwskit.hparams_origin import HparamsError


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
    loader: Any = type("PartLoader", (base,), {"paths": {}})

    def compose(self: Any) -> Any:
        root = super(loader, self).get_single_node()
        self.paths = dict(reversed(list(_paths(root, ""))))  # what an anchor stands for has the key of the anchor
        return root

    def construct_object(self: Any, node: Any, *args: Any, **kwargs: Any) -> Any:
        key = self.paths.get(id(node), "")
        try:
            built = super(loader, self).construct_object(node, *args, **kwargs)
            if isinstance(built, partial):
                check_call(key, built.func, built.keywords)
            return built
        except (HparamsError, ArgumentError):
            raise
        except Exception as error:
            raise HparamsError(f"{key}: {node.tag}: {_reason(error)}", key) from error

    if confine is None:
        loader.get_single_node, loader.construct_object = compose, construct_object
    for kind in kinds:

        def construct(loader: Any, name: str, node: Any, kind: str = kind) -> Any:
            tag, key = f"!{kind}:{name}", loader.paths.get(id(node))
            start = f"{path}: line {node.start_mark.line + 1}" if confine else key
            try:
                arguments = _arguments(loader, node, tag)
                if confine:
                    confine(registry.get(kind, name).cls, arguments)
                return registry.build(kind, name, **arguments)
            except (HparamsError, ruamel.yaml.YAMLError):
                raise
            except ArgumentError as error:
                if confine or error.key not in arguments:
                    raise HparamsError(f"{start}: {tag}: {error}", key) from error
                raise ArgumentError(f"{key}.{error.key}", error.problem) from error
            except Exception as error:
                raise HparamsError(f"{start}: {tag}: {_reason(error)}", key) from error

        loader.add_multi_constructor(f"!{kind}:", construct)
    return loader


def _paths(node: Any, key: str) -> Iterator[tuple[int, str]]:
    """The dotted key of each node, by identity; a node that has aliases has several, that of its anchor first."""
    yield id(node), key
    inner: Iterable[tuple[Any, Any]] = ()
    if isinstance(node, ruamel.yaml.MappingNode):
        inner = ((name.value, child) for name, child in node.value)
    elif isinstance(node, ruamel.yaml.SequenceNode):
        inner = enumerate(node.value)
    for name, child in inner:
        yield from _paths(child, f"{key}.{name}" if key else str(name))


def _reason(error: Exception) -> str:
    """The first line of an error, with its kind where the part did not expect such arguments."""
    line = str(getattr(error, "problem", None) or error).strip().split("\n", 1)[0]
    return line if isinstance(error, ValueError | TypeError | ImportError) else f"{type(error).__name__}: {line}"


def _arguments(loader: Any, node: Any, tag: str) -> dict[str, Any]:
    if isinstance(node, ruamel.yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    if isinstance(node, ruamel.yaml.ScalarNode) and not node.value:
        return {}
    raise ValueError(f"takes named arguments, as in {tag} {{name: value}}")
