"""Recordings embedded once, in a vector index, and searched for typed words and spoken examples."""

import importlib
from typing import Any

from kwskit.errors import SpeechIndexError

_MODULES = {"SpeechIndex": "speech_index", "Found": "tables", "Added": "tables"}
__all__ = ["Added", "Found", "SpeechIndex", "SpeechIndexError"]


def __getattr__(name: str) -> Any:
    # Late, for the vector engine takes long to import.
    if name in _MODULES:
        return getattr(importlib.import_module(f"kwskit.index.{_MODULES[name]}"), name)
    raise AttributeError(f"module 'kwskit.index' has no attribute '{name}'")
