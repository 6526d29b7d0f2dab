import math

import pytest
import torch

from kwskit.aligners.ctc_viterbi import ctc_viterbi
from kwskit.aligners.frame_owners import average_owned
from kwskit.aligners.streaming_ctc import StreamingCtc

PROBS = [[0.3, 0.1, 0.6], [0.8, 0.1, 0.1], [0.3, 0.2, 0.5], [0.1, 0.8, 0.1], [0.1, 0.7, 0.2], [0.1, 0.1, 0.8]]
KEYWORDS = [[2], [0, 1], [0, 0], [1, 1, 1], [0, 2, 2, 1]]


def stream(seed=0, frames=9):
    generator = torch.Generator().manual_seed(seed)
    log_probs = torch.randn(frames, 4, generator=generator, dtype=torch.float64).mul(2).log_softmax(-1)
    return log_probs, torch.randn(frames, 3, generator=generator, dtype=torch.float64)


def offline(log_probs, frames, tokens):
    """Score, token embeddings and starts of a whole segment."""
    ids, count = torch.tensor([tokens]), torch.tensor([len(frames)])
    states, score = ctc_viterbi(log_probs[None], count, ids, torch.tensor([len(tokens)]), blank=3)
    if score.item() == -math.inf:
        return -math.inf, None, []
    owner = torch.div(states - 1, 2, rounding_mode="floor")
    embeddings, _ = average_owned(owner, torch.ones_like(ids).bool(), frames[None], torch.ones(1, len(frames)).bool())
    return score.item(), embeddings[0], [owner[0].tolist().index(u) for u in range(len(tokens))]


def check(found, starts, expected):
    assert found[0] == pytest.approx(expected[0], abs=1e-9)
    assert starts == expected[2]
    if expected[1] is None:
        assert found[1] is None
    else:
        torch.testing.assert_close(found[1], expected[1], rtol=0, atol=1e-9)


def test_stated_path():
    search = StreamingCtc([0, 1], blank=2, restart=False)
    for t, row in enumerate(PROBS):
        frame = torch.tensor([float(t), -float(t)])
        score, embeddings = search.push(torch.tensor(row, dtype=torch.float64).log(), frame)
    assert score == pytest.approx(-2.2300784022072975, abs=1e-9)
    assert search.starts == [1, 3]
    assert embeddings.dtype == torch.float32
    torch.testing.assert_close(embeddings, torch.tensor([[1.5, -1.5], [4.0, -4.0]]))


@pytest.mark.parametrize("tokens", KEYWORDS, ids=str)
def test_a_fixed_start_equals_the_search_of_the_whole(tokens):
    log_probs, frames = stream()
    search = StreamingCtc(tokens, blank=3, restart=False)
    for t in range(len(frames)):
        found = search.push(log_probs[t], frames[t])
        check(found, search.starts, offline(log_probs[: t + 1], frames[: t + 1], tokens))


@pytest.mark.parametrize("relative", [False, True])
@pytest.mark.parametrize("tokens", KEYWORDS, ids=str)
def test_restarts_equal_the_best_of_all_beginnings(tokens, relative):
    log_probs, frames = stream(1)
    search = StreamingCtc(tokens, blank=3, relative=relative)
    ground = log_probs.amax(1, keepdim=True) if relative else 0.0
    for t in range(len(frames)):
        found = search.push(log_probs[t], frames[t])
        spans = [(log_probs - ground)[s : t + 1] for s in range(t + 1)]
        each = [offline(span, frames[t + 1 - len(span) : t + 1], tokens) for span in spans]
        best = max(each, key=lambda other: other[0])
        begin = each.index(best)
        # Beginnings that differ by leading frames only may score the same; the tokens are the same then.
        check(found, search.starts, (best[0], best[1], [begin + start for start in best[2]]))


def test_a_stream_begun_anew_forgets():
    log_probs, frames = stream()
    search = StreamingCtc([0, 1], blank=3)
    first = [search.push(*part) for part in zip(log_probs, frames, strict=True)]
    search.reset()
    assert search.starts == []
    again = [search.push(*part) for part in zip(log_probs, frames, strict=True)]
    assert [score for score, _ in first] == [score for score, _ in again]


def test_long_streams_keep_no_history():
    log_probs, frames = stream(2, frames=400)
    search = StreamingCtc([0, 2, 2, 1], blank=3)
    for part in zip(log_probs, frames, strict=True):
        search.push(*part)
    kept, links = set(), list(search._starts)
    while links:
        link = links.pop()
        if link is not None and id(link) not in kept:
            kept.add(id(link))
            links.append(link.previous)
    assert len(kept) <= len(search._starts) * len(search.tokens)
    assert len(search.starts) == 4


def test_an_empty_keyword_is_refused():
    with pytest.raises(ValueError, match="token"):
        StreamingCtc([], blank=3)
