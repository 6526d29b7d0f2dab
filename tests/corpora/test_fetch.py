"""Downloads from a server that behaves like the worst of them."""

import errno
import hashlib
import io
import re
import tarfile
import zipfile

import pytest

from kwskit.cli import main
from kwskit.corpora.download import catalogue, unpacking
from kwskit.corpora.download import fetch as fetching
from kwskit.corpora.download.published_file import PublishedFile
from kwskit.errors import CorpusError
from tests.corpora.file_server import Server, left, sha256


def tar(members: dict[str, bytes], mode: str = "w:gz") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


@pytest.fixture
def corpus(server) -> PublishedFile:
    server.files["c.tar.gz"] = tar({"Corpus/part/a.txt": b"a", "Corpus/README": b"new"})
    return PublishedFile("mini", (server.url("c.tar.gz"),), "Corpus/part", "CC0")


def test_fetch_unpacks_beside_what_is_there_and_only_once(server, corpus, tmp_path, capsys):
    (tmp_path / "Corpus").mkdir()
    (tmp_path / "Corpus/README").write_text("mine")
    fetching.fetch_file(corpus, tmp_path)
    assert (tmp_path / "Corpus/part/a.txt").read_text() == "a"
    assert (tmp_path / "Corpus/README").read_text() == "mine"
    assert left(tmp_path) == ["Corpus", "archives"]
    assert left(tmp_path / "archives") == ["mini.checksum"]
    assert "no published checksum" in capsys.readouterr().out
    fetching.fetch_file(corpus, tmp_path)
    assert "is there already" in capsys.readouterr().out
    fetching.fetch_file(corpus, tmp_path / "Corpus")  # the corpus itself, rather than the folder that holds it
    assert "is there already" in capsys.readouterr().out
    assert len(server.asked) == 1


def test_a_digest_is_noted_for_files_without_a_published_one(server, corpus, tmp_path):
    fetching.fetch_file(corpus, tmp_path, keep=True)
    note = (tmp_path / "archives/mini.checksum").read_text().strip()
    assert note == sha256(server.files["c.tar.gz"])
    (tmp_path / "archives/mini.tar.gz").unlink()
    (tmp_path / "Corpus/part/a.txt").unlink()
    server.files["c.tar.gz"] = tar({"Corpus/part/a.txt": b"other"})
    with pytest.raises(CorpusError, match=r"wrong checksum.*noted at an earlier download"):
        fetching.fetch_file(corpus, tmp_path)


def test_a_kept_archive_is_checked_and_used(server, corpus, tmp_path):
    (tmp_path / "archives").mkdir()
    (tmp_path / "archives/mini.tar.gz").write_bytes(server.files["c.tar.gz"])
    fetching.fetch_file(corpus, tmp_path)
    assert server.asked == []
    (tmp_path / "Corpus/part/a.txt").unlink()
    (tmp_path / "archives/mini.tar.gz").write_bytes(b"cut off")
    with pytest.raises(CorpusError, match="wrong checksum"):
        fetching.fetch_file(corpus, tmp_path)


def test_a_truncated_archive_leaves_nothing(server, corpus, tmp_path):
    server.files["c.tar.gz"] = tar({"Corpus/part/a.bin": bytes(range(256)) * 9000}, "w:xz")[:-400]
    with pytest.raises(CorpusError, match="cannot be unpacked, is it whole"):
        fetching.fetch_file(corpus, tmp_path)
    assert left(tmp_path) == ["archives"]


def test_flat_and_renamed_archives_and_plain_files(server, tmp_path):
    server.files |= {"flat.zip": zipped({"yes/0.wav": b"y"}), "top.tar": tar({"x-master/a": b"a"}, "w"), "t.csv": b"1"}
    fetching.fetch_file(PublishedFile("flat", (server.url("flat.zip"),), "words", "CC0", into="words"), tmp_path)
    fetching.fetch_file(PublishedFile("top", (server.url("top.tar"),), "x", "CC0", top="x-master"), tmp_path)
    fetching.fetch_file(PublishedFile("t", (server.url("t.csv"),), "t/t.csv", "CC0", archive=False), tmp_path)
    assert (tmp_path / "words/yes/0.wav").read_bytes() == b"y"
    assert (tmp_path / "x/a").read_bytes() == b"a"
    assert (tmp_path / "t/t.csv").read_bytes() == b"1"
    with pytest.raises(CorpusError, match="holds no corpus, but words"):
        unpacking.unpack(archive(tmp_path, "flat.zip", server), tmp_path / "new", "corpus", "words")


def archive(folder, name: str, server: Server):
    (folder / name).write_bytes(server.files[name])
    return folder / name


