"""NIST's files of a search: kwlist.xml (queries), ecf.xml (what is searched) and rttm (what is said)."""

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pyarrow as pa

from kwskit.corpora.alignments.read import ALIGNED, in_order
from kwskit.corpora.findings import Findings
from kwskit.errors import CorpusError
from kwskit.text.normal_form import normal_form
from kwskit.text_file import read_text

EXCERPTS = {"utterance": pa.string(), "file": pa.string(), "start": pa.float64(), "stop": pa.float64()}


def read_kwlist(path: Path) -> dict[str, str]:
    """Text of each query by its id, from ``<kw kwid="KW1"><kwtext>…</kwtext></kw>``, in its normal form.

    Raises
    ------
    CorpusError
        When it is no such file, an id is there twice, or a text is empty.
    """
    found: dict[str, str] = {}
    for number, keyword in enumerate(_elements(path, "kw", "kwlist"), 1):
        name = keyword.get("kwid") or keyword.get("termid") or ""
        text = normal_form(keyword.findtext("kwtext") or keyword.findtext("termtext") or "")
        if not name or not text:
            raise CorpusError(f'{path}: query {number}: expected <kw kwid="…"><kwtext>…</kwtext></kw>')
        if name in found:
            raise CorpusError(f"{path}: query {number}: the kwid '{name}' is there twice")
        found[name] = text
    return found


def read_ecf(path: Path, findings: Findings) -> pa.Table:
    """The excerpts of ``<excerpt audio_filename="…" channel="1" tbeg="0" dur="600"/>``: the columns ``EXCERPTS``.

    The utterance is ``<file stem>`` of the first excerpt of a file, ``<file stem>_2`` of its second, and so on; times
    are seconds of the file. Excerpts of other channels than the first become findings.

    Raises
    ------
    CorpusError
        When it is no such file, or a time is none.
    """
    rows: list[tuple[str, str, float, float]] = []
    seen: dict[str, int] = {}
    for number, excerpt in enumerate(_elements(path, "excerpt", "ecf"), 1):
        file = excerpt.get("audio_filename") or ""
        stem = Path(file).name.rsplit(".", 1)[0] if "." in Path(file).name else Path(file).name
        try:
            start, length = float(excerpt.get("tbeg", "0")), float(excerpt.get("dur", ""))
        except ValueError as error:
            raise CorpusError(f"{path}: excerpt {number}: tbeg and dur are seconds: {error}") from error
        if not stem or start < 0 or length <= 0:
            raise CorpusError(f"{path}: excerpt {number}: expected audio_filename, tbeg >= 0 and dur > 0")
        if excerpt.get("channel", "1") != "1":
            findings.add("excerpts of a second channel", f"{path.name}: {file}, channel {excerpt.get('channel')}")
            continue
        seen[stem] = seen.get(stem, 0) + 1
        name = stem if seen[stem] == 1 else f"{stem}_{seen[stem]}"
        rows.append((name, stem, start, start + length))
    columns = zip(*rows, strict=True) if rows else ([] for _ in EXCERPTS)
    return pa.table([list(column) for column in columns], schema=pa.schema(EXCERPTS))


def read_rttm(path: Path, excerpts: pa.Table, findings: Findings) -> pa.Table:
    """The words (``LEXEME`` lines) of the excerpts in their times: ``ALIGNED`` and ``position``.

    Parameters
    ----------
    path : lines ``LEXEME file channel start duration word type subtype speaker …``; other types are passed over
    excerpts : what :func:`read_ecf` gave
    findings : takes lines that are broken

    Raises
    ------
    CorpusError
        When no word of an excerpt is in it.
    """
    spans: dict[str, list[tuple[str, float, float]]] = {}
    for row in excerpts.to_pylist():
        spans.setdefault(row["file"], []).append((row["utterance"], row["start"], row["stop"]))
    rows = []
    for number, line in enumerate(read_text(path).splitlines(), 1):
        fields = line.split()
        if not fields or fields[0] != "LEXEME" or (len(fields) > 6 and fields[6] in ("fp", "frag", "un-lex")):
            continue
        try:
            file, channel, word = fields[1], fields[2], normal_form(fields[5])
            start, length = float(fields[3]), float(fields[4])
        except (IndexError, ValueError):
            findings.add("lines of the reference that are broken", f"{path.name}: line {number}: {line[:60]!r}")
            continue
        for name, begin, end in spans.get(file, []) if channel == "1" else []:
            if begin <= start and start + length <= end + 0.1:
                rows.append((name, start - begin, min(start + length, end) - begin, word))
    if not rows:
        raise CorpusError(f"{path}: no LEXEME of the excerpts ({', '.join(list(spans)[:2])}, …)")
    columns = [list(column) for column in zip(*rows, strict=True)]
    return in_order(pa.table(columns, schema=pa.schema(ALIGNED)))


def _elements(path: Path, name: str, root: str) -> list[ElementTree.Element]:
    try:
        tree = ElementTree.parse(path).getroot()
    except ElementTree.ParseError as error:
        raise CorpusError(f"{path}: is no XML: {error}") from error
    found = list(tree.iter(name))
    if tree.tag not in (root, "termlist") or not found:
        raise CorpusError(f"{path}: expected <{root}> with <{name}> in it, found <{tree.tag}> with {len(found)}")
    return found
