"""One stream of sound searched as it arrives."""

import numpy as np
import torch
from numpy.typing import ArrayLike

from kwskit.data.loader import as_wav
from kwskit.spotting.peak_picker import PeakPicker, Peaks
from kwskit.spotting.queries import Queries
from kwskit.spotting.search_settings import SearchSettings
from kwskit.spotting.window_cutter import SAMPLE_RATE, WindowCutter, Windows
from kwskit.systems.system import System

WINDOWS_AT_ONCE = 256


class StreamSearch:
    """Where queries are in one stream of sound, told as it arrives.

    Memory is bounded by a block and by what a peak waits for: half the longest window and the refractory time.

    Parameters
    ----------
    system : in evaluation mode afterwards
    queries : what is searched for
    settings : windows, overlap and refractory time
    """

    def __init__(self, system: System, queries: Queries, settings: SearchSettings):
        self.system, self.queries = system.eval(), queries
        self._cutter = WindowCutter(settings.windows, settings.overlap)
        self._picker = PeakPicker(len(queries), settings.refractory)

    def push(self, block: ArrayLike) -> Peaks:
        """The peaks that are certain after ``block`` (samples,), int16 at 16 kHz."""
        pcm = torch.from_numpy(np.array(block, np.int16))
        return self._peaks(list(self._cutter.push(pcm)), self._cutter.seen)

    def finish(self) -> Peaks:
        """The peaks that waited for the stream to go on."""
        return self._peaks(list(self._cutter.finish()), np.inf)

    def _peaks(self, found: list[Windows], seen: float) -> Peaks:
        starts = [windows.starts.numpy() / SAMPLE_RATE for windows in found]
        stops = [start + windows.pcm.shape[1] / SAMPLE_RATE for start, windows in zip(starts, found, strict=True)]
        scores = [self._scores(windows) for windows in found]
        none, nothing = [np.zeros(0)], [np.zeros((0, len(self.queries)), np.float32)]
        parts = (np.concatenate(none + starts), np.concatenate(none + stops), np.concatenate(nothing + scores))
        return self._picker.push(*parts, seen)

    @torch.inference_mode()
    def _scores(self, windows: Windows) -> np.ndarray:
        """(n, queries) float32."""
        device = next(self.system.parameters()).device
        parts = []
        for pcm in windows.pcm.split(WINDOWS_AT_ONCE):
            lens = torch.full((len(pcm),), pcm.shape[1], device=device)
            encoded = self.system.encode_audio(as_wav(pcm.to(device)), lens)
            parts.append(self.queries.scores(encoded).cpu())
        return torch.cat(parts).numpy()
