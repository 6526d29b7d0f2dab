"""Trial lists: which typed words are tried against which utterances, drawn with a seed that is stored with them."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import cdist

from kwskit.data.records import TRIALS

WSJ = "wsj"
LIBRIPHRASE_EASY = "libriphrase_easy"
LIBRIPHRASE_HARD = "libriphrase_hard"
PROTOCOLS = (WSJ, LIBRIPHRASE_EASY, LIBRIPHRASE_HARD)
"""Names of the protocols; write a list's with its seed: ``write_records(path, "trials", table, {"protocol": ...})``."""

Pronunciations = Mapping[str, Sequence[Sequence[str]]]


def wsj_trials(utt_ids: Sequence[str], words: Sequence[str], negatives: int = 50, seed: int = 0) -> pa.Table:
    """Every utterance with its own word and with ``negatives`` other words of the test set (ADML's WSJ protocol).

    The other words are drawn uniformly without replacement for each utterance; a vocabulary of at most
    ``negatives`` others gives all of them. ADML's own list is unpublished, hence the seed.

    Parameters
    ----------
    utt_ids : N utterance ids; words : N spoken words
    negatives : non-target trials of an utterance
    seed : of the draw

    Returns
    -------
    trials (``enrol_text``, ``utt_id``, ``target``), an utterance's together, its own word first

    Raises
    ------
    ValueError
        When the lengths differ, there is no utterance, an id occurs twice or all utterances are of one word.
    """
    vocabulary, spoken = _vocabulary(utt_ids, words)
    others = min(_positive("negatives", negatives), len(vocabulary) - 1)
    return _table(utt_ids, vocabulary, spoken, _other_words(spoken, len(vocabulary), others, seed))


def libriphrase_trials(
    utt_ids: Sequence[str],
    words: Sequence[str],
    pronunciations: Pronunciations,
    seed: int = 0,
    negatives_per_utterance: int = 1,
    nearest: int = 3,
) -> dict[str, pa.Table]:
    """LibriPhrase-like lists of single words: ``libriphrase_easy`` and ``libriphrase_hard`` trials.

    Each utterance is tried with its own word and with ``negatives_per_utterance`` others: at 1, half of the
    trials are targets, as in PhonMatchNet's expansion of LibriPhrase, and no trial is listed twice.
    Easy words are random. Hard ones are the ``nearest`` in phoneme Levenshtein distance (the least over all
    pairs of pronunciations; LibriPhrase takes 3 per anchor), equally near ones in an order drawn by ``seed``; a
    word's utterances share its ``nearest`` out in turn. Homophones are never negatives.
    Not comparable with LibriPhrase itself, which has phrases of 1 to 4 words.

    Parameters
    ----------
    utt_ids : N utterance ids; words : N spoken words
    pronunciations : the phoneme sequences of each word
    seed : of every draw
    negatives_per_utterance : non-target trials of an utterance
    nearest : how many of a word's nearest words serve as its hard negatives

    Returns
    -------
    the two trial tables by protocol name

    Raises
    ------
    ValueError
        As :func:`wsj_trials`, and when a word has no pronunciation or nothing but homophones beside it.
    """
    vocabulary, spoken = _vocabulary(utt_ids, words)
    count = _positive("negatives_per_utterance", negatives_per_utterance)
    ranks = max(_positive("nearest", nearest), count)
    distances = phoneme_distances(vocabulary, pronunciations)
    rng = np.random.default_rng(seed)
    allowed = (distances > 0).sum(axis=1)
    if allowed.min() < count:
        word = vocabulary[int(allowed.argmin())]
        raise ValueError(
            f"{word!r} has {allowed.min()} words beside it that do not sound the same; {count} negatives are wanted"
        )
    # Whole distances plus a random fraction: an exact order by distance with ties drawn by lot.
    key = distances + rng.random(distances.shape, dtype=np.float32) * np.float32(0.5)
    key[distances == 0] = np.inf
    ranks = min(ranks, len(vocabulary) - 1)
    near = np.argpartition(key, ranks - 1, axis=1)[:, :ranks]
    near = np.take_along_axis(near, np.take_along_axis(key, near, axis=1).argsort(axis=1), axis=1)
    # The word's utterances, in a drawn order, take rank 0, 1, 2, 0, ... of its neighbours from a drawn start.
    shuffled = rng.permutation(len(spoken))
    by_word = shuffled[np.argsort(spoken[shuffled], kind="stable")]
    first = np.searchsorted(spoken[by_word], np.arange(len(vocabulary)))
    turn = np.empty(len(spoken), np.int64)
    turn[by_word] = np.arange(len(spoken)) - first[spoken[by_word]]
    turn = turn * count + rng.integers(ranks, size=len(vocabulary))[spoken]
    usable = np.minimum(allowed, ranks)[spoken]
    hard = near[spoken[:, None], (turn[:, None] + np.arange(count)) % usable[:, None]]
    easy = _random_non_homophones(spoken, distances, count, rng)
    return {
        LIBRIPHRASE_EASY: _table(utt_ids, vocabulary, spoken, easy),
        LIBRIPHRASE_HARD: _table(utt_ids, vocabulary, spoken, hard),
    }


