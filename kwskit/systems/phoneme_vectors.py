"""Phoneme vectors: what each phoneme sounds like to a trained acoustic encoder."""

import logging
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from kwskit.data.evaluation_batches import evaluation_batches
from kwskit.data.store.packed_store import PackedStore
from kwskit.encoders.phoneme_vectors import PhonemeVectors
from kwskit.systems.two_encoders import TwoEncoders
from kwskit.text.tokenizer import Tokenizer

logger = logging.getLogger(__name__)


class EncodedUtterance(NamedTuple):
    """An utterance: ``frames`` (T, d), the likeliest CTC class ``best`` (T,) of each, its word's ``pronunciations``."""

    frames: Tensor
    best: Tensor
    pronunciations: Sequence[Sequence[int]]


def phoneme_vectors(utterances: Iterable[EncodedUtterance], num_tokens: int, blank: int) -> tuple[Tensor, Tensor]:
    """Mean frame of every phoneme, (num_tokens, d), and from how many runs of frames it comes, (num_tokens,).

    An utterance counts when greedy CTC decoding (repeats merged, blanks dropped) gives one of its
    pronunciations. The mean over a run of frames of one phoneme is a local vector, the mean of a phoneme's
    local vectors its global one; a phoneme without any has 0. Source: Nishu et al. 2024 (CED), P2V; the
    denominator of a run is its number of frames.

    Raises
    ------
    ValueError
        When there are no utterances.
    """
    total, count = None, torch.zeros(num_tokens, dtype=torch.int64)
    for frames, best, pronunciations in utterances:
        frames, best = frames.double().cpu(), best.cpu()
        if total is None:
            total = frames.new_zeros(num_tokens, frames.shape[1])
        ids, run, length = best.unique_consecutive(return_inverse=True, return_counts=True)
        spoken = ids != blank
        if ids[spoken].tolist() not in [list(said) for said in pronunciations]:
            continue
        means = frames.new_zeros(len(ids), frames.shape[1]).index_add(0, run, frames) / length[:, None]
        total.index_add_(0, ids[spoken], means[spoken])
        count += ids[spoken].bincount(minlength=num_tokens)
    if total is None:
        raise ValueError("no utterances to learn phoneme vectors from")
    return total / count.clamp(min=1)[:, None], count


def has_phoneme_vectors_to_learn(system: torch.nn.Module) -> bool:
    """Whether ``system`` has a ``!text_encoder:phoneme_vectors`` and a CTC head to learn them with."""
    return isinstance(getattr(system, "text_encoder", None), PhonemeVectors) and hasattr(
        getattr(system, "aligner", None), "log_probs"
    )


@torch.no_grad()
def learn_phoneme_vectors(system: TwoEncoders, store: PackedStore, tokenizer: Tokenizer) -> Tensor:
    """Put the :func:`phoneme_vectors` of ``store`` into the text encoder; how many runs each comes from, (V,).

    A phoneme that was never decoded keeps its vector, and a warning tells how many there are.

    Parameters
    ----------
    system : with a text encoder ``phoneme_vectors`` and a trained ``ctc`` aligner
    store : speech and its words
    tokenizer : gives the pronunciations
    """
    encoder, aligner = system.text_encoder, system.aligner
    assert isinstance(encoder, PhonemeVectors)
    assert aligner is not None
    device = encoder.vectors.device
    training = system.training
    system.eval()

    def heard() -> Iterable[EncodedUtterance]:
        for rows, wav, lens in evaluation_batches(store):
            frames, frame_lens = system.hear(wav.to(device), lens.to(device))
            best = aligner.log_probs(frames).argmax(-1)  # type: ignore[operator]
            for row, own, ids, n in zip(rows, frames, best, frame_lens.tolist(), strict=True):
                yield EncodedUtterance(own[:n], ids[:n], tokenizer.encode(store.words[store.word_ids[row]]))

    vectors, count = phoneme_vectors(heard(), encoder.num_tokens, blank=encoder.num_tokens)
    found = (count > 0).to(device)
    encoder.vectors[found] = vectors.to(encoder.vectors)[found]
    system.train(training)
    if not count.any():
        logger.warning("no word was decoded without error: phoneme vectors stay random; train the CTC head longer")
    else:
        logger.info("vectors of %d phonemes from %d runs of frames", int(found.sum()), int(count.sum()))
    return count
