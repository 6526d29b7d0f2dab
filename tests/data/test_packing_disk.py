"""Disks that are full, too small or not to be written."""

import errno
import os
import shutil
from pathlib import Path

import pyarrow as pa
import pytest

from kwskit.data.store import shard_writer
from kwskit.data.store import writer as store_writer
from kwskit.data.store.packing import pack_manifest
from tests.data.packed_corpora import contents


def full_from(number):
    """Opens files as the writers do, those of shard ``number`` on a full disk."""

    def open_sink(path):
        return pa.OSFile("/dev/full" if f"{number}.arrow." in path else path, "wb")

    return open_sink


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_disk_keeps_the_old_store_and_what_is_finished_of_the_new(corpus, tmp_path, monkeypatch, several_shards):
    table, _ = corpus
    pack_manifest(table.slice(0, 3), tmp_path / "store", progress=False)
    before = contents(tmp_path / "store")
    with monkeypatch.context() as patch:
        patch.setattr(shard_writer, "open_sink", full_from("00002"))
        with pytest.raises(OSError, match=r"the disk is full; 2 of 4 shards .* the same command goes on") as error:
            pack_manifest(table, tmp_path / "store", progress=False)
    assert error.value.errno == errno.ENOSPC
    assert str(tmp_path / ".store.partial") in str(error.value)
    assert contents(tmp_path / "store") == before
    pack_manifest(table, tmp_path / "store", progress=False)
    assert not list(tmp_path.glob(".store*"))
    pack_manifest(table, tmp_path / "fresh", progress=False)
    assert contents(tmp_path / "store") == contents(tmp_path / "fresh")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
@pytest.mark.parametrize(("full", "expected"), [("00000", "nothing was kept"), ("index", "1 of 1 shards")])
def test_a_full_disk_at_the_first_shard_and_at_the_index(corpus, tmp_path, monkeypatch, full, expected):
    def open_sink(path):
        return pa.OSFile("/dev/full" if full in path else path, "wb")

    for module in (shard_writer, store_writer):
        monkeypatch.setattr(module, "open_sink", open_sink)
    with pytest.raises(OSError, match=f"the disk is full; {expected}"):
        pack_manifest(corpus[0], tmp_path / "store", progress=False)
    assert not (tmp_path / "store").exists()
    assert [path.name for path in tmp_path.glob(".store*")] == ([] if full == "00000" else [".store.partial"])


@pytest.mark.parametrize("where", ["folder", "shard"])
def test_a_folder_that_may_not_be_written_is_told(corpus, tmp_path, monkeypatch, where):
    def refuse(path, *_, **__):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    if where == "folder":
        monkeypatch.setattr(Path, "mkdir", refuse)
    else:
        monkeypatch.setattr(shard_writer, "open_sink", refuse)
    with pytest.raises(OSError, match="store: cannot be written: Permission denied; nothing was kept") as error:
        pack_manifest(corpus[0], tmp_path / "store", progress=False)
    assert error.value.errno == errno.EACCES


def test_a_disk_too_small_is_noticed_before_anything_is_read(corpus, tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda place: shutil._ntuple_diskusage(10**6, 10**6 - 1000, 1000))
    with pytest.raises(OSError, match=r"packing needs 0\.00 GB, the disk has 0\.00 GB left") as error:
        pack_manifest(corpus[0], tmp_path / "a" / "store")
    assert error.value.errno == errno.ENOSPC
    assert not (tmp_path / "a").exists()
