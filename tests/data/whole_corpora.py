"""Utterances that tests hear whole: noise, in which words are said to be at known places."""

from itertools import product

import numpy as np
import pyarrow as pa

from kwskit.data.records import write_records
from kwskit.data.store.packed_store import PackedStore
from kwskit.data.store.writer import StoreWriter
from kwskit.data.utterance_batches import UtteranceBatches, UtteranceSettings
from kwskit.data.word_times import WordTimes
from kwskit.errors import UnpronounceableText
from kwskit.text.pronunciation import WORD_BOUNDARY
from kwskit.text.tokenizer import Tokenizer

STILL = {"seconds": 30.0, "stream": 7.0, "segments": 24, "jitter": 0.0}
# Words with one, two and three pronunciations of several lengths.
SOUNDS = {
    "a": ["A"],
    "either": ["IDR", "EDR"],
    "the": ["DA", "DI", "D"],
    "river": ["RIVR"],
    "to": ["TU", "TA"],
    "lead": ["LED", "LID"],
}


class Spelling(Tokenizer):
    """A tokenizer of words that SOUNDS has, a letter a token, with boundaries between words."""

    def __init__(self, sounds=None):
        self.said = SOUNDS if sounds is None else sounds
        super().__init__([*"ADEILRTUV", WORD_BOUNDARY])

    def encode(self, text):
        for word in text.split():
            if word not in self.said:
                raise UnpronounceableText(text, "it is not in SOUNDS")
        return [[self._ids[one] for one in "|".join(said)] for said in product(*map(self.said.get, text.split()))]


def random_speech(count, seed=0):
    """``count`` utterances, {id: [(word, start, stop in samples), ...]}: two to nine words of 0.06 to 1.2 s each."""
    rng = np.random.default_rng(seed)
    speech = {}
    for number in range(count):
        at, words = 0, []
        for _ in range(int(rng.integers(2, 10))):
            start = at + int(rng.integers(0, 3000))
            at = start + int(rng.integers(1000, 19200))
            words.append((str(rng.choice(list(SOUNDS))), start, at))
        speech[f"u{number}"] = words
    return speech


def write_store(folder, speech, seed=0):
    """The store of utterances that last 800 samples longer than their words."""
    rng = np.random.default_rng(seed)
    lens = np.array([words[-1][2] + 800 if words else 4000 for words in speech.values()])
    texts = [" ".join(word for word, _, _ in words) or "a" for words in speech.values()]
    with StoreWriter(folder) as writer:
        writer.add(rng.integers(-32768, 32768, lens.sum()).astype(np.int16), lens)
        writer.finish(pa.array(list(speech)), pa.array(texts), pa.array(["s"] * len(lens)))
    return PackedStore.open(folder)


def write_words(path, rows):
    """A ``words`` file of (utt_id, word, start, stop), the times in seconds."""
    columns = zip(*rows, strict=True) if rows else ((), (), (), ())
    types = (pa.string(), pa.string(), pa.float64(), pa.float64())
    names = ("utt_id", "word", "start", "stop")
    table = {name: pa.array(column, kind) for name, kind, column in zip(names, types, columns, strict=True)}
    write_records(path, "words", pa.table(table))
    return path


def opened(folder, speech):
    """The store of utterances and when their words are said."""
    rows = [(name, word, start / 16000, stop / 16000) for name, said in speech.items() for word, start, stop in said]
    store = write_store(folder / "store", speech)
    return store, WordTimes.read(write_words(folder / "words.tsv", rows), store)


def batches(corpus, settings=STILL, **more):
    """The batches of an opened corpus."""
    return UtteranceBatches(*corpus, more.pop("tokenizer", Spelling()), UtteranceSettings(**settings), **more)
