"""livekit-wakeword's models behind the benchmarks' face."""

from collections import deque
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime
from livekit.wakeword import WakeWordModel
from numpy.typing import NDArray

from spotters.spotter_face import KeywordDetection

FRAME = 1280  # samples between embeddings
LISTENED = 25 * FRAME  # what its listener hands its model every frame: two seconds
MEL_WINDOW, MEL_STRIDE = 76, 8  # of an embedding
MEL_CONTEXT = 480  # samples before a frame that its mel features look at
EMBEDDINGS = 16  # that a head looks at
THRESHOLD = 2.0  # no score is so high: random heads tell nothing


class LiveKitSpotter:
    """The package's mel and embedding models and a head for each keyword.

    It ships no head, and trains one for each wake word for hours; these have its default architecture and random
    weights, so that they cost what its own cost, and hear nothing.

    Parameters
    ----------
    keywords : names of the heads
    head : ONNX file of a head (:func:`write_head`), loaded once for each
    once : compute each embedding once, as its listener does not: it hands the last two seconds to a model without
        memory every 80 ms
    """

    _waiting: NDArray[np.int16]  # samples that are no frame yet

    def __init__(self, keywords: Sequence[str], head: str, once: bool = False):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._model = WakeWordModel(sess_options=options)
        for keyword in keywords:
            self._model.load_model(head, keyword, options)
        self._once = once
        self._reset()

    def push(self, pcm: NDArray[np.int16]) -> Sequence[KeywordDetection]:
        self._waiting = np.concatenate([self._waiting, pcm])
        result: list[KeywordDetection] = []
        while len(self._waiting) >= FRAME:
            frame, self._waiting = self._waiting[:FRAME], self._waiting[FRAME:]
            self._seconds += FRAME / 16_000
            result += self._detections(self._one(frame) if self._once else self._listened(frame))
        return result

    def finish(self) -> Sequence[KeywordDetection]:
        self._reset()
        return []

    def whole(self, pcm: NDArray[np.int16]) -> Sequence[KeywordDetection]:
        mel = self._model._mel_frontend(pcm.astype(np.float32) / 32768)
        found = self._model._speech_embedding.extract_embeddings(mel, MEL_WINDOW, MEL_STRIDE)[0]
        if len(found) < EMBEDDINGS:
            return []
        windows = np.lib.stride_tricks.sliding_window_view(found, EMBEDDINGS, 0).transpose(0, 2, 1)
        result: list[KeywordDetection] = []
        for name, (session, given) in self._model._classifiers.items():
            scores = session.run(None, {given: np.ascontiguousarray(windows, np.float32)})[0][:, 0]
            result += [
                KeywordDetection(name, k * 0.08, k * 0.08 + 2, float(scores[k]))
                for k in np.flatnonzero(scores > THRESHOLD)
            ]
        return result

    def _reset(self) -> None:
        self._seconds = 0.0
        self._waiting = np.zeros(0, np.int16)
        self._frames: deque[NDArray[np.int16]] = deque(maxlen=LISTENED // FRAME)
        self._tail = np.zeros(MEL_CONTEXT, np.int16)
        self._mel = np.zeros((0, 32), np.float32)
        self._embeddings: deque[NDArray[np.float32]] = deque(maxlen=EMBEDDINGS)

    def _listened(self, frame: NDArray[np.int16]) -> dict[str, float]:
        self._frames.append(frame)
        return self._model.predict(np.concatenate(self._frames)) if len(self._frames) == LISTENED // FRAME else {}

    def _one(self, frame: NDArray[np.int16]) -> dict[str, float]:
        sound = np.concatenate([self._tail, frame])
        self._tail = sound[-MEL_CONTEXT:]
        mel = self._model._mel_frontend(sound.astype(np.float32) / 32768)[0][-MEL_STRIDE:]
        self._mel = np.concatenate([self._mel, mel])[-MEL_WINDOW:]
        if len(self._mel) < MEL_WINDOW:
            return {}
        self._embeddings.append(self._model._speech_embedding(self._mel[None])[0])
        if len(self._embeddings) < EMBEDDINGS:
            return {}
        heard = np.stack(self._embeddings)[None]
        return {
            name: float(session.run(None, {given: heard})[0][0, 0])
            for name, (session, given) in self._model._classifiers.items()
        }

    def _detections(self, scores: dict[str, float]) -> list[KeywordDetection]:
        stop = self._seconds
        return [KeywordDetection(name, stop - 2, stop, score) for name, score in scores.items() if score > THRESHOLD]


def write_head(path: Path) -> None:
    """Write a head of the package's default architecture, with random weights, as the package exports one.

    Raises
    ------
    ImportError
        Without what the package's training needs of other packages: pydantic, PyYAML, torch, onnxscript.
    """
    import torch
    from livekit.wakeword.config import ModelConfig
    from livekit.wakeword.models.classifier import build_classifier

    torch.manual_seed(0)
    config = ModelConfig()
    head = build_classifier(config.model_type, config.model_size).eval()
    axes = {"embeddings": {0: "batch"}, "score": {0: "batch"}}
    torch.onnx.export(
        head,
        (torch.randn(2, EMBEDDINGS, 96),),
        str(path),
        opset_version=18,
        input_names=["embeddings"],
        output_names=["score"],
        dynamic_axes=axes,
        verbose=False,
    )
