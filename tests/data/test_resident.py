import numpy as np
import pyarrow as pa
import pytest
import torch

from kwskit.batch import length_mask
from kwskit.data.store import device_memory
from kwskit.data.store.device_memory import DoesNotFit, check_fits, flat_rows, free_bytes
from kwskit.data.store.packed_store import PackedStore
from kwskit.data.store.resident_features import ResidentFeatures
from kwskit.data.store.resident_store import ResidentStore
from kwskit.data.store.writer import StoreWriter
from kwskit.frontend.log_mel import LogMel

DEVICES = ["cpu", pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU"))]


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Nine segments in three shards."""
    path = tmp_path_factory.mktemp("s") / "store"
    rng = np.random.default_rng(0)
    with StoreWriter(path) as writer:
        for _ in range(3):
            lens = rng.integers(400, 9000, 3)
            writer.add(rng.integers(-32768, 32768, lens.sum()).astype(np.int16), lens)
        writer.finish(pa.array(list("abcdefghi")), pa.array(["w"] * 9), pa.array(["s"] * 9))
    return PackedStore.open(path)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("rows", [[4], [8, 0, 3, 3], list(range(9)), []])
@pytest.mark.parametrize("max_samples", [None, 700])
def test_resident_samples_are_those_of_the_store(store, device, rows, max_samples):
    pcm, lens = ResidentStore(store, device).gather(rows, max_samples)
    expected, expected_lens = store.gather(rows, max_samples)
    assert (pcm.device.type, lens.device.type) == (device, "cpu")
    assert torch.equal(pcm.cpu(), expected)
    assert torch.equal(lens, expected_lens)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("kind", [torch.int16, torch.float16, torch.float32])
@pytest.mark.parametrize("width", [(), (3,)])
def test_rows_are_pieces_padded_with_zeros(device, kind, width):
    flat = (100 * torch.randn(50, *width, generator=torch.Generator().manual_seed(0))).to(kind)
    begins, lens = np.array([40, 0, 7, 49]), np.array([10, 3, 8, 1])
    pieces = flat_rows(flat.to(device), begins, lens).cpu()
    assert pieces.shape == (4, 10, *width)
    for piece, begin, size in zip(pieces, begins, lens, strict=True):
        assert torch.equal(piece[:size], flat[begin : begin + size])
        assert not piece[size:].any()


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize(("kind", "error"), [(torch.float32, 1e-4), (torch.float16, 0.008)])
def test_resident_features_are_those_of_the_frontend(store, device, kind, error):
    frontend = LogMel(num_mels=12).to(device)
    resident = ResidentFeatures(store, frontend, device, kind)
    assert resident.feats.dtype == kind
    rows = [5, 0, 5, 8]
    fields = resident.speech(np.array(rows))
    pcm, wav_lens = store.gather(rows)
    expected, expected_lens = frontend(pcm.to(device) / 32768, wav_lens.to(device))
    assert fields["feats"].dtype == torch.float32
    assert torch.equal(fields["feat_lens"], expected_lens.cpu())
    assert torch.equal(fields["wav_lens"], wav_lens)
    assert fields["wav"].shape == (4, 0)
    assert (fields["feats"] - expected).abs().max() < error
    padding = ~length_mask(fields["feat_lens"], fields["feats"].shape[1])
    assert padding.any()
    assert not fields["feats"].cpu()[padding].any()
    with pytest.raises(ValueError, match="max_samples=700"):
        resident.speech(np.array(rows), 700)


@pytest.mark.parametrize("make", [ResidentStore, lambda store, device: ResidentFeatures(store, LogMel(), device)])
def test_what_does_not_fit_is_refused_with_its_size(store, monkeypatch, tmp_path, make):
    meminfo = tmp_path / "meminfo"
    meminfo.write_text("MemTotal: 99 kB\nMemAvailable:      8 kB\n")
    monkeypatch.setattr(device_memory, "MEMINFO", meminfo)
    frames = sum(1 + (size - 400) // 160 for size in store.num_samples.tolist())
    needed = int(store.num_samples.sum()) * 2 if make is ResidentStore else frames * 40 * 4
    with pytest.raises(DoesNotFit, match=rf"take {needed:,} bytes .* of 8,192 bytes .* free on cpu, at most 90%"):
        make(store, "cpu")


def test_memory_that_the_system_does_not_tell_is_no_hindrance(monkeypatch, tmp_path):
    assert free_bytes("cpu") > 2**20
    monkeypatch.setattr(device_memory, "MEMINFO", tmp_path / "none")
    assert free_bytes("cpu") is None
    check_fits("the stars", 2**70, "cpu")
