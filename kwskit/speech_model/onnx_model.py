"""An exported model, run by onnxruntime: no torch."""

import os
from collections.abc import Sequence
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kwskit.errors import ModelError
from kwskit.speech_model.onnx_manifest import OnnxManifest
from kwskit.speech_model.onnx_session import first_line, onnx_session
from kwskit.speech_model.package_network import PackageNetwork
from kwskit.stream_shape import StreamShape

AUDIO, TEXT, FEATURES, FRAMES, POOL = "audio.onnx", "text.onnx", "features.onnx", "frames.onnx", "pool.onnx"
PHONEMES = "phonemes.onnx"
# Two seconds at once stay in the processor's caches: more are slower, up to three times with the speech embedding.
SAMPLES_AT_ONCE = 32_000
TEXTS_AT_ONCE = 256


class OnnxModel:
    """A :class:`~kwskit.speech_model.speech_model.SpeechModel` of a directory that ``kwskit export`` has written.

    Parameters
    ----------
    directory : of the model
    threads : that compute one result together; one is best where many results are computed side by side

    Raises
    ------
    ModelError
        When a file of the directory is missing, damaged, or no such file. Graphs are loaded when they are first used.
    """

    def __init__(self, directory: str | Path, threads: int = 1):
        self.directory = Path(directory)
        self.manifest = manifest = OnnxManifest.read(self.directory)
        self.name, self.digest, self.dim = manifest.name, manifest.digest, manifest.dim
        self.stream: StreamShape | None = manifest.stream
        self.blank: int | None = manifest.blank
        self._network = None if manifest.network is None else PackageNetwork(threads)
        made = {TEXT} if manifest.composed else {TEXT, AUDIO}
        made |= set() if self.stream is None else {FEATURES, POOL}
        made |= set() if self.stream is None or self._network else {FRAMES}
        made |= set() if self.blank is None else {PHONEMES}
        for name in made | set(manifest.files):
            manifest.content(self.directory, name)
        self.tokenizer = manifest.built_tokenizer(self.directory)
        self._threads = threads
        # A session keeps the memory of as many results as were ever computed at once: more than cores gain nothing.
        self._turns = BoundedSemaphore(os.cpu_count() or 1)
        self._sessions: dict[str, Any] = {}

    def embed_windows(self, pcm: NDArray[np.int16]) -> NDArray[np.float32]:
        few = max(1, SAMPLES_AT_ONCE // max(1, pcm.shape[1]))
        lens = np.full(few, pcm.shape[1], np.int64)
        parts = [pcm[at : at + few] for at in range(0, len(pcm), few)]
        return self._joined([self.embed_speech(_samples(part), lens[: len(part)]) for part in parts])

    def embed_speech(self, wav: NDArray[np.float32], lens: NDArray[np.int64]) -> NDArray[np.float32]:
        """Unit embeddings (N, dim) of recordings (N, samples) in [-1, 1] at 16 kHz, of which ``lens`` (N,) count."""
        if not self.manifest.composed:
            return self._run(AUDIO, wav, lens)
        return self._joined([self._embed_word(one[:size]) for one, size in zip(wav, lens.tolist(), strict=True)])

    def _embed_word(self, wav: NDArray[np.float32]) -> NDArray[np.float32]:
        """(1, dim) of samples (S,): the frames of the word with silence around it, pooled."""
        shape = self.stream
        assert shape is not None
        wav = np.pad(wav, (0, max(0, shape.window - len(wav))))
        mels = self._run(FEATURES, wav[None])
        silence = mels.max() - np.float32(shape.floor or 0)
        after = -len(mels) % (shape.stride * shape.span) + shape.ahead - shape.stride * (shape.span - 1)
        around = np.pad(np.maximum(mels, silence), ((shape.past, after), (0, 0)), constant_values=silence)
        return self.embed_frames(self.frames(around)[None, :: shape.span])

    def embed_tokens(self, tokens: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        # Texts of like length together pad little.
        order = sorted(range(len(tokens)), key=lambda row: len(tokens[row]))
        found = np.zeros((len(tokens), self.dim), np.float32)
        for at in range(0, len(order), TEXTS_AT_ONCE):
            rows = order[at : at + TEXTS_AT_ONCE]
            lens = np.array([len(tokens[row]) for row in rows], np.int64)
            ids = np.zeros((len(rows), lens[-1]), np.int64)
            for place, row in zip(ids, rows, strict=True):
                place[: len(tokens[row])] = tokens[row]
            found[rows] = self._run(TEXT, ids, lens)
        return found

    def features(self, pcm: NDArray[np.int16]) -> NDArray[np.float32]:
        return self._run(FEATURES, _samples(pcm)[None])

    def frames(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        if self._network is None:
            return self._run(FRAMES, features[None])
        with self._turns:
            return self._network.frames(features)

    def embed_frames(self, frames: NDArray[np.float32]) -> NDArray[np.float32]:
        return self._run(POOL, frames) if len(frames) else self._joined([])

    def log_probs(self, frames: NDArray[np.float32]) -> NDArray[np.float32]:
        found = self._run(PHONEMES, frames)
        least = 1 + max(self.blank or 0, self.tokenizer.size - 1)
        if found.ndim != 2 or len(found) != len(frames) or found.shape[1] < least:
            raise ModelError(
                f"{self.directory / PHONEMES}: gives {found.shape} of {len(frames)} frames, not one row for each of "
                f"{least} symbols or more"
            )
        return found

    def _run(self, name: str, *inputs: NDArray[Any]) -> NDArray[np.float32]:
        if name not in self._sessions:
            content = self.manifest.content(self.directory, name)
            self._sessions[name] = onnx_session(content, self._threads, self.directory / name, self.directory)
        session = self._sessions[name]
        try:
            names = [needed.name for needed in session.get_inputs()]
            with self._turns:
                found = session.run(None, dict(zip(names, inputs, strict=True)))[0]
        except Exception as error:  # onnxruntime's own errors share no other base
            raise ModelError(f"{self.directory / name}: onnxruntime cannot run it: {first_line(error)}") from error
        if name in (AUDIO, TEXT, POOL) and np.shape(found)[-1:] != (self.dim,):
            raise ModelError(f"{self.directory / name}: gives embeddings of {np.shape(found)[-1:]}, not of {self.dim}")
        if not (isinstance(found, np.ndarray) and found.dtype == np.float32 and np.isfinite(found).all()):
            raise ModelError(f"{self.directory / name}: what it gives is not finite; is the model damaged?")
        return found

    def _joined(self, parts: list[NDArray[np.float32]]) -> NDArray[np.float32]:
        return np.concatenate([np.zeros((0, self.dim), np.float32), *parts])


def _samples(pcm: NDArray[np.int16]) -> NDArray[np.float32]:
    return pcm.astype(np.float32) * np.float32(1 / 32768)
