"""Speech of people for a general English model: several corpora, each optional, with who is held back."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
from numpy.typing import NDArray

from kwskit import registry
from kwskit.atomic_write import atomic_write
from kwskit.corpora.alignments.alignment_places import find_alignments
from kwskit.corpora.alignments.forced_alignment import align_corpus
from kwskit.corpora.alignments.read import read_alignments
from kwskit.corpora.common_voice import common_voice_clips
from kwskit.corpora.findings import Findings
from kwskit.corpora.held_back import has_test_word, held_back_parts
from kwskit.corpora.librispeech import MINI, read_librispeech
from kwskit.corpora.open_vocabulary import PARTS
from kwskit.corpora.segments import audio_lengths, word_segments
from kwskit.corpora.speechocean762 import TRAIN, speechocean762_utterances
from kwskit.corpora.text_vocabulary import can_be_read, readable
from kwskit.corpora.utterances import UTTERANCES
from kwskit.corpora.whole_utterances import whole_utterances

# How the utterances of a corpus are read.
CORPORA: dict[str, Callable[[Path, Findings], pa.Table]] = {
    "librispeech": lambda path, findings: read_librispeech(path, [_part(path)], findings),
    "common_voice": common_voice_clips,
    "speechocean762": lambda path, findings: speechocean762_utterances(path, findings, (TRAIN,)),
}


class PeopleSpeech(NamedTuple):
    """What one corpus gives: a manifest of stretches to train on, their ``words``, and one of words of dev people."""

    train: pa.Table
    words: pa.Table
    dev: pa.Table


def people_speech(name: str, corpus: Path, alignments: Path, findings: Findings, jobs: int = 1) -> PeopleSpeech:
    """The speech of the corpus ``name`` (one of ``CORPORA``), without test people and test words (ours).

    Words that cannot be read out are left out, too, and text that does not fit its audio, by the score of its
    alignment. Ids begin with the corpus' name.

    Parameters
    ----------
    name : of the corpus
    corpus : its folder
    alignments : a folder for them. Where ``corpus`` has none, they are made here by PocketSphinx, which takes a core an
        hour for 30 hours of speech, and goes on where it was interrupted. Transcripts of a corpus that has them in a
        table of its own are written next to it
    findings : takes what cannot be used
    jobs : processes

    Raises
    ------
    CorpusError
        When the corpus cannot be read or aligned.
    """

    def leave_out(word: str) -> bool:
        if not can_be_read(word):
            findings.add("words that cannot be read out", repr(word))
            return True
        return has_test_word(word)

    recordings, found = recordings_and_alignments(name, corpus, alignments, findings, jobs)
    parts = held_back_parts(name, recordings["speaker"].to_pylist())
    recordings = in_parts(recordings, parts)
    recordings = recordings.filter(pc.not_equal(recordings["split"], "test"))
    recordings = audio_lengths(recordings, jobs, findings)
    aligned = read_alignments(found, findings, jobs)
    own = {part: recordings.filter(pc.equal(recordings["split"], part)) for part in ("train", "dev")}
    train, words = whole_utterances(aligned, own["train"], findings, leave_out)
    dev = word_segments(aligned, own["dev"], findings, 0.2, 2.5, only_known=True) if len(own["dev"]) else train[:0]
    return PeopleSpeech(named(train, name), named(words, name), readable(named(dev, name), findings))


def recordings_and_alignments(
    name: str, corpus: Path, alignments: Path, findings: Findings, jobs: int
) -> tuple[pa.Table, Path]:
    """The utterances of the corpus ``name`` and where their alignments are, made where there are none.

    Takes and raises what :func:`people_speech` does.
    """
    recordings = CORPORA[name](corpus, findings)
    found = find_alignments(None, (corpus,))
    if found is None:
        found, transcripts = alignments, corpus
        if "text" in recordings.column_names:  # else they lie in the corpus as the aligner reads them
            transcripts = alignments.with_suffix(".csv")
            with atomic_write(transcripts) as partial:
                pyarrow.csv.write_csv(recordings.select(["utterance", "text"]), partial)
        align_corpus(corpus, transcripts, found, registry.build("word_aligner", "pocketsphinx", jobs=jobs))
    return recordings, found


def in_parts(recordings: pa.Table, parts: NDArray[np.int8]) -> pa.Table:
    """The columns ``UTTERANCES`` of recordings, each in the split of ``parts`` (rows,), places in ``PARTS``."""
    split = pa.array([PARTS[part] for part in parts], pa.string())
    return recordings.select(list(UTTERANCES)).set_column(list(UTTERANCES).index("split"), "split", split)


def named(table: pa.Table, name: str) -> pa.Table:
    """``table`` with ids and speakers that begin with the corpus' ``name``."""
    place = table.column_names.index("utt_id")
    ids = pc.binary_join_element_wise(name, table["utt_id"], "-")
    table = table.set_column(place, "utt_id", ids)
    if "speaker" not in table.column_names:
        return table
    speakers = pc.binary_join_element_wise(name, table["speaker"], "-")
    return table.set_column(table.column_names.index("speaker"), "speaker", speakers)


def _part(path: Path) -> str:
    """The part of LibriSpeech to train on: mini LibriSpeech's, or that which it is a part of."""
    mini, whole = next(iter(MINI.items()))
    return mini if any((root / mini).is_dir() for root in (path, path / "LibriSpeech")) else whole
