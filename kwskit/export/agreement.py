"""How far an exported model agrees with the model that it was made of."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kwskit.errors import ExportError
from kwskit.speech_model.frame_stream import FrameStream
from kwskit.speech_model.onnx_model import OnnxModel
from kwskit.speech_model.torch_model import TorchModel
from kwskit.spotting.cohort import cohort_words

WORDS = 100
BATCH = 8
LEAST = {"float32": 0.9999, "int8": 0.99}


class Agreement(NamedTuple):
    """Cosines of what two models make of the same: the worst, the mean, and of how many."""

    worst: float
    mean: float
    number: int

    @classmethod
    def of(cls, expected: NDArray[np.floating], found: NDArray[np.floating]) -> "Agreement":
        """Of unit embeddings (N, dim) each; NaN counts as the opposite."""
        cosines = np.nan_to_num((expected.astype(np.float64) * found).sum(1), nan=-1.0)
        return cls(float(cosines.min()), float(cosines.mean()), len(cosines))

    def __str__(self) -> str:
        return f"worst cosine {_cut(self.worst)}, mean {_cut(self.mean)} of {self.number:,}"


class Comparison:
    """What a model makes of clips and words, to be compared with what others make of them.

    Parameters
    ----------
    model : the model
    clips : (samples,) int16 at 16 kHz each
    """

    def __init__(self, model: TorchModel, clips: Sequence[NDArray[np.int16]]):
        self._clips = clips
        words = cohort_words(WORDS)
        self._tokens = [ids for word in words for ids in model.tokenizer.encode(word)]
        self._speech = _alone(model, clips)
        self._text = model.embed_tokens(self._tokens)
        self._streams = None if model.stream is None else _streamed(model, clips)
        self._frames = None if model.blank is None else np.concatenate([_frames(model, clip) for clip in clips])
        self._phonemes = None if self._frames is None else _phonemes(model, self._frames)

    def speech(self, exported: OnnxModel) -> Agreement:
        """Of every clip by itself."""
        return Agreement.of(self._speech, _alone(exported, self._clips))

    def all(self, exported: OnnxModel) -> dict[str, Agreement]:
        """Of speech, each clip by itself and in padded batches; of text, in either way; of streams where there are.

        And of the phonemes of the model's own frames, where it hears any: the Bhattacharyya coefficients of their
        probabilities.
        """
        by_itself = np.concatenate([exported.embed_tokens([ids]) for ids in self._tokens])
        found = {
            "speech": self.speech(exported),
            "speech, padded": Agreement.of(self._speech, _padded(exported, self._clips)),
            "text": Agreement.of(self._text, by_itself),
            "text, padded": Agreement.of(self._text, exported.embed_tokens(self._tokens)),
        }
        if self._streams is not None:
            found["streams"] = Agreement.of(self._streams, _streamed(exported, self._clips))
        if self._frames is not None and self._phonemes is not None:
            found["phonemes"] = Agreement.of(self._phonemes, _phonemes(exported, self._frames))
        return found


def check(found: dict[str, Agreement], precision: str) -> None:
    """See that all agree as ``precision`` must.

    Raises
    ------
    ExportError
        When one does not; the message has its figures.
    """
    least = LEAST[precision]
    for name, agreement in found.items():
        if agreement.worst < least:
            raise ExportError(
                f"the {precision} model does not do what the model does: {name}: {agreement}; at least {least} is "
                "asked of the worst; nothing was exported"
            )


def _alone(model: Any, clips: Sequence[NDArray[np.int16]]) -> NDArray[np.float32]:
    return np.concatenate([model.embed_windows(clip[None]) for clip in clips])


def _padded(exported: OnnxModel, clips: Sequence[NDArray[np.int16]]) -> NDArray[np.float32]:
    found = []
    for at in range(0, len(clips), BATCH):
        few = clips[at : at + BATCH]
        lens = np.array([len(clip) for clip in few])
        wav = np.full((len(few), lens.max()), 0.5, np.float32)  # what is padded must not be heard
        for row, clip in zip(wav, few, strict=True):
            row[: len(clip)] = clip / np.float32(32768)
        found.append(exported.embed_speech(wav, lens))
    return np.concatenate(found)


def _streamed(model: Any, clips: Sequence[NDArray[np.int16]]) -> NDArray[np.float32]:
    return np.concatenate([model.embed_frames(_frames(model, clip)[None, :: model.stream.span]) for clip in clips])


def _frames(model: Any, clip: NDArray[np.int16]) -> NDArray[np.float32]:
    stream = FrameStream(model)
    return np.concatenate([stream.push(clip), stream.finish()])


def _phonemes(model: Any, frames: NDArray[np.float32]) -> NDArray[np.floating]:
    """Roots of the probabilities, whose rows are of length 1."""
    return np.exp(model.log_probs(frames) / 2)


def _cut(cosine: float) -> str:
    """Six digits, cut rather than rounded, so that what falls short of a limit also looks so."""
    return f"{np.floor(cosine * 1e6) / 1e6:.6f}"
