"""P x K batches: P keywords with K utterances each."""

import logging
from collections.abc import Iterator

import numpy as np

logger = logging.getLogger(__name__)


class PKSampler:
    """Draws batches of ``keywords`` words, each with ``utterances`` distinct utterances of different voices if it can.

    A pass visits the keywords once each, in random order (keywords uniformly among those with enough segments: ADML's
    batches). Of a word, voices are drawn first, uniformly and without replacement, then one utterance of
    each; a word with fewer voices than ``utterances`` gives them in turns (ours). Every batch is a pure function of
    (seed, epoch, position), and costs no more for a large corpus. It knows of no processes: those that train together
    draw the same batch, and each takes its keywords of it.

    Parameters
    ----------
    word_ids, speaker_ids : (n,) integers, word and voice of every segment
    keywords : P, words in a batch
    utterances : K, utterances of each
    seed : of the whole sequence
    passes : how often an epoch visits each keyword
    replacement : also use words with fewer than K segments, and repeat those

    Attributes
    ----------
    rows : (m,) rows of the segments that can be drawn
    left_out : number of words that have too few segments

    Raises
    ------
    ValueError
        For P < 2 (contrast needs another word), K < 1, or fewer than P words with enough segments.
    """

    def __init__(
        self,
        word_ids: np.ndarray,
        speaker_ids: np.ndarray,
        keywords: int,
        utterances: int,
        seed: int = 0,
        passes: int = 1,
        replacement: bool = False,
    ):
        if keywords < 2:
            raise ValueError(
                f"keywords={keywords}: a batch of one word cannot train a contrastive loss; it takes at least 2"
            )
        if utterances < 1 or passes < 1:
            raise ValueError(f"utterances={utterances} and passes={passes} must be at least 1")
        if len(word_ids) != len(speaker_ids):
            raise ValueError(
                f"{len(word_ids)} word ids and {len(speaker_ids)} speaker ids: expected one of each a segment"
            )
        self.keywords, self.utterances, self.seed, self.passes = keywords, utterances, seed, passes
        self._group(np.asarray(word_ids), np.asarray(speaker_ids), 1 if replacement else utterances)
        words = len(self._word_ids)
        if self.left_out:
            logger.warning(
                "%d of %d words have fewer than %d segments and are left out",
                self.left_out,
                self.left_out + words,
                utterances,
            )
        self._per_pass = words // keywords
        if self._per_pass == 0:
            enough = 1 if replacement else utterances
            why = "a batch of one word cannot train a contrastive loss" if words < 2 else "set it lower"
            raise ValueError(
                f"{words} words have at least {enough} segments, but a batch takes training.keywords={keywords}; {why}"
            )

    def __len__(self) -> int:
        """Batches in an epoch."""
        return self.passes * self._per_pass

    @property
    def word_ids(self) -> np.ndarray:
        """The words that can be drawn, sorted."""
        return self._word_ids

    def batches(self, epoch: int, start: int = 0) -> Iterator[np.ndarray]:
        """The batches of ``epoch`` from position ``start``: (P * K,) int64 rows, the utterances of a word together.

        Raises
        ------
        ValueError
            When ``start`` lies outside the epoch.
        """
        if not 0 <= start <= len(self):
            raise ValueError(f"start={start}: an epoch has {len(self)} batches")
        order: np.ndarray | None = None
        for position in range(start, len(self)):
            turn, within = divmod(position, self._per_pass)
            if order is None or within == 0:
                order = np.random.default_rng([self.seed, 0, epoch, turn]).permutation(len(self._word_ids))
            place = within * self.keywords
            rng = np.random.default_rng([self.seed, 1, epoch, position])
            yield self._draw(order[place : place + self.keywords], rng)

    def _group(self, word_ids: np.ndarray, speaker_ids: np.ndarray, least: int) -> None:
        """Sort the segments by word, then voice, and note where words and voices begin."""
        order = _by_word_and_voice(word_ids, speaker_ids)
        words = word_ids[order]
        firsts = np.flatnonzero(np.diff(words, prepend=words[:1] - 1))
        counts = np.diff(firsts, append=len(words))
        self.left_out = int(np.count_nonzero(counts < least))
        keep = np.repeat(counts >= least, counts)
        # Of tens of millions of segments, half as wide numbers are hundreds of megabytes less.
        kind = np.int32 if len(order) < 2**31 else np.int64
        self.rows = order[keep].astype(kind)
        del order
        words, voices = words[keep], speaker_ids[self.rows]
        new_word = np.diff(words, prepend=words[:1] - 1) != 0
        new_voice = new_word | (np.diff(voices, prepend=voices[:1] - 1) != 0)
        self._word_ids = words[new_word]
        # Voices of word w: runs _word_runs[w] : _word_runs[w + 1]; segments of run r: _runs[r] : _runs[r + 1].
        self._runs = np.append(np.flatnonzero(new_voice), len(words)).astype(kind)
        self._word_runs = np.append(np.searchsorted(self._runs, np.flatnonzero(new_word)), len(self._runs) - 1)

    def _draw(self, words: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        first, last = self._word_runs[words], self._word_runs[words + 1]
        drawn = np.empty((len(words), self.utterances), dtype=np.int64)
        many = last - first >= self.utterances
        runs = first[many, None] + _distinct(last[many] - first[many], self.utterances, rng)
        begins = self._runs[runs]
        drawn[many] = begins + rng.integers(0, self._runs[runs + 1] - begins)
        for i in np.flatnonzero(~many):
            drawn[i] = self._draw_in_turns(self._runs[first[i] : last[i] + 1], rng)
        return self.rows[drawn.reshape(-1)].astype(np.int64)

    def _draw_in_turns(self, runs: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """K segments of a word with fewer than K voices: a round takes one more of every voice that has one left."""
        sizes = np.diff(runs)
        taken = np.zeros_like(sizes)
        missing = self.utterances
        while missing:
            if (taken >= sizes).all():
                sizes = sizes + np.diff(runs)  # with replacement: everything may come once more
            left = rng.permutation(np.flatnonzero(taken < sizes))[:missing]
            taken[left] += 1
            missing -= len(left)
        chosen = []
        for begin, size, count in zip(runs[:-1], np.diff(runs), taken, strict=True):
            whole, rest = divmod(int(count), int(size))
            chosen.append(np.tile(np.arange(size), whole) + begin)
            chosen.append(rng.choice(size, rest, replace=False) + begin)
        return rng.permutation(np.concatenate(chosen))


def _by_word_and_voice(word_ids: np.ndarray, speaker_ids: np.ndarray) -> np.ndarray:
    """Segments sorted by word, then voice, then position."""
    count = len(word_ids)
    words, voices = (int(ids.max(initial=0)) + 1 for ids in (word_ids, speaker_ids))
    if words * voices * count >= 2**63 or min(word_ids.min(initial=0), speaker_ids.min(initial=0)) < 0:
        return np.lexsort((speaker_ids, word_ids))
    # One sort of distinct numbers takes a tenth of the time that lexsort takes.
    keys = word_ids.astype(np.int64)
    keys *= voices
    keys += speaker_ids
    keys *= count
    keys += np.arange(count)
    keys.sort()
    keys %= count
    return keys


def _distinct(sizes: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """(rows, count): ``count`` distinct numbers below ``sizes[row]`` each, row-wise (Floyd's algorithm)."""
    chosen = np.empty((len(sizes), count), dtype=np.int64)
    for j in range(count):
        top = sizes - count + j
        drawn = rng.integers(0, top + 1)
        taken = (chosen[:, :j] == drawn[:, None]).any(axis=1)
        chosen[:, j] = np.where(taken, top, drawn)
    return chosen
