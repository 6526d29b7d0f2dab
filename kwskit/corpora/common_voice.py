"""Mozilla Common Voice (Ardila et al. 2020), as its releases unpack: sentences read by volunteers, CC0.

Since version 2, and in the deltas between versions::

    cv-corpus-13.0-2023-03-09/en/validated.tsv     client_id, path, sentence, up_votes, down_votes, age, gender, accents
    cv-corpus-13.0-2023-03-09/en/clips/common_voice_en_37027968.mp3

Version 1 has no client_id, names its tables' columns otherwise, and its files by set::

    cv_corpus_v1/cv-valid-train.csv                filename, text, up_votes, down_votes, age, gender, accent, duration
    cv_corpus_v1/cv-valid-train/sample-000000.mp3
"""

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from kwskit.corpora.alignments.transcripts import TABLE
from kwskit.corpora.findings import Findings
from kwskit.corpora.locate import corpus_root
from kwskit.corpora.transcribed import TRANSCRIBED, read_listed, read_text_folder, usable

NAME = "Common Voice"
VALIDATED = "validated"
CLIPS = "clips"
COLUMNS = {
    "file": ("path", "filename"),
    "text": ("sentence", "text"),
    "speaker": ("client_id",),
    "age": ("age",),
    "gender": ("gender",),
    "accent": ("accents", "accent"),
}
SPEAKER = 16  # characters of a client's hash of 128 that are kept


def common_voice_clips(corpus: Path, findings: Findings, listed: str = VALIDATED, language: str = "en") -> pa.Table:
    """The clips of a table of a release: the columns ``TRANSCRIBED``, without what cannot be used.

    Parameters
    ----------
    corpus : folder of a release, of one language of it, of version 1, or any folder of recordings with ``text.tsv``
        (:func:`~kwskit.corpora.transcribed.read_text_folder`)
    findings : see :func:`~kwskit.corpora.transcribed.usable`
    listed : table, without its ending: ``validated`` has all that two listeners agreed on; of version 1
        ``cv-valid-train``, for example
    language : code; its folder is looked for in ``corpus`` first

    Raises
    ------
    CorpusError
        When the table or the clips are missing, the table cannot be read, or nothing in it can be used.
    """
    if (corpus / f"{listed}.csv").is_file():
        return usable(read_listed(corpus / f"{listed}.csv", corpus, COLUMNS, findings), findings)
    if (corpus / TABLE).is_file():
        return read_text_folder(corpus, findings)
    inner = corpus / language
    root = corpus_root(inner if inner.is_dir() else corpus, [f"{listed}.tsv", CLIPS], NAME)
    table = read_listed(root / f"{listed}.tsv", root / CLIPS, COLUMNS, findings)
    bare = pc.invert(pc.match_substring_regex(table["path"], r"\.\w+$"))  # some early releases leave the ending out
    paths = pc.if_else(bare, pc.binary_join_element_wise(table["path"], ".mp3", ""), table["path"])
    table = table.set_column(table.column_names.index("path"), "path", paths)
    speakers = pc.utf8_slice_codeunits(table["speaker"], 0, SPEAKER)
    named = pc.not_equal(table["speaker"], table["utterance"])
    table = table.set_column(
        table.column_names.index("speaker"), "speaker", pc.if_else(named, speakers, table["speaker"])
    )
    return usable(table.cast(pa.schema(TRANSCRIBED)), findings)
