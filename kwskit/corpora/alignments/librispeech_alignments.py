"""Where the alignments of LibriSpeech are, or come from."""

from collections.abc import Sequence
from pathlib import Path

from kwskit.corpora.alignments.alignment_places import find_alignments, usual_places
from kwskit.errors import CorpusError


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
