"""speechocean762 (Zhang et al. 2021; OpenSLR 101): 5,000 English sentences read by 250 learners, half of them children.

Layout, as its archive unpacks; files of Kaldi's kind, a key and its value a line::

    WAVE/SPEAKER0001/000010011.WAV
    train/wav.scp  text  utt2spk  spk2age  spk2gender        and test/ likewise, of other speakers
"""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from kwskit.corpora.alignments.transcripts import TABLE
from kwskit.corpora.findings import Findings
from kwskit.corpora.locate import corpus_root
from kwskit.corpora.transcribed import TRANSCRIBED, read_text_folder, usable
from kwskit.errors import CorpusError

NAME = "speechocean762"
TRAIN, TEST = "train", "test"


def speechocean762_utterances(corpus: Path, findings: Findings, parts: Sequence[str] = (TRAIN, TEST)) -> pa.Table:
    """The utterances of ``parts``: the columns ``TRANSCRIBED``, ``split`` being the part.

    Parameters
    ----------
    corpus : the folder that holds ``WAVE``, the one above it, or a folder of its recordings with ``text.tsv``
        (:func:`~kwskit.corpora.transcribed.read_text_folder`), all of which are ``train``
    findings : takes utterances without a speaker, and those of :func:`~kwskit.corpora.transcribed.usable`
    parts : of the corpus

    Raises
    ------
    CorpusError
        When a file of a part is missing or has a line without a value, or nothing can be used.
    """
    if (corpus / TABLE).is_file():
        table = read_text_folder(corpus, findings)
        split = pa.array([TRAIN] * len(table), pa.string())
        return table.set_column(table.column_names.index("split"), "split", split)
    root = corpus_root(corpus, ["WAVE", *parts], NAME).absolute()
    rows = []
    for part in parts:
        paths, texts, speakers, ages, genders = (
            _values(root / part / name) for name in ("wav.scp", "text", "utt2spk", "spk2age", "spk2gender")
        )
        for utterance, path in paths.items():
            speaker = speakers.get(utterance)
            if speaker is None:
                findings.add("utterances without a speaker", f"{part}: {utterance}")
                continue
            known = texts.get(utterance, ""), ages.get(speaker, ""), genders.get(speaker, "")
            rows.append((utterance, str(root / path), speaker, part, *known, ""))
    columns = zip(*rows, strict=True) if rows else ([] for _ in TRANSCRIBED)
    return usable(pa.table([list(column) for column in columns], schema=pa.schema(TRANSCRIBED)), findings)


def _values(path: Path) -> dict[str, str]:
    """The value of each key of a file of Kaldi's kind."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise CorpusError(f"{NAME}: {path}: cannot be read: {error}") from error
    found = {}
    for number, line in enumerate(lines, start=1):
        if line.strip():
            key, *value = line.split(maxsplit=1)
            if not value and path.name != "text":  # an empty transcript is left out later
                raise CorpusError(f"{NAME}: {path}: line {number}: expected a key and its value, found {line[:80]!r}")
            found[key] = value[0].strip() if value else ""
    return found
