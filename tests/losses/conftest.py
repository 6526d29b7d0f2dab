"""Embeddings made from the raw rows that a loss is to see, in float64."""

import pytest
import torch
from torch import Tensor

from kwskit.batch import length_mask
from kwskit.embeddings import BatchEmbeddings


@pytest.fixture(autouse=True)
def _float64():
    torch.set_default_dtype(torch.float64)
    torch.manual_seed(0)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # rows this few are not worth waking a second one
    yield
    torch.set_num_threads(threads)
    torch.set_default_dtype(torch.float32)


@pytest.fixture
def embed():
    """``embed(audio (M, d), text (M, d), labels (M,), lengths)``: the rows as utterances and as tokens.

    As utterances, row i is utterance i. As tokens, ``lengths`` says how many rows each utterance takes, followed
    by ``padding`` rows of garbage. Pooling and alignment pass on what they are given.
    """

    def build(audio, text, labels, lengths=None, padding=0, matched=None):
        lengths = torch.tensor([1] * len(labels) if lengths is None else lengths)
        longest = int(lengths.max()) + padding if len(lengths) else padding
        mask = length_mask(lengths, longest)

        def pad(rows: Tensor, garbage: float) -> Tensor:
            padded = rows.new_full((len(lengths), longest, *rows.shape[1:]), garbage)
            where = mask.reshape(*mask.shape, *[1] * (rows.dim() - 1)).expand_as(padded)
            return padded.masked_scatter(where, rows)

        frames, tokens = pad(audio, 17.0), pad(text, -13.0)
        affinity = torch.eye(longest).expand(len(lengths), -1, -1)
        return BatchEmbeddings(
            audio_frames=frames,
            audio_mask=mask,
            text_tokens=tokens,
            text_mask=mask,
            token_ids=pad(labels, 0),
            word=labels,
            pool_audio=lambda frames, mask: audio,
            pool_text=lambda frames, mask: text,
            align=lambda text, text_mask, audio, audio_mask, ids: (audio, affinity),
            matched=matched,
        )

    return build


@pytest.fixture
def fixture_a():
    """Audio, text and labels whose cosines, text by audio, are .8 0 1 / .6 1 0 / .96 .8 .6."""
    text = torch.tensor([[1.0, 0.0], [0.0, 2.0], [3.0, 4.0]])
    audio = torch.tensor([[4.0, 3.0], [0.0, 5.0], [7.0, 0.0]])
    return audio, text, torch.tensor([0, 1, 0])


@pytest.fixture
def fixture_b():
    """Three keywords, two utterances each."""
    audio = torch.tensor([[4.0, 3.0], [1.0, 0.0], [3.0, 4.0], [-3.0, 4.0], [-4.0, 3.0], [-1.0, -0.25]])
    text = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0], [-1.0, 0.0], [-1.0, 0.0]])
    return audio, text, torch.tensor([0, 0, 1, 1, 2, 2])


@pytest.fixture
def random_rows():
    """``random_rows(count, dim, labels)``: audio, text and labels, seeded."""

    def draw(count=8, dim=5, labels=None, seed=0):
        generator = torch.Generator().manual_seed(seed)
        audio, text = (torch.randn(count, dim, generator=generator) for _ in range(2))
        if labels is None:
            return audio, text, torch.randint(0, 3, (count,), generator=generator)
        return audio, text, torch.tensor(labels)

    return draw
