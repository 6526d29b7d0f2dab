"""Batches from a packed store, for training and for embedding."""

import queue
import threading
from collections.abc import Iterator

import numpy as np
import torch

from kwskit.batch import Batch
from kwskit.data.sampler import PKSampler
from kwskit.data.speech_source import SpeechSource
from kwskit.data.store.packed_store import PackedStore
from kwskit.data.stream_features.store import StreamFeatures
from kwskit.data.token_table import TokenTable
from kwskit.text.tokenizer import Tokenizer


class WordBatches:
    """Training batches: speech from the store, each with one of its word's pronunciations; samples are int16 yet.

    A batch is a pure function of (seed, epoch, position): a run can stop anywhere and go on. Of several processes each
    reads its keywords of it, so that the batch is the same however many they are.

    Parameters
    ----------
    store : packed segments, or words heard in their recordings
    sampler : chooses the rows of each batch
    tokenizer : turns words into ids; every word the sampler can draw is tokenised once, here
    seed : of the choice among pronunciations
    max_samples : longer segments lose their end
    prefetch : batches made ahead by a thread; 0 makes them when asked
    rank, world_size : this process among those that share every batch
    resident : the store's samples, or features of them, on the training device: the speech of the batches is then
        gathered there, and everything else on the host as ever

    Raises
    ------
    ValueError
        When a batch's keywords cannot be shared evenly, two or more to each process.
    UnpronounceableText
        When the tokenizer cannot pronounce some of the words.
    """

    def __init__(
        self,
        store: PackedStore | StreamFeatures,
        sampler: PKSampler,
        tokenizer: Tokenizer,
        seed: int = 0,
        max_samples: int | None = None,
        prefetch: int = 0,
        rank: int = 0,
        world_size: int = 1,
        resident: SpeechSource | None = None,
    ):
        if sampler.keywords % world_size or sampler.keywords < 2 * world_size:
            raise ValueError(
                f"a batch of {sampler.keywords} keywords cannot be shared evenly by {world_size} processes, two or "
                f"more to each: take {_shareable(sampler.keywords, world_size)} keywords, or fewer processes"
            )
        self.store, self.sampler, self.seed = store, sampler, seed
        self.rank, self.world_size = rank, world_size
        self._source: SpeechSource = store if resident is None else resident
        self.max_samples, self.prefetch = max_samples, prefetch
        self.tokens = TokenTable(store.words, tokenizer, sampler.word_ids.tolist())

    @property
    def words(self) -> list[str]:
        """The vocabulary."""
        return self.store.words

    @property
    def size(self) -> str:
        """What is drawn from, in words."""
        return f"{len(self.store)} segments of {len(self.words)} words"

    def __len__(self) -> int:
        """Batches in an epoch."""
        return len(self.sampler)

    def batches(self, epoch: int, start: int = 0) -> Iterator[Batch]:
        """The batches of ``epoch`` from position ``start``."""
        made = self._make(epoch, start)
        if not self.prefetch:
            return made
        # Moved to page-locked memory by the thread, for whoever trains has no time for it.
        return _ahead(map(Batch.pinned, made) if torch.cuda.is_available() else made, self.prefetch)

    def _make(self, epoch: int, start: int) -> Iterator[Batch]:
        for position, rows in enumerate(self.sampler.batches(epoch, start), start):
            rng = np.random.default_rng([self.seed, 2, epoch, position])
            tokens, token_lens = self.tokens.draw(self.store.word_ids[rows], rng)
            share = len(rows) // self.world_size  # the utterances of a word stand together
            own = slice(self.rank * share, (self.rank + 1) * share)
            rows, tokens, token_lens = rows[own], tokens[own], token_lens[own]
            words = self.store.word_ids[rows]
            yield Batch(
                **self._source.speech(rows, self.max_samples),
                tokens=tokens,
                token_lens=token_lens,
                word=torch.from_numpy(words.astype(np.int64)),
                utt_id=self.store.utt_ids.take(rows).to_pylist(),
            )


def _shareable(keywords: int, processes: int) -> int:
    """The number nearest to ``keywords`` that gives each process as many, two or more."""
    return max(2, round(keywords / processes)) * processes


def _ahead(made: Iterator[Batch], count: int) -> Iterator[Batch]:
    """``made``, but computed up to ``count`` items ahead in a thread; its errors arrive here."""
    ready: queue.Queue[Batch | BaseException | None] = queue.Queue(count)
    stop = threading.Event()

    def put(item: Batch | BaseException | None) -> None:
        while not stop.is_set():
            try:
                return ready.put(item, timeout=0.1)
            except queue.Full:
                continue

    def work() -> None:
        try:
            for batch in made:
                put(batch)
                if stop.is_set():
                    return
            put(None)
        except BaseException as error:
            put(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        while (item := ready.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        stop.set()
        thread.join()
