"""A typed keyword as a wake word of OpenVoiceOS."""

from functools import cache
from typing import Any

import numpy as np
from ovos_plugin_manager.templates.hotwords import HotWordEngine

from kwskit.spotting import FA_PER_HOUR
from kwskit.spotting.spotter import Spotter

FILES = ("model", "background", "lexicon")


class KwskitWakeWord(HotWordEngine):
    """Hears one keyword in the sound that OpenVoiceOS' listener hands on: ``HotWordEngine`` of ovos-plugin-manager.

    All wake words of a process with the same files share one model in memory.

    Parameters
    ----------
    key_phrase : name of the wake word in the configuration, which is listened for unless that says another
    config : the wake word's block of the configuration, with these keys, all optional: ``keyword`` as
        :class:`~kwskit.text.typed_keyword.TypedKeyword` has it, or ``keyword_file`` of ``kwskit adapt``;
        ``fa_per_hour`` or ``threshold``, numbers; and ``model``, ``background`` and ``lexicon`` as
        :meth:`~kwskit.spotting.spotter.Spotter.load` takes them. Those of OpenVoiceOS are left to it.

    Raises
    ------
    ValueError
        When a value cannot be used; else as :meth:`~kwskit.spotting.spotter.Spotter.enrol`.
    kwskit.errors.ModelError
        When there is no usable model.
    """

    def __init__(self, key_phrase: str, config: dict[str, Any] | None = None):
        super().__init__(key_phrase, config)
        own = self.config
        spotter = _spotter(*(_text(own, name) for name in FILES))
        file = _text(own, "keyword_file")
        if file is not None and "keyword" in own:
            raise ValueError(f"wake word {self.key_phrase}: keyword_file has its text: give no keyword beside it")
        typed = None if file is not None else _text(own, "keyword") or self.key_phrase
        keyword = spotter.enrol(
            typed,
            file=file,
            fa_per_hour=_number(own, "fa_per_hour") or FA_PER_HOUR,
            threshold=_number(own, "threshold"),
        )
        self._stream = spotter.listen_for([keyword])
        self._found = False

    def update(self, chunk: bytes) -> None:
        """Hear ``chunk``: little-endian 16-bit samples of one channel at 16 kHz, as the listener records.

        Raises
        ------
        ValueError
            When half a sample is in it.
        """
        self._found |= bool(self._stream.push(np.frombuffer(chunk, "<i2").astype(np.int16)))

    def found_wake_word(self) -> bool:
        """Whether it has been said since the last time this was asked."""
        found, self._found = self._found, False
        return found

    def reset(self) -> None:
        """Forget what has been heard so far."""
        self._stream.reset()
        self._found = False


@cache
def _spotter(model: str | None, background: str | None, lexicon: str | None) -> Spotter:
    return Spotter.load(model, background=background, lexicon=lexicon)


def _text(config: dict[str, Any], name: str) -> str | None:
    value = config.get(name)
    if value is not None and not (isinstance(value, str) and value):
        raise ValueError(f"{name} of a wake word is a text, not {value!r}")
    return value


def _number(config: dict[str, Any], name: str) -> float | None:
    value = config.get(name)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise ValueError(f"{name} of a wake word is a number, not {value!r}")
    return value
