import pytest
import torch

from kwskit.training.checkpoint import CheckpointError, Checkpoints


def test_round_trip(tmp_path):
    checkpoints = Checkpoints(tmp_path, "lr: 1\n")
    assert checkpoints.load("last") is None
    checkpoints.save("last", {"weights": torch.arange(3), "epoch": 2})
    state = checkpoints.load("last")
    assert state["epoch"] == 2
    assert torch.equal(state["weights"], torch.arange(3))


def test_another_configuration_is_refused_with_the_difference(tmp_path):
    Checkpoints(tmp_path, "lr: 1\nseed: 1\n").save("last", {})
    with pytest.raises(CheckpointError, match=r"(?s)-lr: 1.*\+lr: 2.*Use another --exp"):
        Checkpoints(tmp_path, "lr: 2\nseed: 1\n").load("last")


def test_a_full_disk_leaves_the_earlier_checkpoint(tmp_path, monkeypatch):
    checkpoints = Checkpoints(tmp_path, "")
    checkpoints.save("last", {"epoch": 1})

    def disk_full(_state, sink):
        sink.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch, "save", disk_full)
    with pytest.raises(OSError, match="No space left"):
        checkpoints.save("last", {"epoch": 2})
    assert checkpoints.load("last")["epoch"] == 1
    assert [path.name for path in tmp_path.iterdir()] == ["last.pt"]


def test_a_damaged_checkpoint_is_named(tmp_path):
    Checkpoints(tmp_path, "").save("last", {"weights": torch.zeros(1000)})
    path = tmp_path / "last.pt"
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(CheckpointError, match=r"last\.pt is damaged"):
        Checkpoints(tmp_path, "").load("last")
