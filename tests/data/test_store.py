import pickle
import shutil

import numpy as np
import pyarrow as pa
import pytest

from kwskit.data.store import packed_store as store_module
from kwskit.data.store.layout import StoreError
from kwskit.data.store.packed_store import PackedStore
from kwskit.data.store.writer import StoreWriter

WORDS = ["kitten", "äpfel", "banana", "kitten", "banana", "zoo", "kitten"]
IDS = ["u5", "ü", "u10", "a", "u1", "B", "u"]


@pytest.fixture(scope="module")
def packed(tmp_path_factory):
    """A store of seven segments in three shards, and their samples."""
    path = tmp_path_factory.mktemp("s") / "store"
    rng = np.random.default_rng(0)
    segments = [rng.integers(-32768, 32768, size).astype(np.int16) for size in (400, 900, 401, 1500, 777, 600, 450)]
    with StoreWriter(path) as writer:
        for part in (segments[:3], segments[3:6], segments[6:]):
            writer.add(np.concatenate(part), np.array([len(s) for s in part]))
        writer.finish(pa.chunked_array([IDS[:4], IDS[4:]]), pa.array(WORDS), pa.array(["s"] * 7), {"split": "dev"})
    return path, segments


@pytest.fixture
def store(packed):
    return PackedStore.open(packed[0])


def test_columns(store):
    assert len(store) == 7
    assert store.utt_ids.to_pylist() == IDS
    assert store.words == ["banana", "kitten", "zoo", "äpfel"]
    assert [store.words[i] for i in store.word_ids] == WORDS
    assert store.num_samples.tolist() == [400, 900, 401, 1500, 777, 600, 450]
    assert store.seconds == 5028 / 16_000
    assert (store.word_ids.dtype, store.speaker_ids.dtype, store.num_samples.dtype) == (np.int32, np.int32, np.int64)
    assert store.facts["split"] == "dev"


def test_read_is_a_view_of_the_mapped_samples(store, packed):
    for row, expected in enumerate(packed[1]):
        found = store.read(row)
        assert np.array_equal(found, expected)
        assert not found.flags.owndata
        assert not found.flags.writeable
    assert np.array_equal(store.read(-1), packed[1][-1])
    for row in (7, -8):
        with pytest.raises(IndexError, match=f"row {row} of a store of 7 segments"):
            store.read(row)


def test_columns_are_views_of_the_mapped_index(store):
    assert not any(column.flags.owndata for column in (store.word_ids, store.speaker_ids, store.num_samples))


@pytest.mark.parametrize("rows", [[0], [6, 0, 3], [2, 2, 5], list(range(7))])
@pytest.mark.parametrize("max_samples", [None, 500, 10_000])
def test_gather_pads_with_zeros(store, packed, rows, max_samples):
    pcm, lens = store.gather(rows, max_samples)
    expected = [packed[1][row][:max_samples] for row in rows]
    assert pcm.dtype.itemsize == 2
    assert lens.tolist() == [len(e) for e in expected]
    assert pcm.shape == (len(rows), max(map(len, expected)))
    for found, truth in zip(pcm.numpy(), expected, strict=True):
        assert np.array_equal(found[: len(truth)], truth)
        assert not found[len(truth) :].any()


def test_gather_of_nothing_and_of_nobody(store):
    assert store.gather([])[0].shape == (0, 0)
    with pytest.raises(IndexError):
        store.gather([7])


def test_finds_utterances(store):
    assert [store.index_of(utt_id) for utt_id in IDS] == list(range(7))
    assert store.indices_of(IDS[::-1]).tolist() == list(range(7))[::-1]
    assert store.indices_of(pa.chunked_array([["a"], ["u5", "a"]])).tolist() == [3, 0, 3]
    for unknown in ("", "zz", "u2"):
        with pytest.raises(KeyError, match=f"no utterance '{unknown}'"):
            store.index_of(unknown)
    with pytest.raises(KeyError, match=r"no utterance 'x' \(2 of 3 are missing\)"):
        store.indices_of(["a", "x", "y"])


