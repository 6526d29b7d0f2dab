"""Typed words searched in streams by windows of one length (JMCL's KWS protocol)."""

from typing import Any

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray

from kwskit.batch import Encoded
from kwskit.constants import SAMPLE_RATE
from kwskit.data.evaluation_batches import as_wav
from kwskit.data.store.packed_store import PackedStore
from kwskit.spotting.windows.window_cutter import WindowCutter
from kwskit.systems.enrolment import Enrolment
from kwskit.systems.system import System

WINDOWS_AT_ONCE = 256
OVERLAP = 0.5


class StreamScorer:
    """Trials of typed words against streams of several utterances.

    A stream's score is the highest over its windows; windows overlap by half, and the last one ends with the stream.
    A stream shorter than a window is one window.

    Parameters
    ----------
    store : where the streams' utterances are
    trials : table with ``enrol_text`` and, in ``utt_id``, the ids of a stream's utterances with a space between them
    tokenizer : turns the typed texts into tokens
    seconds : length of a window
    pause : silence between utterances, in seconds

    Raises
    ------
    ValueError
        When a trial names an utterance that the store lacks, or a window is not longer than 0 s.
    """

    def __init__(self, store: PackedStore, trials: pa.Table, tokenizer: Any, seconds: float, pause: float):
        if not seconds > 0:
            raise ValueError(f"a window must be longer than 0 s, not {seconds}")
        self.store, self.tokenizer = store, tokenizer
        self.seconds, self.pause = seconds, round(pause * SAMPLE_RATE)
        texts, streams = (trials[name].combine_chunks().dictionary_encode() for name in ("enrol_text", "utt_id"))
        self.texts, self.text_index = texts.dictionary.to_pylist(), texts.indices.to_numpy()
        self.stream_index = streams.indices.to_numpy()
        self.streams = [store.indices_of(pa.array(name.split())) for name in streams.dictionary.to_pylist()]

    def scores(self, system: System) -> np.ndarray:
        """One float64 score a trial; the system is in evaluation mode afterwards."""
        system.eval()
        device = next(system.parameters()).device
        enrolment = Enrolment(system, self.tokenizer, self.texts)
        best = torch.full((len(self.streams), len(self.texts)), -torch.inf)
        windows = [(k, window) for k in range(len(self.streams)) for window in self._windows(k)]
        with torch.inference_mode():
            for at in range(0, len(windows), WINDOWS_AT_ONCE):
                chunk = windows[at : at + WINDOWS_AT_ONCE]
                owner, parts = [k for k, _ in chunk], [torch.from_numpy(part.copy()) for _, part in chunk]
                lens = torch.tensor([len(part) for part in parts])
                wav = as_wav(torch.nn.utils.rnn.pad_sequence(parts, batch_first=True))
                encoded: Encoded = system.encode_audio(wav.to(device), lens.to(device))
                found = enrolment.scores(encoded).float().cpu()
                rows = torch.tensor(owner)[:, None].expand_as(found)
                best.scatter_reduce_(0, rows, found, "amax")
        return best.double().numpy()[self.stream_index, self.text_index]

    def _windows(self, stream: int) -> list[NDArray[np.int16]]:
        """(samples,) int16 each."""
        pcm, lens = self.store.gather(self.streams[stream])
        pieces: list[NDArray[np.int16]] = []
        for row, length in zip(pcm.numpy(), lens.tolist(), strict=True):
            pieces += [np.zeros(self.pause, np.int16)] * bool(pieces) + [row[:length]]
        cutter = WindowCutter([self.seconds], OVERLAP)
        return [pcm for part in (*cutter.push(np.concatenate(pieces)), *cutter.finish()) for pcm in part.pcm]
