import errno
import logging
import os
import shutil

import numpy as np
import pyarrow as pa
import pytest
import soundfile

from kwskit.data import packing, store_writer
from kwskit.data.audio import AudioError, AudioFormat
from kwskit.data.packing import pack_manifest
from kwskit.data.store import PackedStore
from kwskit.data.store_layout import StoreError
from kwskit.data.store_writer import StoreWriter
from kwskit.records import MANIFEST, read_records


def table_of(*rows):
    """A manifest of (utt_id, path, start, stop, word, speaker)."""
    return pa.Table.from_pylist(
        [dict(zip(MANIFEST, (*row, "train"), strict=True)) for row in rows], pa.schema(MANIFEST)
    )


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
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


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


def test_any_order_of_records_and_any_number_of_workers_pack_alike(corpus, tmp_path, monkeypatch):
    table, truth = corpus
    monkeypatch.setattr(packing, "SHORTEST_TASK", 2.0)  # several tasks
    shuffled = table.take(np.random.default_rng(1).permutation(len(table)))
    for workers in (1, 2):
        pack_manifest(shuffled, tmp_path / f"store{workers}", workers=workers, progress=False)
    assert contents(tmp_path / "store1") == contents(tmp_path / "store2")
    store = PackedStore.open(tmp_path / "store1")
    assert sorted(store.utt_ids.to_pylist()) == sorted(truth)
    for row, utt_id in enumerate(store.utt_ids.to_pylist()):
        assert np.array_equal(store.read(row), truth[utt_id])
    # Segments of a file stand together, in the order of their records.
    files = [utt_id.split("-")[0] for utt_id in store.utt_ids.to_pylist()]
    assert files == list(np.repeat(list(dict.fromkeys(u.split("-")[0] for u in shuffled["utt_id"].to_pylist())), 3))


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
    assert not list(tmp_path.glob(".store*"))


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


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
@pytest.mark.parametrize("full", ["pcm.arrow", "index.arrow"])
def test_a_full_disk_leaves_the_old_store_and_nothing_else(corpus, tmp_path, monkeypatch, full):
    table, _ = corpus
    pack_manifest(table.slice(0, 3), tmp_path / "store", progress=False)
    before = contents(tmp_path / "store")

    def open_sink(path, mode):
        return pa.OSFile("/dev/full" if path.endswith(full) else path, mode)

    monkeypatch.setattr(store_writer, "_open_sink", open_sink)
    with pytest.raises(OSError, match=r"the disk is full after .* GB; nothing was kept") as error:
        pack_manifest(table, tmp_path / "store", progress=False)
    assert error.value.errno == errno.ENOSPC
    assert contents(tmp_path / "store") == before
    assert not list(tmp_path.glob(".store*"))


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


def test_what_a_killed_run_left_is_no_hindrance(corpus, tmp_path):
    (tmp_path / ".store.partial").mkdir()
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