def test_finds_few_of_many_by_searching(store, monkeypatch):
    monkeypatch.setattr(store_module, "SEARCHES", 1)
    assert store.indices_of(["u1", "a", "u1"]).tolist() == [4, 3, 4]
    with pytest.raises(KeyError, match="no utterance 'x'"):
        store.indices_of(["a", "x"])


def test_travels_to_another_process_by_its_path(store):
    again = pickle.loads(pickle.dumps(store))
    assert np.array_equal(again.read(4), store.read(4))


def shards(path):
    return sorted((path / "pcm").iterdir())


def test_is_plain_arrow(packed):
    """Another program reads it with Arrow alone."""
    path, segments = packed
    tables = []
    for shard in shards(path):
        with pa.ipc.open_file(pa.memory_map(str(shard))) as reader:
            tables.append(reader.read_all())
    pcm = pa.concat_tables(tables)["pcm"]
    assert len(tables) == 3
    assert [np.array(row, np.int16).tolist() for row in pcm.to_pylist()] == [s.tolist() for s in segments]
    with pa.ipc.open_file(pa.memory_map(str(path / "index.arrow"))) as reader:
        assert reader.num_record_batches == 1
        assert reader.read_all()["word"].to_pylist() == WORDS


def test_all_samples_in_the_order_of_the_rows(store, packed):
    stretches = list(store.stretches())
    assert len(stretches) == 3
    assert np.array_equal(np.concatenate(stretches), np.concatenate(packed[1]))


def copied(packed, path):
    shutil.copytree(packed[0], path)
    return path


def test_opening_does_not_read_the_audio(packed, tmp_path):
    """The samples may be anything as long as the files' sizes are right: here they are all overwritten."""
    path = copied(packed, tmp_path / "store")
    for shard in shards(path):
        shard.write_bytes(bytes(shard.stat().st_size))
    store = PackedStore.open(path)
    assert not any(store.read(row).any() for row in range(7))


def test_what_is_no_store_is_named(tmp_path):
    for path in (tmp_path / "missing", tmp_path):
        with pytest.raises(StoreError, match="no packed store there") as error:
            PackedStore.open(path)
        assert str(path) in str(error.value)


def test_a_store_of_another_version_asks_to_be_packed_again(packed, tmp_path):
    path = copied(packed, tmp_path / "store")
    with pa.ipc.open_file(str(path / "index.arrow")) as reader:
        batch = reader.get_batch(0).replace_schema_metadata({"version": "1"})
    with pa.ipc.new_file(str(path / "index.arrow"), batch.schema) as writer:
        writer.write_batch(batch)
    with pytest.raises(StoreError, match="version 1 of the store, this kwskit reads version 2: pack it again"):
        PackedStore.open(path)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        ("missing", r"1 of 3 shards .* 00001.arrow cannot be opened \(No such file"),
        ("cut off", r"1 of 3 shards .* 00001.arrow has [\d,]+ of [\d,]+ bytes"),
        ("all gone", "3 of 3 shards"),
        ("index cut off", "no packed store there"),
    ],
)
def test_what_a_copy_lost_is_told(packed, tmp_path, damage, message):
    path = copied(packed, tmp_path / "store")
    lost = {"all gone": shards(path), "index cut off": [path / "index.arrow"]}.get(damage, [shards(path)[1]])
    for file in lost:
        if "cut off" in damage:
            file.write_bytes(file.read_bytes()[:-100])
        else:
            file.unlink()
    with pytest.raises(StoreError, match=message):
        PackedStore.open(path)


def test_a_shard_lost_after_opening_is_told(packed, tmp_path):
    path = copied(packed, tmp_path / "store")
    store = PackedStore.open(path)
    shards(path)[0].unlink()
    with pytest.raises(StoreError, match=r"00000.arrow: cannot be mapped"):
        store.read(0)
