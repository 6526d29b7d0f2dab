"""A packing that was cut short, or meets another one, or an older store."""

import os
import signal
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest
import soundfile

from kwskit.data.audio import AudioError
from kwskit.data.records import write_records
from kwskit.data.store import packing_task
from kwskit.data.store.layout import StoreError
from kwskit.data.store.packed_store import PackedStore
from kwskit.data.store.packing import pack_manifest
from kwskit.data.store.shard_writer import ShardWriter
from kwskit.data.store.writer import StoreWriter
from tests.data.packed_corpora import contents, spoilt


@pytest.fixture
def read_files(monkeypatch):
    """Names of the audio files that packing reads, and after how many of them it is interrupted."""
    read, seen, limit = packing_task.read_segments, [], [10**6]

    def counting(path, *times):
        if len(seen) >= limit[0]:
            raise KeyboardInterrupt
        seen.append(os.path.basename(path))
        return read(path, *times)

    monkeypatch.setattr(packing_task, "read_segments", counting)
    return seen, limit


def test_an_interrupted_packing_goes_on_where_it_stopped(corpus, tmp_path, several_shards, read_files, caplog, capsys):
    table = spoilt(corpus[0], tmp_path).slice(0, 27)
    pack_manifest(table, tmp_path / "whole", on_bad="skip", progress=False)
    seen, limit = read_files
    for more, kept in ((7, 1), (5, 2), (0, 2)):
        limit[0] = len(seen) + more
        with pytest.raises(KeyboardInterrupt):
            pack_manifest(table, tmp_path / "store", on_bad="skip", progress=False)
        assert f"interrupted; {kept} of " in caplog.messages[-1]
        assert not (tmp_path / "store").exists()
        for folder in tmp_path.glob(".store.partial/*/store/pcm"):
            (folder / ".00004.arrow.99.partial").write_text("what a killed worker left")
    limit[0], begin = 10**6, len(seen)
    report = pack_manifest(table, tmp_path / "store", on_bad="skip")
    assert "pack store: going on with 2 of 5 shards" in capsys.readouterr().err
    assert not {"0.wav", "1.wav", "2.wav", "3.wav"} & set(seen[begin:])
    assert (report.segments, report.rejected) == (24, 3)
    assert contents(tmp_path / "store") == contents(tmp_path / "whole")
    assert "rejected.tsv" in contents(tmp_path / "store")
    assert not list(tmp_path.glob(".store*"))


def test_goes_on_with_the_same_records_and_the_same_audio_only(corpus, tmp_path, several_shards, read_files):
    table, _ = corpus
    seen, limit = read_files

    def interrupted_then(table):
        limit[0] = len(seen) + 11
        with pytest.raises(KeyboardInterrupt):
            pack_manifest(corpus[0], tmp_path / "store", progress=False)
        limit[0], begin = 10**6, len(seen)
        pack_manifest(table, tmp_path / "store", progress=False)
        return set(seen[begin:])

    everything = {f"{file}.wav" for file in range(8)}
    assert interrupted_then(table) == everything - {"0.wav", "1.wav", "2.wav", "3.wav"}
    assert interrupted_then(table.set_column(4, "word", pa.array(["other"] * 24))) == everything
    limit[0] = len(seen) + 11
    with pytest.raises(KeyboardInterrupt):
        pack_manifest(table, tmp_path / "store", progress=False)
    new = np.arange(32_000, dtype=np.int16)
    soundfile.write(tmp_path / "1.wav", new, 16_000)
    os.utime(tmp_path / "1.wav", ns=(0, 0))
    limit[0], begin = 10**6, len(seen)
    pack_manifest(table, tmp_path / "store", progress=False)
    assert set(seen[begin:]) == everything - {"2.wav", "3.wav"}
    assert np.array_equal(PackedStore.open(tmp_path / "store").read(3), new[:8000])


def test_mended_audio_is_read_again_and_the_rest_is_not(corpus, tmp_path, several_shards, read_files):
    """Stopping at bad segments keeps the shards; nothing that was refused stays refused when its file is mended."""
    table, _ = corpus
    whole = (tmp_path / "6.wav").read_bytes()
    (tmp_path / "6.wav").write_bytes(b"RIFF")
    with pytest.raises(AudioError, match="3 of 24 segments cannot be used"):
        pack_manifest(table, tmp_path / "store", progress=False)
    (tmp_path / "6.wav").write_bytes(whole)
    seen = read_files[0]
    seen.clear()
    assert pack_manifest(table, tmp_path / "store", progress=False).segments == 24
    assert set(seen) == {"6.wav", "7.wav"}


