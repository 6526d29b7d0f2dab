import numpy as np
import pyarrow as pa
import pytest
import soundfile

from kwskit.corpora.alignments.read import ALIGNED, in_order
from kwskit.corpora.findings import Findings
from kwskit.corpora.std.long_recordings import audio_files
from kwskit.corpora.std.nist import read_ecf, read_kwlist, read_rttm
from kwskit.corpora.std.preparation import StdSettings, read_queries, speaker_parts
from kwskit.corpora.std.queries import draw_queries, occurrences_of, vocabulary_group
from kwskit.errors import CorpusError
from kwskit.evaluation.searched import Search

KWLIST = """<?xml version="1.0" encoding="UTF-8"?>
<kwlist ecf_filename="x.ecf.xml" language="english" encoding="UTF-8" compareNormalize="lowercase" version="1">
  <kw kwid="KW1-001"><kwtext>Copper Mine</kwtext></kw>
  <kw kwid="KW1-002"><kwtext>tiger</kwtext></kw>
  <kw kwid="KW1-003"><kwtext>window</kwtext></kw>
</kwlist>
"""
ECF = """<?xml version="1.0" encoding="UTF-8"?>
<ecf source_signal_duration="60" language="english" version="1">
  <excerpt audio_filename="audio/one.sph" channel="1" tbeg="10.0" dur="20.0" source_type="splitcts"/>
  <excerpt audio_filename="audio/one.sph" channel="1" tbeg="40.0" dur="10.0" source_type="splitcts"/>
  <excerpt audio_filename="audio/one.sph" channel="2" tbeg="0.0" dur="10.0" source_type="splitcts"/>
  <excerpt audio_filename="audio/two.sph" channel="1" tbeg="0.0" dur="30.0" source_type="splitcts"/>
</ecf>
"""
RTTM = """;; a comment
SPEAKER one 1 10.0 5.0 <NA> <NA> someone <NA>
LEXEME one 1 11.0 0.4 Copper lex someone 0.9
LEXEME one 1 11.5 0.4 mine lex someone 0.9
LEXEME one 1 13.0 0.4 uh fp someone 0.9
LEXEME one 1 14.0 0.4 copper lex someone 0.9
LEXEME one 1 15.0 0.4 mine lex someone 0.9
LEXEME one 1 35.0 0.4 tiger lex someone 0.9
LEXEME one 1 41.0 0.5 tiger lex someone 0.9
LEXEME two 1 3.0 0.5 tiger lex other 0.9
LEXEME two 1 broken
"""


@pytest.fixture
def nist(tmp_path):
    for name, text in (("kwlist.xml", KWLIST), ("ecf.xml", ECF), ("x.rttm", RTTM)):
        (tmp_path / name).write_text(text)
    return tmp_path


def test_nist_files(nist):
    findings = Findings()
    queries = read_kwlist(nist / "kwlist.xml")
    assert queries == {"KW1-001": "copper mine", "KW1-002": "tiger", "KW1-003": "window"}
    excerpts = read_ecf(nist / "ecf.xml", findings)
    assert excerpts["utterance"].to_pylist() == ["one", "one_2", "two"]
    aligned = read_rttm(nist / "x.rttm", excerpts, findings)
    found = occurrences_of(queries, aligned).to_pylist()
    message = [(row["query"], row["recording"], round(row["start"], 6), round(row["stop"], 6)) for row in found]
    # The second "copper … mine" has 0.6 s between its words; the tiger at 35 s is in no excerpt.
    assert message == [
        ("KW1-001", "one", 1.0, 1.9),
        ("KW1-002", "one_2", 1.0, 1.5),
        ("KW1-002", "two", 3.0, 3.5),
    ]
    assert findings.counts == {"excerpts of a second channel": 1, "lines of the reference that are broken": 1}


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("kwlist.xml", "<kwlist><kw", "is no XML"),
        ("kwlist.xml", "<other/>", "expected <kwlist>"),
        ("kwlist.xml", KWLIST.replace("KW1-002", "KW1-001"), "there twice"),
        ("kwlist.xml", KWLIST.replace("tiger", " "), "query 2: expected <kw kwid"),
        ("ecf.xml", ECF.replace('"20.0"', '"long"'), "excerpt 1: tbeg and dur are seconds"),
        ("ecf.xml", ECF.replace('dur="30.0"', 'dur="0"'), "excerpt 4: expected audio_filename"),
        ("x.rttm", RTTM.replace("LEXEME", "SPEAKER"), "no LEXEME of the excerpts"),
    ],
)
def test_nist_files_that_are_none(nist, name, text, message):
    (nist / name).write_text(text)

    def read_all():
        return read_kwlist(nist / "kwlist.xml"), read_rttm(
            nist / "x.rttm", read_ecf(nist / "ecf.xml", Findings()), Findings()
        )

    with pytest.raises(CorpusError, match=message):
        read_all()


@pytest.fixture
def prepare(stage_one):
    return lambda *flags: stage_one("std")(list(map(str, flags)))


def test_a_search_of_nist_s_files(nist, prepare):
    (nist / "audio").mkdir()
    for name in ("one", "two"):
        soundfile.write(nist / f"audio/{name}.wav", 0.1 * np.random.default_rng(0).standard_normal(8000 * 45), 8000)
    flags = ["--data", nist / "data", "--corpus", nist, "--ecf", nist / "ecf.xml", "--rttm", nist / "x.rttm"]
    prepare(*flags, "--queries", nist / "kwlist.xml", "--exemplars", 0, "--jobs", 1)
    searches = {name: Search.read(nist / "data/search" / name) for name in ("dev", "test")}
    rows = [row for search in searches.values() for row in search.recordings.to_pylist()]
    assert sorted((row["recording"], row["start"], row["stop"]) for row in rows) == [
        ("one", 10.0, 30.0),
        ("one_2", 40.0, 45.0),  # the file ends there
        ("two", 0.0, 30.0),
    ]
    assert sum(len(search.occurrences) for search in searches.values()) == 3
    assert (nist / "data/evaluation.txt").read_text().split() == ["search_test", "search_dev"]
    with pytest.raises(SystemExit, match="two files: --ecf and --rttm"):
        prepare(*flags[:6], "--data", nist / "other")


