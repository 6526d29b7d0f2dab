"""One registry per kind of part; YAML tags such as ``!loss:asyp`` look a class up here.

Built-in parts register themselves when their module is imported; the modules of a kind are found by
listing its package, so that adding a part touches exactly one file. Plugins come from ``--plugin
my_losses.py`` or from the entry-point group ``kwskit.plugins``.
"""

import hashlib
import importlib
import importlib.metadata
import importlib.util
import inspect
import pkgutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from kwskit.arguments import check_constructor, constructors, nearest

# Where the built-in parts of each kind live.
KINDS = {
    "tokenizer": "kwskit.text",
    "frontend": "kwskit.frontend",
    "augment": "kwskit.frontend",
    "encoder": "kwskit.encoders",
    "text_encoder": "kwskit.encoders",
    "pooler": "kwskit.poolers",
    "aligner": "kwskit.aligners",
    "matcher": "kwskit.matchers",
    "loss": "kwskit.losses",
    "system": "kwskit.systems",
    "voice": "kwskit.synthesis.voices",
    "word_aligner": "kwskit.corpora.word_aligners",
}
PLUGIN_GROUP = "kwskit.plugins"

T = TypeVar("T", bound=type)


class RegistryError(ValueError):
    """A part, kind or argument that the registry does not know, or a name taken twice."""


@dataclass(frozen=True)
class Part:
    """One registered class: its kind, its name in YAML, the class and the plugin that brought it."""

    kind: str
    name: str
    cls: type
    plugin: str | None = None

    @property
    def summary(self) -> str:
        """First line of the class's docstring."""
        return (inspect.getdoc(self.cls) or "").split("\n", 1)[0]

    @property
    def source(self) -> str:
        """File and line where the class is defined, as ``module:line``."""
        return f"{self.cls.__module__}:{inspect.getsourcelines(self.cls)[1]}"

    def parameters(self) -> dict[str, inspect.Parameter]:
        """Constructor arguments by name, those of base classes reached through ``**kwargs`` included."""
        found: dict[str, inspect.Parameter] = {}
        for init in constructors(self.cls):
            own = list(inspect.signature(init).parameters.values())[1:]
            for parameter in own:
                if parameter.kind not in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
                    found.setdefault(parameter.name, parameter)
            if not any(p.kind is p.VAR_KEYWORD for p in own):
                break
        return found


@dataclass(frozen=True)
class Plugin:
    """A plugin that was loaded: where it came from and the SHA-256 of its file, for the run folder."""

    name: str
    path: str
    sha256: str


_parts: dict[tuple[str, str], Part] = {}
_plugins: dict[str, Plugin] = {}
_loading_plugin: list[str] = []
_homes_loaded: set[str] = set()


def register(kind: str, name: str) -> Callable[[T], T]:
    """Class decorator that registers a part under ``!kind:name``.

    Whoever constructs the part, from YAML or not, has the arguments checked against their annotations, which may have
    ranges (:mod:`kwskit.arguments`); an argument has those of its name in base classes, too.

    Raises
    ------
    RegistryError
        For an unknown kind, or a name already taken by another class.
    """
    _check_kind(kind)

    def add(cls: T) -> T:
        known = _parts.get((kind, name))
        if known and (known.cls.__module__, known.cls.__qualname__) != (cls.__module__, cls.__qualname__):
            raise RegistryError(f"{kind} '{name}' is already registered by {known.source}; choose another name")
        # A plugin may be the first to import a built-in part; that does not make it the plugin's.
        foreign = _loading_plugin and not cls.__module__.startswith("kwskit.")
        _parts[kind, name] = Part(kind, name, cls, _loading_plugin[-1] if foreign else None)
        check_constructor(cls)
        return cls

    return add


def get(kind: str, name: str) -> Part:
    """The part registered as ``!kind:name``.

    Raises
    ------
    RegistryError
        For an unknown kind or name; the message lists the known ones and the nearest.
    """
    _check_kind(kind)
    _load_home(KINDS[kind])
    if (kind, name) not in _parts:
        known = [part.name for part in parts(kind)]
        raise RegistryError(f"unknown {kind} '{name}'{nearest(name, known)}; known: {', '.join(known) or 'none'}")
    return _parts[kind, name]


