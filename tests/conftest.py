"""A miniature corpus that every test may train on: words sung as chords, one chord a phoneme."""

import hashlib
import importlib.util
import os
from collections.abc import Callable
from pathlib import Path

# One thread in every process that tests start: there is a process of tests on each core, threads wait for each other
# where the machine is busy, and with more of them sums are rounded in another order.
os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}

import numpy as np
import pyarrow as pa
import pytest
import soundfile
import torch

from kwskit import registry
from kwskit.data.records import write_records
from kwskit.data.store.packing import pack_manifest
from kwskit.encoders.blocks.speech_embedding_network import SpeechEmbeddingNetwork
from kwskit.evaluation.trials import wsj_trials
from kwskit.stages.train import train
from kwskit.text.g2p import G2P
from tests.forked_python import forked_python  # noqa: F401
from tests.headless_browser import open_browser  # noqa: F401
from tests.sung_models import counting_model, phoneme_sung_model, streaming_sung_model, sung_model  # noqa: F401
from tests.textgrids import write_textgrid

ROOT = Path(__file__).parents[1]
LONG = ("recipes", "egs", "tools", "training", "adapt", "export", "serve")  # folders of tests that wait for programs
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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, so that no process of tests is left with it at the end."""
    items.sort(key=lambda item: item.path.relative_to(ROOT / "tests").parts[0] not in LONG)


@pytest.fixture(scope="session", name="sing")
def sing_fixture():
    """The singer, for tests that need more words."""
    return sing


@pytest.fixture
def scratch_registry(monkeypatch):
    """What a test registers, and the plugins that it loads, are forgotten after it."""
    registry.parts()  # all homes, before the copies are taken
    monkeypatch.setattr(registry, "_parts", dict(registry._parts))
    monkeypatch.setattr(registry, "_plugins", dict(registry._plugins))


def sphere(path: Path, pcm: np.ndarray, order: str = "01", coding: str = "pcm", data: bytes | None = None) -> None:
    """Write ``pcm`` (samples,) int16 at 16 kHz as SPHERE with the 1024-byte header of LDC's discs, byte by byte.

    ``order`` is 01 (little endian) or 10; ``data`` goes in the place of the samples.
    """
    fields = {
        "speaker_id": "-s3 440",
        "channel_count": "-i 1",
        "sample_count": f"-i {len(pcm)}",
        "sample_rate": "-i 16000",
        "sample_n_bytes": "-i 2",
        "sample_byte_format": f"-s{len(order)} {order}",
        "sample_coding": f"-s{len(coding)} {coding}",
    }
    header = ["NIST_1A", "   1024", *(f"{name} {value}" for name, value in fields.items()), "end_head", ""]
    path.parent.mkdir(parents=True, exist_ok=True)
    samples = pcm.astype({"01": "<i2", "10": ">i2"}[order]).tobytes() if data is None else data
    path.write_bytes("\n".join(header).encode().ljust(1024) + samples)


@pytest.fixture(scope="session", name="write_sphere")
def sphere_fixture():
    """The writer of SPHERE files."""
    return sphere


@pytest.fixture(scope="session")
def speech_embedding_weights():
    """State of the speech embedding's network with weights of chance, which tell sounds apart as the trained ones."""
    generator = torch.Generator().manual_seed(0)
    weights = SpeechEmbeddingNetwork().state_dict()
    for value in weights.values():
        if value.dim() > 1:
            torch.nn.init.kaiming_normal_(value, a=0.2, generator=generator)
        else:
            value.uniform_(-0.1, 0.1, generator=generator)
    return weights


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


@pytest.fixture(scope="session")
def stage_one():
    """``stage_one(recipe)(argv)`` is stage 1 of a recipe, in this process."""

    def load(recipe: str) -> Callable[[list[str]], None]:
        path = ROOT / "recipes" / recipe / "prepare.py"
        spec = importlib.util.spec_from_file_location(f"prepare_{recipe}", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module.main

    return load


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
def tiny_experiment(tmp_path_factory) -> Path:
    """The YAML of a small experiment without augmentation or dropout; do not change it."""
    path = tmp_path_factory.mktemp("tiny experiment") / "config.yaml"
    path.write_text(TINY)
    return path


@pytest.fixture(scope="session")
def tiny_model(mini_corpus, tiny_experiment, tmp_path_factory) -> Path:
    """The directory of a model trained on the miniature corpus, for what needs a trained model; do not change it."""
    folder = tmp_path_factory.mktemp("tiny")
    train(tiny_experiment, mini_corpus, folder / "exp", device="cpu")
    return folder / "exp/model"


@pytest.fixture(scope="session")
def make_librispeech():
    """Writes LibriSpeech in its layout, with alignments: ``make(folder, {part: {speaker: [sentence, ...]}})``.

    Words are sung twice each, so that they last half a second; a ``,`` in a sentence is a pause. ``folder`` then holds
    ``LibriSpeech/`` and ``alignments/`` (TextGrids in the corpus' own folders); returned are the aligned words,
    (part, utterance, start, stop, word).
    """

    def make(folder: Path, parts: dict[str, dict[str, list[str]]], chapter: str = "100") -> list[tuple]:
        aligned, listed = [], []
        for part, speakers in parts.items():
            for speaker, sentences in speakers.items():
                listed.append(f"{speaker:<6}| F | {part:<16} | 25.03 | Somebody")
                place, transcripts = Path(part, speaker, chapter), []
                (folder / "LibriSpeech" / place).mkdir(parents=True)
                for number, sentence in enumerate(sentences):
                    name = f"{speaker}-{chapter}-{number:04d}"
                    words, wavs, at = [], [np.zeros(1600, np.float32)], 1600
                    for word in sentence.split():
                        wav = (
                            np.zeros(4800, np.float32) if word == "," else np.tile(sing(word, int(speaker), number), 2)
                        )
                        if word != ",":
                            words.append((at / SAMPLE_RATE, (at + len(wav)) / SAMPLE_RATE, word))
                        wavs.append(wav)
                        at += len(wav)
                    audio = np.concatenate([*wavs, np.zeros(1600, np.float32)])
                    soundfile.write(folder / "LibriSpeech" / place / f"{name}.flac", audio, SAMPLE_RATE)
                    write_textgrid(folder / "alignments" / place / f"{name}.TextGrid", len(audio) / SAMPLE_RATE, words)
                    transcripts.append(f"{name} {sentence.replace(' ,', '').upper()}\n")
                    aligned += [(part, name, *word) for word in words]
                path = folder / "LibriSpeech" / place / f"{speaker}-{chapter}.trans.txt"
                path.write_text("".join(transcripts))
        header = ";ID  |SEX| SUBSET           |MINUTES| NAME"
        (folder / "LibriSpeech/SPEAKERS.TXT").write_text("\n".join([header, *listed]) + "\n")
        return aligned

    return make
