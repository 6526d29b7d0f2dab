"""Recordings embedded once, in a vector index, and searched for typed words and spoken examples."""

from typing import Any

_PLACES = {"SpeechIndex": "speech_index", "SpeechIndexError": "speech_index_error", "Found": "found", "Added": "added"}
__all__ = ["Added", "Found", "SpeechIndex", "SpeechIndexError"]


def __getattr__(name: str) -> Any:
    # Late, for the vector engine takes long to import.
    if name in _PLACES:
        import importlib

        return getattr(importlib.import_module(f"kwskit.index.{_PLACES[name]}"), name)
    raise AttributeError(f"module 'kwskit.index' has no attribute '{name}'")
