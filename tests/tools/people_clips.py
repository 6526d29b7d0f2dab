"""Clips of people for the benchmark."""

from pathlib import Path


def clip(text, speaker="1", name=None):
    from people.clip import Clip

    return Clip(name or f"{text}_{speaker}", Path("none.wav"), text, speaker)
