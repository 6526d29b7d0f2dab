import pytest
import torch

from kwskit.registry import build

LENS = torch.tensor([31, 12, 1])


def streams(**second):
    torch.manual_seed(0)
    first = build("encoder", "conv_gru", num_features=8, channels=[6, 4], kernel_size=3, layers=0, dim=None)
    return first, build("encoder", "speech_embedding", **{"dim": 4, "weights": "none", **second})


@pytest.mark.parametrize("upsample", [True, False])
def test_is_the_sum_of_its_streams(upsample):
    """Without upsampling the second stream is four times shorter, and continued by 0."""
    first, second = streams(upsample=upsample)
    encoder = build("encoder", "two_stream", first=first, second=second)
    feats = torch.randn(3, 31, 40)
    expected, lens = first(feats[..., :8], LENS)
    added, _ = second(feats[..., 8:], LENS)
    expected[:, : added.shape[1]] += added
    found, found_lens = encoder(feats, LENS)
    assert found_lens.tolist() == lens.tolist() == [16, 6, 1]
    torch.testing.assert_close(found, expected)
    assert (encoder.dim, encoder.num_features) == (4, 40)


def test_streams_of_unequal_size_are_refused():
    first, second = streams(dim=5)
    with pytest.raises(ValueError, match="not 4 and 5"):
        build("encoder", "two_stream", first=first, second=second)


def test_from_wave_to_frames():
    mel, speech = build("frontend", "log_mel", num_mels=8), build("frontend", "speech_embedding_mel")
    frontend = build("frontend", "two_stream", first=mel, second=speech)
    first, second = streams()
    encoder = build("encoder", "two_stream", first=first, second=second).eval()
    wav, lens = 0.1 * torch.randn(4, 8000), torch.tensor([8000, 5000, 480, 100])
    feats, feat_lens = frontend(wav, lens)
    assert frontend.num_features == encoder.num_features == feats.shape[2] == 40
    assert feat_lens.tolist() == [47, 29, 1, 1]  # as many as the longer window, 512 samples, has
    torch.testing.assert_close(feats[..., :8], mel(wav, lens)[0][:, :47], msg="first")
    torch.testing.assert_close(feats[..., 8:], speech(wav, lens)[0], msg="second")
    together, frame_lens = encoder(feats, feat_lens)
    for i, (n, t) in enumerate(zip(lens.tolist(), frame_lens.tolist(), strict=True)):
        alone, _ = encoder(*frontend(wav[i : i + 1, :n], lens[i : i + 1]))
        torch.testing.assert_close(alone[0], together[i, :t], rtol=1e-3, atol=1e-3)
