"""Features of words in the stream that their recordings are, augmented, made once before training (ours)."""

import hashlib
import json
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from torch import nn

from kwskit.atomic_write import atomic_write
from kwskit.constants import SAMPLE_RATE
from kwskit.data.progress import Progress
from kwskit.data.records import read_records
from kwskit.data.stream_features.maker import StreamFeatureMaker
from kwskit.data.stream_features.settings import StreamFeatureSettings
from kwskit.data.stream_features.store import INDEX, StreamFeatures, write_stream_features
from kwskit.data.stream_features.stretches import stretches


def make_stream_features(
    manifest: Path,
    folder: Path,
    frontend: Any,
    augment: nn.Module | None,
    settings: StreamFeatureSettings,
    description: str,
    device: Any,
) -> StreamFeatures:
    """Features of the words of ``manifest``, made now or found in a folder of ``folder`` named after what made them.

    Stretches of the recordings are augmented as a whole, and the front end runs over them as over a stream, at a
    random phase of its steps. Every recording is worked on by itself: what an interrupted run, or one with another
    manifest, has made already is kept.

    Parameters
    ----------
    manifest : of segments in longer recordings; paths are relative to its folder's parent
    frontend : with ``stream``, ``frames``, ``stream_features`` and ``stream_frames``
    augment : waveform augmentation ``(wav, lens, generator) -> (wav, lens)``, or None
    settings : how many views there are of each word, and how they are cut
    description : description of ``frontend`` and ``augment``, as text: it becomes part of the folder's name
    device : device of torch that features are made on

    Raises
    ------
    AudioError
        When a recording cannot be read.
    kwskit.data.records.RecordError
        When the manifest cannot.
    """
    # What changes no recording's features is left out: more views are made beside those that are there.
    facts = {name: value for name, value in asdict(settings).items() if name not in ("views", "phrases")}
    place = folder / _digest(json.dumps(facts) + description)
    whole = place / _digest(f"{settings}{manifest.read_text('utf-8')}")
    if (whole / INDEX).exists():
        return StreamFeatures(whole)
    whole.mkdir(parents=True, exist_ok=True)
    table = read_records(manifest, "manifest")[0]
    cut = {path: list(own) for path, own in groupby(stretches(table), key=lambda stretch: stretch.path)}
    frontend, augment = frontend.to(device).eval(), augment and augment.to(device)  # both may keep sounds and weights
    maker = StreamFeatureMaker(table, manifest.parent.parent, frontend, augment, settings, device)
    parts, rows, frames = [], [], []
    with Progress(len(cut) * settings.views, "hearing", "files") as progress:
        for path, own in cut.items():
            order = np.concatenate([stretch.rows for stretch in own])
            ids = "".join(f"{row}\n" for row in table.take(pa.array(order)).to_pylist())
            for view in range(settings.views):
                part = place / f"{_digest(path + ids)}-{view}.npz"
                if not part.exists():
                    features = maker.features(own, [settings.seed, int(_digest(path), 16), view])
                    with atomic_write(part) as partial, partial.open("wb") as file:
                        np.savez(file, frames=np.concatenate(features), counts=[len(one) for one in features])
                with np.load(part) as made:
                    frames.append(made["counts"])
                parts.append(part)
                rows += [(row, view) for row in order.tolist()]
                progress.advance(1)
    index, view_of = np.array(rows).T
    counts = np.concatenate(frames)
    begins = np.cumsum(counts) - counts
    kept = np.array([_trained_on(row, settings.phrases) for row in table.select(["utt_id", "word"]).to_pylist()])[index]
    index, view_of = index[kept], view_of[kept]
    seconds = table["stop"].to_numpy() - table["start"].to_numpy()
    names = {name: table[name].take(pa.array(index)).to_pylist() for name in ("utt_id", "word", "speaker")}
    names["utt_id"] = [f"{name}~{view}" if view else name for name, view in zip(names["utt_id"], view_of, strict=True)]
    samples = np.round(seconds[index] * SAMPLE_RATE)
    write_stream_features(whole, names, samples, begins[kept], counts[kept], parts)
    return StreamFeatures(whole)


def _trained_on(row: dict[str, str], phrases: float) -> bool:
    """Whether a segment is a single word, or one of the share ``phrases`` of others, by its id."""
    return " " not in row["word"] or int(_digest(row["utt_id"])[:8], 16) < phrases * 2**32


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]
