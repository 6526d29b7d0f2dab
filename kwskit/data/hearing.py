"""Words heard in their recordings: features of a stream, augmented, made once before training (ours)."""

import hashlib
import json
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor, nn

from kwskit.data.audio import AudioError, probe, read_segments
from kwskit.data.heard_words import INDEX, HeardWords, write_heard_words
from kwskit.data.loader import as_wav
from kwskit.data.progress import Progress
from kwskit.data.stretches import AFTER, Stretch, stretches
from kwskit.records import read_records
from kwskit.stream_shape import SAMPLE_RATE
from kwskit.whole_file import written_whole

TOGETHER = 16  # stretches a batch
FLOOR_SECONDS = 2.0


@dataclass(frozen=True)
class Hearing:
    """How words are heard before training.

    Parameters
    ----------
    views : times that each word is heard, each augmented anew
    alone : share of the words that are heard cut out, between silence, as trials are; the others where they were said
    jitter : the most, in seconds, by which a window begins before a word and ends after it; it cuts at most a third of
        that off
    phrases : share of the segments of several words that are trained on
    seed : of all draws

    Raises
    ------
    ValueError
        For a number out of range.
    """

    views: int = 2
    alone: float = 0.3
    jitter: float = 0.12
    phrases: float = 1.0
    seed: int = 1

    def __post_init__(self) -> None:
        if not isinstance(self.views, int) or self.views < 1:
            raise ValueError(f"views must be a whole number of at least 1, not {self.views!r}")
        if not 0 <= self.alone <= 1 or self.jitter < 0 or not 0 <= self.phrases <= 1:
            raise ValueError(f"alone and phrases in 0 to 1, and jitter >= 0 must hold, not {self}")


def hear(
    manifest: Path, folder: Path, frontend: Any, augment: nn.Module | None, hearing: Hearing, settings: str, device: Any
) -> HeardWords:
    """The words of ``manifest``, made now or found in a folder below ``folder`` that is named after what made them.

    Stretches of the recordings are augmented as a whole, and the front end runs over them as over a stream, at a
    random phase of its steps. Every recording is heard apart: those that an interrupted run, or one with another
    manifest, has heard already are kept.

    Parameters
    ----------
    manifest : of segments in longer recordings; paths are relative to its folder's parent
    frontend : with ``stream``, ``frames``, ``stream_features`` and ``stream_frames``
    augment : waveform augmentation ``(wav, lens, generator) -> (wav, lens)``, or None
    settings : of both, as text: it becomes part of the folder's name

    Raises
    ------
    AudioError
        When a recording cannot be read.
    kwskit.records.RecordError
        When the manifest cannot.
    """
    # What no recording sounds different for is left out: more views are heard beside those that are there.
    how = {name: value for name, value in asdict(hearing).items() if name not in ("views", "phrases")}
    place = folder / _digest(json.dumps(how) + settings)
    whole = place / _digest(f"{hearing}{manifest.read_text('utf-8')}")
    if (whole / INDEX).exists():
        return HeardWords(whole)
    whole.mkdir(parents=True, exist_ok=True)
    table = read_records(manifest, "manifest")[0]
    cut = {path: list(own) for path, own in groupby(stretches(table), key=lambda stretch: stretch.path)}
    frontend, augment = frontend.to(device).eval(), augment and augment.to(device)  # both may keep sounds and weights
    maker = _Hearer(table, manifest.parent.parent, frontend, augment, hearing, device)
    parts, rows, frames = [], [], []
    with Progress(len(cut) * hearing.views, "hearing", "files") as progress:
        for path, own in cut.items():
            order = np.concatenate([stretch.rows for stretch in own])
            ids = "".join(f"{row}\n" for row in table.take(pa.array(order)).to_pylist())
            for view in range(hearing.views):
                part = place / f"{_digest(path + ids)}-{view}.npz"
                if not part.exists():
                    heard = maker.hear(own, [hearing.seed, int(_digest(path), 16), view])
                    with written_whole(part) as partial, partial.open("wb") as file:
                        np.savez(file, frames=np.concatenate(heard), counts=[len(one) for one in heard])
                with np.load(part) as made:
                    frames.append(made["counts"])
                parts.append(part)
                rows += [(row, view) for row in order.tolist()]
                progress.advance(1)
    index, view_of = np.array(rows).T
    counts = np.concatenate(frames)
    begins = np.cumsum(counts) - counts
    kept = np.array([_trained_on(row, hearing.phrases) for row in table.select(["utt_id", "word"]).to_pylist()])[index]
    index, view_of = index[kept], view_of[kept]
    seconds = table["stop"].to_numpy() - table["start"].to_numpy()
    names = {name: table[name].take(pa.array(index)).to_pylist() for name in ("utt_id", "word", "speaker")}
    names["utt_id"] = [f"{name}~{view}" if view else name for name, view in zip(names["utt_id"], view_of, strict=True)]
    samples = np.round(seconds[index] * SAMPLE_RATE)
    write_heard_words(whole, names, samples, begins[kept], counts[kept], parts)
    return HeardWords(whole)


def _trained_on(row: dict[str, str], phrases: float) -> bool:
    """Whether a segment is a single word, or one of the share ``phrases`` of others, by its id."""
    return " " not in row["word"] or int(_digest(row["utt_id"])[:8], 16) < phrases * 2**32


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


class _Hearer:
    """Hears stretches of recordings."""

    def __init__(self, table: pa.Table, root: Path, frontend: Any, augment: Any, hearing: Hearing, device: Any):
        self.root, self.frontend, self.augment, self.hearing, self.device = root, frontend, augment, hearing, device
        self.starts, self.stops = (table[name].to_numpy() for name in ("start", "stop"))
        self.step = frontend.frames.stride * frontend.stream.hop  # samples

    @torch.no_grad()
    def hear(self, own: list[Stretch], seed: list[int]) -> list[np.ndarray]:
        """Frames (n, F) float16 of every row in ``own``, in their order."""
        rng = np.random.default_rng(seed)
        generator = torch.Generator(self.device).manual_seed(int(rng.integers(2**62)))
        order = np.argsort([stretch.stop - stretch.start for stretch in own], kind="stable").tolist()
        heard: dict[int, list[np.ndarray]] = {}
        for first in range(0, len(order), TOGETHER):
            some = order[first : first + TOGETHER]
            wav, lens = self._read([own[k] for k in some])
            given = lens
            if self.augment is not None:
                wav, lens = self.augment(wav, lens, generator)
            factors = (lens / given).tolist()
            found = self._hear_some([own[k] for k in some], wav, lens, factors, rng)
            heard.update(zip(some, found, strict=True))
        return [frames for k in range(len(own)) for frames in heard[k]]

    def _hear_some(
        self, some: list[Stretch], wav: Tensor, lens: Tensor, factors: list[float], rng: np.random.Generator
    ) -> list[list[np.ndarray]]:
        phases = rng.integers(0, self.step, len(some))
        frames = self._frames(wav, phases)
        found: list[list[np.ndarray]] = []
        for k, stretch in enumerate(some):
            own = []
            for row in stretch.rows.tolist():
                early, late = rng.uniform(-self.hearing.jitter / 3, self.hearing.jitter, 2)
                start = (self.starts[row] - stretch.start) * factors[k] - early
                stop = (self.stops[row] - stretch.start) * factors[k] + late
                size = int(lens[k])
                begin = max(0, min(round(start * SAMPLE_RATE), size - self.step))  # a step is there of the last, too
                end = min(size, round(stop * SAMPLE_RATE))
                if rng.random() < self.hearing.alone:
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
