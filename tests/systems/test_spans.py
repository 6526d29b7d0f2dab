"""The frames of spans, against a loop over frames: those whose middle a span covers."""

import torch

from kwskit.systems.spans import span_frames


def by_a_loop(frames, lens, samples, spans):
    """A list of (k, d), one of each span."""
    found = []
    for row, begin, end in spans.tolist():
        count, size = int(lens[row]), int(samples[row])
        middles = [(k + 0.5) / count for k in range(count)]
        inside = [k for k, middle in enumerate(middles) if begin / size <= middle < end / size]
        if not inside:  # shorter than a frame: the first that begins behind its begin, or the last there is
            inside = [min(sum(middle < begin / size for middle in middles), count - 1)]
        found.append(frames[row, inside])
    return found


def check(frames, lens, samples, spans):
    expected = by_a_loop(frames, lens, samples, spans)
    found, counts = span_frames(frames, lens, samples, spans)
    assert counts.tolist() == [len(one) for one in expected]
    assert found.shape == (len(spans), max(counts.tolist()), frames.shape[2])
    for row, one in zip(found, expected, strict=True):
        assert torch.equal(row[: len(one)], one)
        assert not row[len(one) :].any()


def utterances(lens, samples, seed=0):
    """Frames that differ, padding that is none, and spans anywhere, some of them beyond their utterance."""
    random = torch.Generator().manual_seed(seed)
    frames = torch.randn(len(lens), max(lens) + 3, 4, generator=random)
    row = torch.randint(len(lens), (200,), generator=random)
    size = torch.tensor(samples)[row].double()
    begin = size * (torch.rand(200, generator=random) * 1.1 - 0.1)
    end = begin + size * torch.rand(200, generator=random)
    spans = torch.stack([row, begin.long(), end.long() + 1], 1)
    return frames, torch.tensor(lens), torch.tensor(samples), spans


def test_frames_at_the_pace_of_the_samples():
    check(*utterances([98, 40, 63, 1], [15997, 6607, 10301, 401]))


def test_frames_of_speech_that_was_made_slower_or_faster():
    """The frames are those of a third more, and of a third less, speech than the samples: shares stay."""
    check(*utterances([131, 27, 84, 2], [15997, 6607, 10301, 401], seed=1))


def test_few_frames_for_many_spans():
    check(*utterances([3, 1, 7], [15997, 6607, 10301], seed=2))


def test_a_whole_utterance_is_all_of_its_frames():
    frames, lens, samples, _ = utterances([98, 40], [15997, 6607])
    found, counts = span_frames(frames, lens, samples, torch.tensor([[1, 0, 6607], [0, -500, 17000]]))
    assert counts.tolist() == [40, 98]
    assert torch.equal(found[0, :40], frames[1, :40])
    assert torch.equal(found[1, :98], frames[0, :98])


def test_gradients_reach_the_frames_of_spans_alone():
    frames, lens, samples, _ = utterances([10, 10], [1600, 1600])
    frames.requires_grad_(True)
    found, _ = span_frames(frames, lens, samples, torch.tensor([[1, 320, 640], [1, 480, 960]]))
    found.sum().backward()
    assert frames.grad[..., 0].tolist() == [[0.0] * 13, [0, 0, 1, 2, 1, 1, 0, 0, 0, 0, 0, 0, 0]]


def test_no_spans():
    frames, lens, samples, spans = utterances([10], [1600])
    found, counts = span_frames(frames, lens, samples, spans[:0])
    assert found.shape == (0, 0, 4)
    assert len(counts) == 0