def zipped(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        for name, data in members.items():
            packed.writestr(name, data)
    return buffer.getvalue()


@pytest.mark.parametrize("make", [tar, zipped])
def test_members_outside_of_the_folder_are_refused(make, tmp_path):
    path = tmp_path / "evil"
    path.write_bytes(make({"c/a": b"fine", "../../evil.txt": b"out"}))
    (tmp_path / "in/side").mkdir(parents=True)
    with pytest.raises(CorpusError, match="refused"):
        unpacking.unpack(path, tmp_path / "in/side", "c")
    assert left(tmp_path) == ["evil", "in"]
    assert left(tmp_path / "in/side") == []


@pytest.mark.parametrize("old", [False, True])
def test_links_out_of_the_folder_are_refused(tmp_path, old, monkeypatch):
    if old:  # a Python without filters
        monkeypatch.delattr(tarfile, "data_filter", raising=False)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as packed:
        link = tarfile.TarInfo("c")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc"
        packed.addfile(link)
    (tmp_path / "evil.tar").write_bytes(buffer.getvalue())
    with pytest.raises(CorpusError, match="refused"):
        unpacking.unpack(tmp_path / "evil.tar", tmp_path / "in", "c")


def test_an_old_python_unpacks_as_safely(tmp_path, monkeypatch):
    monkeypatch.delattr(tarfile, "data_filter", raising=False)
    (tmp_path / "c.tar").write_bytes(tar({"c/a": b"a", "c/d/b": b"b"}, "w"))
    unpacking.unpack(tmp_path / "c.tar", tmp_path / "out", "c")
    assert (tmp_path / "out/c/d/b").read_bytes() == b"b"
    (tmp_path / "evil.tar").write_bytes(tar({"c/a": b"fine", "../../evil.txt": b"out"}, "w"))
    with pytest.raises(CorpusError, match="would lie outside of the folder"):
        unpacking.unpack(tmp_path / "evil.tar", tmp_path / "new", "c")
    assert not (tmp_path / "evil.txt").exists()


def test_a_full_disk_while_unpacking_leaves_nothing(tmp_path, monkeypatch):
    (tmp_path / "c.tar").write_bytes(tar({"c/a": b"a", "c/b": b"b"}, "w"))
    real = tarfile.TarFile.makefile

    def makefile(self, info, path):
        if info.name == "c/b":
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(self, info, path)

    monkeypatch.setattr(tarfile.TarFile, "makefile", makefile)
    with pytest.raises(CorpusError, match="the disk is full while unpacking"):
        unpacking.unpack(tmp_path / "c.tar", tmp_path / "out", "c")
    assert left(tmp_path / "out") == []


def test_the_catalogue_is_complete():
    for file in catalogue.CATALOGUE.values():
        assert all(url.startswith("https://") for url in file.urls), file.name
        assert file.licence
        if file.checksum:
            kind, _, value = file.checksum.partition(":")
            assert len(value) == 2 * hashlib.new(kind).digest_size, file.name
    makes = [file.makes for file in catalogue.CATALOGUE.values()]
    assert len(set(makes)) == len(makes)
    assert len(catalogue.MSWC_LANGUAGES) == 50
    named = catalogue.published_files(["mswc-en", "musan", "mswc-splits-en"])
    assert [file.name for file in named] == ["mswc-splits-en", "mswc-audio-en", "musan"]


def test_librispeech_is_what_torchaudio_downloads():
    """torchaudio's table, read as text: importing it may not work here."""
    import importlib.util
    from pathlib import Path

    source = Path(importlib.util.find_spec("torchaudio").origin).parent / "datasets/librispeech.py"
    theirs = dict(re.findall(r'resources/12/([\w-]+)\.tar\.gz": "([0-9a-f]{64})"', source.read_text()))
    ours = {part: digest for part, (_, digest) in catalogue._LIBRISPEECH.items()}
    assert ours == theirs


def test_the_command_line(server, corpus, tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(catalogue.CATALOGUE, "mini", corpus)
    assert main(["fetch", "mini", "--to", str(tmp_path)]) == 0
    assert (tmp_path / "Corpus/part/a.txt").exists()
    assert main(["fetch", "--list"]) == 0
    listed = capsys.readouterr().out
    assert re.search(r"^musan +11\.1 GB +md5 +CC-BY-4\.0 +-> musan +https://www\.openslr\.org/", listed, re.M)
    assert main(["fetch", "nothing", "--to", str(tmp_path)]) == 1
    assert "'nothing' is nothing that can be fetched" in capsys.readouterr().err
    assert main(["fetch", "mini"]) == 2