@pytest.mark.parametrize("damage", ["cut off", "gone", "notes cut off"])
def test_a_damaged_shard_is_packed_again(corpus, tmp_path, several_shards, read_files, damage):
    table, _ = corpus
    pack_manifest(table, tmp_path / "whole", progress=False)
    seen, limit = read_files
    limit[0] = len(seen) + 11
    with pytest.raises(KeyboardInterrupt):
        pack_manifest(table, tmp_path / "store", progress=False)
    (file,) = tmp_path.glob(f".store.partial/*/{'notes' if 'notes' in damage else 'store/pcm'}/00001.arrow")
    if damage == "gone":
        file.unlink()
    else:
        file.write_bytes(file.read_bytes()[:-50])
    limit[0], begin = 10**6, len(seen)
    pack_manifest(table, tmp_path / "store", progress=False)
    assert not {"0.wav", "1.wav"} & set(seen[begin:])
    assert contents(tmp_path / "store") == contents(tmp_path / "whole")


PACK = """
import multiprocessing, os, sys, time
from kwskit.data.store import packing, packing_task, shard_plan
from kwskit.task_pool import run_tasks

shard_plan.SHORTEST_SHARD, packing.BATCH = 3.5, 1.0
read = packing_task.read_segments

def read_or_wait(path, *times):  # workers, too, run this script: the last shard is never finished
    if path.endswith("/7.wav"):
        time.sleep(600)
    return read(path, *times)

packing_task.read_segments = read_or_wait

def run_and_kill(*how):
    for count, found in enumerate(run_tasks(*how), 1):
        yield found
        if count == 2:
            if sys.argv[2] == "parent":
                os.kill(os.getpid(), 9)
            for worker in multiprocessing.active_children():
                os.kill(worker.pid, 9)

if __name__ == "__main__":
    packing.run_tasks = run_and_kill
    packing.pack_manifest(sys.argv[1] + "/m.tsv", sys.argv[1] + "/store", workers=2, progress=False)
"""


@pytest.mark.parametrize("who", ["parent", "workers"])
def test_a_killed_process_costs_its_unfinished_shards_only(corpus, tmp_path, several_shards, read_files, who):
    """Real processes, really killed: the parent, or all workers."""
    write_records(tmp_path / "m.tsv", "manifest", corpus[0])
    (tmp_path / "pack.py").write_text(PACK)
    command = [sys.executable, str(tmp_path / "pack.py"), str(tmp_path), who]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if who == "parent":
        assert done.returncode == -signal.SIGKILL
    else:
        assert "a worker died" in done.stderr
        assert "the same command goes on from there" in done.stderr
    assert not (tmp_path / "store").exists()
    finished = len(list(tmp_path.glob(".store.partial/*/notes/0*")))
    assert finished >= 2
    pack_manifest(tmp_path / "m.tsv", tmp_path / "store", progress=False)
    assert len(set(read_files[0])) == 8 - 2 * finished
    pack_manifest(tmp_path / "m.tsv", tmp_path / "whole", progress=False)
    assert contents(tmp_path / "store") == contents(tmp_path / "whole")
    assert not list(tmp_path.glob(".store*"))


def test_two_packings_of_one_store_do_not_meet(corpus, tmp_path):
    refused = pytest.raises(StoreError, match="another process is packing this store")
    with StoreWriter(tmp_path / "store", "other"), refused:
        pack_manifest(corpus[0], tmp_path / "store", progress=False)
    pack_manifest(corpus[0], tmp_path / "store", progress=False)


def test_what_other_versions_left_is_no_hindrance(corpus, tmp_path):
    (tmp_path / ".store.partial" / "old").mkdir(parents=True)
    (tmp_path / ".store.partial" / "pcm.arrow").write_text("half")
    pack_manifest(corpus[0], tmp_path / "store", progress=False)
    assert len(PackedStore.open(tmp_path / "store")) == 24
    assert not list(tmp_path.glob(".store*"))


def test_a_writer_left_early_leaves_nothing(tmp_path):
    def interrupted():
        with StoreWriter(tmp_path / "store") as writer:
            writer.add(np.zeros(1000, np.int16), np.array([400, 600]))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert list(tmp_path.iterdir()) == []


def test_a_shard_left_early_leaves_nothing(tmp_path):
    def interrupted():
        with ShardWriter(tmp_path / "00000.arrow") as writer:
            writer.add(np.zeros(1000, np.int16), np.array([400, 600]))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert list(tmp_path.iterdir()) == []
