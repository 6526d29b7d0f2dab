import math

import numpy as np
import pytest
import torch
from torch import nn

from kwskit.registry import build
from kwskit.speech_model.frame_stream import FrameStream
from kwskit.stream_shape import StreamShape

SMALL = {"num_features": 5, "channels": 6, "dilations": [1, 3], "kernel_size": 3, "dim": 4}


def lively(**arguments):
    """An encoder in evaluation mode whose batch normalisation is not as it began."""
    torch.manual_seed(0)
    encoder = build("encoder", "causal_conv", **{**SMALL, **arguments}).eval()
    for name, buffer in encoder.named_buffers():
        buffer.uniform_(0.5, 2.0) if name.endswith("var") else buffer.normal_()
    return encoder


def words(lens, size=5):
    return torch.randn(len(lens), max(lens), size), torch.tensor(lens)


def by_torch_layers(encoder, feats, stride, ahead=0):
    """Frames (n, dim) of one word, feats (T, F), by torch's own layers on padded input."""
    past = stride * (2 + 2 * (1 + 3)) - ahead  # groups of the stem, taps of the blocks
    after = -len(feats) % stride + ahead
    feats = torch.cat([torch.full((past, 5), math.log(1e-6)), feats, torch.full((after, 5), math.log(1e-6))])
    norms = {name: nn.BatchNorm1d(len(part.weight)) for name, part in encoder.named_modules() if "norm" in name}
    for name, norm in norms.items():
        norm.load_state_dict(encoder.get_submodule(name).state_dict(), strict=False)
        norm.eval()
    x = norms["feature_norm"](feats).reshape(-1, stride * 5).T[None]
    x = nn.functional.conv1d(x, encoder.stem.weight, encoder.stem.bias)
    x = norms["stem_norm"](x).relu()
    for k, (block, dilation) in enumerate(zip(encoder.blocks, [1, 3], strict=True)):
        y = nn.functional.conv1d(x, block.depthwise.weight, block.depthwise.bias, dilation=dilation, groups=6)
        y = nn.functional.conv1d(y, block.pointwise.weight, block.pointwise.bias)
        x = norms[f"blocks.{k}.norm"](y).relu() + x[..., 2 * dilation :]
    return encoder.project(x[0].T)


@pytest.mark.parametrize(("stride", "ahead"), [(1, 0), (2, 0), (3, 0), (1, 4), (2, 3), (3, 7), (2, 20)])
def test_equals_torch_layers(stride, ahead):
    encoder = lively(stride=stride, ahead=ahead)
    feats, lens = words([23, 7, 1])
    frames, frame_lens = encoder(feats, lens)
    assert frame_lens.tolist() == [math.ceil(n / stride) for n in (23, 7, 1)]
    for row, word, n, m in zip(frames, feats, lens, frame_lens, strict=True):
        torch.testing.assert_close(row[:m], by_torch_layers(encoder, word[:n], stride, ahead), rtol=1e-4, atol=1e-5)


def test_parameters_and_reach_of_the_defaults():
    encoder = build("encoder", "causal_conv")
    norms = 2 * 40 + 7 * 2 * 128
    convolutions = (3 * 80 + 1) * 128 + 6 * ((5 + 1) * 128 + 129 * 128)
    assert sum(p.numel() for p in encoder.parameters()) == convolutions + norms + 129 * 128
    assert encoder.past + encoder.stride == 86


def test_a_frame_sees_its_past_and_nothing_later():
    encoder = lively()
    feats = torch.randn(1, 60, 5, requires_grad=True)
    frames, _ = encoder(feats, torch.tensor([60]))
    (gradient,) = torch.autograd.grad(frames[0, 20].sum(), feats)
    seen = gradient[0].any(dim=1).nonzero().flatten()
    assert seen.max() == 41
    assert seen.min() >= 42 - encoder.past - 2


@pytest.mark.parametrize("ahead", [1, 5, 8])
def test_a_frame_sees_what_lies_ahead_and_nothing_later(ahead):
    encoder = lively(ahead=ahead)
    feats = torch.randn(1, 60, 5, requires_grad=True)
    frames, _ = encoder(feats, torch.tensor([60]))
    (gradient,) = torch.autograd.grad(frames[0, 20].sum(), feats)
    seen = gradient[0].any(dim=1).nonzero().flatten()
    assert seen.max() == 41 + ahead
    assert (lively().past, encoder.past, encoder.ahead) == (20, 20 - ahead, ahead)
    assert seen.min() >= 42 - encoder.past - 2


