"""Where the alignments of LibriSpeech are."""

from collections.abc import Iterable
from pathlib import Path

from kwskit.corpora.corpus_error import CorpusError

# What `kwskit fetch librispeech-alignments` unpacks, and what `kwskit align` makes.
USUAL = ("alignments", "LibriSpeech-Alignments", "librispeech_alignments")


def find_alignments(given: Path | None, places: Iterable[Path]) -> Path:
    """``given``, or the first folder with one of the usual names in ``places``.

    Raises
    ------
    CorpusError
        When there is none, saying how to get or make them.
    """
    if given is not None:
        if not given.exists():
            raise CorpusError(f"--alignments {given}: no such file or folder")
        return given
    looked = [place / name for place in dict.fromkeys(places) for name in USUAL]
    for path in looked:
        if path.exists():
            return path
    raise CorpusError(
        "LibriSpeech is published without word alignments; name them with --alignments PATH (TextGrids of the Montreal "
        "Forced Aligner, .ctm, or CSVs with audio_filename,start,end,text), get them with `kwskit fetch "
        "librispeech-alignments --to DIR`, or make them with `kwskit align`. None of these is there: "
        f"{', '.join(map(str, looked))}"
    )
