"""Words and phrases cut from aligned utterances: manifests."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kwskit.constants import SAMPLE_RATE
from kwskit.corpora.alignments.read import in_order
from kwskit.corpora.findings import Findings
from kwskit.corpora.utterances import SECONDS, UTTERANCES, audio_lengths
from kwskit.data.audio import MIN_SAMPLES, OVERHANG
from kwskit.data.records import MANIFEST
from kwskit.errors import CorpusError

__all__ = ["UTTERANCES", "audio_lengths", "phrase_segments", "usable_words", "word_segments"]

# Rows of a table that are made at a time: paths are long, and one Arrow array of text holds 2 GB.
CHUNK = 1_000_000


@dataclass(frozen=True)
class UsableWords:
    """Usable words by columns, each (words,): row of their utterance, position in it, times in seconds."""

    row: np.ndarray
    position: np.ndarray
    start: np.ndarray
    stop: np.ndarray
    word: pa.StringArray
    utterances: pa.Table


def word_segments(
    aligned: pa.Table,
    utterances: pa.Table,
    findings: Findings,
    min_seconds: float = 0.0,
    max_seconds: float = float("inf"),
    min_letters: int = 1,
    only_known: bool = False,
) -> pa.Table:
    """A manifest of the words of ``aligned``; the utt_id is ``<utterance>_<position>``.

    Parameters
    ----------
    aligned : what :func:`kwskit.corpora.alignments.read.read_alignments` gave, or the columns ``ALIGNED``
    utterances : the columns ``UTTERANCES`` and ``seconds`` (:func:`audio_lengths`)
    findings :
        takes words that end past their audio (an overhang of 0.1 s is cut off instead), that have no stretch or one
        below 25 ms, that are empty, or aligned twice; utterances without audio, speaker or alignment, or there twice
    min_seconds, max_seconds : words outside this length are not taken; both ends count as inside
    min_letters : words of fewer letters are not taken
    only_known : alignments may cover more than ``utterances``: what is not there is passed over, and no finding

    Raises
    ------
    CorpusError
        When ``utterances`` lacks a column, or no utterance has an alignment.
    """
    words = usable_words(aligned, utterances, findings, only_known)
    seconds = words.stop - words.start
    taken = (seconds >= min_seconds - 1e-9) & (seconds <= max_seconds + 1e-9)
    if min_letters > 1:
        coded = words.word.dictionary_encode()
        letters = pc.utf8_length(pc.replace_substring_regex(coded.dictionary, r"\P{L}", "")).to_numpy()
        taken &= (letters >= min_letters)[coded.indices.to_numpy()]
    return _manifest(words, np.flatnonzero(taken), 1)


def phrase_segments(
    aligned: pa.Table,
    utterances: pa.Table,
    findings: Findings,
    words: tuple[int, int] = (1, 4),
    min_seconds: float = 0.5,
    max_seconds: float = 2.0,
    only_known: bool = False,
) -> pa.Table:
    """A manifest of all runs of ``words`` (from, to) words that follow each other in an utterance.

    No unknown or unusable word stands between them; pauses may. The utt_id is ``<utterance>_<position>_<words>``, the
    text has single spaces. The other parameters and errors are those of :func:`word_segments`; lengths are those of
    whole phrases (the defaults are LibriPhrase's, Shin et al. 2022).
    """
    usable = usable_words(aligned, utterances, findings, only_known)
    tables = []
    for count in range(words[0], words[1] + 1):
        first = np.arange(max(len(usable.row) - count + 1, 0))
        last = first + count - 1
        # Positions grow within an utterance, so the ends tell about what is between them.
        follow = usable.row[first] == usable.row[last]
        follow &= usable.position[last] - usable.position[first] == count - 1
        seconds = usable.stop[last] - usable.start[first]
        taken = follow & (seconds >= min_seconds - 1e-9) & (seconds <= max_seconds + 1e-9)
        tables.append(_manifest(usable, np.flatnonzero(taken), count))
    return pa.concat_tables(tables)


def usable_words(aligned: pa.Table, utterances: pa.Table, findings: Findings, only_known: bool) -> UsableWords:
    """The words that can be cut out; parameters, findings and errors as of :func:`word_segments`."""
    utterances = _usable_utterances(utterances, findings)
    aligned = in_order(aligned.combine_chunks())
    coded = aligned["utterance"].combine_chunks().dictionary_encode()
    rows = pc.fill_null(pc.index_in(coded.dictionary, utterances["utterance"].combine_chunks()), -1).to_numpy()
    codes = coded.indices.to_numpy()
    if len(utterances) and not (rows >= 0).any():
        raise CorpusError(
            f"no aligned utterance ({_some(coded.dictionary)}) is one of the corpus ({_some(utterances['utterance'])})"
        )
    if not only_known:
        missing = coded.dictionary.filter(pa.array(rows < 0))
        findings.add_all("aligned utterances without audio", missing.to_pylist())
    silent = np.ones(len(utterances), dtype=bool)
    silent[rows[rows >= 0]] = False
    findings.add_all("utterances without alignment", utterances["utterance"].filter(pa.array(silent)).to_pylist())

    row = rows[codes]
    start, stop = (aligned[name].to_numpy() for name in ("start", "stop"))
    word = aligned["word"].combine_chunks()
    good = row >= 0
    seconds = np.where(good, utterances["seconds"].to_numpy()[row], 0.0) if len(utterances) else np.zeros(len(row))

    def refuse(wrong: np.ndarray, kind: str, reason) -> None:
        nonlocal good
        refused = np.flatnonzero(good & wrong)
        names = coded.dictionary.take(pa.array(codes[refused])).to_pylist()
        texts = word.take(pa.array(refused)).to_pylist()
        examples = (f"{n}: {w!r} {reason(i)}" for n, w, i in zip(names, texts, refused, strict=True))
        findings.add_all(kind, examples)
        good = good & ~wrong

    blank = pc.equal(pc.utf8_trim_whitespace(word), "").to_numpy(zero_copy_only=False)
    refuse(blank, "empty words", lambda i: f"at {start[i]:g} s")
    wrong = ~((start >= 0) & (start < stop) & np.isfinite(stop))
    refuse(wrong, "words whose times are no stretch", lambda i: f"from {start[i]:g} to {stop[i]:g} s")
    past = (stop > seconds + OVERHANG) | (start >= seconds)
    refuse(past, "alignments past the end of their audio", lambda i: f"ends at {stop[i]:g} s of {seconds[i]:g} s")
    stop = np.minimum(stop, seconds)
    short = stop - start < MIN_SAMPLES / SAMPLE_RATE
    refuse(short, "words shorter than one window of 25 ms", lambda i: f"at {start[i]:g} s, {stop[i] - start[i]:.4f} s")
    twice = np.zeros(len(row), dtype=bool)
    spelt = word.dictionary_encode().indices.to_numpy()
    twice[1:] = (row[1:] == row[:-1]) & (start[1:] == start[:-1]) & (spelt[1:] == spelt[:-1])
    refuse(twice, "words that are aligned twice", lambda i: f"at {start[i]:g} s")
    kept = np.flatnonzero(good)
    position = aligned["position"].to_numpy()
    return UsableWords(row[kept], position[kept], start[kept], stop[kept], word.take(pa.array(kept)), utterances)


def _usable_utterances(utterances: pa.Table, findings: Findings) -> pa.Table:
    missing = [name for name in UTTERANCES | SECONDS if name not in utterances.column_names]
    if missing:
        raise CorpusError(f"a table of utterances needs {', '.join(missing)}; it has {utterances.column_names}")
    utterances = utterances.combine_chunks()
    nobody = pc.equal(pc.utf8_trim_whitespace(pc.fill_null(utterances["speaker"], "")), "")
    findings.add_all("utterances without a speaker", utterances["utterance"].filter(nobody).to_pylist())
    utterances = utterances.filter(pc.invert(nobody))
    codes = utterances["utterance"].combine_chunks().dictionary_encode().indices.to_numpy()
    _, first = np.unique(codes, return_index=True)
    again = np.ones(len(codes), dtype=bool)
    again[first] = False
    findings.add_all("utterances that are there twice", utterances["path"].filter(pa.array(again)).to_pylist())
    return utterances.filter(pa.array(~again)).combine_chunks()


def _manifest(words: UsableWords, first: np.ndarray, count: int) -> pa.Table:
    """Segments of ``count`` words that begin with the words ``first``."""
    tables = []
    for at in range(0, max(len(first), 1), CHUNK):
        rows = first[at : at + CHUNK]
        of = pa.array(words.row[rows])
        utterance = words.utterances["utterance"].take(of)
        name: list = [utterance, pa.array(words.position[rows]).cast(pa.string())]
        name += [str(count)] if count > 1 else []
        columns = {
            "utt_id": pc.binary_join_element_wise(*name, "_"),
            "path": words.utterances["path"].take(of),
            "start": pa.array(words.start[rows]),
            "stop": pa.array(words.stop[rows + count - 1]),
            "word": pc.binary_join_element_wise(*(words.word.take(pa.array(rows + i)) for i in range(count)), " "),
            "speaker": words.utterances["speaker"].take(of),
            "split": words.utterances["split"].take(of),
        }
        tables.append(pa.table(columns).cast(pa.schema(MANIFEST)))
    return pa.concat_tables(tables)


def _some(names: Sequence | pa.ChunkedArray) -> str:
    return ", ".join(str(name) for name in names[:2]) + ", …"
