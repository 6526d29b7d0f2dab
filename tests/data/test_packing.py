"""A packing that was cut short, or meets another one, or an older store."""

import errno
import logging

import numpy as np
import pyarrow as pa
import pytest
import soundfile

from kwskit.data.audio import AudioError, AudioFormat
from kwskit.data.records import read_records
from kwskit.data.store import packing_task, shard_plan
from kwskit.data.store.layout import StoreError
from kwskit.data.store.packed_store import PackedStore
from kwskit.data.store.packing import pack_manifest
from kwskit.data.store.writer import StoreWriter
from tests.data.packed_corpora import contents, spoilt, table_of


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


def test_a_shard_is_at_most_a_512th_of_a_large_corpus(corpus, tmp_path, monkeypatch):
    monkeypatch.setattr(shard_plan, "SHORTEST_SHARD", 0.0)
    monkeypatch.setattr(shard_plan, "SHARDS", 3)
    pack_manifest(corpus[0], tmp_path / "store", progress=False)
    assert len(list((tmp_path / "store" / "pcm").iterdir())) == 3


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
