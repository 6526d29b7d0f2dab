import torch

from kwskit.registry import build


def test_samples_as_they_are_and_nothing_behind_them():
    wav, lens = torch.randn(2, 9), torch.tensor([9, 4])
    feats, feat_lens = build("frontend", "raw_waveform")(wav, lens)
    assert feats.shape == (2, 9, 1)
    assert torch.equal(feat_lens, lens)
    assert torch.equal(feats[0, :, 0], wav[0])
    assert torch.equal(feats[1, :4, 0], wav[1, :4])
    assert not feats[1, 4:].any()
