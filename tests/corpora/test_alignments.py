"""Alignments in every form, against naive readings and files with all that can be wrong with them."""

import re

import pytest

from kwskit.corpora.alignments import read as alignments
from kwskit.corpora.alignments.read import read_alignments
from kwskit.corpora.findings import Findings
from kwskit.errors import CorpusError

WORDS = [
    (0.0, 0.31, ""),
    (0.31, 0.74, "HELLO"),
    (0.74, 0.8, "sp"),
    (0.8, 1.2, "<unk>"),
    (1.2, 1.55, "World"),
    (1.55, 2, ""),
]
# What is left: words in lower case, and their places among what is spoken.
SPOKEN = [(0.31, 0.74, "hello", 0), (1.2, 1.55, "world", 2)]


def long_textgrid(words, tier="words") -> str:
    """As Praat and the Montreal Forced Aligner write it, with a tier of phones behind."""
    out = ['File type = "ooTextFile"', 'Object class = "TextGrid"', "", "xmin = 0 ", f"xmax = {words[-1][1]} "]
    out += ["tiers? <exists> ", "size = 2 ", "item []: "]
    for number, (name, entries) in enumerate([(tier, words), ("phones", [(0, 2, "AH0")])], 1):
        out += [f"    item [{number}]:", '        class = "IntervalTier" ', f'        name = "{name}" ']
        out += ["        xmin = 0 ", f"        xmax = {words[-1][1]} ", f"        intervals: size = {len(entries)} "]
        for index, (start, stop, text) in enumerate(entries, 1):
            quoted = text.replace('"', '""')
            out += [f"        intervals [{index}]:", f"            xmin = {start} ", f"            xmax = {stop} "]
            out += [f'            text = "{quoted}" ']
    return "\n".join(out) + "\n"


def short_textgrid(words) -> str:
    out = ['File type = "ooTextFile short"', '"TextGrid"', "", "0", f"{words[-1][1]}", "<exists>", "1"]
    out += ['"IntervalTier"', '"words"', "0", f"{words[-1][1]}", f"{len(words)}"]
    for start, stop, text in words:
        out += [f"{start}", f"{stop}", f'"{text}"']
    return "\n".join(out) + "\n"


def rows(table) -> list[tuple]:
    return [tuple(row.values()) for row in table.to_pylist()]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be"])
@pytest.mark.parametrize("write", [long_textgrid, short_textgrid])
def test_textgrids_of_every_kind(tmp_path, write, encoding):
    (tmp_path / "19/198").mkdir(parents=True)
    data = write(WORDS).encode(encoding)
    (tmp_path / "19/198/19-198-0000.TextGrid").write_bytes((b"\xfe\xff" if encoding == "utf-16-be" else b"") + data)
    findings = Findings()
    assert rows(read_alignments(tmp_path, findings)) == [("19-198-0000", *word) for word in SPOKEN]
    assert len(findings) == 0


def test_a_textgrid_with_odd_texts_and_several_speakers(tmp_path):
    words = [(0, 1, 'say "xmin = 3" ! 5'), (1, 2.5e0, "ñandú")]
    text = long_textgrid(words, "84 - words").replace('"phones"', '"121 - Words"')
    (tmp_path / "a.TextGrid").write_text(text.replace("\n", "\r\n"), encoding="utf-8", newline="")
    found = rows(read_alignments(tmp_path / "a.TextGrid", Findings()))
    assert found == [
        ("a", 0.0, 1.0, "say xmin equals three five", 0),
        ("a", 0.0, 2.0, "ah zero", 1),
        ("a", 1.0, 2.5, "ñandú", 2),
    ]


def test_textgrids_that_cannot_be_read_are_named(tmp_path):
    whole = long_textgrid(WORDS)
    bad = {
        "cut": whole[: whole.index("intervals [5]")],
        "end": short_textgrid(WORDS)[:-12],
        "phones": whole.replace('"words"', '"phones"').replace('"phones"', '"p"', 1),
        "text": "hello\n",
        "none": "",
        "letters": whole.replace("xmin = 0.31", "xmin = x.31"),
    }
    for name, text in bad.items():
        (tmp_path / f"{name}.TextGrid").write_text(text)
    (tmp_path / "latin.TextGrid").write_bytes(whole.replace("HELLO", "é").encode("latin-1"))
    (tmp_path / "fine.TextGrid").write_text(whole)
    (tmp_path / "again").mkdir()
    (tmp_path / "again/fine.TextGrid").write_text(whole)
    findings = Findings()
    assert len(read_alignments(tmp_path, findings)) == 2
    assert findings.counts == {"utterances that are aligned twice": 1, "TextGrids that cannot be read": len(bad) + 1}
    message = findings.summary(examples=10)
    assert "end.TextGrid: ends in the middle" in message
    for reason in ("cut.TextGrid: ends in the middle", "no tier 'words', only 'p'", "is no TextGrid", "neither UTF-8"):
        assert reason in message


CTM = """\
;; a comment
19-198-0000 1 0.31 0.43 HELLO 0.98
19-198-0000   1   0.80 0.40 <unk> 0.1
19-198-0000 1 1.2 .35\tworld

19-198-0001 A 3 0.5 one
"""


