"""The Multilingual Spoken Words Corpus (Mazumder et al. 2021): 340,000 keywords in 50 languages, clips of one second.

Layout, as its archives of audio and of splits unpack::

    en/clips/aachen/common_voice_en_18833718.opus             48 kHz
    en/en_splits.csv      SET,LINK,WORD,VALID,SPEAKER,GENDER  (or beside the folder en)
    en/en_train.csv, en_dev.csv, en_test.csv                  the same by set, without SET

Everything here works on whole columns: English alone has 5 million clips.
"""

import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from kwskit.corpora.findings import Findings
from kwskit.corpora.open_vocabulary import PARTS
from kwskit.data.normal_column import with_normal_form
from kwskit.data.records import MANIFEST
from kwskit.errors import CorpusError
from kwskit.text.normal_form import merged_message
from kwskit.text_file import TextFileError, first_lines

SECONDS = 1.0
COLUMNS = ("SET", "LINK", "WORD", "VALID", "SPEAKER", "GENDER")
SPEAKER = 16  # characters of a speaker's hash of 128 that are kept
NOBODY = ("", "NA", "nan")


def mswc_clips(root: Path, language: str, findings: Findings, only_valid: bool = True) -> pa.Table:
    """A manifest of the clips of ``language``, ``split`` being the official set: train, dev or test.

    Parameters
    ----------
    root : folder that holds the folder ``language``, or that folder itself
    language : code such as ``en``, ``de`` or ``sv-SE``
    findings : takes clips that the splits name and that are not there, rows without a speaker or of an unknown set
    only_valid : leave out clips that Common Voice's listeners have not confirmed; they are counted, and no findings

    Raises
    ------
    CorpusError
        When the folder, its splits or its clips are missing, a split cannot be read, or nothing is left.
    """
    folder = _language_folder(Path(root), language)
    table = _splits(folder, language)
    total = len(table)
    if only_valid:
        table = table.filter(pc.equal(pc.utf8_lower(table["VALID"]), "true"))
    unconfirmed = total - len(table)
    table = _without(
        table, pc.is_in(table["SPEAKER"], pa.array(NOBODY)), findings, "clips without a speaker", table["LINK"]
    )
    sets = pc.utf8_lower(table["SET"])
    odd = pc.invert(pc.is_in(sets, pa.array(PARTS)))
    table = _without(
        table, odd, findings, "clips of an unknown set", pc.binary_join_element_wise(table["LINK"], sets, ": ")
    )
    table = _without(
        table, pc.invert(_there(table, folder / "clips")), findings, "clips that are not there", table["LINK"]
    )
    if not len(table):
        raise CorpusError(
            f"MSWC: no clip of {language} is left of {total:,} in {folder}; {unconfirmed:,} are unconfirmed\n"
            f"{findings.summary()}"
        )
    print(f"{language}: {len(table):,} clips of {total:,}; {unconfirmed:,} that listeners have not confirmed left out")
    return _manifest(table, folder, language)


def _language_folder(root: Path, language: str) -> Path:
    try:
        for folder in (root / language, root / "mswc" / language, root):
            if folder.name == language and (folder / "clips").is_dir():
                return folder
        archives = [a for a in root.glob(f"*{language}*.tar*") if a.is_file()] if root.is_dir() else []
        if archives:
            raise CorpusError(f"MSWC: {archives[0]} is an archive: unpack it, {root / language}/clips should be there")
        if root.name == "clips" or root.parent.name == "clips":
            raise CorpusError(f"MSWC: {root} is a folder of the wrong level: name the one that holds {language}/clips")
        there = sorted(p.parent.name for p in root.glob("*/clips")) if root.is_dir() else []
    except PermissionError as error:
        raise CorpusError(f"MSWC: {error.filename}: permission denied: may you read this folder?") from error
    raise CorpusError(
        f"MSWC: {root / language / 'clips'}: no such folder" + (f"; there is {', '.join(there)}" if there else "")
    )


def _splits(folder: Path, language: str) -> pa.Table:
    """The columns ``COLUMNS`` as texts."""
    places = [folder, folder.parent, folder / "splits", folder.parent / "splits"]
    for place in places:
        whole = place / f"{language}_splits.csv"
        if whole.is_file():
            return _read_split(whole, COLUMNS)
        by_set = {part: place / f"{language}_{part}.csv" for part in PARTS}
        if by_set["train"].is_file():
            tables = []
            for part, path in by_set.items():
                if not path.is_file():
                    raise CorpusError(f"MSWC: {path}: no such file, though {by_set['train'].name} is there")
                table = _read_split(path, COLUMNS[1:])
                sets = pa.array([part.upper()]).take(pa.array(np.zeros(len(table), np.int8)))
                tables.append(table.add_column(0, "SET", sets))
            return pa.concat_tables(tables)
    raise CorpusError(f"MSWC: no {language}_splits.csv in {', '.join(map(str, dict.fromkeys(places)))}")


def _read_split(path: Path, columns: tuple[str, ...]) -> pa.Table:
    options = pyarrow.csv.ConvertOptions(
        column_types=dict.fromkeys(columns, pa.string()), include_columns=columns, strings_can_be_null=False
    )
    try:
        first_lines(path)  # looks at the encoding
        table = pyarrow.csv.read_csv(path, convert_options=options)
    except TextFileError as error:
        raise CorpusError(f"MSWC: {error}") from error
    except (pa.ArrowInvalid, KeyError, OSError) as error:
        raise CorpusError(f"MSWC: {path}: cannot be read, is it truncated? {error}") from error
    if not len(table):
        raise CorpusError(f"MSWC: {path}: names no clip")
    return table


def _without(
    table: pa.Table, wrong: pa.ChunkedArray, findings: Findings, kind: str, examples: pa.ChunkedArray
) -> pa.Table:
    if pc.any(wrong).as_py():
        findings.add_all(kind, examples.filter(wrong).to_pylist())
        table = table.filter(pc.invert(wrong))
    return table


def _there(table: pa.Table, clips: Path) -> pa.ChunkedArray:
    """Whether each clip is there, from one listing of every word's folder instead of a question for every clip."""
    words = pc.list_element(pc.split_pattern(table["LINK"], "/", max_splits=1), 0).unique()
    names: list[str] = []
    for word in words.to_pylist():
        try:
            with os.scandir(clips / word) as entries:
                names += [f"{word}/{entry.name}" for entry in entries]
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            raise CorpusError(f"MSWC: {clips / word}: cannot be read: {error.strerror}") from error
    return pc.is_in(table["LINK"], pa.array(names, pa.string()))


def _manifest(table: pa.Table, folder: Path, language: str) -> pa.Table:
    rows = len(table)
    columns = {
        "utt_id": pc.replace_substring_regex(pc.binary_join_element_wise(language, table["LINK"], "/"), r"\.opus$", ""),
        "path": pc.binary_join_element_wise(str(folder.absolute() / "clips"), table["LINK"], "/"),
        "start": pa.array(np.zeros(rows)),
        "stop": pa.array(np.full(rows, SECONDS)),
        "word": table["WORD"],
        "speaker": pc.utf8_slice_codeunits(table["SPEAKER"], 0, SPEAKER),
        "split": pc.utf8_lower(table["SET"]),
    }
    clips, merged = with_normal_form(pa.table(columns).cast(pa.schema(MANIFEST)), "word")
    if merged:
        print(f"{language}: {merged_message(merged)}")
    return clips
