"""Folders as they are: links, names, kinds and rights that cannot be used; and indexes that are not there."""

import os
import shutil
import sys

import pytest

from kwskit.cli import main
from kwskit.data.audio import read_blocks
from kwskit.index import SpeechIndex, SpeechIndexError
from kwskit.search.search_settings import SearchSettings

SMALL = SearchSettings(windows=(0.3, 0.5))


def test_looking_for_an_index_makes_nothing(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["search", "typo", "tiger"]) == 1
    assert "typo: there is no index" in capsys.readouterr().err
    with pytest.raises(SpeechIndexError, match="there is no index"):
        SpeechIndex.open(tmp_path / "typo")
    assert main(["index", "no recordings", "--out", "new"]) == 1
    assert "no recordings: no such file or folder" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse names that are not UTF-8")
def test_names_that_are_not_utf_8_are_told_of_and_the_rest_is_indexed(tmp_path, model, write_recording):
    folder, strange = tmp_path / "recordings", os.fsdecode(b"caf\xe9.wav")
    for name in ("a.wav", "z.wav"):
        write_recording(folder / name, ["tiger"])
    shutil.copy(folder / "a.wav", folder / strange)
    SpeechIndex.create(tmp_path / "index", model, SMALL)
    opened = SpeechIndex.open(tmp_path / "index", model)
    for _ in range(2):
        added = opened.add([folder])
        assert opened.files == [str(folder / "a.wav"), str(folder / "z.wav")]
        assert list(added.refused) == [str(folder / strange)]
        assert "not UTF-8" in added.refused[str(folder / strange)]


def test_what_was_indexed_before_an_error_stays(tmp_path, model, write_recording, monkeypatch):
    folder = tmp_path / "recordings"
    for name in ("a.wav", "b.wav", "c.wav"):
        write_recording(folder / name, ["tiger"])
    index = SpeechIndex.create(tmp_path / "index", model, SMALL)

    def read(path, block):
        if path.name == "c.wav":
            raise RuntimeError("the machine is tired")
        return read_blocks(path, block=block)

    monkeypatch.setattr("kwskit.index.window_writer.read_blocks", read)
    with pytest.raises(RuntimeError, match="tired"):
        index.add([folder])
    assert index.files == [str(folder / "a.wav"), str(folder / "b.wav")]
    assert index._tables.strays() == []


def test_links_are_followed_and_other_kinds_told_of(tmp_path, model, write_recording, monkeypatch, capsys):
    for module in ("about", "speech_index"):
        monkeypatch.setattr(f"kwskit.index.{module}.open_model", lambda source, device: model)
    write_recording(tmp_path / "in" / "real" / "1.wav", ["tiger"])
    (tmp_path / "in" / "real" / "1.wav").rename(tmp_path / "in" / "real" / "1.wave")
    write_recording(tmp_path / "far" / "2.wav", ["meadow"])
    (tmp_path / "in" / "far").symlink_to("../far")
    (tmp_path / "in" / "again").symlink_to("real")
    (tmp_path / "in" / "circle").symlink_to(".")
    (tmp_path / "far" / "back").symlink_to("../in")
    for name in ("a.m4a", "b.m4a", "c.wma"):
        (tmp_path / "in" / "real" / name).write_bytes(b"?")
    place = str(tmp_path / "index")
    assert main(["index", str(tmp_path / "in"), "--out", place, "--model", str(tmp_path)]) == 1
    err = capsys.readouterr().err
    example = tmp_path / "in" / "real" / "a.m4a"
    assert f"passed over 3 recordings of a kind that is not read (.m4a, .wma), such as {example}" in err
    assert "3 of 5 recordings could not be indexed" in err
    files = [str(tmp_path / "in" / "far" / "2.wav"), str(tmp_path / "in" / "real" / "1.wave")]
    assert SpeechIndex.open(place, model).files == files


def test_what_is_in_a_folder_that_cannot_be_read_is_not_missing(tmp_path, model, write_recording, monkeypatch):
    folder = tmp_path / "recordings"
    write_recording(folder / "a.wav", ["tiger"])
    write_recording(folder / "closed" / "b.wav", ["tiger"])
    index = SpeechIndex.create(tmp_path / "index", model, SMALL)
    index.add([folder])
    scandir = os.scandir

    def refused(path):
        if os.fspath(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr("os.scandir", refused)
    (folder / "a.wav").unlink()
    added = index.add([folder], remove_missing=True)
    assert added.removed == [str(folder / "a.wav")]
    assert added.refused == {str(folder / "closed"): f"{folder / 'closed'}: cannot be read: Permission denied"}
    assert index.files == [str(folder / "closed" / "b.wav")]
