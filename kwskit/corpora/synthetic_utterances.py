"""Synthetic speech as it is trained on whole: sentences cut into stretches, and single words."""

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from kwskit.corpora.findings import Findings
from kwskit.corpora.whole_utterances import whole_utterances
from kwskit.data.records import read_records

SPLITS = ("train", "dev")


def sentence_stretches(corpus: Path, silence: float) -> tuple[pa.Table, pa.Table]:
    """The sentences of running speech in ``corpus`` as stretches, a manifest, and their ``words`` (ours).

    Words of both splits are joined again to the sentences that they are of; phrases are passed over.

    Parameters
    ----------
    corpus : folder of the running speech; paths of the manifest begin with its name
    silence : s behind the last word of a sentence that are its own; another one of the same file begins after them

    Raises
    ------
    kwskit.data.records.RecordError
        When its manifests cannot be used.
    """
    rows = _rows(corpus)
    rows = rows.filter(pc.invert(pc.ends_with(rows["utt_id"], "-phrase")))
    parts = pc.split_pattern(rows["utt_id"], "-", max_splits=1, reverse=True)
    name, position = pc.list_element(parts, 0), pc.list_element(parts, 1).cast(pa.int32())
    aligned = pa.table({"utterance": name, **{k: rows[k] for k in ("start", "stop", "word")}, "position": position})
    utterances = rows.set_column(0, "utterance", name).group_by("utterance", use_threads=False)
    first = utterances.aggregate([("path", "first"), ("speaker", "first"), ("stop", "max")])
    table = pa.table(
        {
            "utterance": first["utterance"],
            "path": first["path_first"],
            "speaker": first["speaker_first"],
            "split": pa.repeat("train", len(first)),
            "seconds": pc.add(first["stop_max"], silence),
        }
    )
    return whole_utterances(aligned, table, Findings())


def single_words(corpus: Path) -> tuple[pa.Table, pa.Table]:
    """The words of ``corpus``, each an utterance: a manifest, and their ``words``, which are themselves (ours).

    Parameters
    ----------
    corpus : folder of the isolated words; paths of the manifest begin with its name

    Raises
    ------
    kwskit.data.records.RecordError
        When its manifests cannot be used.
    """
    rows = _rows(corpus)
    words = pa.table(
        {
            "utt_id": rows["utt_id"],
            "word": rows["word"],
            "start": pc.multiply(rows["start"], 0.0),
            "stop": pc.subtract(rows["stop"], rows["start"]),
        }
    )
    return rows, words


def manifest_below(corpus: Path, split: str) -> pa.Table | None:
    """The manifest of ``split`` of a corpus in the folder ``corpus``, its paths from the folder above; None without.

    Raises
    ------
    kwskit.data.records.RecordError
        When it cannot be used.
    """
    path = corpus / "manifests" / f"{split}.tsv"
    if not path.exists():
        return None
    table = read_records(path, "manifest")[0]
    paths = pc.binary_join_element_wise(corpus.name, table["path"], "/")
    return table.set_column(table.column_names.index("path"), "path", paths)


def _rows(corpus: Path) -> pa.Table:
    return pa.concat_tables([table for split in SPLITS if (table := manifest_below(corpus, split)) is not None])
