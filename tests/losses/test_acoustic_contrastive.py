import math

import pytest
import torch

from kwskit.losses.acoustic_contrastive import AcousticContrastive


def test_two_utterances_a_word_give_nt_xent(embed, random_rows):
    audio, _, words = random_rows(6, labels=[0, 1, 2, 0, 1, 2])
    cosines = torch.nn.functional.cosine_similarity(audio[:, None], audio, dim=-1) / 0.2
    cosines.fill_diagonal_(-torch.inf)
    expected = torch.nn.functional.cross_entropy(cosines, torch.tensor([3, 4, 5, 0, 1, 2])).item()
    for positives in ("multi_out", "multi_in"):
        loss = AcousticContrastive(0.2, positives)
        assert loss(embed(audio, audio, words)).item() == pytest.approx(expected, abs=1e-9)


def test_a_word_with_one_utterance_is_only_a_negative(embed, random_rows):
    audio, _, words = random_rows(3, labels=[0, 0, 1])
    cosines = torch.nn.functional.cosine_similarity(audio[:, None], audio, dim=-1) / 0.1
    expected = sum(math.log1p(math.exp(cosines[i, 2] - cosines[0, 1])) for i in (0, 1)) / 2
    assert AcousticContrastive()(embed(audio, audio, words)).item() == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("arguments", [{"positives": "diag"}, {"temperature": 0.0}])
def test_impossible_arguments_are_refused(arguments):
    with pytest.raises(ValueError, match="must be"):
        AcousticContrastive(**arguments)
