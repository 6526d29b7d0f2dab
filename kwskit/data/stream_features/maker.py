"""Features of stretches of recordings, as of a stream."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor, nn

from kwskit.constants import SAMPLE_RATE
from kwskit.data.audio import AudioError, probe, read_segments
from kwskit.data.evaluation_batches import as_wav
from kwskit.data.stream_features.settings import StreamFeatureSettings
from kwskit.data.stream_features.stretches import AFTER, Stretch
from kwskit.stream_shape import FLOOR_SECONDS
from kwskit.threads import threads_by_load

TOGETHER = 16  # stretches a batch


class StreamFeatureMaker:
    """Makes the features of words in stretches of recordings (ours).

    Parameters
    ----------
    table : the manifest, of segments in longer recordings
    root : what its paths are relative to
    frontend : with ``stream``, ``frames``, ``stream_features`` and ``stream_frames``, on ``device``
    augment : waveform augmentation ``(wav, lens, generator) -> (wav, lens)``, or None
    settings : share of the words that are cut out, and how far ends are off
    """

    def __init__(
        self, table: pa.Table, root: Path, frontend: Any, augment: Any, settings: StreamFeatureSettings, device: Any
    ):
        self.root, self.frontend, self.augment, self.settings, self.device = root, frontend, augment, settings, device
        self.starts, self.stops = (table[name].to_numpy() for name in ("start", "stop"))
        self.step = frontend.frames.stride * frontend.stream.hop  # samples

    @torch.no_grad()
    def features(self, own: list[Stretch], seed: list[int]) -> list[np.ndarray]:
        """Frames (n, F) float16 of every row in ``own``, in their order."""
        rng = np.random.default_rng(seed)
        generator = torch.Generator(self.device).manual_seed(int(rng.integers(2**62)))
        order = np.argsort([stretch.stop - stretch.start for stretch in own], kind="stable").tolist()
        made: dict[int, list[np.ndarray]] = {}
        for first in range(0, len(order), TOGETHER):
            threads_by_load().adapt()
            some = order[first : first + TOGETHER]
            wav, lens = self._read([own[k] for k in some])
            given = lens
            if self.augment is not None:
                wav, lens = self.augment(wav, lens, generator)
            factors = (lens / given).tolist()
            found = self._some_features([own[k] for k in some], wav, lens, factors, rng)
            made.update(zip(some, found, strict=True))
        return [frames for k in range(len(own)) for frames in made[k]]

    def _some_features(
        self, some: list[Stretch], wav: Tensor, lens: Tensor, factors: list[float], rng: np.random.Generator
    ) -> list[list[np.ndarray]]:
        phases = rng.integers(0, self.step, len(some))
        frames = self._frames(wav, phases)
        found: list[list[np.ndarray]] = []
        for k, stretch in enumerate(some):
            own = []
            for row in stretch.rows.tolist():
                early, late = rng.uniform(-self.settings.jitter / 3, self.settings.jitter, 2)
                start = (self.starts[row] - stretch.start) * factors[k] - early
                stop = (self.stops[row] - stretch.start) * factors[k] + late
                size = int(lens[k])
                begin = max(0, min(round(start * SAMPLE_RATE), size - self.step))  # a step is there of the last, too
                end = min(size, round(stop * SAMPLE_RATE))
                if rng.random() < self.settings.alone:
                    cut = wav[k : k + 1, begin : max(end, begin + self.step)]
                    feats, _ = self.frontend(cut, torch.tensor([cut.shape[1]], device=self.device))
                    own.append(feats[0].half().cpu().numpy())
                    continue
                first = round((begin + int(phases[k])) / self.step)
                last = max(first + 2, round((end + int(phases[k])) / self.step))
                own.append(frames[k, first:last].half().cpu().numpy())
            found.append(own)
        return found

    def _frames(self, wav: Tensor, phases: np.ndarray) -> Tensor:
        """(N, n, F) frames of stretches (N, samples), each begun ``phases`` samples into a step."""
        shape, steps = self.frontend.stream, self.frontend.frames
        count = -(-(wav.shape[1] + self.step) // self.step) + 1
        samples = (count * steps.stride + steps.ahead - 1) * shape.hop + shape.window
        moved = wav.new_zeros(len(wav), samples)
        for k, phase in enumerate(phases.tolist()):
            moved[k, phase : phase + wav.shape[1]] = wav[k]
        feats = self.frontend.stream_features(moved)
        loudest = feats.amax(2)
        span = round(FLOOR_SECONDS * SAMPLE_RATE / shape.hop)
        recent = nn.functional.max_pool1d(nn.functional.pad(loudest, (span - 1, 0), value=-1e4)[:, None], span, 1)[:, 0]
        feats = torch.maximum(feats, (recent - shape.floor).unsqueeze(2))
        before = (feats[:, : steps.stride].amax((1, 2)) - shape.floor)[:, None, None].expand(
            -1, steps.past, feats.shape[2]
        )
        return self.frontend.stream_frames(torch.cat((before, feats), 1))

    def _read(self, some: list[Stretch]) -> tuple[Tensor, Tensor]:
        """The stretches (N, samples), and their samples (N,)."""
        pieces = []
        for stretch in some:
            path = self.root / stretch.path
            # Where the file ends before a word does, reading refuses.
            stop = max(min(stretch.stop, probe(path)[1]), stretch.stop - AFTER)
            (piece,), _ = read_segments(path, [stretch.start], [stop])
            if isinstance(piece, AudioError):
                raise piece
            pieces.append(as_wav(torch.from_numpy(piece)))
        lens = torch.tensor([len(piece) for piece in pieces], device=self.device)
        return nn.utils.rnn.pad_sequence(pieces, batch_first=True).to(self.device), lens
