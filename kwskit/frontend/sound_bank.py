"""Recordings kept in memory, to be heard in the background."""

import logging
import random
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from kwskit.constants import SAMPLE_RATE
from kwskit.data.audio import AudioError, probe, read_segment
from kwskit.data.audio_folder import audio_files_below
from kwskit.frontend.chance import Chance
from kwskit.to_device import to_device

# Of many recordings a short stretch of each says more than a few whole ones.
STRETCH = 10.0  # s
EXAMPLES = 3

logger = logging.getLogger(__name__)


class SoundBank:
    """The recordings of a folder end to end, as much of them as is asked for (ours).

    Read at the first use, then kept as int16 on the device of the batches. The choice of stretches is a function of the
    files' names and ``seed``. Recordings that cannot be read are left out and named in the log.

    Parameters
    ----------
    folder : searched deep for audio files
    hours : at most so much is kept; None keeps everything
    seed : of the choice

    Raises
    ------
    AudioError
        When the folder holds no audio file.
    """

    def __init__(self, folder: str | Path, hours: float | None = 1.0, seed: int = 0):
        self.folder, self.hours, self.seed = Path(folder), hours, seed
        self.files = audio_files_below(self.folder)
        if not self.files:
            raise AudioError(f"{folder}: no audio files in this folder or below it")
        self._sound: Tensor | None = None

    def stretches(self, count: int, samples: int, chance: Chance, like: Tensor) -> Tensor:
        """(count, samples) random stretches in the dtype of ``like``, in [-1, 1), on its device.

        They may run over the joint of two recordings; a bank shorter than ``samples`` is heard again.
        """
        if self._sound is None or self._sound.device != like.device:
            self._sound = self._read().to(like.device)
        sound = self._sound
        if len(sound) <= samples:
            sound = sound.repeat(1 + samples // len(sound) + 1)
        begins = to_device(chance.integers(count, len(sound) - samples + 1), like.device)
        return sound.unfold(0, samples, 1).index_select(0, begins).to(like.dtype) / 32768.0

    def _read(self) -> Tensor:
        """(samples,) int16."""
        rng = random.Random(self.seed)
        files, share = list(self.files), float("inf")
        if self.hours is not None:
            rng.shuffle(files)
            files = files[: max(1, round(self.hours * 3600 / STRETCH))]
            share = self.hours * 3600 / len(files)
        pieces, bad = [], []
        for path in files:
            try:
                seconds = probe(path)[1]
                start = rng.uniform(0.0, max(0.0, seconds - share))
                pieces.append(read_segment(path, start, min(seconds, start + share)))
            except AudioError as error:
                bad.append(str(error))
        if bad:
            examples = "; ".join(bad[:EXAMPLES]) + ("; …" if len(bad) > EXAMPLES else "")
            logger.warning("%s: %d of %d recordings are left out: %s", self.folder, len(bad), len(files), examples)
        if not pieces:
            raise AudioError(f"{self.folder}: none of its {len(files)} audio files can be read: {bad[0]}")
        sound = torch.from_numpy(np.concatenate(pieces))
        hours = len(sound) / SAMPLE_RATE / 3600
        logger.info("%s: %.2f h of %d recordings as background", self.folder, hours, len(pieces))
        return sound
