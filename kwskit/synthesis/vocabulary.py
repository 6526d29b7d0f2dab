"""Words for a synthetic corpus: CMUdict's, frequent and rare, split without a shared word or sound (ours)."""

import hashlib
from collections.abc import Mapping, Sequence
from functools import cache

from kwskit.text.pronouncing_dictionary import cmudict, package_file

FREQUENCIES = "frequency_dictionary_en_82_765.txt"  # symspellpy: Google Books counts (CC BY 3.0) of SCOWL's words


class VocabularyError(ValueError):
    """A choice of words that cannot be made."""


@cache
def words_by_frequency() -> tuple[str, ...]:
    """The 82,000 words of symspellpy's English list, most frequent in books first.

    Raises
    ------
    VocabularyError
        When the package symspellpy is not installed.
    """
    try:
        lines = package_file("symspellpy", FREQUENCIES).read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError as error:
        raise VocabularyError(
            f"the word list comes with the package symspellpy: pip install 'kwskit[voices]' ({error})"
        ) from error
    counts = {word: int(count) for word, _, count in (line.partition(" ") for line in lines)}
    return tuple(sorted(counts, key=lambda word: (-counts[word], word)))


def pronunciations(word: str) -> tuple[tuple[str, ...], ...]:
    """CMUdict's pronunciations of ``word`` without stress, each once; empty where it is unknown."""
    sounds = (tuple(phoneme.rstrip("012") for phoneme in said) for said in cmudict().lookup(word))
    return tuple(dict.fromkeys(sounds))


@cache
def candidates(min_phonemes: int = 3, max_phonemes: int = 12) -> tuple[str, ...]:
    """Alphabetic words that both lists have, most frequent first, one of each family of homophones.

    A word is dropped when a pronunciation of it is a pronunciation of a more frequent word that stayed, or is
    shorter than ``min_phonemes`` or longer than ``max_phonemes``.
    """
    heard: set[tuple[str, ...]] = set()
    chosen = []
    for word in words_by_frequency():
        sounds = pronunciations(word) if word.isascii() and word.isalpha() else ()
        if not sounds or not all(min_phonemes <= len(sound) <= max_phonemes for sound in sounds):
            continue
        if heard.isdisjoint(sounds):
            chosen.append(word)
        heard.update(sounds)
    return tuple(chosen)


def split_words(
    sizes: Mapping[str, int],
    seed: int,
    rare: float = 0.5,
    frequent_rank: int = 12_000,
    words: Sequence[str] | None = None,
) -> dict[str, list[str]]:
    """Draw disjoint words for each split, in the order of ``sizes``.

    Parameters
    ----------
    sizes : split name -> number of words
    seed : of the draw
    rare : fraction of each split drawn from beyond the first ``frequent_rank`` candidates
    words : the candidates, most frequent first; default :func:`candidates`

    Returns
    -------
    split name -> words, sorted. A split that is listed earlier keeps its words when a later one grows.

    Raises
    ------
    VocabularyError
        When there are too few candidates.
    """
    words = candidates() if words is None else words
    shelves = {"frequent": list(words[:frequent_rank]), "rare": list(words[frequent_rank:])}
    for shelf in shelves.values():
        shelf.sort(key=lambda word: hashlib.blake2b(f"{seed}/{word}".encode(), digest_size=8).digest(), reverse=True)
    chosen = {}
    for split, size in sizes.items():
        quota = {"rare": round(size * rare)}
        quota["frequent"] = size - quota["rare"]
        for name, shelf in shelves.items():
            if len(shelf) < quota[name]:
                raise VocabularyError(
                    f"split '{split}' wants {quota[name]} {name} words, but only {len(shelf)} are left of "
                    f"{len(words)} candidates; ask for fewer words or another fraction of rare ones"
                )
        chosen[split] = sorted(shelf.pop() for name, shelf in shelves.items() for _ in range(quota[name]))
    return chosen
