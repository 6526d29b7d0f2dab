"""Queries for a search: drawn from what is said, or given, and where they are said."""

import math
from collections import Counter
from collections.abc import Collection, Iterable, Sequence

import numpy as np
import pyarrow as pa

from kwskit.corpora.findings import Findings
from kwskit.data.records import OCCURRENCES
from kwskit.errors import CorpusError, UnpronounceableText
from kwskit.text.g2p import G2P
from kwskit.text.normal_form import normal_form

LENGTHS = (6, 8)  # letters up to which a word is short or middling
NIST_GAP = 0.5  # s that may be between the words of a phrase (OpenKWS)


def draw_queries(words: Iterable[str], count: int, seed: int, letters: int = 4) -> list[str]:
    """``count`` of the distinct ``words``, as evenly as there are over their lengths and frequencies, sorted.

    Lengths are up to 6, 8 and more letters; frequencies are 1, 2-3, 4-7, 8-15 … occurrences (ours).

    Parameters
    ----------
    words : as they are said, repeats and all
    count : fewer come back when there are fewer
    seed : of the draw
    letters : shorter words are not drawn, nor are those that cannot be pronounced
    """
    said = Counter(word for word in words if len(word) >= letters and word.replace("'", "").isalpha())
    rng = np.random.default_rng(seed)
    groups: dict[tuple[int, int], list[str]] = {}
    ranked = sorted(said)
    for number in rng.permutation(len(ranked)):
        word = ranked[number]
        length = sum(len(word) > limit for limit in LENGTHS)
        groups.setdefault((length, int(math.log2(said[word]))), []).append(word)
    chosen: list[str] = []
    while len(chosen) < count and any(groups.values()):
        for key in sorted(groups):  # one of each in turn
            if groups[key] and len(chosen) < count:
                chosen.append(groups[key].pop())
    return sorted(chosen)


def readable_queries(texts: Sequence[str], findings: Findings, name: str) -> list[str]:
    """``texts`` in their normal form, without repeats and what cannot be pronounced, which become findings."""
    g2p, found = G2P(), dict[str, None]()
    for text in texts:
        typed = normal_form(text)
        if not typed:
            continue
        try:
            g2p.pronunciations(typed)
        except UnpronounceableText:
            findings.add(f"queries of {name} that cannot be pronounced", text)
            continue
        if typed in found:
            findings.add(f"queries of {name} that are there twice", text)
        found[typed] = None
    if not found:
        raise CorpusError(f"{name}: holds no query; expected one a line")
    return list(found)


def occurrences_of(queries: dict[str, str], aligned: pa.Table, gap: float = NIST_GAP) -> pa.Table:
    """Where each query is said: its words one after another with at most ``gap`` seconds between them.

    Parameters
    ----------
    queries : text by name
    aligned : the columns ``ALIGNED`` and ``position``; utterances are recordings
    gap : in seconds
    """
    words = aligned["word"].to_pylist()
    recordings, position = aligned["utterance"].to_pylist(), aligned["position"].to_numpy()
    start, stop = aligned["start"].to_numpy(), aligned["stop"].to_numpy()
    places: dict[str, list[int]] = {}
    for row, word in enumerate(words):
        places.setdefault(word.partition(" ")[0], []).append(row)
    found = []
    for name, text in queries.items():
        for row in places.get(text.partition(" ")[0], []):
            last, said = row, words[row]
            while len(said) < len(text) and last + 1 < len(words):  # one aligned word may be several, as "twenty five"
                last += 1
                said = f"{said} {words[last]}"
            if said != text or recordings[row] != recordings[last]:
                continue
            if position[last] - position[row] != last - row or (start[row + 1 : last + 1] - stop[row:last] > gap).any():
                continue
            found.append((name, recordings[row], float(start[row]), float(stop[last])))
    columns = zip(*found, strict=True) if found else ([] for _ in OCCURRENCES)
    return pa.table([list(column) for column in columns], schema=pa.schema(OCCURRENCES))


def vocabulary_group(text: str, vocabulary: Collection[str]) -> str:
    """``iv`` when all words of a query are in the vocabulary of the training, else ``oov``."""
    return "iv" if text in vocabulary or all(word in vocabulary for word in text.split()) else "oov"