def build(kind: str, name: str, /, **arguments: Any) -> Any:
    """Construct ``!kind:name`` with ``arguments``.

    Raises
    ------
    RegistryError
        For an unknown kind, name or argument, or a required argument left out.
    """
    part = get(kind, name)
    parameters = part.parameters()
    for argument in arguments:
        if argument not in parameters:
            hint = nearest(argument, list(parameters))
            raise RegistryError(
                f"{kind} '{name}' has no argument '{argument}'{hint}; it takes: {', '.join(parameters) or 'none'}"
            )
    missing = [p.name for p in parameters.values() if p.default is p.empty and p.name not in arguments]
    if missing:
        raise RegistryError(f"{kind} '{name}' needs {', '.join(missing)}")
    return part.cls(**arguments)


def parts(kind: str | None = None) -> list[Part]:
    """All registered parts, or those of one kind, sorted by kind and name."""
    if kind is not None:
        _check_kind(kind)
    for home in {KINDS[kind]} if kind else set(KINDS.values()):
        _load_home(home)
    order = list(KINDS)
    found = [part for part in _parts.values() if kind in (None, part.kind)]
    return sorted(found, key=lambda part: (order.index(part.kind), part.name))


def describe(part: Part) -> str:
    """The part's tag, arguments with defaults, documentation and source, for a terminal."""
    arguments = [name if p.default is p.empty else f"{name}: {p.default!r}" for name, p in part.parameters().items()]
    origin = f"plugin {part.plugin}" if part.plugin else "built in"
    head = f"!{part.kind}:{part.name} {{{', '.join(arguments)}}}"
    return f"{head}\n\n{inspect.getdoc(part.cls) or ''}\n\nsource: {part.source} ({origin})"


def load_plugin(path: str | Path) -> Plugin:
    """Import a Python file that registers parts, and remember its hash.

    Raises
    ------
    RegistryError
        When the file is missing or its import fails.
    """
    path = Path(path).resolve()
    if not path.is_file():
        raise RegistryError(f"plugin {path} does not exist")
    code = path.read_bytes()
    plugin = Plugin(path.stem, str(path), hashlib.sha256(code).hexdigest())
    if plugin == _plugins.get(str(path)):
        return plugin
    # The path takes part, so that two plugins of one file name stay two modules.
    module_name = f"kwskit_plugin_{path.stem}_{hashlib.sha256(str(path).encode()).hexdigest()[:8]}"
    spec = importlib.util.spec_from_file_location(module_name, path)
    if spec is None:
        raise RegistryError(f"plugin {path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module
    # What runs is what was hashed: Python's loader might take the bytecode of an earlier version.
    _import_plugin(plugin, lambda: exec(compile(code, str(path), "exec"), module.__dict__))
    return plugin


def load_entry_points() -> list[Plugin]:
    """Import every installed plugin of the entry-point group ``kwskit.plugins``."""
    for entry in importlib.metadata.entry_points(group=PLUGIN_GROUP):
        spec = importlib.util.find_spec(entry.module)
        if spec is None or spec.origin is None:
            raise RegistryError(f"plugin '{entry.name}': module {entry.module} is not installed")
        if spec.origin not in _plugins:
            digest = hashlib.sha256(Path(spec.origin).read_bytes()).hexdigest()
            _import_plugin(Plugin(entry.name, spec.origin, digest), entry.load)
    return plugins()


def plugins() -> list[Plugin]:
    """The plugins loaded so far."""
    return list(_plugins.values())


def _import_plugin(plugin: Plugin, run: Callable[[], Any]) -> None:
    _loading_plugin.append(plugin.name)
    before = dict(_parts)
    try:
        run()
    except Exception as error:
        for key in [key for key, part in _parts.items() if part.plugin == plugin.name and before.get(key) is not part]:
            del _parts[key]
            if key in before:
                _parts[key] = before[key]
        raise RegistryError(f"plugin {plugin.path} failed to import: {type(error).__name__}: {error}") from error
    finally:
        _loading_plugin.pop()
    _plugins[plugin.path] = plugin


def _check_kind(kind: str) -> None:
    if kind not in KINDS:
        raise RegistryError(f"unknown kind '{kind}'{nearest(kind, list(KINDS))}; known: {', '.join(KINDS)}")


def _load_home(package: str) -> None:
    if package in _homes_loaded:
        return
    home = importlib.import_module(package)
    for module in pkgutil.iter_modules(home.__path__):
        importlib.import_module(f"{package}.{module.name}")
    _homes_loaded.add(package)