def test_queries_are_spread_over_lengths_and_frequencies():
    words = ["river"] * 40 + ["mountain"] * 20 + ["photographer"] * 10 + ["the"] * 500
    words += [f"{a}{b}ood" for a in "bcdfg" for b in "lrt"] + ["lantern", "telescopes"]
    drawn = draw_queries(words, 6, seed=1)
    assert {"river", "mountain", "photographer"} < set(drawn)
    assert "the" not in drawn
    assert len(draw_queries(words, 6, seed=1)) == 6
    assert drawn == draw_queries(list(reversed(words)), 6, seed=1)
    assert len(draw_queries(words, 1000, seed=1)) == len({word for word in words if len(word) > 3})


def test_phrases_do_not_span_what_is_between():
    rows = [("a", 0.0, 0.4, "red"), ("a", 0.5, 0.9, "fox"), ("a", 3.0, 3.4, "red"), ("b", 0.0, 0.4, "fox")]
    columns = [list(column) for column in zip(*[(r[0], r[1], r[2], r[3]) for r in rows], strict=True)]
    aligned = in_order(pa.table(columns, schema=pa.schema(ALIGNED)))
    assert occurrences_of({"q": "red fox"}, aligned).to_pylist() == [
        {"query": "q", "recording": "a", "start": 0.0, "stop": 0.9}
    ]
    assert vocabulary_group("red fox", {"red"}) == "oov"
    assert vocabulary_group("red", {"red"}) == "iv"


def test_an_aligned_word_may_be_several():
    rows = [("a", 0.0, 0.4, "number"), ("a", 0.5, 0.9, "twenty five"), ("a", 1.0, 1.4, "twenty"), ("a", 1.5, 2, "five")]
    columns = [list(column) for column in zip(*rows, strict=True)]
    aligned = in_order(pa.table(columns, schema=pa.schema(ALIGNED)))
    found = occurrences_of({"q": "twenty five", "r": "number twenty five", "s": "twenty"}, aligned).to_pylist()
    assert [(row["query"], row["start"], row["stop"]) for row in found] == [
        ("q", 0.5, 0.9),
        ("q", 1.0, 2.0),
        ("r", 0.0, 0.9),
        ("s", 1.0, 1.4),
    ]
    assert vocabulary_group("twenty five", {"twenty five"}) == "iv"


def test_queries_have_one_spelling(tmp_path):
    path = tmp_path / "queries.txt"
    path.write_text("\ufeffRed_Fox\r\nred fox!\r\n25\r\n", encoding="utf-8")
    findings = Findings()
    assert read_queries(path, findings) == {"red fox": "red fox", "twenty five": "twenty five"}
    assert findings.counts == {"queries of queries.txt that are there twice": 1}


def test_speakers_are_in_one_part_each():
    parts = speaker_parts([f"s{i}" for i in range(20)] * 3, StdSettings(dev=0.25, exemplars=0.15, seed=3))
    counts = [list(parts.values()).count(part) for part in ("dev", "exemplars", "test")]
    assert counts == [5, 3, 12]
    assert list(speaker_parts(["a", "b"], StdSettings()).values()).count("test") == 1
    with pytest.raises(CorpusError, match="1 speaker or recording"):
        speaker_parts(["a"], StdSettings())
    with pytest.raises(CorpusError, match="none is left to be searched"):
        speaker_parts(["a", "b", "c"], StdSettings(dev=0.9))


def test_folders_and_queries_that_cannot_be_used(tmp_path, prepare):
    with pytest.raises(CorpusError, match="no such folder"):
        audio_files(tmp_path / "nowhere", Findings())
    with pytest.raises(CorpusError, match="holds no audio"):
        audio_files(tmp_path, Findings())
    for folder in ("x", "y"):
        (tmp_path / folder).mkdir()
        soundfile.write(tmp_path / folder / "one.wav", np.zeros(16_000), 16_000)
    findings = Findings()
    assert audio_files(tmp_path, findings)["utterance"].to_pylist() == ["one"]
    assert findings.counts == {"audio files of a name that is there already": 1}
    (tmp_path / "q.txt").write_text("Tiger\n\ntiger\n!!!\nred fox\n")
    assert read_queries(tmp_path / "q.txt", findings) == {"tiger": "tiger", "red fox": "red fox"}
    assert findings.counts["queries of q.txt that cannot be pronounced"] == 1
    (tmp_path / "q.txt").write_text("\n")
    with pytest.raises(CorpusError, match="holds no query"):
        read_queries(tmp_path / "q.txt", findings)
    with pytest.raises(SystemExit, match="prepare: no reference: name --alignments"):
        prepare("--data", tmp_path / "data", "--corpus", tmp_path)
    (tmp_path / "a.csv").write_text("audio_filename,start,end,text\nother.wav,0.1,0.5,tiger\n")
    with pytest.raises(SystemExit, match="the alignments are of no recording"):
        prepare("--data", tmp_path / "data", "--corpus", tmp_path, "--alignments", tmp_path / "a.csv")
