"""When each word of an utterance is spoken: alignments in the forms in which people have them."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kwskit.corpora.alignment_scores import LEAST, without_misfits
from kwskit.corpora.alignments.alignment_csv import SCORE, is_alignment, read_alignment_csv
from kwskit.corpora.alignments.ctm import read_ctm
from kwskit.corpora.alignments.textgrid import read_textgrids
from kwskit.corpora.file_jobs import over_files
from kwskit.corpora.findings import Findings
from kwskit.data.normal_column import with_normal_form
from kwskit.errors import CorpusError
from kwskit.text.normal_form import merged_message

ALIGNED = {"utterance": pa.string(), "start": pa.float64(), "stop": pa.float64(), "word": pa.string()}
# The how-manieth of its utterance's words this one is, from 0, unknown words counted: neighbours in speech differ by 1.
POSITION = {"position": pa.int32()}
# How well the word fits its sound, where the aligner tells; null where it does not.
SCORES = {SCORE: pa.float64()}

# What aligners write where nobody speaks, and for speech that is no known word ("spn" and anything in brackets).
SILENCE = r"^(|sp|sil|!sil|<(eps|sil|silence|s|/s|p)>)$"
UNKNOWN = r"^(spn|<.*>|\[.*\]|\{.*\}|!.*)$"


def read_alignments(path: Path, findings: Findings, jobs: int = 1, least_score: float = LEAST) -> pa.Table:
    """Words with their times: the columns ``ALIGNED`` and ``POSITION``, in the order of utterances and time.

    Where a table of them has scores, ``SCORES`` is a column, too.

    Times are seconds within the utterance's audio file, the utterance is the stem of that file's name, words are in
    their normal form (:func:`kwskit.text.normal_form.normal_form`), after which those that had several spellings are
    named. Silences (an empty text, ``sp``, ``sil``, ``<eps>``) and unknown speech (``<unk>``, ``spn``, anything in
    brackets) are no words and are left out. Prints what it found.

    Parameters
    ----------
    path :
        a folder of TextGrids (searched deep; the Montreal Forced Aligner's tier ``words``), a ``.ctm`` file, a CSV
        or TSV with the columns ``audio_filename,start,end,text``, or a folder of such files
    findings : takes files and lines that cannot be read, utterances that are aligned twice, and misfits
    jobs : processes that read TextGrids
    least_score : smallest mean score of an utterance that is kept

    Raises
    ------
    CorpusError
        When there is nothing there, or nothing that can be used.
    """
    path = Path(path)
    kind, files = _found(path)
    if kind == "TextGrids":
        table = _read_textgrids(_one_each(files, findings), findings, jobs)
    else:
        read: Callable[[Path, Findings], pa.Table] = read_ctm if kind == "CTM files" else read_alignment_csv
        table = pa.concat_tables([read(file, findings) for file in files], promote_options="default")
    table = table.cast(pa.schema(ALIGNED | (SCORES if SCORE in table.column_names else {})))
    table = _without_silence(table)
    table = in_order(table)
    known = table.filter(pc.invert(pc.match_substring_regex(pc.utf8_lower(table["word"]), UNKNOWN)))
    if not len(known):
        reason = f": {findings.summary()}" if len(findings) else " (silences are no words)"
        raise CorpusError(f"{path}: {len(files):,} {kind}, but no words in them{reason}")
    unknown = len(table) - len(known)
    known = without_misfits(known, findings, least_score)
    utterances = pc.count_distinct(known["utterance"]).as_py()
    note = f", {unknown:,} unknown ones left out" if unknown else ""
    if not pc.any(pc.match_substring_regex(pc.unique(known["word"]), r"\p{Ll}")).as_py():  # capitals say nothing here
        known = known.set_column(known.column_names.index("word"), "word", pc.utf8_lower(known["word"]))
    known, merged = with_normal_form(known, "word")
    print(f"alignments: {len(known):,} words of {utterances:,} utterances in {len(files):,} {kind} of {path}{note}")
    if merged:
        print(f"alignments: {merged_message(merged)}")
    return known


def in_order(table: pa.Table) -> pa.Table:
    """``table`` by utterance (in order of appearance) and start, with the column ``position`` if it has none."""
    codes = table["utterance"].combine_chunks().dictionary_encode().indices.to_numpy(zero_copy_only=False)
    start = table["start"].to_numpy()
    same = codes[1:] == codes[:-1]
    if not np.all((codes[1:] > codes[:-1]) | (same & (start[1:] >= start[:-1]))):
        order = np.lexsort((start, codes))
        table, codes = table.take(pa.array(order)), codes[order]
        same = codes[1:] == codes[:-1]
    if "position" in table.column_names:
        return table
    row = np.arange(len(codes))
    first = np.maximum.accumulate(np.where(np.concatenate([[True], ~same])[: len(codes)], row, 0))
    return table.append_column("position", pa.array((row - first).astype(np.int32)))


def _without_silence(table: pa.Table) -> pa.Table:
    words = table["word"].combine_chunks().dictionary_encode()
    written = pc.utf8_trim_whitespace(words.dictionary)
    table = table.set_column(table.column_names.index("word"), "word", written.take(words.indices))
    spoken = pc.invert(pc.match_substring_regex(pc.utf8_lower(written), SILENCE)).take(words.indices)
    return table.filter(spoken)


def _read_textgrids(files: list[Path], findings: Findings, jobs: int) -> pa.Table:
    tables = []
    for table, unreadable in over_files(read_textgrids, files, jobs, "read TextGrids"):
        tables.append(table)
        findings.add_all("TextGrids that cannot be read", unreadable)
    return pa.concat_tables(tables)


def _one_each(files: list[Path], findings: Findings) -> list[Path]:
    first: dict[str, Path] = {}
    for file in files:
        if first.setdefault(file.stem, file) != file:
            findings.add("utterances that are aligned twice", f"{file} and {first[file.stem]}")
    return list(first.values())


def _found(path: Path) -> tuple[str, list[Path]]:
    """What kind of alignments lies at ``path``, and their files in order."""
    expected = "expected TextGrids, .ctm files, or CSVs with the columns audio_filename,start,end,text"
    if not path.exists():
        raise CorpusError(f"{path}: no such file or folder of alignments")
    if path.is_file():
        kinds = {".textgrid": "TextGrids", ".ctm": "CTM files", ".csv": "tables", ".tsv": "tables", ".txt": "tables"}
        if path.suffix.lower() not in kinds:
            raise CorpusError(f"{path}: alignments? {expected}")
        return kinds[path.suffix.lower()], [path]
    suffixes: dict[str, list[Path]] = {".textgrid": [], ".ctm": [], ".csv": [], ".tsv": []}

    def refuse(error: OSError) -> None:
        raise CorpusError(f"{error.filename}: cannot be read: {error.strerror}") from error

    for folder, _, names in os.walk(path, onerror=refuse, followlinks=True):
        for name in names:
            suffix = os.path.splitext(name)[1].lower()
            if suffix in suffixes and not name.startswith("."):
                suffixes[suffix].append(Path(folder, name))
    if suffixes[".textgrid"]:
        return "TextGrids", sorted(suffixes[".textgrid"])
    if suffixes[".ctm"]:
        return "CTM files", sorted(suffixes[".ctm"])
    tables = sorted(file for file in suffixes[".csv"] + suffixes[".tsv"] if is_alignment(file))
    if not tables:
        raise CorpusError(f"{path}: no alignments in this folder: {expected}")
    return "tables", tables