def without_utterances(trials: pa.Table, left_out: Collection[str]) -> pa.Table:
    """``trials`` without those that need one of the utterances ``left_out``, the parts of streams included."""
    if not left_out:
        return trials
    coded = trials["utt_id"].combine_chunks().dictionary_encode()
    usable = pa.array([set(left_out).isdisjoint(name.split()) for name in coded.dictionary.to_pylist()], pa.bool_())
    return trials.filter(usable.take(coded.indices))


def phoneme_distances(vocabulary: Sequence[str], pronunciations: Pronunciations) -> NDArray[np.float32]:
    """(V, V) least phoneme Levenshtein distance over the pronunciations of two words; 0 = homophones.

    Raises
    ------
    ValueError
        When a word has no pronunciation.
    """
    spoken = [[tuple(phonemes) for phonemes in pronunciations.get(word, ())] for word in vocabulary]
    silent = [word for word, sequences in zip(vocabulary, spoken, strict=True) if not sequences or () in sequences]
    if silent:
        raise ValueError(f"no pronunciation of {', '.join(map(repr, silent[:5]))} ({len(silent)} words in all)")
    flat = [phonemes for sequences in spoken for phonemes in sequences]
    starts = np.cumsum([0] + [len(sequences) for sequences in spoken[:-1]])
    pairs = cdist(flat, flat, scorer=Levenshtein.distance, dtype=np.uint16, workers=-1)
    return np.minimum.reduceat(np.minimum.reduceat(pairs, starts, axis=0), starts, axis=1).astype(np.float32)


def _vocabulary(utt_ids: Sequence[str], words: Sequence[str]) -> tuple[list[str], NDArray[np.int64]]:
    """The sorted distinct words, and each utterance's place among them."""
    if len(utt_ids) != len(words):
        raise ValueError(f"{len(utt_ids)} utterance ids but {len(words)} words")
    if len(utt_ids) == 0:
        raise ValueError("no utterance to make trials of")
    twice = [utt for utt, times in Counter(utt_ids).items() if times > 1]
    if twice:
        raise ValueError(f"utterance id {twice[0]!r} occurs twice")
    vocabulary, spoken = np.unique(np.asarray(words, dtype=str), return_inverse=True)
    if len(vocabulary) < 2:
        raise ValueError(f"all utterances are of the word {words[0]!r}; negative trials need a second word")
    return vocabulary.tolist(), spoken


def _positive(name: str, number: int) -> int:
    if number < 1:
        raise ValueError(f"{name} must be at least 1, not {number}")
    return number


def _other_words(spoken: NDArray, vocabulary: int, count: int, seed: int) -> NDArray[np.int64]:
    """(N, count) distinct words other than each utterance's own (Floyd's sampling, all utterances at once)."""
    rng = np.random.default_rng(seed)
    chosen = np.full((count, len(spoken)), -1, np.int64)
    for i, highest in enumerate(range(vocabulary - 1 - count, vocabulary - 1)):
        drawn = rng.integers(highest + 1, size=len(spoken))
        chosen[i] = np.where((chosen[:i] == drawn).any(axis=0), highest, drawn)
    chosen += chosen >= spoken  # step over the own word
    return chosen.T


def _random_non_homophones(spoken: NDArray, distances: NDArray, count: int, rng: np.random.Generator) -> NDArray:
    """(N, count) distinct words that do not sound like the utterance's own, uniformly."""
    chosen = np.empty((len(spoken), count), np.int64)
    for rows in np.array_split(np.arange(len(spoken)), len(spoken) // 1024 + 1):  # 1024 x V keys at a time
        key = rng.random((len(rows), len(distances)), dtype=np.float32)
        key[distances[spoken[rows]] == 0] = np.inf
        chosen[rows] = np.argpartition(key, count - 1, axis=1)[:, :count]
    return chosen


def _table(utt_ids: Sequence[str], vocabulary: list[str], spoken: NDArray, negatives: NDArray) -> pa.Table:
    """Trials of each utterance's own word (N,), then its ``negatives`` (N, count), as word numbers."""
    each = 1 + negatives.shape[1]
    typed = np.column_stack([spoken, negatives]).ravel()
    target = np.zeros(len(typed), np.int8)
    target[::each] = 1
    columns = [
        pa.array(vocabulary, pa.string()).take(pa.array(typed)),
        pa.array(utt_ids, pa.string()).take(pa.array(np.repeat(np.arange(len(utt_ids)), each))),
        pa.array(target),
    ]
    return pa.table(columns, schema=pa.schema(TRIALS))
