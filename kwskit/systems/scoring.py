"""Score a list of trials with a system."""

from typing import Any

import numpy as np
import pyarrow as pa
import torch

from kwskit.batch import Encoded
from kwskit.data.loader import evaluation_batches
from kwskit.data.store import PackedStore
from kwskit.systems.enrolment import Enrolment
from kwskit.systems.system import System


def encode_store(system: System, store: PackedStore, batch_size: int = 128) -> Encoded:
    """Every segment of ``store`` encoded, in its order, on the CPU.

    The system is put in evaluation mode and stays there.
    """
    system.eval()
    device = next(system.parameters()).device
    parts, rows = [], []
    with torch.inference_mode():
        for batch in evaluation_batches(store, batch_size=batch_size):
            encoded = system.encode_audio(batch.wav.to(device), batch.wav_lens.to(device))
            parts.append(Encoded(encoded.frames.float().cpu(), encoded.lens.cpu()))
            rows.append(torch.from_numpy(batch.rows))
        return Encoded.join(parts).take(torch.argsort(torch.cat(rows)))


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
