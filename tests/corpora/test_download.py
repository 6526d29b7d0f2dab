"""Downloads from a server that behaves like the worst of them."""

import errno

import pytest

from kwskit.corpora.download import download
from kwskit.errors import CorpusError
from tests.corpora.file_server import DATA, left, sha256


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
