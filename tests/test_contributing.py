"""The examples of CONTRIBUTING.md keep what their kinds promise."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch

from kwskit import registry

ROOT = Path(__file__).parents[1]
IMPORTS = """
import numpy as np
import torch.nn.functional as F
from torch import nn

from kwskit.batch import length_mask
from kwskit.constants import SAMPLE_RATE
from kwskit.corpora.alignments.forced_alignment import UtteranceAligner
from kwskit.losses.base import PairwiseLoss
from kwskit.registry import register
from kwskit.synthesis.voices.voice import Voice
"""


@pytest.fixture(autouse=True)
def _examples(scratch_registry, tmp_path):
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    plugin = tmp_path / "contributed.py"
    plugin.write_text(IMPORTS + "\n\n".join(re.findall(r"```python\n(.*?)```", text, re.S)))
    registry.load_plugin(plugin)


def test_loss():
    generator = torch.Generator().manual_seed(0)
    audio, text = torch.randn(2, 5, 4, generator=generator)
    labels = torch.tensor([0, 1, 0, 2, 1])
    value = registry.build("loss", "plain_hinge", margin=0.1).pair_loss(audio, text, labels)
    expected = [
        max(0.0, float(torch.cosine_similarity(audio[i], text[j], dim=0)) - 0.1) * (labels[i] != labels[j]).item()
        for i in range(5)
        for j in range(5)
    ]
    assert value.item() == pytest.approx(sum(expected) / 25, rel=1e-5)
    assert sum(expected) > 0


def test_encoder():
    torch.manual_seed(0)
    encoder = registry.build("encoder", "one_conv", num_features=8, dim=6)
    feats, lens = torch.randn(2, 20, 8), torch.tensor([20, 11])
    frames, _ = encoder(feats, lens)
    alone, _ = encoder(feats[1:, :11], lens[1:])
    torch.testing.assert_close(frames[1, :11], alone[0], atol=1e-6, rtol=1e-5)
    assert not frames[1, 11:].any()


def test_aligner():
    frames = torch.arange(12.0).reshape(1, 4, 3)
    masks = torch.tensor([[True, True, False]]), torch.tensor([[True, True, True, False]])
    aligned, affinity = registry.build("aligner", "even_frames")(torch.zeros(1, 3, 3), masks[0], frames, masks[1])
    assert affinity.sum(-1)[0].tolist() == pytest.approx([1, 1, 0])
    assert aligned[0].tolist() == [[3, 4, 5], [3, 4, 5], [0, 0, 0]]


def test_word_aligner():
    aligner = registry.build("word_aligner", "even_words")
    assert aligner.place(np.zeros(16_000, np.int16), ["one", "two"]) == [(0, 0.5, None), (0.5, 1, None)]


def test_voice():
    voice = registry.build("voice", "beeps")
    samples, rate = voice.synthesise("four", "alto")
    assert (samples.shape, samples.dtype, rate) == ((4 * 1280,), np.float32, 16_000)
    crossings = np.count_nonzero(np.diff(np.signbit(samples)))
    assert crossings / 2 / (len(samples) / rate) == pytest.approx(220, rel=0.03)
    with pytest.raises(ValueError, match="no speaker 'bass'"):
        voice.synthesise("four", "bass")
