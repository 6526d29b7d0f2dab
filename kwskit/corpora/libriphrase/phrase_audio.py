"""The speech of LibriPhrase's segments: files that its script has cut, or stretches of LibriSpeech.

A CSV names a segment ``…/<speaker>/<chapter>/<utterance>_<n>word_<k>.wav`` and gives its text and length, not its
times; every row has files of its own, also for the same stretch. The script takes words that follow each other without
a pause.
"""

from pathlib import Path, PurePosixPath

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kwskit.corpora.findings import Findings
from kwskit.corpora.libriphrase.phrase_pairs import LONGEST
from kwskit.corpora.segments import phrase_segments
from kwskit.corpora.utterances import audio_lengths
from kwskit.data.records import MANIFEST
from kwskit.errors import CorpusError

NAMED = r"(?:^|/)(?P<utterance>\d+-\d+-\d+)_\dword_\d+\.(?:wav|flac)$"
PAUSE = 0.005  # seconds between words: shorter ones are rounding
NEAR = 0.2  # seconds that two aligners may differ on the length of a phrase
_SIDES = ("anchor", "comparison")


def phrase_files(pairs: pa.Table, folder: Path, findings: Findings, jobs: int = 1) -> tuple[pa.Table, pa.Table]:
    """Manifest of the files in ``folder`` that ``pairs`` name, and ``pairs`` with their utt_ids for names.

    The names' leading folders (``train-other-500/train-other-500/…``) may be there or not.

    Parameters
    ----------
    pairs : what :func:`kwskit.corpora.libriphrase.phrase_pairs.read_phrase_pairs` gave
    folder : what the official script wrote, or any folder below or above it
    findings : takes files that are missing or unreadable, and the rows that need them
    jobs : processes that read headers

    Raises
    ------
    CorpusError
        When none of the files is there.
    """
    segments = _segments(pairs)
    names = segments["name"].to_pylist()
    places = _place(folder, names)
    there = [path.is_file() for path in places]
    findings.add_all("files of LibriPhrase that are missing", (n for n, f in zip(names, there, strict=True) if not f))
    table = segments.append_column("path", pa.array([str(path.absolute()) for path in places])).filter(pa.array(there))
    table = table.append_column("utterance", pa.array([PurePosixPath(name).stem for name in table["name"].to_pylist()]))
    table = audio_lengths(table.append_column("split", table["name"]), jobs, findings)
    columns = [table["utterance"], table["path"], pa.array(np.zeros(len(table))), table["seconds"]]
    columns += [table["text"], table["speaker"], pa.array([""] * len(table))]
    manifest = pa.table(columns, schema=pa.schema(MANIFEST))
    return manifest, _renamed(pairs, table["name"], table["utterance"], findings)


def phrases_of_utterances(
    pairs: pa.Table, aligned: pa.Table, utterances: pa.Table, findings: Findings
) -> tuple[pa.Table, pa.Table]:
    """Manifest of the stretches of LibriSpeech that ``pairs`` name, and ``pairs`` with their utt_ids for names.

    Of several phrases of one text in an utterance the one whose length is nearest is taken. Names of the same stretch
    become one segment.

    Parameters
    ----------
    pairs : what :func:`kwskit.corpora.libriphrase.phrase_pairs.read_phrase_pairs` gave
    aligned : of the utterances, from :func:`kwskit.corpora.alignments.read.read_alignments`
    utterances : the columns ``UTTERANCES`` and ``seconds``
    findings :
        takes segments whose name tells no utterance, whose utterance lacks the text, or has it at a length that differs
        by more than 0.2 s, and the rows that need them

    Raises
    ------
    CorpusError
        When no segment is found.
    """
    segments = _segments(pairs)
    named = pc.struct_field(pc.extract_regex(segments["name"].combine_chunks(), pattern=NAMED), "utterance")
    segments = segments.append_column("utterance", named)
    nameless = segments.filter(pc.is_null(segments["utterance"]))["name"].to_pylist()
    findings.add_all("segments of LibriPhrase whose name tells no utterance", nameless)
    segments = segments.filter(pc.is_valid(segments["utterance"]))
    wanted = segments["utterance"].unique()
    utterances = utterances.filter(pc.is_in(utterances["utterance"], wanted))
    aligned = without_pauses(aligned.filter(pc.is_in(aligned["utterance"], wanted)))
    manifests: list[pa.Table] = []
    names, utt_ids = [], []
    for words in range(1, LONGEST + 1):
        own = segments.filter(pc.equal(segments["class"], words))
        if not len(own):
            continue
        # What the words themselves have of findings is the same each time.
        noted = Findings() if manifests else findings
        phrases = phrase_segments(aligned, utterances, noted, (words, words), 0.0, float("inf"), only_known=True)
        phrases = phrases.filter(pc.is_in(phrases["word"], own["text"].unique()))
        at = _nearest(own, phrases, findings)
        found = at >= 0
        manifests.append(phrases.take(pa.array(np.unique(at[found]))))
        names.append(own["name"].filter(pa.array(found)))
        utt_ids.append(phrases["utt_id"].take(pa.array(at[found])))
    if not sum(map(len, manifests)):
        raise CorpusError(
            f"none of LibriPhrase's {len(segments):,} segments is in the alignments:\n{findings.summary()}"
        )
    name, utt_id = (pa.chunked_array([c for p in parts for c in p.chunks], pa.string()) for parts in (names, utt_ids))
    return pa.concat_tables(manifests), _renamed(pairs, name, utt_id, findings)


