import numpy as np
import pyarrow as pa
import pytest
import torch
from torch import nn

from kwskit.batch import Encoded
from kwskit.data.store.packed_store import PackedStore
from kwskit.search.stream_scorer import StreamScorer
from kwskit.systems.system import System

RATE = 16_000


class LoudestSystem(System):
    """Hears the energy of a window and the number of its samples; a text is its tokens' sum, taken as a factor."""

    def __init__(self):
        super().__init__()
        self.dim = 2
        self.losses = nn.ModuleDict()
        self.nothing = nn.Parameter(torch.zeros(1))

    def encode_audio(self, wav, wav_lens):
        heard = torch.stack([wav.square().sum(1), wav_lens.float()], dim=1)
        return Encoded(heard[:, None], torch.ones_like(wav_lens))

    def encode_text(self, tokens, token_lens):
        total = tokens.sum(1).float()
        return Encoded(torch.stack([total, 0 * total], dim=1)[:, None], torch.ones_like(token_lens))

    def compare(self, audio, text):
        return (audio.frames * text.frames).sum((1, 2))


class Letters:
    """Two pronunciations of a word: of its letters, and of its first one."""

    def encode(self, text):
        ids = [ord(letter) - 96 for letter in text]
        return [ids, ids[:1]]


@pytest.fixture
def trials(mini_corpus):
    store = PackedStore.open(mini_corpus / "store/test")
    ids = store.utt_ids.to_pylist()
    streams = [f"{ids[0]} {ids[5]} {ids[9]}", ids[3]]
    table = pa.table({"enrol_text": ["cab", "a", "cab"], "utt_id": [streams[0], streams[1], streams[1]]})
    return store, table


@pytest.mark.parametrize("seconds", [0.1, 0.25, 9.0])
def test_by_a_loop_over_windows(trials, seconds):
    store, table = trials
    found = StreamScorer(store, table, Letters(), seconds, pause=0.1).scores(LoudestSystem())
    expected = []
    for text, stream in zip(*(table[name].to_pylist() for name in ("enrol_text", "utt_id")), strict=True):
        pieces = []
        for utt in stream.split():
            pieces += [np.zeros(RATE // 10)] * bool(pieces) + [store.read(store.index_of(utt)) / 32768]
        wav, size = np.concatenate(pieces), round(seconds * RATE)
        last = max(0, len(wav) - size)
        starts = [*range(0, last, size // 2), last]
        energy = max((wav[start : start + size] ** 2).sum() for start in starts)
        expected.append(energy * max(sum(ids) for ids in Letters().encode(text)))
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_a_window_has_a_length(trials):
    with pytest.raises(ValueError, match="longer than 0 s"):
        StreamScorer(*trials, Letters(), 0.0, 0.1)
