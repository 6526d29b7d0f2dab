"""Searching with systems that judge pairs."""

import numpy as np
import pytest
import torch

from kwskit.data.store.packed_store import PackedStore
from kwskit.hparams import build_hparams
from kwskit.search.search_settings import SearchSettings
from kwskit.search.system_queries import SpokenQueries, TypedQueries, keeps_one_embedding
from kwskit.spotting.cohort import cohort_words
from kwskit.spotting.peak_picker import Peaks
from tests.search.search_models import RATE, searching


class Frames(torch.nn.Module):
    """Keeps frames, and scores a pair by the mean of the first one's."""

    def __init__(self):
        super().__init__()
        self.nothing = torch.nn.Parameter(torch.zeros(1))

    def encode_audio(self, wav, wav_lens):
        from kwskit.batch import Encoded

        return Encoded(wav.unfold(1, 400, 400), wav_lens // 400)


def test_systems_that_judge_pairs_take_no_spoken_queries(mini_corpus):
    assert not keeps_one_embedding(Frames())
    with pytest.raises(ValueError, match="Frames judges speech against text"):
        SpokenQueries(Frames(), PackedStore.open(mini_corpus / "store/test"), ["test-tiger-1"])


PAIRS = """\
tokenizer: !tokenizer:phoneme {stress: true}
system: !system:pair_matcher
  frontend: !frontend:log_mel {num_mels: 40}
  acoustic_encoder: !encoder:ecapa {channels: 16, mfa_channels: 24, dim: 12, scale: 4}
  text_encoder: !text_encoder:bilstm {num_tokens: 75, embedding_dim: 8, hidden: 8, layers: 1, dim: 12}
  aligner: !aligner:cross_attention {dim: 12}
  matcher: !matcher:attention_gru {dim: 12, hidden: 9}
"""


def test_systems_that_judge_pairs_search_for_typed_words(recording):
    """Scores are those of single pairs, over the deviation of 20 other words."""
    torch.manual_seed(1)
    parts = build_hparams(PAIRS, "pairs.yaml")
    system, tokenizer = parts["system"].eval(), parts["tokenizer"]
    pcm = recording[0][:RATE]
    settings = SearchSettings((0.5,), overlap=0.0, refractory=0.0)
    stream = searching(system, TypedQueries(system, tokenizer, ["tiger"]), settings)
    peaks = Peaks.join([stream.push(pcm), stream.finish()])
    assert sorted(peaks.start.tolist()) == [0.0, 0.5]

    def judged(wav, text):
        found = []
        for ids in tokenizer.encode(text):
            with torch.inference_mode():
                heard = system.encode_audio(torch.tensor(wav)[None], torch.tensor([len(wav)]))
                typed = system.encode_text(torch.tensor([ids]), torch.tensor([len(ids)]))
                found.append(float(system.compare(heard, typed)[0]))
        return max(found)

    for start, score in zip(peaks.start, peaks.score, strict=True):
        wav = pcm[round(start * RATE) :][: RATE // 2].astype(np.float32) / 32768
        others = [judged(wav, word) for word in cohort_words(20, ["tiger"])]
        assert score == pytest.approx((judged(wav, "tiger") - np.mean(others)) / np.std(others), abs=1e-2)
