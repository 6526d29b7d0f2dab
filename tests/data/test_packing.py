import errno
import logging
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import soundfile

from kwskit.data.audio import AudioError, AudioFormat
from kwskit.data.store import packing, packing_task, shard_plan, shard_writer
from kwskit.data.store import writer as store_writer
from kwskit.data.store.layout import StoreError
from kwskit.data.store.packed_store import PackedStore
from kwskit.data.store.packing import pack_manifest
from kwskit.data.store.shard_writer import ShardWriter
from kwskit.data.store.writer import StoreWriter
from kwskit.records import MANIFEST, read_records, write_records


def table_of(*rows):
    """A manifest of (utt_id, path, start, stop, word, speaker)."""
    return pa.Table.from_pylist(
        [dict(zip(MANIFEST, (*row, "train"), strict=True)) for row in rows], pa.schema(MANIFEST)
    )


@pytest.fixture
def several_shards(monkeypatch):
    """Shards of two files, written in small record batches."""
    monkeypatch.setattr(shard_plan, "SHORTEST_SHARD", 3.5)
    monkeypatch.setattr(packing, "BATCH", 1.0)


@pytest.fixture
def corpus(tmp_path):
    """Eight files of noise, three segments in each, and what they hold."""
    rng = np.random.default_rng(0)
    rows, truth = [], {}
    for file in range(8):
        pcm = rng.integers(-9000, 9000, 32_000).astype(np.int16)
        soundfile.write(tmp_path / f"{file}.wav", pcm, 16_000)
        for part, (start, stop) in enumerate(((0.0, 0.5), (0.5, 1.25), (1.5, 2.0))):
            utt_id = f"u{file}-{part}"
            rows.append((utt_id, str(tmp_path / f"{file}.wav"), start, stop, f"word{part}", f"voice{file % 3}"))
            truth[utt_id] = pcm[int(start * 16_000) : int(stop * 16_000)]
    return table_of(*rows), truth


