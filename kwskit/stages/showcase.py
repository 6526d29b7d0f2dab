"""Embeddings and affinity matrices of a few test words, for the report to draw."""

from pathlib import Path

import numpy as np
import torch

from kwskit.batch import Batch
from kwskit.data.loader import as_wav
from kwskit.data.store import PackedStore
from kwskit.systems.enrolment import pad_tokens
from kwskit.systems.model_directory import Model
from kwskit.systems.scoring import embed_store
from kwskit.whole_file import written_whole

MAP_WORDS = 24
AFFINITY_WORDS = 4


def write_showcase(path: Path, store: PackedStore, model: Model) -> None:
    """Write ``embeddings.npz``: the words with most segments, spoken and typed, and a few alignments.

    Holds ``audio`` (n, d), ``audio_utt`` and ``audio_word`` (n,), ``text`` (m, d), ``text_word`` (m,),
    ``affinity_words`` and, for its k-th word, ``affinity_<k>`` (T_t, T_a) and ``affinity_tokens_<k>``.
    Systems without an aligner have no affinities.
    """
    system, tokenizer = model.system, model.tokenizer
    counts = np.bincount(store.word_ids, minlength=len(store.words))
    chosen = np.argsort(-counts, kind="stable")[:MAP_WORDS]
    rows = np.flatnonzero(np.isin(store.word_ids, chosen))
    words = [store.words[word] for word in chosen]
    tokens, lens = pad_tokens([tokenizer.encode(word)[0] for word in words])
    device = next(system.parameters()).device
    with torch.inference_mode():
        text = system.embed_text(tokens.to(device), lens.to(device)).float().cpu().numpy()
    found: dict[str, np.ndarray] = {
        "audio": embed_store(system, store)[rows].numpy(),
        "audio_utt": np.array([store.utt_ids[int(row)].as_py() for row in rows]),
        "audio_word": np.array([store.words[store.word_ids[row]] for row in rows]),
        "text": text,
        "text_word": np.array(words),
    }
    if getattr(system, "aligner", None) is not None:
        found |= _affinities(store, model, sorted(words, key=len, reverse=True)[:AFFINITY_WORDS])
    with written_whole(path) as partial, partial.open("wb") as sink:
        np.savez_compressed(sink, **found)  # type: ignore[arg-type]  # numpy's stub takes them for its flags


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
