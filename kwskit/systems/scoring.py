"""Score a list of trials with a system."""

from typing import Any

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor

from kwskit.data.loader import evaluation_batches
from kwskit.data.store import PackedStore
from kwskit.systems.enrolment import Enrolment
from kwskit.systems.system import System


def embed_store(system: System, store: PackedStore, batch_size: int = 128) -> Tensor:
    """Unit embeddings (n, d) of every segment of ``store``, in its order, on the CPU.

    The system is put in evaluation mode and stays there.
    """
    system.eval()
    device = next(system.parameters()).device
    embeddings = torch.empty(len(store), system.dim)
    with torch.inference_mode():
        for rows, wav, wav_lens in evaluation_batches(store, batch_size=batch_size):
            found = system.embed_audio(wav.to(device), wav_lens.to(device))
            embeddings[torch.from_numpy(rows)] = found.float().cpu()
    return embeddings


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

    def scores(self, system: System, audio: Tensor | None = None) -> np.ndarray:
        """One float64 score a trial.

        Parameters
        ----------
        system : the system; evaluation mode afterwards
        audio : (n, d) embeddings of the store when they are at hand already
        """
        audio = embed_store(system, self.store) if audio is None else audio
        enrolment = Enrolment(system, self.tokenizer, self.texts)
        by_text = enrolment.scores(audio).double().cpu().numpy()
        return by_text[self.rows, self.text_index]
