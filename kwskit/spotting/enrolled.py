"""A keyword from what somebody types and says."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from kwskit.speech_model.speech_model import SpeechModel
from kwskit.spotting.adapted.keyword_file import KeywordFileError, read_keyword_file
from kwskit.spotting.expected_duration import expected_seconds, fitting_windows
from kwskit.spotting.keyword import Keyword
from kwskit.spotting.sound import Sound, blocks_of
from kwskit.spotting.spoken_example import heard_phonemes, spoken_example
from kwskit.spotting.windows.listener import Listener
from kwskit.text.keyword_reader import KeywordReader, Readings


def enrolled(
    model: SpeechModel,
    listen: Callable[[Sequence[float]], Listener[NDArray[np.float32]]],
    readings: Readings | None,
    examples: Sequence[Sound] = (),
    name: str | None = None,
) -> Keyword:
    """A keyword without a threshold: a row for each pronunciation, moved towards the mean of the examples (ours).

    Parameters
    ----------
    listen : makes a listener for windows of some lengths in seconds
    readings : of what is typed, or None
    examples : recordings of somebody saying it
    name : what hits are told under (default: the text)

    Raises
    ------
    kwskit.data.audio.AudioError
        For an example that cannot be read.
    ValueError
        When neither text nor examples are given, or examples without text or name.
    """
    if isinstance(examples, str | Path):
        raise ValueError(f"examples are a list of recordings, not one: [{str(examples)!r}]")
    if readings is None and not len(examples):
        raise ValueError("a keyword needs text, examples, or both")
    if readings is None and name is None:
        raise ValueError("a keyword without text needs a name")
    text = "" if readings is None else readings.typed.text
    tokens = () if readings is None else readings.tokens
    recordings = [np.concatenate([np.zeros(0, np.int16), *blocks_of(one)]) for one in examples]
    embeddings = model.embed_tokens(tokens)
    seconds = [] if readings is None else [expected_seconds(text, readings.pronunciations)]
    if recordings:
        spoken = [spoken_example(one, listen) for one in recordings]
        seconds.append(float(np.mean([one.seconds for one in spoken])))
        mean = _unit(np.mean([one.embedding for one in spoken], axis=0, keepdims=True))
        embeddings = _unit(embeddings + mean) if len(embeddings) else mean
    phonemes: list[list[int]] = []
    if model.blank is not None:
        phonemes = [model.tokenizer.heard(ids) for ids in tokens] or heard_phonemes(model, recordings)
    expected = float(np.mean(seconds))
    windows = fitting_windows(expected)
    return Keyword(
        name or text,
        text,
        tuple(" ".join(model.tokenizer.decode(ids)) for ids in tokens),
        embeddings,
        expected,
        windows,
        examples=len(examples),
        phonemes=tuple(map(tuple, phonemes)),
        readings=readings,
    )


def enrolled_file(
    model: SpeechModel,
    listen: Callable[[Sequence[float]], Listener[NDArray[np.float32]]],
    reader: KeywordReader,
    streaming: bool,
    path: str | Path | BinaryIO,
    name: str | None = None,
) -> Keyword:
    """The keyword of a file that ``kwskit adapt`` has written, without a threshold.

    Parameters
    ----------
    model, listen, name : as :func:`enrolled` takes them
    reader : finds how it is said
    streaming : whether windows are made of the frames of a stream
    path : of the file, or itself, open for reading

    Raises
    ------
    KeywordFileError
        When it cannot be read, or is of another model, another way to listen, or read otherwise than it was.
    """
    adapted = read_keyword_file(path)
    try:
        adapted.require(model, streaming)
        keyword = enrolled(model, listen, reader.read(adapted.typed), name=name)
        if keyword.tokens != adapted.tokens:
            raise KeywordFileError(f"'{adapted.typed}' was adapted with other readings than it has now: adapt it again")
    except ValueError as error:
        raise KeywordFileError(f"{path}: {error}") from error
    least = -np.inf if adapted.least is None else adapted.least
    return replace(keyword, head=adapted.head, least=least)


def _unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
