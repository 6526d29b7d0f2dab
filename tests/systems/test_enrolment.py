import pytest
import torch

from kwskit.batch import Encoded
from kwskit.errors import UnpronounceableText
from kwskit.systems.enrolment import Enrolment, pad_tokens


def test_a_keyword_scores_by_its_best_pronunciation(model):
    texts = ["either", "banana", "a"]
    audio = torch.nn.functional.normalize(torch.randn(5, 12, generator=torch.Generator().manual_seed(1)), dim=-1)
    enrolment = Enrolment(model.system, model.tokenizer, texts)
    encoded = Encoded(audio[:, None], torch.ones(5, dtype=torch.long))
    got = enrolment.scores(encoded)
    assert got.shape == (5, 3)
    rows, typed = torch.tensor([4, 0, 2, 4]), torch.tensor([0, 2, 1, 1])
    torch.testing.assert_close(enrolment.pair_scores(encoded, rows, typed), got[rows, typed])
    for column, text in enumerate(texts):
        cosines = []
        for tokens in model.tokenizer.encode(text):
            with torch.no_grad():
                one = model.system.embed_text(torch.tensor([tokens]), torch.tensor([len(tokens)]))[0]
            cosines.append(audio @ one)
        assert text != "either" or len(cosines) > 1
        torch.testing.assert_close(got[:, column], torch.stack(cosines).max(0).values)


def test_a_text_nobody_can_say_is_refused(model):
    with pytest.raises(UnpronounceableText):
        Enrolment(model.system, model.tokenizer, ["banana", "???"])


def test_pad_tokens():
    tokens, lens = pad_tokens([[5], [7, 8, 9]])
    assert tokens.tolist() == [[5, 0, 0], [7, 8, 9]]
    assert lens.tolist() == [1, 3]
