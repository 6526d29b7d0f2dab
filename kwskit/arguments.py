"""What an argument may be, said once in its annotation, and checked where settings of people arrive.

``prob: Probability`` is a number from 0 to 1, ``dilations: Sequence[PositiveInt]`` a list of whole numbers of at least
1, ``level: Annotated[str, OneOf(LEVELS)]`` one of the levels. The registry checks the arguments of every part so, and
a training plan its fields.
"""

import functools
import inspect
import math
import types
import typing
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields, is_dataclass
from difflib import get_close_matches
from typing import Annotated, Any, TypeVar

T = TypeVar("T")


class ArgumentError(ValueError):
    """A setting that cannot be used.

    Attributes
    ----------
    key : dotted name of the setting, such as ``training.epochs``, which the message begins with
    """

    def __init__(self, key: str, problem: str):
        super().__init__(f"{key} {problem}")
        self.key, self.problem = key, problem


@dataclass(frozen=True)
class Range:
    """The numbers from ``least`` to ``most``, both included, ``above`` and ``below``, both excluded."""

    least: float | None = None
    most: float | None = None
    above: float | None = None
    below: float | None = None

    def __contains__(self, value: float) -> bool:
        return (
            (self.least is None or value >= self.least)
            and (self.most is None or value <= self.most)
            and (self.above is None or value > self.above)
            and (self.below is None or value < self.below)
        )

    def __str__(self) -> str:
        if self.least is not None and self.most is not None:
            return f"from {_bound(self.least)} to {_bound(self.most)}"
        if self.least is not None and self.below is not None:
            return f"from {_bound(self.least)} to below {_bound(self.below)}"
        words = {"of at least": self.least, "of at most": self.most, "above": self.above, "below": self.below}
        return " and ".join(f"{word} {_bound(bound)}" for word, bound in words.items() if bound is not None)


def _bound(bound: float) -> str:
    return str(bound) if isinstance(bound, int) else f"{bound:g}"


@dataclass(frozen=True)
class OneOf:
    """One of a few values."""

    values: Collection[Any]

    def __contains__(self, value: object) -> bool:
        return value in self.values

    def __str__(self) -> str:
        return f"one of {tuple(self.values)}"


PositiveInt = Annotated[int, Range(least=1)]
NonNegativeInt = Annotated[int, Range(least=0)]
PositiveFloat = Annotated[float, Range(above=0)]
NonNegativeFloat = Annotated[float, Range(least=0)]
Probability = Annotated[float, Range(0, 1)]
Dropout = Annotated[float, Range(least=0, below=1)]
Seed = Annotated[int, Range(0, 2**31 - 1)]


def check(key: str, value: Any, annotation: Any) -> None:
    """Refuse a ``value`` that does not fit ``annotation``; an annotation that is not known here fits everything.

    Raises
    ------
    ArgumentError
        With ``key``, what would be right, and the value.
    """
    if not _fits(value, annotation):
        raise ArgumentError(key, f"must be {_expected(annotation)}, not {_shown(value)}")


def annotations(function: Callable[..., Any]) -> dict[str, Any]:
    """The annotations of a function's arguments with their ranges; none where they cannot be told."""
    try:
        return typing.get_type_hints(function, include_extras=True)
    except Exception:  # names that exist for a type checker only, as torch has them
        return {}


def check_call(key: str, function: Callable[..., Any], arguments: Mapping[str, Any]) -> None:
    """Refuse named ``arguments`` that ``function``, a class perhaps, does not take or that do not fit its annotations.

    Raises
    ------
    ArgumentError
        With the dotted key of the argument.
    """
    takes = inspect.signature(function).parameters
    hints = annotations(function.__init__ if isinstance(function, type) else function)  # type: ignore[misc]
    for name, value in arguments.items():
        if name not in takes and not any(p.kind is p.VAR_KEYWORD for p in takes.values()):
            name_of = getattr(function, "__name__", str(function))
            raise ArgumentError(f"{key}.{name}", f"is no argument of {name_of}{nearest(name, takes)}")
        check(f"{key}.{name}", value, hints.get(name))


def constructors(cls: type) -> list[Callable[..., Any]]:
    """The ``__init__`` of a class and its bases, nearest first."""
    return [base.__dict__["__init__"] for base in cls.__mro__ if base is not object and "__init__" in base.__dict__]


def check_constructor(cls: type) -> None:
    """Make ``cls`` refuse arguments that do not fit its annotations, or those of the same names in its bases.

    Subclasses answer for their own arguments.
    """
    construct = cls.__init__  # type: ignore[misc]
    names, declared = list(inspect.signature(construct).parameters)[1:], list(map(annotations, constructors(cls)))

    @functools.wraps(construct)
    def checked(self: Any, *args: Any, **kwargs: Any) -> None:
        if type(self) is cls:
            for name, value in {**dict(zip(names, args, strict=False)), **kwargs}.items():
                hints = [hints[name] for hints in declared if name in hints]
                for hint in hints[:1] if value is None else hints:  # whether null may be is for the class itself to say
                    check(name, value, hint)
        construct(self, *args, **kwargs)

    cls.__init__ = checked  # type: ignore[misc]


