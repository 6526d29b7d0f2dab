"""Where the alignments of a corpus are."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from kwskit.errors import CorpusError

# What `kwskit align` makes, and what `kwskit fetch librispeech-alignments` and its publishers call theirs.
USUAL = ("alignments", "LibriSpeech-Alignments", "librispeech_alignments")


def usual_places(folders: Iterable[Path]) -> list[Path]:
    """Every usual name in every folder, each once."""
    return [folder / name for folder in dict.fromkeys(folders) for name in USUAL]


def find_alignments(given: Path | None, folders: Iterable[Path]) -> Path | None:
    """``given``, or the first of the usual places in ``folders`` that is there, or None.

    Raises
    ------
    CorpusError
        When ``given`` is not there.
    """
    if given is not None:
        if not given.exists():
            raise CorpusError(f"--alignments {given}: no such file or folder")
        return given
    return next((place for place in usual_places(folders) if place.exists()), None)


def librispeech_alignments(given: Path | None, folders: Sequence[Path]) -> Path:
    """``given``, or the first of the usual places in ``folders`` that is there.

    Raises
    ------
    CorpusError
        When there is none, saying how to get or make them.
    """
    found = find_alignments(given, folders)
    if found is None:
        raise CorpusError(
            "LibriSpeech is published without word alignments; name them with --alignments PATH (TextGrids of the "
            "Montreal Forced Aligner, .ctm, or CSVs with audio_filename,start,end,text), get them with `kwskit fetch "
            "librispeech-alignments --to DIR`, or make them with `kwskit align`. None of these is there: "
            f"{', '.join(map(str, usual_places(folders)))}"
        )
    return found
