"""How a network's labels spell words, and the best path through them, as trying all paths and torchaudio find it."""

import pytest
import torch
import torchaudio.functional
from torch import nn

from kwskit.corpora.alignments import ctc_model
from kwskit.corpora.alignments.ctc_model import CtcModel, token_spans

LABELS = ["-", "|", *"ABCDEO'"]


def test_spelling():
    model = CtcModel(nn.Identity(), LABELS)
    assert model.spell(["abba", "axb"]) == [[2, 3, 3, 2], [2, 3]]
    assert model.spell(["abba", "xyz"]) is None
    assert model.spell(["a-|"]) == [[2, 1]]
    assert CtcModel(nn.Identity(), ["-", "a", "*"]).spell(["xyz", "a"]) == [[2], [1]]


def test_a_separator_stands_between_words():
    log_probs = torch.zeros(2, len(LABELS)).log_softmax(-1)
    assert CtcModel(nn.Identity(), LABELS).align(log_probs, [[2], [3]]) is None
    assert [word[:2] for word in CtcModel(nn.Identity(), ["-", "a", "b"]).align(log_probs[:, :3], [[1], [2]])] == [
        (0, 1),
        (1, 2),
    ]


def naive_path(log_probs: torch.Tensor, tokens: list[int]) -> list[int]:
    """The best path of labels, by trying all: log_probs (frames, labels)."""
    best: dict[tuple[int, int], tuple[float, list[int]]] = {}
    extended = [0]
    for token in tokens:
        extended += [token, 0]
    for t in range(len(log_probs)):
        for s, label in enumerate(extended):
            before = [(0.0, [])] if t == 0 and s < 2 else []
            for previous in (s, s - 1, s - 2):
                if previous == s - 2 and (label == 0 or s < 2 or extended[s - 2] == label):
                    continue
                if (t - 1, previous) in best:
                    before.append(best[t - 1, previous])
            if before:
                score, path = max(before, key=lambda pair: pair[0])
                best[t, s] = (score + log_probs[t, label].item(), [*path, label])
    last = len(log_probs) - 1
    return max(best[last, s] for s in (len(extended) - 1, len(extended) - 2) if (last, s) in best)[1]


def test_torchaudio_and_our_own_search_find_the_same(monkeypatch):
    def forced_align(log_probs, targets, blank):
        path = torch.tensor([naive_path(log_probs[0], targets[0].tolist())])
        return path, log_probs[0, torch.arange(path.shape[1]), path[0]][None]

    log_probs = (3 * torch.randn(30, 5, generator=torch.Generator().manual_seed(1))).log_softmax(-1)
    monkeypatch.setattr(ctc_model, "has_forced_align", lambda: False)
    ours = token_spans(log_probs, [1, 1, 2, 4, 2])
    assert token_spans(log_probs[:5], [1, 1, 2, 4, 2]) is None
    assert token_spans(log_probs, []) is None
    monkeypatch.setattr(ctc_model, "has_forced_align", lambda: True)
    monkeypatch.setattr(torchaudio.functional, "forced_align", forced_align)
    theirs = token_spans(log_probs, [1, 1, 2, 4, 2])
    assert [span[:2] for span in ours] == [span[:2] for span in theirs]
    assert [span[2] for span in ours] == pytest.approx([span[2] for span in theirs], rel=1e-5)


@pytest.mark.skipif(not ctc_model.has_forced_align(), reason="torchaudio's extension does not fit this torch")
def test_torchaudio_itself_agrees(monkeypatch):
    log_probs = (3 * torch.randn(60, 7, generator=torch.Generator().manual_seed(2))).log_softmax(-1)
    theirs = token_spans(log_probs, [1, 3, 3, 6, 2])
    monkeypatch.setattr(ctc_model, "has_forced_align", lambda: False)
    assert [s[:2] for s in token_spans(log_probs, [1, 3, 3, 6, 2])] == [s[:2] for s in theirs]
