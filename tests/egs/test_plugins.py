"""The examples of plugins do what they say."""

import math
import subprocess
from pathlib import Path

import pytest
import torch

from kwskit import registry

ROOT = Path(__file__).parents[2]


@pytest.fixture
def plugins(scratch_registry):
    """The plugins of the examples, forgotten after the test."""
    for name in ("loss", "encoder"):
        for path in ROOT.glob(f"egs/plugin_{name}/*.py"):
            registry.load_plugin(path)


def test_circle_loss_equals_its_definition(plugins):
    torch.manual_seed(0)
    audio, text = torch.randn(2, 5, 4, dtype=torch.float64)
    labels = [0, 1, 0, 2, 1]
    margin, gamma = 0.25, 8.0
    value = registry.build("loss", "circle", margin=margin, gamma=gamma).pair_loss(audio, text, torch.tensor(labels))
    total = 0.0
    for i in range(5):
        pull = push = 0.0
        for j in range(5):
            s = float(torch.cosine_similarity(audio[i], text[j], dim=0))
            if labels[i] == labels[j]:
                pull += math.exp(gamma * max(0.0, 1 + margin - s) * (1 - margin - s))
            else:
                push += math.exp(gamma * max(0.0, s + margin) * (s - margin))
        total += math.log1p(pull * push)
    assert value.item() == pytest.approx(total / 5, rel=1e-9)


def test_gated_conv_is_not_touched_by_padding(plugins):
    torch.manual_seed(0)
    encoder = registry.build("encoder", "gated_conv", channels=8, dim=6)
    feats, lens = torch.randn(2, 20, 40), torch.tensor([20, 11])
    frames, frame_lens = encoder(feats, lens)
    alone, _ = encoder(feats[1:, :11], lens[1:])
    torch.testing.assert_close(frames[1, :11], alone[0], atol=1e-6, rtol=1e-5)
    assert not frames[1, 11:].any()
    assert frame_lens.tolist() == [20, 11]


@pytest.mark.parametrize("name", ["loss", "encoder"])
def test_a_plugin_trains(name, mini_corpus, tmp_path, forked_python):
    folder = ROOT / f"egs/plugin_{name}"
    hparams = ROOT / "recipes/hparams"
    command = [forked_python.program, "-m", "kwskit", "train", "--config", hparams / "adml.yaml", "--data", mini_corpus]
    command += ["--overlay", hparams / "tiny.yaml", "--overlay", next(folder.glob("[cg]*.yaml")), "--exp", tmp_path]
    command += ["--plugin", next(folder.glob("*.py")), "--training.epochs", "1", "--training.keywords", "4"]
    done = subprocess.run([*map(str, command), "--device", "cpu"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "model" / "model.safetensors").exists()
