import logging
import os
from pathlib import Path

import numpy as np
import pytest
import soundfile

from kwskit.data.audio import AudioError
from kwskit.data.records import RecordError, write_records
from kwskit.data.store.packed_store import PackedStore
from kwskit.data.store.packing import pack_manifest
from kwskit.data.word_folder import words_from_folder


def record(path, seconds=0.5, rate=16_000):
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.full(round(seconds * rate), 0.1), rate)


@pytest.fixture
def folder(tmp_path):
    record(tmp_path / "banana/one.wav")
    record(tmp_path / "banana/deeper/two.FLAC", 0.25)
    record(tmp_path / "hey_computer/one.wav", 1.0, 8000)
    record(tmp_path / "_other/noise.wav")
    record(tmp_path / ".hidden/x.wav")
    (tmp_path / "banana/readme.txt").write_text("not audio")
    (tmp_path / "list.csv").write_text("word")
    return tmp_path


def test_folders_are_words(folder):
    table = words_from_folder(folder)
    assert table["utt_id"].to_pylist() == ["banana/deeper/two.FLAC", "banana/one.wav", "hey_computer/one.wav"]
    assert table["word"].to_pylist() == ["banana", "banana", "hey computer"]
    assert table["start"].to_pylist() == [0, 0, 0]
    assert table["stop"].to_pylist() == [0.25, 0.5, 1.0]
    assert all(Path(path).is_file() for path in table["path"].to_pylist())


def test_the_table_can_be_written_packed_and_read(folder):
    table = words_from_folder(folder)
    write_records(folder / "words.tsv", "manifest", table)
    assert words_from_folder(folder / "words.tsv").equals(table)
    pack_manifest(table, folder / "store", progress=False)
    store = PackedStore.open(folder / "store")
    assert store.num_samples.tolist() == [4000, 8000, 16_000]


def test_a_list_gives_words_paths_and_times(folder):
    (folder / "list.tsv").write_text(
        "word\tpath\tstart\tstop\tspeaker\nbanana\tbanana/one.wav\t0.1\t0.3\tann\nsplit\tbanana/one.wav\t0.3\t0.5\tann\n"
    )
    rows = words_from_folder(folder / "list.tsv").to_pylist()
    assert [(r["word"], r["start"], r["stop"], r["speaker"]) for r in rows] == [
        ("banana", 0.1, 0.3, "ann"),
        ("split", 0.3, 0.5, "ann"),
    ]
    assert len({r["utt_id"] for r in rows}) == 2


def test_a_list_needs_only_words_and_paths(folder):
    (folder / "list.tsv").write_text("path\tword\nbanana/one.wav\tbanana\nhey_computer/one.wav\they computer\n")
    table = words_from_folder(folder / "list.tsv")
    assert table["stop"].to_pylist() == [0.5, 1.0]


def test_recordings_that_cannot_be_read_are_named_or_skipped_aloud(folder, caplog):
    (folder / "banana/broken.wav").write_text("no audio")
    with pytest.raises(AudioError, match=r"1 of 4 recordings cannot be read: .*banana/broken.wav: not readable"):
        words_from_folder(folder)
    with caplog.at_level(logging.WARNING):
        assert len(words_from_folder(folder, on_bad="skip")) == 3
    assert "1 of 4 recordings cannot be read" in caplog.text
    assert "broken.wav" in caplog.text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("word\tfile\nbanana\tbanana/one.wav\n", "line 1: a list of words needs the column path"),
        ("word\tpath\n\tbanana/one.wav\n", "line 2: word or path is empty"),
        ("word\tpath\na\tbanana/one.wav\nb\tbanana/one.wav\n", "line 3: banana/one.wav stands there twice"),
        ("word\tpath\tstart\tstop\na\tbanana/one.wav\t0.4\t0.2\n", "line 2: start 0.4 and stop 0.2"),
        ("word\tpath\tstart\tstop\na\tbanana/one.wav\tx\t0.2\n", "'x'"),
        ("word\tpath\na\tnowhere.wav\n", "no such audio file"),
        ("", "Empty"),
        ("word\tpath\n", "no recordings"),
    ],
)
def test_a_useless_list_is_named(folder, text, message):
    (folder / "list.tsv").write_text(text)
    with pytest.raises((RecordError, AudioError), match=message) as error:
        words_from_folder(folder / "list.tsv")
    assert "list.tsv" in str(error.value)


