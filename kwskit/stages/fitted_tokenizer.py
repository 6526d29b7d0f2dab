"""Tokenizers that learn from the training words."""

from collections.abc import Iterable
from typing import Any

from kwskit import registry
from kwskit.hparams import plain_value, with_arguments


def fit_tokenizer(configuration: str, words: Iterable[str]) -> str:
    """The resolved ``configuration`` with what its tokenizer learns from ``words`` filled in.

    A tokenizer class that learns has a class method ``fit(words, **arguments) -> dict`` of arguments to set;
    others leave the configuration as it is.

    Raises
    ------
    ValueError
        When the tokenizer cannot learn from these words.
    """
    node: Any = plain_value(configuration, "tokenizer")
    kind, _, name = str(getattr(getattr(node, "tag", None), "value", "")).removeprefix("!").partition(":")
    fit = getattr(registry.get(kind, name).cls, "fit", None) if kind == "tokenizer" else None
    if fit is None:
        return configuration
    arguments = {str(key): value for key, value in node.items()} if hasattr(node, "items") else {}
    return with_arguments(configuration, "tokenizer", fit(words, **arguments))
