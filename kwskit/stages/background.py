"""The end of stage 3: what a trained model hears where no keyword is said."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kwskit.constants import SAMPLE_RATE
from kwskit.data.store.packed_store import PackedStore
from kwskit.errors import UnpronounceableText
from kwskit.speech_model.torch_model import TorchModel
from kwskit.spotting.background_file import FILE
from kwskit.spotting.said_words import SaidWords, pronunciations_of, spoken
from kwskit.spotting.spotter import Spotter

WORDS_AT_ONCE = 64
SECONDS = 300.0  # of a background, at most
PAUSE = 0.1, 0.6  # s before a word
NOISE = 8.0  # standard deviation of the noise, of 32,768: -72 dB


def write_background(model: Path, store: PackedStore, seed: int, device: str = "cpu") -> None:
    """Write the background of a model directory: words of ``store`` in random order, each once, with pauses (ours).

    It is five minutes long at most; a little noise lies under all of it. It is heard as the model listens by default.

    Parameters
    ----------
    model : directory of a dual encoder
    store : words that the model was not trained on
    seed : of order, pauses and noise
    device : of torch
    """
    generator = np.random.default_rng(seed)
    rows = generator.permutation(len(store))
    pauses = np.rint(generator.uniform(*PAUSE, len(store)) * SAMPLE_RATE).astype(np.int64)
    stops = np.cumsum(pauses + store.num_samples[rows])
    count = max(1, int(np.searchsorted(stops, SECONDS * SAMPLE_RATE, side="right")))
    rows, pauses, stops = rows[:count], pauses[:count], stops[:count]
    spotter = Spotter(TorchModel(model, device))
    words = [store.words[word] for word in store.word_ids[rows]]
    said = _said(words, (stops - store.num_samples[rows]) / SAMPLE_RATE, stops / SAMPLE_RATE, spotter.model.tokenizer)
    recorder = spotter.recorder()
    recorder.record(_blocks(store, rows, pauses, generator), said)
    recorder.background().save(model / FILE)


def _blocks(
    store: PackedStore, rows: NDArray[np.int64], pauses: NDArray[np.int64], generator: np.random.Generator
) -> Iterator[NDArray[np.int16]]:
    """Some words and the pause before each, (samples,) int16."""
    for at in range(0, len(rows), WORDS_AT_ONCE):
        few = zip(rows[at : at + WORDS_AT_ONCE].tolist(), pauses[at : at + WORDS_AT_ONCE].tolist(), strict=True)
        clean = np.concatenate([part for row, pause in few for part in (np.zeros(pause, np.int16), store.read(row))])
        noisy = clean + generator.normal(0, NOISE, len(clean))
        yield np.clip(np.rint(noisy), -32768, 32767).astype(np.int16)


def _said(words: Sequence[str], start: NDArray[np.float64], stop: NDArray[np.float64], tokenizer: Any) -> SaidWords:
    pronunciations = []
    for word in words:
        try:
            pronunciations.append([spoken(one) for one in pronunciations_of(word, tokenizer)])
        except UnpronounceableText:
            pronunciations.append([])  # no keyword sounds like it
    return SaidWords(start, stop, pronunciations)