def built_from(cls: type[T], section: Any, key: str) -> T:
    """The dataclass ``cls`` of a mapping, each field checked; fields that are dataclasses may be mappings, too.

    Raises
    ------
    ArgumentError
        For what is no mapping, an unknown or missing field, or a value that does not fit its field.
    """
    if not isinstance(section, Mapping):
        raise ArgumentError(key, f"must be a mapping, as in {key}: {{...}}, not {_shown(section)}")
    known = {field.name: field for field in fields(cls)}  # type: ignore[arg-type]
    hints, values = annotations(cls), {}
    for name, value in section.items():
        if name not in known:
            raise ArgumentError(f"{key}.{name}", f"is unknown{nearest(name, known)}; known: {', '.join(known)}")
        inner = next((t for t in (hints[name], *typing.get_args(hints[name])) if is_dataclass(t)), None)
        if inner is not None and isinstance(value, Mapping):
            value = built_from(typing.cast(type, inner), value, f"{key}.{name}")
        check(f"{key}.{name}", value, hints[name])
        values[name] = tuple(value) if isinstance(value, list) else value
    for name, field in known.items():
        if name not in values and field.default is MISSING and field.default_factory is MISSING:
            raise ArgumentError(f"{key}.{name}", "is missing")
    return cls(**values)


def nearest(name: str, known: Collection[str]) -> str:
    """``" (did you mean 'x'?)"`` for the nearest known name, or an empty string."""
    close = get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f" (did you mean '{close[0]}'?)" if close else ""


def _fits(value: Any, annotation: Any) -> bool:
    origin, inner = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is Annotated:
        limits = [limit for limit in inner[1:] if isinstance(limit, Range | OneOf)]
        return _fits(value, inner[0]) and all(value in limit for limit in limits)
    if origin in (typing.Union, types.UnionType):
        return any(_fits(value, member) for member in inner)
    if origin is typing.Literal:
        return value in inner
    if origin is tuple and inner[-1:] != (...,):
        return _is_list(value) and len(value) == len(inner) and all(map(_fits, value, inner))
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return isinstance(value, Mapping) and all(_fits(item, inner[1]) for item in value.values())
    if isinstance(origin, type) and issubclass(origin, Sequence):
        return _is_list(value) and all(_fits(item, inner[0]) for item in value)
    if origin is not None:
        return not (isinstance(origin, type) and issubclass(origin, Callable)) or callable(value)  # type: ignore[arg-type]
    if annotation in (None, inspect.Parameter.empty, Any) or not isinstance(annotation, type):
        return True
    if annotation is int or annotation is float:
        kinds = (int, float) if annotation is float else int
        return isinstance(value, kinds) and not isinstance(value, bool) and math.isfinite(value)
    if getattr(annotation, "_is_protocol", False):
        return getattr(annotation, "_is_runtime_protocol", False) is False or isinstance(value, annotation)
    return isinstance(value, annotation)


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def _expected(annotation: Any) -> str:
    """What fits ``annotation``, in words of a YAML file."""
    origin, inner = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is Annotated:
        limits = [limit for limit in inner[1:] if isinstance(limit, Range | OneOf)]
        choice = [str(limit) for limit in limits if isinstance(limit, OneOf)]
        return choice[0] if choice else " ".join([_expected(inner[0]), *map(str, limits)])
    if origin in (typing.Union, types.UnionType):
        return " or ".join(_expected(member) for member in inner)
    if origin is typing.Literal:
        return f"one of {inner}"
    if origin is tuple and inner[-1:] != (...,):
        return f"a list of {len(inner)}, each {_expected(inner[0])}"
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return f"a mapping to {_expected(inner[1])}"
    if isinstance(origin, type) and issubclass(origin, Sequence):
        return f"a list, each {_expected(inner[0])}"
    words = {int: "a whole number", float: "a number", bool: "true or false", str: "text", types.NoneType: "null"}
    if annotation in words:
        return words[annotation]
    if is_dataclass(annotation):
        return "a mapping"
    return f"a part (!KIND:NAME) that is a {getattr(annotation, '__name__', annotation)}"


def _shown(value: Any) -> str:
    """``value`` as a YAML file has it, where it is short."""
    plain = {None: "null", True: "true", False: "false"}
    if value is None or isinstance(value, bool):
        return plain[value]
    shown = repr(value) if isinstance(value, str | int | float | list | tuple) else f"a {type(value).__name__}"
    return shown if len(shown) <= 100 else f"{shown[:97]}..."
