import pytest
import torch

from kwskit import registry
from kwskit.losses.terms.audio_loss import AudioLoss


@pytest.mark.parametrize("name", ["dwd", "keyword_triplet", "acoustic_contrastive"])
def test_an_utterance_in_several_pairs_counts_once(embed, random_rows, name):
    audio, text, words = random_rows(6, labels=[3, 3, 0, 0, 5, 5])
    loss = registry.build("loss", name)
    rows = torch.tensor([0, 0, 1, 2, 2, 3, 3, 4, 5])
    matched = torch.tensor([True, False, True, False, True, True, False, True, True])
    pairs = embed(audio[rows], text[rows], words[rows], matched=matched)
    assert loss(pairs).item() == pytest.approx(loss(embed(audio, text, words)).item(), abs=1e-12)


@pytest.mark.parametrize("name", ["dwd", "keyword_triplet", "acoustic_contrastive"])
def test_text_plays_no_part(embed, random_rows, name):
    audio, text, words = random_rows(6, labels=[3, 3, 0, 0, 5, 5])
    loss = registry.build("loss", name)
    assert loss(embed(audio, text, words)).item() == loss(embed(audio, -text, words)).item() > 0


def test_base_class_says_what_is_missing(embed, random_rows):
    with pytest.raises(NotImplementedError, match=r"must define audio_loss\(audio, words\)"):
        AudioLoss()(embed(*random_rows()))
