"""Downloads from a server that behaves like the worst of them."""

import errno
import hashlib
import io
import re
import tarfile
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from kwskit.cli import main
from kwskit.corpora.download import catalogue, download, unpacking
from kwskit.corpora.download import fetch as fetching
from kwskit.corpora.download.published_file import PublishedFile
from kwskit.errors import CorpusError

DATA = bytes(range(256)) * 8192  # 2 MiB


class Server(ThreadingHTTPServer):
    """Serves ``files``; may drop connections after some bytes, know no ranges, and name no lengths."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {}
        self.drops: list[int] = []  # bytes after which the next connections end
        self.errors: list[int] = []  # what the next connections get instead
        self.ranges, self.lengths, self.tag = True, True, '"1"'
        self.asked: list[tuple[str, str | None]] = []

    def handle_error(self, request, client_address):
        """A client that goes away is no error here."""

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/{name}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self):
        server, wanted = self.server, self.headers["Range"]
        server.asked.append((self.path[1:], wanted))
        data = server.files.get(self.path[1:])
        if server.errors or data is None:
            return self.send_error(server.errors.pop(0) if server.errors else 404)
        start = 0
        if wanted and server.ranges and self.headers["If-Range"] in (None, server.tag):
            start = int(re.fullmatch(r"bytes=(\d+)-", wanted)[1])
        if start >= len(data) > 0:
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(data)}")
            return self.end_headers()
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        if server.tag:
            self.send_header("ETag", server.tag)
        if server.lengths:
            self.send_header("Content-Length", str(len(data) - start))
        self.end_headers()
        end = start + server.drops.pop(0) if server.drops else len(data)
        self.wfile.write(data[start:end])
        return None

    def log_message(self, *_):
        pass


@pytest.fixture
def server(monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(download, "PAUSE", 0.001)
    with Server() as served:
        thread = threading.Thread(target=served.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        served.files["x.bin"] = DATA
        yield served
        served.shutdown()
        thread.join()


def sha256(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def tar(members: dict[str, bytes], mode: str = "w:gz") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def left(folder) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_broken_connections_are_continued_where_they_broke(server, tmp_path):
    server.drops = [1_000_000, 500_000]
    found = download.download((server.url("x.bin"),), tmp_path / "x", sha256(DATA))
    assert found == sha256(DATA)
    assert (tmp_path / "x").read_bytes() == DATA
    assert left(tmp_path) == ["x"]
    assert server.asked == [("x.bin", None), ("x.bin", "bytes=1000000-"), ("x.bin", "bytes=1500000-")]


def test_a_later_run_continues_what_an_earlier_one_left(server, tmp_path, monkeypatch):
    monkeypatch.setattr(download, "PATIENCE", 1)
    server.drops = [700_000]
    monkeypatch.setattr(download, "_continue", once(download._continue))
    with pytest.raises(CorpusError, match=r"700,000 bytes are kept"):
        download.download((server.url("x.bin"),), tmp_path / "x")
    assert not (tmp_path / "x").exists()
    monkeypatch.undo()
    download.download((server.url("x.bin"),), tmp_path / "x")
    assert (tmp_path / "x").read_bytes() == DATA
    assert server.asked[-1] == ("x.bin", "bytes=700000-")


def once(function):
    """``function`` for its first call; then connections are reset."""
    calls = []

    def call(*args):
        calls.append(args)
        if len(calls) > 1:
            raise ConnectionResetError(errno.ECONNRESET, "reset")
        return function(*args)

    return call


def test_a_server_without_ranges_starts_over(server, tmp_path):
    server.ranges, server.drops = False, [1_000_000]
    download.download((server.url("x.bin"),), tmp_path / "x", sha256(DATA))
    assert (tmp_path / "x").read_bytes() == DATA


def test_without_a_name_of_the_version_nothing_is_continued(server, tmp_path):
    server.tag, server.drops = "", [1_000_000]
    download.download((server.url("x.bin"),), tmp_path / "x", sha256(DATA))
    assert server.asked == [("x.bin", None), ("x.bin", None)]


def test_a_server_that_names_no_length_is_believed(server, tmp_path):
    server.lengths = False
    download.download((server.url("x.bin"),), tmp_path / "x", sha256(DATA))
    assert (tmp_path / "x").read_bytes() == DATA


def test_a_file_that_changed_meanwhile_is_not_mixed(server, tmp_path):
    (tmp_path / "x.partial").write_bytes(b"old" * 1000)
    (tmp_path / "x.partial.version").write_text('"0"')
    download.download((server.url("x.bin"),), tmp_path / "x")
    assert (tmp_path / "x").read_bytes() == DATA


def test_a_partial_file_that_is_whole_is_taken(server, tmp_path):
    (tmp_path / "x.partial").write_bytes(DATA)
    (tmp_path / "x.partial.version").write_text('"1"')
    download.download((server.url("x.bin"),), tmp_path / "x", sha256(DATA))
    assert (tmp_path / "x").read_bytes() == DATA


def test_a_wrong_checksum_deletes_what_came(server, tmp_path):
    with pytest.raises(CorpusError, match=r"wrong checksum: expected md5:0+, the 2,097,152 bytes .* deleted"):
        download.download((server.url("x.bin"),), tmp_path / "x", "md5:" + "0" * 32)
    assert left(tmp_path) == []


def test_trouble_of_the_server_is_waited_for_and_absence_is_not(server, tmp_path):
    server.errors = [503, 429]
    download.download((server.url("x.bin"),), tmp_path / "x")
    assert len(server.asked) == 3
    server.asked.clear()
    with pytest.raises(CorpusError, match=r"nothing: HTTP 404"):
        download.download((server.url("nothing"),), tmp_path / "y")
    assert len(server.asked) == 1


def test_a_mirror_takes_over(server, tmp_path):
    download.download((server.url("gone"), server.url("x.bin")), tmp_path / "x", sha256(DATA))
    assert (tmp_path / "x").read_bytes() == DATA


def test_a_server_that_never_finishes_is_given_up(server, tmp_path):
    server.drops = [0] * 50
    with pytest.raises(CorpusError, match=r"ended after 0 of 2,097,152 bytes \(6 attempts"):
        download.download((server.url("x.bin"),), tmp_path / "x")


def test_room_is_looked_for_first(server, tmp_path):
    with pytest.raises(CorpusError, match=r"GB are to come,.* only .* GB are free"):
        download.download((server.url("x.bin"),), tmp_path / "x", size=10**18)
    assert server.asked == []


@pytest.mark.parametrize(
    ("number", "message"), [(errno.ENOSPC, "the disk is full; what came is kept"), (errno.EACCES, "permission denied")]
)
def test_a_disk_that_refuses_is_told(server, tmp_path, monkeypatch, number, message):
    def refuse(*_):
        raise OSError(number, "refused")

    monkeypatch.setattr(download, "_receive", refuse)
    with pytest.raises(CorpusError, match=message):
        download.download((server.url("x.bin"),), tmp_path / "x")


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
