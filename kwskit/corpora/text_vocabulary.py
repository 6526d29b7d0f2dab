"""Words of a manifest by how often they are there, and whether they can be read out."""

from collections.abc import Collection

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kwskit.corpora.findings import Findings
from kwskit.errors import UnpronounceableText
from kwskit.text.normalise import normalise


def frequent(table: pa.Table, least: int, most: int | None = None, seed: int = 0) -> pa.Table:
    """The segments of texts with at least ``least`` of them; of each text at most ``most``, drawn with ``seed``."""
    texts = table["word"].combine_chunks().dictionary_encode()
    codes = texts.indices.to_numpy()
    counts = np.bincount(codes, minlength=len(texts.dictionary))
    kept = counts[codes] >= least
    if most is not None and len(codes) and counts.max() > most:
        order = np.random.default_rng(seed).permutation(len(codes))
        order = order[np.argsort(codes[order], kind="stable")]  # by text, each text's in a drawn order
        rank = np.arange(len(order)) - (np.cumsum(counts) - counts)[codes[order]]
        kept[order[rank >= most]] = False
    return table.filter(pa.array(kept))


def can_be_read(text: str) -> bool:
    """Whether ``text`` has a letter or digit, and no letters but those of the alphabet."""
    try:
        normalise(text)
    except UnpronounceableText:
        return False
    return True


def readable(table: pa.Table, findings: Findings) -> pa.Table:
    """The segments whose text has a letter or digit and no letters but those of the alphabet; the others are noted."""
    texts = table["word"].unique()
    silent = [text for text in texts.to_pylist() if not can_be_read(text)]
    if not silent:
        return table
    findings.add_all("words that cannot be read out", map(repr, silent))
    return table.filter(pc.invert(pc.is_in(table["word"], pa.array(silent, texts.type))))


def by_vocabulary(table: pa.Table, vocabulary: Collection[str]) -> dict[str, pa.Table]:
    """``{"iv": ..., "oov": ...}``: segments whose text is in ``vocabulary``, and the others (JMCL's two test sets)."""
    known = pc.is_in(table["word"], pa.array(sorted(vocabulary), table["word"].type))
    return {"iv": table.filter(known), "oov": table.filter(pc.invert(known))}


def can_be_told_apart(table: pa.Table, shortest: int = 3) -> bool:
    """Whether two segments are of one word and two are not, among words of at least ``shortest`` letters."""
    words = table["word"].filter(pc.greater_equal(pc.utf8_length(table["word"]), shortest))
    distinct = pc.count_distinct(words).as_py()
    return 1 < distinct < len(words)
