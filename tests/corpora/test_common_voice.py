"""Common Voice as its releases unpack, and folders of recordings with text.tsv."""

import pytest

from kwskit.corpora.common_voice import common_voice_clips
from kwskit.corpora.findings import Findings
from kwskit.errors import CorpusError

HEADS = "client_id\tpath\tsentence\tup_votes\tdown_votes\tage\tgender\taccents\tvariant\tlocale\tsegment"
ANNA, BEN = "a" * 128, "b" * 127 + "c"


@pytest.fixture
def release(tmp_path):
    folder = tmp_path / "cv-corpus-13.0-2023-03-09/en"
    (folder / "clips").mkdir(parents=True)
    rows = [
        (ANNA, "common_voice_en_1.mp3", 'He said "open the gate".', "2", "0", "twenties", "female", "Scottish English"),
        (ANNA, "common_voice_en_2.mp3", "The garden's green.", "2", "0", "twenties", "female", "Scottish English"),
        (BEN, "common_voice_en_3.mp3", "Nobody came.", "3", "1", "", "", ""),
        (BEN, "common_voice_en_4.mp3", "Not there.", "3", "1", "", "", ""),
        (BEN, "common_voice_en_5.mp3", "... !", "3", "1", "", "", ""),
        (BEN, "common_voice_en_3.mp3", "Nobody came.", "3", "1", "", "", ""),
    ]
    lines = ["\t".join([*row, "", "en", ""]) for row in rows]
    (folder / "validated.tsv").write_text("\n".join([HEADS, *lines, "too\tshort"]) + "\n", encoding="utf-8")
    for number in (1, 2, 3, 5):
        (folder / f"clips/common_voice_en_{number}.mp3").touch()
    return folder


def test_a_release(release):
    findings = Findings()
    table = common_voice_clips(release.parent, findings)
    rows = table.to_pylist()
    assert [row["utterance"] for row in rows] == ["common_voice_en_1", "common_voice_en_2", "common_voice_en_3"]
    assert rows[0] == {
        "utterance": "common_voice_en_1",
        "path": str(release / "clips/common_voice_en_1.mp3"),
        "speaker": "a" * 16,
        "split": "validated",
        "text": 'He said "open the gate".',
        "age": "twenties",
        "gender": "female",
        "accent": "Scottish English",
    }
    assert rows[2]["speaker"] == "b" * 16
    assert findings.counts == {
        "rows of a table that cannot be read": 1,
        "recordings that are not there": 1,
        "recordings without a transcript": 1,
        "utterances that are there twice": 1,
    }
    assert common_voice_clips(release, Findings()).equals(table)


def test_early_releases_name_things_otherwise(release):
    text = (release / "validated.tsv").read_text(encoding="utf-8")
    (release / "validated.tsv").write_text(text.replace(".mp3", "").replace("accents", "accent"), encoding="utf-8")
    rows = common_voice_clips(release, Findings()).to_pylist()
    assert [row["path"][-21:] for row in rows] == [f"common_voice_en_{n}.mp3" for n in (1, 2, 3)]
    assert rows[0]["accent"] == "Scottish English"


def test_version_one_has_no_speakers(tmp_path):
    (tmp_path / "cv-valid-train").mkdir()
    (tmp_path / "cv-valid-train/sample-000000.mp3").touch()
    rows = 'cv-valid-train/sample-000000.mp3,"learn, and come back",1,0,twenties,male,us,\n'
    (tmp_path / "cv-valid-train.csv").write_text(
        f"filename,text,up_votes,down_votes,age,gender,accent,duration\n{rows}"
    )
    (row,) = common_voice_clips(tmp_path, Findings(), "cv-valid-train").to_pylist()
    assert (row["speaker"], row["text"], row["accent"]) == ("sample-000000", "learn, and come back", "us")
    assert row["path"] == str(tmp_path / "cv-valid-train/sample-000000.mp3")


def test_any_folder_with_texts(tmp_path):
    (tmp_path / "monday").mkdir()
    for name in ("monday/1.wav", "2.flac"):
        (tmp_path / name).touch()
    lines = ["sentence\tfile\tspeaker\tnote", "Good day\tmonday/1.wav\tann\tx", "Bye\t2.flac\t\t"]
    (tmp_path / "text.tsv").write_text("\n".join(lines) + "\n")
    rows = common_voice_clips(tmp_path, Findings()).to_pylist()
    assert [(row["utterance"], row["speaker"], row["text"], row["age"]) for row in rows] == [
        ("1", "ann", "Good day", ""),
        ("2", "2", "Bye", ""),
    ]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("file\ttext of it\n", "line 1: lacks the column text or transcript or sentence; it has file, text of it"),
        ("file\tsentence\nx.wav\thello\n", r"none of 1 recordings can be used:\n1 recordings that are not there"),
        ("", "text.tsv: is no table of recordings"),
    ],
)
def test_bad_tables_are_told(tmp_path, table, message):
    (tmp_path / "text.tsv").write_text(table)
    with pytest.raises(CorpusError, match=message):
        common_voice_clips(tmp_path, Findings())


def test_a_missing_table_is_told(release):
    with pytest.raises(CorpusError, match=r"Common Voice: .* lacks other\.tsv; it has clips, validated\.tsv"):
        common_voice_clips(release.parent, Findings(), "other")