def test_ctm(tmp_path):
    bad = "x 1 0.5\nx 1 zero 0.5 word\nx 2 0.5 0.5 other\n"
    (tmp_path / "all.ctm").write_text(CTM + bad)
    findings = Findings()
    found = rows(read_alignments(tmp_path / "all.ctm", findings))
    assert found == [*(("19-198-0000", *word) for word in SPOKEN), ("19-198-0001", 3.0, 3.5, "one", 0)]
    assert findings.counts == {"lines of a CTM that cannot be read": 2, "words of a second channel": 1}


CSV = """\
text,audio_filename,"end",confidence,start
HELLO,train-clean-100/19/198/19-198-0000.flac,0.74,1,0.31
"",train-clean-100/19/198/19-198-0000.flac,0.8,1,0.74
<unk>,train-clean-100/19/198/19-198-0000.flac,1.2,1,0.8
World,train-clean-100/19/198/19-198-0000.flac,1.55,1,1.2
"""


@pytest.mark.parametrize("suffix", ["csv", "tsv"])
def test_tables(tmp_path, suffix):
    text = CSV + "cut,off\nword,a.flac,1.0,1,zero\n"
    if suffix == "tsv":
        text = text.replace(",", "\t").replace('"', "")
    (tmp_path / f"all.{suffix}").write_text(text, encoding="utf-8-sig")
    (tmp_path / "trials.csv").write_text("anchor,comparison\n1,2\n")
    findings = Findings()
    assert rows(read_alignments(tmp_path, findings)) == [("19-198-0000", *word) for word in SPOKEN]
    assert findings.counts == {"rows of an alignment that cannot be read": 2}
    assert "2 values instead of 5" in findings.summary()


def test_order_and_position_of_shuffled_rows(tmp_path):
    lines = [f"{utt},{start},{start + 0.5},{'abc'[start]}" for start in (2, 0, 1) for utt in ("b.wav", "a.wav")]
    (tmp_path / "x.csv").write_text("audio_filename,start,end,text\n" + "\n".join(lines) + "\n")
    found = rows(read_alignments(tmp_path / "x.csv", Findings()))
    assert found == [(utt, float(i), i + 0.5, "abc"[i], i) for utt in ("b", "a") for i in range(3)]


def test_processes_read_what_one_process_reads(tmp_path, monkeypatch):
    monkeypatch.setattr("kwskit.corpora.file_jobs.WORTH_PROCESSES", 1)
    monkeypatch.setattr("kwskit.corpora.file_jobs.SHARE", 3)
    for i in range(10):
        (tmp_path / f"u{i}.TextGrid").write_text(long_textgrid([(0, 1 + i, f"word{i}")]))
    (tmp_path / "u4.TextGrid").write_text("broken")
    found = [Findings(), Findings()]
    tables = [read_alignments(tmp_path, findings, jobs) for findings, jobs in zip(found, (1, 2), strict=True)]
    assert tables[0].equals(tables[1])
    assert found[0].summary() == found[1].summary()
    assert rows(tables[0])[4] == ("u5", 0.0, 6.0, "word five", 0)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda folder: folder / "nothing", "no such file or folder"),
        (lambda folder: folder, "no alignments in this folder: expected TextGrids"),
        (lambda folder: written(folder / "a.json", "{}"), r"a\.json: alignments\? expected"),
        (lambda folder: written(folder / "a.csv", "a,b\n"), "missing: audio_filename, start, end, text"),
        (lambda folder: written(folder / "a.csv", "audio_filename,start,end,text\n"), "but no words in them"),
        (lambda folder: written(folder / "a.ctm", ""), "but no words in them"),
    ],
)
def test_nothing_to_read_is_told(tmp_path, make, message):
    with pytest.raises(CorpusError, match=message):
        read_alignments(make(tmp_path), Findings())


def written(path, text):
    path.write_text(text)
    return path


def test_a_folder_that_may_not_be_read_is_told(tmp_path, monkeypatch):
    def walk(path, onerror, followlinks):
        onerror(PermissionError(13, "Permission denied", str(path)))
        return iter(())

    monkeypatch.setattr(alignments.os, "walk", walk)
    with pytest.raises(CorpusError, match=re.escape(f"{tmp_path}: cannot be read: Permission denied")):
        read_alignments(tmp_path, Findings())


def test_spellings_of_a_word_are_one_and_are_named_once(tmp_path, capsys):
    words = ["Country", "country.", "XYZ", "<UNK>", "don\u2019t", "don't", "cafe\u0301", "café", "SIL", "two", "2"]
    lines = [f"u.wav,{i},{i + 0.5},{word}" for i, word in enumerate(words)]
    path = tmp_path / "x.csv"
    path.write_text("audio_filename,start,end,text\n" + "\n".join(lines) + "\n")
    found = read_alignments(path, Findings())["word"].to_pylist()
    assert found == ["country", "country", "x.y.z.", "don't", "don't", "café", "café", "two", "two"]
    message = [line for line in capsys.readouterr().out.splitlines() if "spelt" in line]
    assert len(message) == 1
    assert "4 keywords are spelt in several ways and taken as one" in message[0]
    assert "'country' ('Country', 'country.')" in message[0]


def test_capitals_of_a_corpus_in_capitals_are_not_spelt(tmp_path):
    lines = [f"u 1 {i} 0.5 {word}" for i, word in enumerate(["THE", "XYR", "ULE", "GWYNPLAINE"])]
    (tmp_path / "a.ctm").write_text("\n".join(lines) + "\n")
    assert read_alignments(tmp_path / "a.ctm", Findings())["word"].to_pylist() == ["the", "xyr", "ule", "gwynplaine"]
