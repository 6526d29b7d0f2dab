"""Score a list of trials with a system."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor

from kwskit import collectives
from kwskit.batch import Encoded
from kwskit.data.evaluation_batches import SpeechBatch, evaluation_batches
from kwskit.data.store.packed_store import PackedStore
from kwskit.systems.enrolment import Enrolment
from kwskit.systems.system import System
from kwskit.threads import threads_by_load

BATCHES_AT_ONCE = 16  # of each process, between two deliveries


def encode_store(system: System, store: PackedStore, batch_size: int = 128) -> Encoded:
    """Every segment of ``store`` encoded, in its order, on the CPU.

    The system is put in evaluation mode and stays there.
    """
    system.eval()
    return _in_order(list(_encoded(system, evaluation_batches(store, batch_size=batch_size))))


def encode_store_together(system: System, store: PackedStore, batch_size: int = 128) -> Encoded | None:
    """:func:`encode_store` by all processes, each its share of the batches, for the first; None to the others.

    Batches are those of one process. They are sent every now and then, so that only the first keeps the whole.
    """
    system.eval()
    order = np.argsort(-store.num_samples, kind="stable")
    batches = [order[begin : begin + batch_size] for begin in range(0, len(order), batch_size)]
    parts: list[tuple[Tensor, Encoded]] = []
    others, own = collectives.world_size(), collectives.rank()
    for begin in range(0, len(batches), others * BATCHES_AT_ONCE):
        share = batches[begin : begin + others * BATCHES_AT_ONCE][own::others]
        made = evaluation_batches(store, np.concatenate([order[:0], *share]), batch_size)
        for collected in collectives.collected_by_first(list(_encoded(system, made))):
            parts += collected
    return _in_order(parts) if collectives.rank() == 0 else None


def _encoded(system: System, batches: Iterable[SpeechBatch]) -> Iterator[tuple[Tensor, Encoded]]:
    """Rows (N,) of the store, and what is kept of them, on the CPU."""
    device = next(system.parameters()).device
    with torch.inference_mode():
        for batch in batches:
            threads_by_load().adapt()
            encoded = system.encode_audio(batch.wav.to(device), batch.wav_lens.to(device))
            yield torch.from_numpy(batch.rows), Encoded(encoded.frames.float().cpu(), encoded.lens.cpu())


def _in_order(parts: list[tuple[Tensor, Encoded]]) -> Encoded:
    with torch.inference_mode():
        rows, encoded = zip(*parts, strict=True)
        return Encoded.join(encoded).take(torch.argsort(torch.cat(rows)))


class TrialScorer:
    """Trials over a packed store, ready to be scored by one system after another.

    Parameters
    ----------
    store : where the trials' utterances are
    trials : table with ``enrol_text`` and ``utt_id``
    tokenizer : turns the typed texts into tokens

    Raises
    ------
    ValueError
        When a trial names an utterance that the store lacks.
    """

    def __init__(self, store: PackedStore, trials: pa.Table, tokenizer: Any):
        self.store = store
        self.tokenizer = tokenizer
        texts = trials["enrol_text"].combine_chunks().dictionary_encode()
        self.texts = texts.dictionary.to_pylist()
        self.text_index = texts.indices.to_numpy()
        utterances = trials["utt_id"].combine_chunks().dictionary_encode()
        self.rows = store.indices_of(utterances.dictionary)[utterances.indices.to_numpy()]

    def scores(self, system: System, audio: Encoded | None = None) -> np.ndarray:
        """One float64 score a trial.

        Parameters
        ----------
        system : the system; evaluation mode afterwards
        audio : the store, encoded, when that is at hand already
        """
        audio = encode_store(system, self.store) if audio is None else audio
        enrolment = Enrolment(system, self.tokenizer, self.texts)
        rows, texts = torch.tensor(self.rows), torch.tensor(self.text_index, dtype=torch.long)
        return enrolment.pair_scores(audio, rows, texts).double().numpy()
