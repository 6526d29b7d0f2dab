import pytest
import torch
from torch import nn

from kwskit import registry
from kwskit.losses.base import Loss, PairwiseLoss, pairs
from kwskit.numerics import unit


class Spread(PairwiseLoss):
    """A plugin author's loss: the mean distance of audio to text."""

    def pair_loss(self, audio, text, labels):
        return (unit(audio) - unit(text)).norm(dim=1).mean()


@pytest.mark.parametrize("level", ["utt", "phn"])
def test_a_new_loss_is_a_pair_loss_and_works_at_both_levels(embed, random_rows, level):
    audio, text, labels = random_rows(6)
    value = Spread(level)(embed(audio, text, labels, lengths=[2, 4], padding=1))
    unit_rows = [x / x.norm(dim=1, keepdim=True) for x in (audio, text)]
    assert value.item() == pytest.approx((unit_rows[0] - unit_rows[1]).norm(dim=1).mean().item())


def test_pairs_are_the_boolean_index(embed, random_rows):
    rows = random_rows(6)
    embeddings = embed(*rows, lengths=[2, 0, 4], padding=2)
    mask = embeddings.text_mask
    masked = embeddings.aligned_audio[mask], embeddings.text_tokens[mask], embeddings.token_ids[mask]
    for found, indexed, given in zip(pairs(embeddings, "phn"), masked, rows, strict=True):
        assert torch.equal(found, indexed)
        assert torch.equal(found, given)


@pytest.mark.parametrize("level", ["utt", "phn"])
def test_only_matched_pairs_are_compared(embed, random_rows, level):
    audio, text, labels = random_rows(6)
    matched = torch.tensor([True, False, True])
    given = embed(audio, text, labels, lengths=[2, 3, 1], padding=1)
    given.matched = matched if level == "phn" else matched.repeat(2)
    kept = torch.tensor([0, 1, 5] if level == "phn" else [0, 2, 3, 5])
    for found, rows in zip(pairs(given, level), (audio, text, labels), strict=True):
        assert torch.equal(found, rows[kept])
    given.matched = torch.zeros_like(given.matched)
    assert Spread(level)(given).item() == 0


def test_a_base_class_says_what_is_missing(embed, random_rows):
    with pytest.raises(NotImplementedError, match=r"Loss must define compute\(emb\)"):
        Loss()(embed(*random_rows()))
    with pytest.raises(NotImplementedError, match=r"must define pair_loss\(audio, text, labels\)"):
        PairwiseLoss()(embed(*random_rows()))
    with pytest.raises(ValueError, match=r"level must be one of .* not 'word'"):
        registry.build("loss", "asyp", level="word")  # which has it from its base


class Recorder(Loss):
    def compute(self, emb):
        self.seen = {
            "audio": emb.audio.dtype,
            "frames": emb.audio_frames.dtype,
            "ids": emb.token_ids.dtype,
            "again": emb.pool_audio(emb.audio_frames, emb.audio_mask).dtype,
            "autocast": torch.is_autocast_enabled("cpu"),
            "aligned": [part.dtype for part in emb.align(emb.text_tokens, None, emb.audio_frames, None, None)],
            "matched": emb.matched,
        }
        return emb.audio.sum()


def test_embeddings_are_read_in_full_precision_and_computed_once_under_the_callers_autocast(embed, random_rows):
    embeddings = embed(*random_rows())
    pooler, calls = nn.Linear(5, 5).float(), []

    def pool(frames, mask):
        calls.append(torch.is_autocast_enabled("cpu"))
        return pooler(frames).mean(1)

    embeddings.pool_audio = pool
    embeddings.audio_frames = embeddings.audio_frames.bfloat16()
    loss = Recorder()
    with torch.autocast("cpu", torch.bfloat16):
        loss(embeddings)
        assert embeddings.audio.dtype == torch.bfloat16  # what is cached stays as it was computed
        loss(embeddings)
    assert loss.seen == {
        "audio": torch.float32,
        "frames": torch.float32,
        "ids": torch.int64,
        "again": torch.float32,
        "autocast": False,
        "aligned": [torch.float32, torch.float64],
        "matched": None,
    }
    assert calls == [True] * 3  # once for both losses' audio, and once for each explicit call


def test_float64_stays_float64(embed, random_rows):
    assert Spread()(embed(*random_rows())).dtype == torch.float64