def test_too_far_ahead_is_refused():
    assert lively(ahead=20).past == 0
    with pytest.raises(ValueError, match="ahead is at most the 20 features that a frame sees besides its own, not 21"):
        lively(ahead=21)


@pytest.mark.parametrize("stride", [1, 2, 3])
def test_a_stream_in_random_blocks_makes_the_frames_of_the_whole(stride):
    """Samples as they arrive, through the front end and an encoder that looks ahead."""
    encoder = lively(stride=stride, ahead=5)
    encoder.feature_norm.running_var.fill_(9.0)
    mel = build("frontend", "log_mel", num_mels=5, mean_normalise=False)

    class Hearing:
        name, stream = "hearing", StreamShape.of(mel.stream, encoder.stream)

        @torch.inference_mode()
        def features(self, pcm):
            return mel(torch.from_numpy(pcm[None] / np.float32(32768)), torch.tensor([len(pcm)]))[0][0].numpy()

        @torch.inference_mode()
        def frames(self, features):
            return encoder.stream_frames(torch.from_numpy(features[None]))[0].numpy()

    rng = np.random.default_rng(stride)
    for total in (300, 4000, 9001):
        pcm = (rng.normal(size=total) * 3000 * np.abs(np.sin(np.arange(total) / 900))).astype(np.int16)
        expected, lens = encoder(*mel(torch.from_numpy(pcm[None] / np.float32(32768)), torch.tensor([total])))
        stream, at, found = FrameStream(Hearing()), 0, []
        while at < total:
            block = int(rng.integers(1, 1500))
            found.append(stream.push(pcm[at : at + block]))
            at += block
        found = np.concatenate([*found, stream.finish()])
        assert found.shape == (int(lens), 4)
        np.testing.assert_allclose(found, expected[0].detach().numpy(), rtol=1e-4, atol=1e-4)


def test_padding_changes_nothing_of_frames_that_look_ahead():
    encoder = lively(ahead=7)
    feats, lens = words([21, 8, 30])
    frames, frame_lens = encoder(feats, lens)
    for row, word, count, size in zip(frames, feats, frame_lens, lens, strict=True):
        torch.testing.assert_close(row[:count], encoder(word[None, :size], size[None])[0][0], rtol=1e-4, atol=1e-5)
        assert not row[count:].any()
    encoder.train()
    padded = torch.cat([feats, torch.full((3, 11, 5), 1e3)], 1)
    states = [{name: buffer.clone() for name, buffer in encoder.named_buffers()}]
    trained = encoder(feats, lens)[0]
    states.append({name: buffer.clone() for name, buffer in encoder.named_buffers()})
    encoder.load_state_dict(states[0], strict=False)
    torch.testing.assert_close(encoder(padded, lens)[0][:, : trained.shape[1]], trained, rtol=1e-4, atol=1e-4)
    for name, buffer in encoder.named_buffers():
        torch.testing.assert_close(buffer, states[1][name], rtol=1e-4, atol=1e-4)


def test_frames_of_a_stream_are_those_of_the_word():
    encoder = lively()
    feats, lens = words([21])
    shape = encoder.stream
    silence = torch.full((1, shape.past, 5), shape.silence)
    whole = torch.cat([silence, feats, silence[:, :1]], dim=1)
    frames, _ = encoder(feats, lens)
    torch.testing.assert_close(encoder.stream_frames(whole), frames, rtol=1e-5, atol=1e-5)
    later = encoder.stream_frames(whole[:, 2 * 4 :])  # from step 4 on
    torch.testing.assert_close(later, frames[:, 4:], rtol=1e-5, atol=1e-5)


def test_batch_normalisation_is_over_the_frames_of_words():
    encoder = build("encoder", "causal_conv", **SMALL)
    feats, lens = words([21, 8])
    encoder(feats, lens)
    valid = torch.cat([feats[0], feats[1, :8]])
    torch.testing.assert_close(encoder.feature_norm.running_mean, 0.1 * valid.mean(0))
    torch.testing.assert_close(encoder.feature_norm.running_var, 0.9 + 0.1 * valid.var(0))


def test_words_after_words_in_training_alone():
    encoder = lively(after_words=0.9)
    feats, lens = words([21, 18, 23])
    alone, _ = lively()(feats, lens)
    assert torch.equal(encoder(feats, lens)[0], alone)
    torch.manual_seed(1)
    first, _ = encoder.train()(feats, lens)
    second, _ = encoder(feats, lens)
    assert not torch.allclose(first, second)
