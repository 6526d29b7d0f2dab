"""The settings that a synthetic corpus was made with, kept beside it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kwskit.atomic_write import atomic_write
from kwskit.errors import SynthesisError

SETTINGS = "corpus.json"


def claim_corpus(data: Path, plan: Mapping[str, Any]) -> None:
    """Store ``plan`` in the folder ``data``, or see that it is the one that is there, or that one with more splits.

    Raises
    ------
    SynthesisError
        When another plan is stored there, or audio without one.
    """
    wanted = json.loads(json.dumps(plan))
    settings = data / SETTINGS
    stored = stored_settings(data)
    if stored is not None:
        if _grown(stored, wanted):
            _write_settings(settings, wanted)
        elif stored != wanted:
            raise SynthesisError(
                f"{data} holds a corpus with other settings ({'; '.join(_differences(stored, wanted))}); "
                f"choose another folder, or remove that one to make it anew"
            )
        return
    if any((data / "audio").glob("*.wav")):
        raise SynthesisError(f"{data / 'audio'} holds audio but {settings} is missing; choose an empty folder")
    _write_settings(settings, wanted)


def stored_settings(data: Path) -> Any:
    """What is stored in the folder ``data``; None where nothing is.

    Raises
    ------
    SynthesisError
        When it cannot be read.
    """
    settings = data / SETTINGS
    if not settings.exists():
        return None
    try:
        return json.loads(settings.read_text(encoding="utf-8"))
    except ValueError as error:
        raise SynthesisError(f"{settings}: not a settings file ({error}); remove {data} to start over") from error


def _write_settings(path: Path, settings: Mapping) -> None:
    with atomic_write(path) as partial:
        partial.write_text(json.dumps(settings, indent=1) + "\n", encoding="utf-8")


def _grown(stored: Any, wanted: dict[str, Any]) -> bool:
    """Whether ``wanted`` is the corpus ``stored`` with more splits and else the same."""
    if not isinstance(stored, dict) or not isinstance(stored.get("splits"), dict):
        return False
    both = {name: split for name, split in wanted["splits"].items() if name in stored["splits"]}
    return len(both) < len(wanted["splits"]) and stored == {**wanted, "splits": both}


def _differences(stored: object, wanted: object, at: str = "") -> list[str]:
    if isinstance(stored, dict) and isinstance(wanted, dict):
        keys = dict.fromkeys([*stored, *wanted])
        deep = [_differences(stored.get(k), wanted.get(k), f"{at}.{k}".strip(".")) for k in keys]
        return [line for lines in deep for line in lines][:5]
    if stored == wanted:
        return []
    if isinstance(stored, list) and isinstance(wanted, list):
        return [f"{at}: {len(stored)} there, {len(wanted)} wanted" if len(stored) != len(wanted) else f"{at} differ"]
    return [f"{at}: {stored!r} there, {wanted!r} wanted"]
