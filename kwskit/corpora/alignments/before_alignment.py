"""What `kwskit align` needs of a corpus without alignments."""

import os
from pathlib import Path

import pyarrow as pa
import pyarrow.csv

from kwskit.atomic_write import atomic_write
from kwskit.errors import CorpusError


def alignment_missing(name: str, transcripts: pa.Table, audio: Path, data: Path) -> CorpusError:
    """Write ``data/transcripts.csv``, and return an error that says what to do with it.

    Parameters
    ----------
    name : of the corpus
    transcripts : the columns ``utterance`` and ``text``
    audio : folder of the audio files, named after the utterances
    data : folder of the recipe
    """
    path = data / "transcripts.csv"
    with atomic_write(path) as partial:
        pyarrow.csv.write_csv(transcripts, partial)
    return CorpusError(
        f"{name} comes without word alignments. Name them with --alignments (TextGrids, .ctm, or CSVs "
        "audio_filename,start,end,text), or make them, and run this stage again:\n"
        f"  kwskit align --corpus {audio} --transcripts {path} --to {data / 'alignments'} --with ctc\n"
        "or, with PocketSphinx (English) or the Montreal Forced Aligner, --with pocketsphinx or --with mfa. "
        f"{len(transcripts):,} transcripts are in {path}"
    )


def link_as_wav(files: dict[str, Path], folder: Path) -> None:
    """Have each file in ``folder`` under ``<utterance>.wav``, a link where it is not there itself."""
    folder.mkdir(parents=True, exist_ok=True)
    for utterance, path in files.items():
        link = folder / f"{utterance}.wav"
        if not os.path.lexists(link):
            link.symlink_to(path.absolute())