def contents(folder):
    """Every file of a store by its place in it."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_holds_every_segment_with_its_labels(corpus, tmp_path):
    table, truth = corpus
    report = pack_manifest(table, tmp_path / "store", progress=False, facts={"corpus": "noise"})
    store = PackedStore.open(tmp_path / "store")
    assert (report.segments, report.rejected, report.formats) == (24, 0, {AudioFormat(16_000, 1): 8})
    assert report.seconds == store.seconds == 8 * 1.75
    assert store.utt_ids.to_pylist() == table["utt_id"].to_pylist()
    assert store.words == ["word0", "word1", "word2"]
    assert [store.words[i] for i in store.word_ids] == table["word"].to_pylist()
    assert [store.speakers[i] for i in store.speaker_ids] == table["speaker"].to_pylist()
    assert store.facts["corpus"] == "noise"
    for row, utt_id in enumerate(store.utt_ids.to_pylist()):
        assert np.array_equal(store.read(row), truth[utt_id])


def test_any_order_of_records_and_any_number_of_workers_pack_alike(corpus, tmp_path, several_shards):
    table, truth = corpus
    shuffled = table.take(np.random.default_rng(1).permutation(len(table)))
    for workers in (1, 2):
        pack_manifest(shuffled, tmp_path / f"store{workers}", workers=workers, progress=False)
    whole = contents(tmp_path / "store1")
    assert list(whole) == ["index.arrow", *(f"pcm/0000{shard}.arrow" for shard in range(4))]
    assert whole == contents(tmp_path / "store2")
    store = PackedStore.open(tmp_path / "store1")
    assert sorted(store.utt_ids.to_pylist()) == sorted(truth)
    for row, utt_id in enumerate(store.utt_ids.to_pylist()):
        assert np.array_equal(store.read(row), truth[utt_id])
    # Segments of a file stand together, in the order of their records.
    files = [utt_id.split("-")[0] for utt_id in store.utt_ids.to_pylist()]
    assert files == list(np.repeat(list(dict.fromkeys(u.split("-")[0] for u in shuffled["utt_id"].to_pylist())), 3))


def test_shards_may_end_in_any_order(corpus, tmp_path, several_shards, monkeypatch):
    table = spoilt(corpus[0], tmp_path).slice(0, 27)
    pack_manifest(table, tmp_path / "one", on_bad="skip", progress=False)
    run_tasks = packing.run_tasks
    monkeypatch.setattr(packing, "run_tasks", lambda *how: (pair for pair in reversed(list(run_tasks(*how)))))
    pack_manifest(table, tmp_path / "other", on_bad="skip", progress=False)
    assert contents(tmp_path / "one") == contents(tmp_path / "other")


def spoilt(table, tmp_path):
    """The corpus with four bad segments of four kinds."""
    soundfile.write(tmp_path / "nan.wav", np.full(9000, np.nan), 16_000, subtype="FLOAT")
    (tmp_path / "text.wav").write_text("no audio")
    good = table["path"][0].as_py()
    bad = table_of(
        ("late", good, 5.0, 6.0, "word0", "v"),
        ("nan", str(tmp_path / "nan.wav"), 0.0, 0.5, "word0", "v"),
        ("short", good, 0.1, 0.11, "word9", "v"),
        ("text", str(tmp_path / "text.wav"), 0.0, 0.5, 'wo"rd', "v"),
    )
    return pa.concat_tables([table, bad])


def test_bad_segments_stop_it_with_their_number_and_examples(corpus, tmp_path):
    with pytest.raises(AudioError, match="4 of 28 segments cannot be used: ") as error:
        pack_manifest(spoilt(corpus[0], tmp_path), tmp_path / "store", progress=False)
    for reason in (
        "starts at 5 s, but the file ends at 2 s",
        "nan.wav: the segment at 0 s holds 8000 NaN",
        "10.0 ms long",
        "text.wav: not readable as audio",
    ):
        assert reason in str(error.value)
    assert not (tmp_path / "store").exists()


def test_skipping_counts_tells_and_lists(corpus, tmp_path, caplog):
    table, truth = corpus
    bad = spoilt(table, tmp_path).slice(0, 27)
    with caplog.at_level(logging.WARNING):
        report = pack_manifest(bad, tmp_path / "store", on_bad="skip", progress=False)
    assert (report.segments, report.rejected) == (24, 3)
    assert "3 of 27 segments cannot be used" in caplog.text
    store = PackedStore.open(tmp_path / "store")
    assert sorted(store.utt_ids.to_pylist()) == sorted(truth)
    assert store.facts["rejected"] == "3"
    assert store.words == ["word0", "word1", "word2"]  # word9 had no good segment
    rejected, _ = read_records(tmp_path / "store" / "rejected.tsv", "manifest")
    reasons = dict(zip(rejected["utt_id"].to_pylist(), rejected["reason"].to_pylist(), strict=True))
    assert set(reasons) == {"late", "nan", "short"}
    assert "NaN" in reasons["nan"]


def test_nothing_good_at_all_is_an_error_even_when_skipping(tmp_path):
    table = table_of(("u", str(tmp_path / "no.wav"), 0.0, 1.0, "w", "v"))
    with pytest.raises(AudioError, match="1 of 1 segments cannot be used"):
        pack_manifest(table, tmp_path / "store", on_bad="skip", progress=False)
    with pytest.raises(AudioError, match="no segments to pack"):
        pack_manifest(table.slice(0, 0), tmp_path / "store")
    with pytest.raises(ValueError, match="on_bad must be"):
        pack_manifest(table, tmp_path / "store", on_bad="ignore")


def test_conversions_are_told_with_the_number_of_files(tmp_path, caplog):
    for name in "abc":
        soundfile.write(tmp_path / f"{name}.wav", np.zeros((8000, 2)), 44_100)
    table = table_of(*((name, str(tmp_path / f"{name}.wav"), 0.0, 0.1, "w", "v") for name in "abc"))
    with caplog.at_level(logging.WARNING):
        pack_manifest(table, tmp_path / "store", progress=False)
    assert "3 files were averaged from 2 channels and resampled from 44100 Hz" in caplog.text


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


def test_audio_that_may_not_be_read_is_a_refused_segment(corpus, tmp_path, monkeypatch):
    locked = corpus[0]["path"][0].as_py()
    read = packing_task.read_segments

    def refuse(path, *times):
        if path == locked:
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return read(path, *times)

    monkeypatch.setattr(packing_task, "read_segments", refuse)
    report = pack_manifest(corpus[0], tmp_path / "store", on_bad="skip", progress=False)
    assert (report.segments, report.rejected) == (21, 3)
    assert "Permission denied" in (tmp_path / "store" / "rejected.tsv").read_text()


def test_a_disk_too_small_is_noticed_before_anything_is_read(corpus, tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda place: shutil._ntuple_diskusage(10**6, 10**6 - 1000, 1000))
    with pytest.raises(OSError, match=r"packing needs 0\.00 GB, the disk has 0\.00 GB left") as error:
        pack_manifest(corpus[0], tmp_path / "a" / "store")
    assert error.value.errno == errno.ENOSPC
    assert not (tmp_path / "a").exists()


def test_replaces_a_store_but_no_other_folder(corpus, tmp_path):
    table, _ = corpus
    for part in (table.slice(0, 3), table):
        pack_manifest(part, tmp_path / "store", progress=False)
        assert len(PackedStore.open(tmp_path / "store")) == len(part)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("precious")
    with pytest.raises(StoreError, match="is no packed store; it will not be replaced"):
        pack_manifest(table, tmp_path / "mine", progress=False)
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "precious"


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
import os, sys
from kwskit.data.store import packing, shard_plan
from kwskit.data.store.packing_pool import multiprocessing, run_tasks

shard_plan.SHORTEST_SHARD, packing.BATCH = 3.5, 1.0

def run_and_kill(tasks, workers):
    for count, found in enumerate(run_tasks(tasks, workers), 1):
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
        assert "a packing worker died" in done.stderr
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


def test_a_shard_is_at_most_a_512th_of_a_large_corpus(corpus, tmp_path, monkeypatch):
    monkeypatch.setattr(shard_plan, "SHORTEST_SHARD", 0.0)
    monkeypatch.setattr(shard_plan, "SHARDS", 3)
    pack_manifest(corpus[0], tmp_path / "store", progress=False)
    assert len(list((tmp_path / "store" / "pcm").iterdir())) == 3


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


@pytest.mark.parametrize(
    ("lens", "ids", "message"),
    [([400, 500], ["a", "b"], "1000 samples for segments of 900"), ([400, 600], ["a"], "2 segments with 1 ids")],
)
def test_a_writer_checks_its_numbers(tmp_path, lens, ids, message):
    def write():
        with StoreWriter(tmp_path / "store") as writer:
            writer.add(np.zeros(1000, np.int16), np.array(lens))
            writer.finish(pa.array(ids), pa.array(["w", "w"]), pa.array(["", ""]))

    with pytest.raises(ValueError, match=message):
        write()
    assert list(tmp_path.iterdir()) == []
