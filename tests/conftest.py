"""A miniature corpus that every test may train on: words sung as chords, one chord a phoneme."""

import hashlib
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import soundfile
import torch

from kwskit.data.packing import pack_manifest
from kwskit.evaluation.trials import wsj_trials
from kwskit.records import write_records
from kwskit.stages.train import train
from kwskit.text.g2p import G2P

# Several threads wait for each other where the machine is busy: small tensors are faster on one.
torch.set_num_threads(1)

SAMPLE_RATE = 16_000
TRAIN_WORDS = [
    "banana",
    "kitten",
    "window",
    "marble",
    "forest",
    "silver",
    "pencil",
    "garden",
    "thunder",
    "velvet",
    "orange",
    "simple",
]
DEV_WORDS = ["rocket", "lemon", "castle", "harbor"]
TEST_WORDS = ["tiger", "button", "meadow", "copper"]


def sing(word: str, speaker: int, take: int) -> np.ndarray:
    """(samples,) float32: 60 ms of two partials for each phoneme of ``word``, in the speaker's pitch."""
    rng = np.random.default_rng([speaker, take, *word.encode()])
    time = np.arange(int(0.06 * SAMPLE_RATE)) / SAMPLE_RATE
    chords = []
    for phoneme in G2P().pronunciations(word)[0]:
        seed = int.from_bytes(hashlib.sha256(phoneme.encode()).digest()[:4], "little")
        low, high = np.random.default_rng(seed).uniform([200, 1200], [1100, 3500]) * (1 + 0.04 * speaker)
        chords.append(np.sin(2 * np.pi * low * time) + np.sin(2 * np.pi * high * time))
    return (0.2 * np.concatenate(chords) + 0.01 * rng.standard_normal(len(time) * len(chords))).astype(np.float32)


@pytest.fixture(scope="session", name="sing")
def sing_fixture():
    """The singer, for tests that need more words."""
    return sing


@pytest.fixture(scope="session")
def mini_corpus(tmp_path_factory) -> Path:
    """A corpus folder with audio, manifests, trials and packed stores: train, dev and test."""
    data = tmp_path_factory.mktemp("corpus")
    (data / "audio").mkdir()
    for split, words in {"train": TRAIN_WORDS, "dev": DEV_WORDS, "test": TEST_WORDS}.items():
        rows = []
        for word in words:
            for speaker in range(4):
                path = f"audio/{split}_{word}_{speaker}.wav"
                wav = sing(word, speaker, take=0)
                soundfile.write(data / path, wav, SAMPLE_RATE)
                utt_id = f"{split}-{word}-{speaker}"
                rows.append((utt_id, path, 0.0, len(wav) / SAMPLE_RATE, word, f"s{speaker}", split))
        names = ("utt_id", "path", "start", "stop", "word", "speaker", "split")
        table = pa.table({name: list(column) for name, column in zip(names, zip(*rows, strict=True), strict=True)})
        write_records(data / "manifests" / f"{split}.tsv", "manifest", table)
        pack_manifest(data / "manifests" / f"{split}.tsv", data / "store" / split, workers=1, progress=False)
        if split != "train":
            trials = wsj_trials(table["utt_id"].to_pylist(), table["word"].to_pylist(), seed=1)
            write_records(data / "trials" / f"{split}_wsj.tsv", "trials", trials, {"protocol": "wsj", "seed": 1})
    return data


TINY = """\
seed: 7
tokenizer: !tokenizer:phoneme {stress: true}
system: !system:dual_encoder
  frontend: !frontend:log_mel {num_mels: 40}
  acoustic_encoder: !encoder:ecapa {channels: 16, mfa_channels: 24, dim: 16, scale: 4}
  audio_pooler: !pooler:ccsp {in_dim: 16, dim: 16}
  text_encoder: !text_encoder:bilstm {num_tokens: 75, embedding_dim: 8, hidden: 8, layers: 1, dim: 16}
  text_pooler: !pooler:mean {dim: 16}
  losses:
    utt: !loss:clat {level: utt}
optimizer: !name:torch.optim.AdamW {lr: 1.0e-2}
scheduler: !name:torch.optim.lr_scheduler.StepLR {step_size: 1}
training: {epochs: 1, keywords: 6}
"""


@pytest.fixture(scope="session")
def tiny_model(mini_corpus, tmp_path_factory) -> Path:
    """The directory of a model trained on the miniature corpus, for what needs a trained model; do not change it."""
    folder = tmp_path_factory.mktemp("tiny")
    (folder / "config.yaml").write_text(TINY)
    train(folder / "config.yaml", mini_corpus, folder / "exp", device="cpu")
    return folder / "exp/model"
