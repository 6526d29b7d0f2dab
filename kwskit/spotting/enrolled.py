"""A keyword from what somebody types and says."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kwskit.speech_model.speech_model import SpeechModel
from kwskit.spotting.expected_duration import expected_seconds, fitting_windows
from kwskit.spotting.keyword import Keyword
from kwskit.spotting.said_words import pronunciations_of
from kwskit.spotting.sound import Sound, blocks_of
from kwskit.spotting.spoken_example import heard_phonemes, spoken_example
from kwskit.spotting.windows.listener import Listener


def enrolled(
    model: SpeechModel,
    listen: Callable[[Sequence[float]], Listener[NDArray[np.float32]]],
    text: str | None,
    examples: Sequence[Sound] = (),
    name: str | None = None,
) -> Keyword:
    """A keyword without a threshold: a row for each pronunciation, moved towards the mean of the examples (ours).

    Parameters
    ----------
    listen : makes a listener for windows of some lengths in seconds
    text : typed, or None
    examples : recordings of somebody saying it
    name : what hits are told under (default: the text)

    Raises
    ------
    kwskit.errors.UnpronounceableText
        For text that cannot be read out.
    kwskit.data.audio.AudioError
        For an example that cannot be read.
    ValueError
        When neither text nor examples are given, or examples without text or name.
    """
    if isinstance(examples, str | Path):
        raise ValueError(f"examples are a list of recordings, not one: [{str(examples)!r}]")
    if text is None and not len(examples):
        raise ValueError("a keyword needs text, examples, or both")
    if text is None and name is None:
        raise ValueError("a keyword without text needs a name")
    recordings = [np.concatenate([np.zeros(0, np.int16), *blocks_of(one)]) for one in examples]
    embeddings = model.embed_tokens([] if text is None else model.tokenizer.encode(text))
    seconds = [] if text is None else [expected_seconds(text, model.tokenizer)]
    if recordings:
        spoken = [spoken_example(one, listen) for one in recordings]
        seconds.append(float(np.mean([one.seconds for one in spoken])))
        mean = _unit(np.mean([one.embedding for one in spoken], axis=0, keepdims=True))
        embeddings = _unit(embeddings + mean) if len(embeddings) else mean
    phonemes: list[list[int]] = []
    if model.blank is not None:
        phonemes = model.tokenizer.sounds(text) if text is not None else heard_phonemes(model, recordings)
    pronunciations = () if text is None else pronunciations_of(text, model.tokenizer)
    expected = float(np.mean(seconds))
    windows = fitting_windows(expected)
    return Keyword(
        name or text or "",
        text or "",
        pronunciations,
        embeddings,
        expected,
        windows,
        examples=len(examples),
        phonemes=tuple(map(tuple, phonemes)),
    )


def _unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
