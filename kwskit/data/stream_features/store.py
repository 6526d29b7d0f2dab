"""Features of words in the streams that their recordings are, several augmented times each."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch

from kwskit.data.store.layout import StoreError

FRAMES, INDEX = "frames.npy", "index.arrow"


class StreamFeatures:
    """What :func:`~kwskit.data.stream_features.make.make_stream_features` has made, drawn from like a packed store.

    The features are memory mapped.
    A segment of the manifest is as many rows as there are views of it; ``num_samples`` are those of the segment.

    Parameters
    ----------
    path : the folder

    Attributes
    ----------
    utt_ids : pyarrow large_string array (n,); of views after the first, ``utt_id~view``
    words, speakers : the vocabulary and the speakers, sorted
    word_ids, speaker_ids : (n,) int32, positions in ``words`` and ``speakers``
    num_samples, num_frames : (n,) int64

    Raises
    ------
    StoreError
        When the folder holds no complete set of features.
    """

    def __init__(self, path: str | Path):
        self.path = Path(path)
        try:
            index = pa.ipc.open_file(pa.memory_map(str(self.path / INDEX))).get_batch(0)
            self._frames = np.load(self.path / FRAMES, mmap_mode="r")
        except (OSError, EOFError, ValueError) as error:  # pyarrow's are ValueError
            raise StoreError(f"{self.path}: holds no features; remove it to make them anew ({error})") from error
        self.utt_ids: pa.LargeStringArray = index["utt_id"]
        self.words: list[str] = index["word"].dictionary.to_pylist()
        self.speakers: list[str] = index["speaker"].dictionary.to_pylist()
        self.word_ids: np.ndarray = index["word"].indices.to_numpy()
        self.speaker_ids: np.ndarray = index["speaker"].indices.to_numpy()
        self.num_samples: np.ndarray = index["num_samples"].to_numpy()
        self.num_frames: np.ndarray = index["num_frames"].to_numpy()
        self._begins: np.ndarray = index["begin"].to_numpy()
        if len(self._frames) < (self._begins + self.num_frames).max(initial=0):
            raise StoreError(f"{self.path}: {FRAMES} does not go with {INDEX}; remove the folder to make it anew")

    def __len__(self) -> int:
        return len(self.num_frames)

    def speech(self, rows: np.ndarray, max_samples: int | None = None) -> dict[str, Any]:
        """``feats`` (N, T, F) float32 and ``feat_lens`` of a :class:`~kwskit.batch.Batch`, whose ``wav`` is empty.

        Raises
        ------
        IndexError
            When a row does not exist.
        ValueError
            When segments are to be cut: their features are made already.
        """
        if max_samples is not None:
            raise ValueError(f"max_samples={max_samples}: the features were made of whole segments")
        lens = self.num_frames[rows]
        feats = np.zeros((len(rows), int(lens.max(initial=0)), self._frames.shape[1]), np.float32)
        for place, begin, count in zip(feats, self._begins[rows].tolist(), lens.tolist(), strict=True):
            place[:count] = self._frames[begin : begin + count]
        samples = torch.from_numpy(self.num_samples[rows])
        wav = torch.zeros(len(rows), 0)
        return {"wav": wav, "wav_lens": samples, "feats": torch.from_numpy(feats), "feat_lens": torch.from_numpy(lens)}


def write_stream_features(
    path: Path,
    columns: dict[str, Sequence[str]],
    num_samples: np.ndarray,
    begins: np.ndarray,
    num_frames: np.ndarray,
    parts: Sequence[Path],
) -> None:
    """Write the folder, its index last.

    Parameters
    ----------
    columns : utt_id, word and speaker, n each
    num_samples : (n,)
    begins, num_frames : (n,) first frame of each row, and their number, in the frames of all parts end to end
    parts : .npz files with ``frames`` (m, F) float16 and the ``counts`` of frames that they are made of
    """
    sizes = []
    for part in parts:
        with np.load(part) as made:
            sizes.append(int(made["counts"].sum()))
            width = made["frames"].shape[1]
    frames = np.lib.format.open_memmap(path / FRAMES, "w+", np.float16, (sum(sizes), width))
    at = 0
    for part, size in zip(parts, sizes, strict=True):
        with np.load(part) as made:
            frames[at : at + size] = made["frames"]
        at += size
    frames.flush()
    coded = {name: _dictionary(columns[name]) for name in ("word", "speaker")}
    batch = pa.record_batch(
        {
            "utt_id": pa.array(columns["utt_id"], pa.large_string()),
            **coded,
            "num_samples": num_samples.astype(np.int64),
            "begin": begins.astype(np.int64),
            "num_frames": num_frames.astype(np.int64),
        }
    )
    with pa.OSFile(str(path / f".{INDEX}"), "wb") as sink, pa.ipc.new_file(sink, batch.schema) as writer:
        writer.write_batch(batch)
    (path / f".{INDEX}").replace(path / INDEX)


def _dictionary(values: Sequence[str]) -> pa.DictionaryArray:
    """Dictionary encoded, the dictionary sorted."""
    names, ids = np.unique(np.asarray(values, dtype=object), return_inverse=True)
    return pa.DictionaryArray.from_arrays(pa.array(ids.astype(np.int32)), pa.array(names, pa.string()))