def test_an_empty_or_missing_folder_is_named(tmp_path):
    with pytest.raises(RecordError, match="expected one folder a word"):
        words_from_folder(tmp_path)
    with pytest.raises(RecordError, match="neither a folder of words nor a TSV"):
        words_from_folder(tmp_path / "nowhere")
    with pytest.raises(ValueError, match="on_bad must be 'stop' or 'skip'"):
        words_from_folder(tmp_path, on_bad="hope")


@pytest.mark.skipif("KWSKIT_SPEECH_DATA" not in os.environ, reason="KWSKIT_SPEECH_DATA names no folder of recordings")
def test_recordings_of_people(tmp_path):
    table = words_from_folder(Path(os.environ["KWSKIT_SPEECH_DATA"]) / "wake_words")
    report = pack_manifest(table, tmp_path / "store", progress=False)
    assert report.segments == len(table) > 0
    assert PackedStore.open(tmp_path / "store").words == sorted(set(table["word"].to_pylist()))


def test_spellings_of_a_folder_s_name_are_one_word(tmp_path, caplog):
    for name in ("hey_nova", "Hey Nova", "cafe\u0301", "café", "stop"):
        record(tmp_path / name / "one.wav")
    words = words_from_folder(tmp_path)["word"].to_pylist()
    assert sorted(words) == ["café", "café", "hey nova", "hey nova", "stop"]
    assert len(caplog.records) == 1
    assert "2 keywords are spelt in several ways and taken as one: 'café'" in caplog.text
    assert "'hey nova' ('Hey Nova', 'hey_nova')" in caplog.text


def test_a_manifest_s_spellings_are_one_word_and_named_once(folder, caplog):
    table = words_from_folder(folder)
    spelt = table.set_column(table.column_names.index("word"), "word", [["Stop!", "stop", "hey_computer"]])
    write_records(folder / "by_hand.tsv", "manifest", spelt)
    for _ in range(2):
        assert words_from_folder(folder / "by_hand.tsv")["word"].to_pylist() == ["stop", "stop", "hey computer"]
    assert [record.getMessage() for record in caplog.records] == [
        f"{folder / 'by_hand.tsv'}: a keyword is spelt in several ways and taken as one: 'stop' ('Stop!', 'stop')"
    ]


def test_a_stretch_beyond_its_file_is_refused_with_its_line(folder):
    for times, message in (
        ("99\t", "line 3: start 99: the file ends at 0.5 s"),
        ("0.5\t", "line 3: start 0.5: the file ends at 0.5 s"),
        ("0.1\t0.7", "line 3: start 0.1 and stop 0.7: the file ends at 0.5 s"),
        ("-1\t", "line 3: start -1"),
    ):
        (folder / "list.tsv").write_text(
            f"word\tpath\tstart\tstop\na\tbanana/deeper/two.FLAC\t0\t0.2\nb\tbanana/one.wav\t{times}\n"
        )
        with pytest.raises(RecordError, match=message):
            words_from_folder(folder / "list.tsv")


def test_recordings_of_other_kinds_are_counted_and_named(folder, caplog):
    for name in ("banana/two.m4a", "hey_computer/two.wma"):
        (folder / name).write_bytes(b"?")
    kind = "recordings of a kind that is not read"
    with pytest.raises(AudioError, match=rf"2 of 5 recordings cannot be read: .*banana/two\.m4a: {kind}; .*two\.wma"):
        words_from_folder(folder)
    with caplog.at_level(logging.WARNING):
        assert len(words_from_folder(folder, on_bad="skip")) == 3
    assert "2 of 5 recordings cannot be read" in caplog.text


def test_words_in_folders_that_are_links_are_read_once(folder):
    record(folder / "_far/three.wav")
    (folder / "_far/three.wav").rename(folder / "_far/three.wave")
    (folder / "hey_computer/far").symlink_to("../_far")
    (folder / "hey_computer/self").symlink_to(".")
    (folder / "linked").symlink_to("banana")
    found = words_from_folder(folder)["utt_id"].to_pylist()
    assert found == [
        *("banana/deeper/two.FLAC", "banana/one.wav", "hey_computer/far/three.wave", "hey_computer/one.wav"),
        *("linked/deeper/two.FLAC", "linked/one.wav"),
    ]


@pytest.mark.skipif(os.name == "nt", reason="names are UTF-16 there")
def test_names_that_no_manifest_can_hold_are_named(folder):
    (folder / os.fsdecode(b"banana/caf\xe9.wav")).write_bytes((folder / "banana/one.wav").read_bytes())
    with pytest.raises(AudioError, match=r"1 of 4 recordings .*caf\\udce9\.wav: audio files whose name is not UTF-8"):
        words_from_folder(folder)
    assert len(words_from_folder(folder, on_bad="skip")) == 3
