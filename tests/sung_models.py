"""Models without weights, for tests: one hears tones, one makes frames that can be written down by hand."""

import numpy as np
import pytest

from kwskit.stream_shape import StreamShape
from kwskit.text.phoneme_tokenizer import PhonemeTokenizer
from kwskit.text.pronunciation import WORD_BOUNDARY

RATE = 16_000


class SungModel:
    """A model without weights: every phoneme is a tone, and an embedding is how loud each tone is.

    ``say`` speaks its language. With ``stream`` it makes frames of 80 ms, each the loudness of the tones in it.
    """

    name, digest, seconds_a_phoneme, blank = "sung", "5019", 0.09, None

    def __init__(self, streaming=False):
        self.tokenizer = PhonemeTokenizer(stress=False)
        self.dim = self.tokenizer.size
        self.stream = StreamShape(640, 640, None, 2, 0, 1, self.dim, silence=0.0) if streaming else None
        self._hertz = 300 + 60 * np.arange(self.dim)
        self._waves = {}  # by number of samples

    def say(self, text, seed=0):
        """(samples,) int16 of the first pronunciation of ``text``."""
        time = np.arange(round(self.seconds_a_phoneme * RATE)) / RATE
        (ids, *_) = self.tokenizer.encode(text)
        tones = np.concatenate([np.sin(2 * np.pi * self._hertz[one] * time) for one in ids])
        noise = np.random.default_rng(seed).normal(0, 60, len(tones))
        return (6000 * tones + noise).astype(np.int16)

    def stream_of(self, *texts, pause=0.5, seed=0):
        """(samples,) int16 of several texts with pauses and noise, and (text, start, stop) in seconds."""
        rng = np.random.default_rng(seed)
        pieces, said, at = [], [], 0
        for text in texts:
            for piece in (rng.normal(0, 60, round(pause * RATE)).astype(np.int16), self.say(text, seed)):
                pieces.append(piece)
                at += len(piece)
            said.append((text, (at - len(pieces[-1])) / RATE, at / RATE))
        return np.concatenate([*pieces, pieces[0]]), said

    def embed_windows(self, pcm):
        return unit(self._loudness(pcm))

    def embed_tokens(self, tokens):
        return unit(np.array([np.bincount(ids, minlength=self.dim) for ids in tokens]).reshape(-1, self.dim))

    def features(self, pcm):
        return self._loudness(pcm[: len(pcm) // 640 * 640].reshape(-1, 640))

    def frames(self, features):
        return features.reshape(-1, 2, self.dim).mean(1)

    def embed_frames(self, frames):
        return unit(frames.mean(1))

    def _loudness(self, pcm):
        size = pcm.shape[1]
        if size not in self._waves:
            waves = np.outer(np.arange(size) / RATE, 2 * np.pi * self._hertz)
            self._waves[size] = np.cos(waves).astype(np.float32), np.sin(waves).astype(np.float32)
        real, imaginary = (pcm.astype(np.float32) @ waves for waves in self._waves[size])
        return np.hypot(real, imaginary) / size


class PhonemeSungModel(SungModel):
    """One that also hears phonemes: its frames are of 40 ms, and the loudest tone in one is its likeliest phoneme."""

    digest = "5020"

    def __init__(self):
        super().__init__()
        self.stream = StreamShape(640, 640, None, 1, 0, 1, self.dim, silence=0.0)
        self.blank = self.dim
        self._boundary = self.tokenizer.symbols.index(WORD_BOUNDARY)  # nobody hears it

    def frames(self, features):
        return features

    def log_probs(self, frames):
        logits = np.pad(frames / 400, ((0, 0), (0, 1)), constant_values=3)
        logits[:, self._boundary] = 0
        return (logits - np.logaddexp.reduce(logits, 1, keepdims=True)).astype(np.float32)


def unit(rows):
    rows = rows - rows.mean(1, keepdims=True)
    return (rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)).astype(np.float32)


@pytest.fixture(scope="session")
def sung_model():
    """The model that hears tones, and needs whole windows."""
    return SungModel()


@pytest.fixture(scope="session")
def streaming_sung_model():
    """The model that hears tones, and can stream."""
    return SungModel(streaming=True)


@pytest.fixture(scope="session")
def phoneme_sung_model():
    """The model that hears tones, can stream, and knows phonemes by them."""
    return PhonemeSungModel()


class CountingModel:
    """Two features of each 40 samples, 16 apart: the first sample and the sum; frames of weighted sums of features."""

    name, digest, dim, tokenizer, blank = "counting", "0", 3, None, None

    def __init__(self, **shape):
        facts = {"floor": None, "stride": 4, "past": 6, "per_step": 2, "size": 3, "ahead": 0, "silence": -2.0}
        self.stream = StreamShape(40, 16, **(facts | shape))
        reach = self.stream.past + self.stream.stride + self.stream.ahead
        self.weights = np.random.default_rng(0).normal(size=(reach, 2, self.stream.per_step * self.stream.size))
        self.heard = 0  # features asked for

    def features(self, pcm):
        count = (len(pcm) - 40) // 16 + 1
        assert len(pcm) == (count - 1) * 16 + 40
        self.heard += count
        starts = np.arange(count) * 16
        return np.stack([pcm[starts], [pcm[s : s + 40].sum() for s in starts]], 1).astype(np.float32) / 1000

    def frames(self, features):
        shape = self.stream
        steps, rest = divmod(len(features) - shape.past - shape.ahead, shape.stride)
        assert rest == 0
        seen = [features[k * shape.stride :][: len(self.weights)] for k in range(steps)]
        found = np.einsum("ktf,tfd->kd", np.stack(seen), self.weights)
        return found.reshape(steps * shape.per_step, shape.size).astype(np.float32)

    def embed_frames(self, frames):
        ramp = np.arange(1, frames.shape[1] + 1)[:, None]
        return (frames * ramp).sum(1).astype(np.float32)


@pytest.fixture(scope="session")
def counting_model():
    """``counting_model(**shape)`` is a model that streams and whose frames can be written down by hand."""
    return CountingModel