def without_pauses(aligned: pa.Table) -> pa.Table:
    """``aligned`` with positions that do not follow each other across a pause, so that phrases end there.

    LibriPhrase's script does not join words that have a silence between them.
    """
    start, stop, position = (aligned[name].to_numpy() for name in ("start", "stop", "position"))
    codes = aligned["utterance"].combine_chunks().dictionary_encode().indices.to_numpy()
    pauses = np.append(False, (codes[1:] == codes[:-1]) & (start[1:] - stop[:-1] > PAUSE))[: len(start)]
    total = np.cumsum(pauses)
    first = np.append(True, codes[1:] != codes[:-1])[: len(start)]
    before = np.maximum.accumulate(np.where(first, np.arange(len(start)), 0))
    moved = position + (total - total[before] if len(start) else total)
    return aligned.set_column(aligned.column_names.index("position"), "position", pa.array(moved.astype(np.int32)))


def _segments(pairs: pa.Table) -> pa.Table:
    """Each name once: ``name``, ``speaker``, ``text``, ``seconds_listed``, ``class``."""
    sides = [
        pairs.select([side, f"{side}_spk", f"{side}_text", f"{side}_dur", "class"]).rename_columns(
            ["name", "speaker", "text", "seconds_listed", "class"]
        )
        for side in _SIDES
    ]
    table = pa.concat_tables(sides).combine_chunks()
    codes = table["name"].combine_chunks().dictionary_encode().indices.to_numpy()
    return table.take(pa.array(np.sort(np.unique(codes, return_index=True)[1])))


def _place(folder: Path, names: list[str]) -> list[Path]:
    """Where the files lie: with so many leading folders of their names cut off that most of a sample is there."""
    if not folder.is_dir():
        raise CorpusError(f"LibriPhrase: {folder}: no such folder of cut segments")
    sample = names[:: max(1, len(names) // 50)]
    roots = [folder, *sorted(child for child in folder.iterdir() if child.is_dir())]

    def path(root: Path, name: str, cut: int) -> Path:
        parts = name.lstrip("/").split("/")
        return root.joinpath(*parts[min(cut, len(parts) - 1) :])

    found = {
        (at, cut): sum(path(root, name, cut).is_file() for name in sample)
        for cut in range(5)
        for at, root in enumerate(roots)
    }
    (at, cut), count = max(found.items(), key=lambda item: item[1])
    if count == 0:
        raise CorpusError(f"LibriPhrase: {folder} holds none of the files that the CSVs name, e.g. {sample[0]}")
    return [path(roots[at], name, cut) for name in names]


def _nearest(own: pa.Table, phrases: pa.Table, findings: Findings) -> np.ndarray:
    """(segments,) row of ``phrases`` for each segment of ``own``, or -1."""
    utterance = pc.replace_substring_regex(phrases["utt_id"], r"_\d+(_\d+)?$", "")
    keys = [
        pc.binary_join_element_wise(*pair, "\t").combine_chunks()
        for pair in ((utterance, phrases["word"]), (own["utterance"], own["text"]))
    ]
    coded = keys[0].dictionary_encode()
    codes, seconds = coded.indices.to_numpy(), phrases["stop"].to_numpy() - phrases["start"].to_numpy()
    order = np.argsort(codes, kind="stable")
    starts = np.searchsorted(codes[order], np.arange(len(coded.dictionary) + 1))
    key = pc.fill_null(pc.index_in(keys[1], coded.dictionary), -1).to_numpy()
    seconds_listed = own["seconds_listed"].to_numpy()
    at = np.full(len(own), -1)
    for row in np.flatnonzero(key >= 0):
        rivals = order[starts[key[row]] : starts[key[row] + 1]]
        at[row] = rivals[np.argmin(np.abs(seconds[rivals] - seconds_listed[row]))]
    names = own["name"]
    findings.add_all(
        "segments of LibriPhrase whose text is not aligned", (names[int(i)].as_py() for i in _where(key < 0))
    )
    other = (at >= 0) & (np.abs(seconds[at] - seconds_listed) > NEAR) if len(seconds) else at >= 0
    findings.add_all(
        "segments of LibriPhrase that are aligned with another length",
        (f"{names[int(i)]}: {seconds[at[i]]:.2f} s instead of {seconds_listed[i]:.2f} s" for i in _where(other)),
    )
    at[other] = -1
    return at


def _where(mask: np.ndarray) -> list[int]:
    return np.flatnonzero(mask).tolist()


def _renamed(pairs: pa.Table, names: pa.ChunkedArray, utt_ids: pa.ChunkedArray, findings: Findings) -> pa.Table:
    """``pairs`` whose segments were found, with utt_ids for names."""
    found = names.combine_chunks()
    at = {side: pc.index_in(pairs[side], found) for side in _SIDES}
    whole = pc.and_(*(pc.is_valid(rows) for rows in at.values()))
    lost = pairs.filter(pc.invert(whole)).select(list(_SIDES)).to_pylist()
    findings.add_all("rows of LibriPhrase without their speech", (f"{r['anchor']}, {r['comparison']}" for r in lost))
    pairs = pairs.filter(whole)
    for side, rows in at.items():
        pairs = pairs.set_column(pairs.column_names.index(side), side, utt_ids.take(rows.filter(whole)))
    return pairs
