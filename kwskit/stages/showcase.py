"""Embeddings and affinity matrices of a few test words, for the report to draw."""

from pathlib import Path

import numpy as np
import torch

from kwskit.atomic_write import atomic_write
from kwskit.batch import Batch
from kwskit.data.evaluation_batches import as_wav
from kwskit.data.store.packed_store import PackedStore
from kwskit.systems.enrolment import pad_tokens
from kwskit.systems.model_directory import Model
from kwskit.systems.scoring import encode_store

MAP_WORDS = 24
AFFINITY_WORDS = 4


def write_showcase(path: Path, store: PackedStore, model: Model) -> None:
    """Write ``embeddings.npz``: the words with most segments, spoken and typed, and a few alignments.

    Holds ``audio`` (n, d), ``audio_utt`` and ``audio_word`` (n,), ``text`` (m, d), ``text_word`` (m,),
    ``affinity_words`` and, for its k-th word, ``affinity_<k>`` (T_t, T_a) and ``affinity_tokens_<k>``.
    Systems without utterance embeddings have none of the former, systems without an aligner no affinities.
    """
    system = model.system
    counts = np.bincount(store.word_ids, minlength=len(store.words))
    chosen = np.argsort(-counts, kind="stable")[:MAP_WORDS]
    words = [store.words[word] for word in chosen]
    found: dict[str, np.ndarray] = {}
    if system.can_spot:
        rows = np.flatnonzero(np.isin(store.word_ids, chosen))
        found |= {
            "audio": encode_store(system, store).frames[rows, 0].numpy(),
            "audio_utt": np.array([store.utt_ids[int(row)].as_py() for row in rows]),
            "audio_word": np.array([store.words[store.word_ids[row]] for row in rows]),
            "text": _typed(model, words),
            "text_word": np.array(words),
        }
    if getattr(system, "aligner", None) is not None:
        system.eval()
        found |= _affinities(store, model, sorted(words, key=len, reverse=True)[:AFFINITY_WORDS])
    with atomic_write(path) as partial, partial.open("wb") as sink:
        np.savez_compressed(sink, **found)  # type: ignore[arg-type]  # numpy's stub takes them for its flags


def _typed(model: Model, words: list[str]) -> np.ndarray:
    """(m, d) the first pronunciation of each word."""
    tokens, lens = pad_tokens([model.tokenizer.encode(word)[0] for word in words])
    device = next(model.system.parameters()).device
    with torch.inference_mode():
        return model.system.encode_text(tokens.to(device), lens.to(device)).frames[:, 0].float().cpu().numpy()


def _affinities(store: PackedStore, model: Model, words: list[str]) -> dict[str, np.ndarray]:
    found: dict[str, np.ndarray] = {"affinity_words": np.array(words)}
    device = next(model.system.parameters()).device
    for k, word in enumerate(words):
        row = int(np.flatnonzero(store.word_ids == store.words.index(word))[0])
        wav, wav_lens = store.gather(np.array([row]))
        ids = model.tokenizer.encode(word)[0]
        tokens, lens = pad_tokens([ids])
        batch = Batch(as_wav(wav), wav_lens, tokens, lens, torch.zeros(1, dtype=torch.long), [word])
        with torch.inference_mode():
            affinity = model.system.embeddings(batch.to(device)).affinity
        found[f"affinity_{k}"] = affinity[0].float().cpu().numpy()
        found[f"affinity_tokens_{k}"] = np.array(model.tokenizer.decode(ids))
    return found
