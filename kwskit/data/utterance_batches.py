"""Training batches of whole utterances, with words and phrases as spans of them."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle, islice

import numpy as np
import torch
from numpy.typing import NDArray

from kwskit.arguments import NonNegativeFloat, PositiveFloat, PositiveInt
from kwskit.batch import Batch
from kwskit.constants import SAMPLE_RATE
from kwskit.data.speech_source import SpeechSource
from kwskit.data.store.packed_store import PackedStore
from kwskit.data.token_table import TokenTable
from kwskit.data.utterance_streams import SampleStreams, UtteranceStreams
from kwskit.data.word_times import WordTimes
from kwskit.text.tokenizer import Tokenizer

SHORTEST, LONGEST = 0.15, 3.0  # s of a word or phrase
LENGTH_NOISE = 0.15  # deviation of the logarithm of lengths by which utterances are put together
CLASSES = 2**62


@dataclass(frozen=True)
class UtteranceSettings:
    """How utterances are heard whole.

    Parameters
    ----------
    seconds : speech a batch
    stream : seconds of a stream, of which a batch has so many that its utterances fill them, one after the other
    segments : words and phrases a batch
    longest_phrase : words of the longest phrase; as many are drawn of each number of words
    same : the most segments of one text a batch, where there are enough others
    jitter : the most, in seconds, by which a segment begins before its first word and ends after its last; it cuts at
        most a third of that off
    views : times that each utterance is heard before training, each augmented anew and in other company, for encoders
        of which a part is frozen (``frozen_features``); null hears in every epoch anew
    """

    seconds: PositiveFloat = 240.0
    stream: PositiveFloat = 15.0
    segments: PositiveInt = 384
    longest_phrase: PositiveInt = 4
    same: PositiveInt = 2
    jitter: NonNegativeFloat = 0.06
    views: PositiveInt | None = None


class UtteranceBatches:
    """Batches of utterances of like length; a pure function of (seed, epoch, position), as those of words are.

    Utterances follow each other in streams, as they do where a spotter listens. Of several processes each hears its
    utterances of the batch, and draws its segments of these.

    Parameters
    ----------
    store : the utterances; the word of each is its transcript
    times : when their words are said
    tokenizer : turns texts into ids
    settings : what is in a batch
    resident : the store's samples, on the training device, if they are kept there
    seed : of every draw
    rank, world_size : this process among those that share every batch

    Attributes
    ----------
    streams : what becomes of a batch's utterances; may be replaced by features that are there

    Raises
    ------
    ValueError
        When a batch has no utterance or fewer than two segments for a process.
    UnpronounceableText
        When the tokenizer cannot pronounce some of the words.
    """

    def __init__(
        self,
        store: PackedStore,
        times: WordTimes,
        tokenizer: Tokenizer,
        settings: UtteranceSettings,
        seed: int = 0,
        rank: int = 0,
        world_size: int = 1,
        resident: SpeechSource | None = None,
    ):
        self.store, self.times, self.tokenizer, self.settings, self.seed = store, times, tokenizer, settings, seed
        self.rank, self.world_size = rank, world_size
        source: SpeechSource = store if resident is None else resident
        self.streams: UtteranceStreams = SampleStreams(source, settings.stream)
        self._count = max(1, round(store.seconds / settings.seconds))
        if len(store) < self._count * world_size or settings.segments < 2 * world_size:
            raise ValueError(
                f"{len(store)} utterances in {self._count} batches of {settings.seconds:g} s and {settings.segments} "
                f"segments: each of {world_size} processes needs an utterance and two segments of every batch"
            )
        spoken = {*times.words, *(word for text in store.words for word in text.split())}
        TokenTable(sorted(spoken), tokenizer)  # so that a word that cannot be pronounced is told before training
        self._places = {word: place for place, word in enumerate(times.words)}

    @property
    def words(self) -> list[str]:
        """The vocabulary."""
        return self.times.words

    @property
    def size(self) -> str:
        """What is drawn from, in words."""
        said = f"{len(self.times.word_ids)} times {len(self.words)} words"
        return f"{len(self.store)} utterances, {self.store.seconds / 3600:.1f} h, {said}"

    def __len__(self) -> int:
        """Batches in an epoch."""
        return self._count

    def batches(self, epoch: int, start: int = 0) -> Iterator[Batch]:
        """The batches of ``epoch`` from position ``start``."""
        view, order = epoch, np.arange(self._count)
        if self.streams.views is not None:
            view = 1 + (epoch - 1) % self.streams.views
            order = np.random.default_rng([self.seed, 5, epoch]).permutation(self._count)
        groups = self.groups(view)
        for position in range(start, self._count):
            rng = np.random.default_rng([self.seed, 4, epoch, position, self.rank])
            number = int(order[position])
            yield self._batch(view, number, groups[number], rng)

    def groups(self, view: int) -> list[NDArray[np.int64]]:
        """This process's utterances of each batch: like lengths together, about as many seconds, in random order."""
        rng = np.random.default_rng([self.seed, 3, view])
        lengths = self.store.num_samples
        order = np.argsort(lengths * np.exp(rng.normal(0, LENGTH_NOISE, len(lengths))), kind="stable")
        ends = np.cumsum(lengths[order])
        cuts = np.searchsorted(ends, ends[-1] * np.arange(1, self._count) / self._count)
        least = self.world_size  # every batch has one for each process
        for k, cut in enumerate(cuts):
            cuts[k] = min(max(cut, (cuts[k - 1] if k else 0) + least), len(order) - least * (len(cuts) - k))
        groups = np.split(order, cuts)
        return [np.sort(groups[k][self.rank :: self.world_size]) for k in rng.permutation(self._count)]

    def _batch(self, view: int, number: int, rows: NDArray[np.int64], rng: np.random.Generator) -> Batch:
        drawn = self._segments(rows, rng)
        texts = [" ".join(self.times.words[k] for k in self.times.word_ids[first:behind]) for _, first, behind in drawn]
        spans = np.array([(row, self.times.start[first], self.times.stop[behind - 1]) for row, first, behind in drawn])
        jitter = rng.uniform(-1 / 3, 1, (len(drawn), 2)) * self.settings.jitter * SAMPLE_RATE
        spans[:, 1:] += np.rint(jitter).astype(np.int64) * (-1, 1)
        tokens, token_lens = _drawn([self.tokenizer.encode(text) for text in texts], rng)
        spelt = [self.tokenizer.sounds(self.store.words[k]) for k in self.store.word_ids[rows]]
        transcripts, transcript_lens = _drawn(spelt, rng)
        names = self.store.utt_ids.take(rows[[row for row, _, _ in drawn]]).to_pylist()
        speech, places = self.streams.speech(view, number, rows)
        utterance = spans[:, 0]
        lens = places[:, 2] - places[:, 1]
        spans[:, 1:] = spans[:, 1:].clip(0, lens[utterance, None]) + places[utterance, 1:2]
        spans[:, 0] = places[utterance, 0]
        return Batch(
            **speech,
            tokens=tokens,
            token_lens=token_lens,
            word=torch.tensor([self._class(text) for text in texts]),
            utt_id=names,
            spans=torch.from_numpy(spans),
            transcripts=transcripts,
            transcript_lens=transcript_lens,
            utterances=torch.from_numpy(places),
        )

    def _segments(self, rows: NDArray[np.int64], rng: np.random.Generator) -> list[tuple[int, int, int]]:
        """Words and phrases of utterances: the place in ``rows``, the first word, and the word behind the last."""
        found, place = [], []
        for k, row in enumerate(rows):
            first, behind = self.times.first[row : row + 2]
            for count in range(1, self.settings.longest_phrase + 1):
                begin = np.arange(first, behind - count + 1)
                seconds = (self.times.stop[begin + count - 1] - self.times.start[begin]) / SAMPLE_RATE
                fits = begin[(seconds >= SHORTEST) & (seconds <= LONGEST)]
                found += [(k, int(one), int(one) + count) for one in fits]
                place += rng.permutation(len(fits)).tolist()
        if not found:
            raise ValueError(
                "a batch of utterances without a word of 0.15 to 3 s: utterances need times of their words"
            )
        # One of each number of words of each utterance, then a second of each, and so on.
        order = np.lexsort((rng.random(len(found)), place))
        wanted = self.settings.segments // self.world_size
        kept: list[tuple[int, int, int]] = []
        spoken: Counter[bytes] = Counter()
        for one in (found[k] for k in order):
            text = self.times.word_ids[one[1] : one[2]].tobytes()
            spoken[text] += 1
            if spoken[text] <= self.settings.same:
                kept.append(one)
            if len(kept) == wanted:
                break
        return list(islice(cycle(kept), wanted))

    def _class(self, text: str) -> int:
        """Class of a text: a word's place in the vocabulary; of a phrase a number behind, the same in all processes."""
        own = self._places.get(text)
        digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
        return len(self._places) + int.from_bytes(digest, "little") % CLASSES if own is None else own


def _drawn(ways: list[list[list[int]]], rng: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """A random one of each text's pronunciations: (N, longest) int64, padded with 0, and lengths (N,)."""
    chosen = [own[int(rng.integers(len(own)))] for own in ways]
    lens = torch.tensor([len(ids) for ids in chosen])
    padded = torch.zeros(len(chosen), int(lens.max()), dtype=torch.int64)
    for target, ids in zip(padded, chosen, strict=True):
        target[: len(ids)] = torch.tensor(ids)
    return padded, lens
