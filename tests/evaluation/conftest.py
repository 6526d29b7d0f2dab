"""A run folder and its data folder, small and seeded, as stages 1 to 4 leave them."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import soundfile

from kwskit.data.records import write_records
from kwskit.data.store.packing import pack_manifest
from kwskit.evaluation.report import write_report
from kwskit.evaluation.scorer import score_file_results, write_results
from kwskit.evaluation.trials import libriphrase_trials, wsj_trials
from tests.evaluation.report_page import Page

PRONUNCIATIONS = {
    "marble": "M AA R B AH L",
    "marvel": "M AA R V AH L",
    "copper": "K AA P ER",
    "proper": "P R AA P ER",
    "winter": "W IH N T ER",
    "winner": "W IH N ER",
    "sister": "S IH S T ER",
    "mister": "M IH S T ER",
    "canyon": "K AE N Y AH N",
    "banana": "B AH N AE N AH",
    "lantern": "L AE N T ER N",
    "western": "W EH S T ER N",
    "harbour": "HH AA R B ER",
    "barber": "B AA R B ER",
    "velvet": "V EH L V AH T",
    "pocket": "P AA K AH T",
    "rocket": "R AA K AH T",
    "meadow": "M EH D OW",
    "shadow": "SH AE D OW",
    "window": "W IH N D OW",
    "orchard": "AO R CH ER D",
    "emerald": "EH M R AH L D",
    "umbrella": "AH M B R EH L AH",
    "telescope": "T EH L AH S K OW P",
    "gazelle": "G AH Z EH L",
    "motel": "M OW T EH L",
}
VOICES = ("anna", "boris", "chen", "dora", "emil", "fay")
LOSSES = {"utt": 0.6, "phn": 1.8, "key": 3.2, "adv": 1.386}


@pytest.fixture(scope="session")
def make_run(tmp_path_factory) -> Callable[..., tuple[Path, Path]]:
    """A function that writes a new (exp, data) pair; words can be renamed, and utterance ids end in ``suffix``."""

    def make(rename: dict[str, str] | None = None, suffix: str = "") -> tuple[Path, Path]:
        root = tmp_path_factory.mktemp("run")
        return write_run(root / "exp", root / "data", rename or {}, suffix)

    return make


@pytest.fixture(scope="session")
def run(make_run) -> tuple[Path, Path]:
    """(exp, data) of a complete run; not to be changed."""
    return make_run()


def write_run(exp: Path, data: Path, rename: dict[str, str], suffix: str = "") -> tuple[Path, Path]:
    rng = np.random.default_rng(7)
    said = {rename.get(word, word): phonemes.split() for word, phonemes in PRONUNCIATIONS.items()}
    words = [word for word in said for _ in VOICES]
    voices = list(VOICES) * len(said)
    utt_ids = [f"{voice}-{number:04d}{suffix}" for number, voice in enumerate(voices)]
    symbols = sorted({phoneme for phonemes in said.values() for phoneme in phonemes})
    _write_data(data, said, words, voices, utt_ids, symbols)

    phoneme_vectors = rng.normal(size=(len(symbols), 32))
    text = np.stack(
        [sum(phoneme_vectors[symbols.index(p)] * (1 + 0.15 * i) for i, p in enumerate(said[word])) for word in said]
    )
    text /= np.linalg.norm(text, axis=1, keepdims=True)
    rows = np.repeat(np.arange(len(said)), len(VOICES))
    audio = text[rows] + rng.normal(size=(len(rows), 32)) * 0.13
    audio /= np.linalg.norm(audio, axis=1, keepdims=True)
    scores = {"trained": audio @ text.T, "untrained": rng.normal(0.4, 0.1, (len(rows), len(said)))}

    lists = {"wsj": wsj_trials(utt_ids, words, negatives=20, seed=7)}
    lists |= {"all_pairs": wsj_trials(utt_ids, words, negatives=len(said), seed=7)}
    lists |= libriphrase_trials(utt_ids, words, {word: [phonemes] for word, phonemes in said.items()}, seed=7)
    names = {"wsj": "test_wsj", "libriphrase_easy": "test_easy", "libriphrase_hard": "test_hard"}
    names["all_pairs"] = "human"
    column, row = {word: i for i, word in enumerate(said)}, {utt: i for i, utt in enumerate(utt_ids)}
    results = []
    for protocol, trials in lists.items():
        facts = {"protocol": protocol, "seed": 7}
        write_records(data / "trials" / f"{names[protocol]}.tsv", "trials", trials, facts)
        utts, typed = trials["utt_id"].to_pylist(), trials["enrol_text"].to_pylist()
        places = [row[utt] for utt in utts], [column[word] for word in typed]
        for model, matrix in scores.items():
            table = trials.append_column("score", pa.array(matrix[places]))
            path = exp / "scores" / model / f"{names[protocol]}.tsv"
            write_records(path, "scores", table, {**facts, "model": model})
            results.append(score_file_results(path, resamples=100))
    result = {"command": "bash recipes/synth/run.sh --size tiny --seed 7", "size": "tiny", "torch": "2.13.0"}
    write_results(exp / "results.json", {"results": results, "run": result})
    _write_training(exp / "train", rng)
    affinity = {}
    shown = list(said)[:6]
    for k, word in enumerate(shown):
        centres = np.linspace(6, 60, len(said[word]))[:, None] + rng.normal(0, 2, (len(said[word]), 1))
        weights = np.exp(-0.5 * ((np.arange(66) - centres) / 4) ** 2) + rng.uniform(0, 0.08, (len(said[word]), 66))
        affinity[f"affinity_{k}"] = (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
        affinity[f"affinity_tokens_{k}"] = np.array(said[word])
    np.savez(
        exp / "embeddings.npz",
        audio=audio.astype(np.float32),
        audio_utt=np.array(utt_ids),
        audio_word=np.array(words),
        text=text.astype(np.float32),
        text_word=np.array(list(said)),
        affinity_words=np.array(shown),
        **affinity,
    )
    config = "seed: 7\nacoustic_encoder: !encoder:ecapa {channels: 96}\n" + "# long " * 60 + "\n"
    (exp / "config.yaml").write_text(config)
    plugin = {"name": "my_losses", "path": "experiments/my_losses.py", "sha256": "5f" * 32}
    (exp / "plugins.json").write_text(json.dumps([plugin]))
    return exp, data


def _write_data(data, said, words, voices, utt_ids, symbols) -> None:
    (data / "audio").mkdir(parents=True)
    (data / "manifests").mkdir()
    stops = []
    paths = [f"audio/{number:04d}.wav" for number in range(len(words))]
    for word, voice, path in zip(words, voices, paths, strict=True):
        pitch = 90 + 25 * VOICES.index(voice)
        time = np.arange(int(0.09 * 16000)) / 16000
        tones = [
            np.sin(2 * np.pi * pitch * time) * 0.2 + np.sin(2 * np.pi * (300 + 70 * symbols.index(p)) * time) * 0.1
            for p in said[word]
        ]
        wave = np.concatenate([tone * np.hanning(len(time)) for tone in tones])
        soundfile.write(data / path, wave, 16000)
        stops.append(len(wave) / 16000)
    columns = {"utt_id": utt_ids, "path": paths, "start": [0.0] * len(stops), "stop": stops, "word": words}
    table = pa.table(columns | {"speaker": voices, "split": ["test"] * len(stops)})
    write_records(data / "manifests" / "test.tsv", "manifest", table)
    trained = table.set_column(4, "word", pa.array([f"train-{word}" for word in words]))
    trained = trained.set_column(5, "speaker", pa.array([f"train-{voice}" for voice in voices]))
    write_records(data / "manifests" / "train.tsv", "manifest", trained)
    pack_manifest(data / "manifests" / "test.tsv", data / "store" / "test", workers=1, progress=False)


def _write_training(train: Path, rng: np.random.Generator) -> None:
    train.mkdir(parents=True)
    epochs, steps_per_epoch = 8, 50
    steps = np.arange(1, epochs * steps_per_epoch + 1)
    curves = {}
    for name, top in LOSSES.items():
        falling = top * (0.25 + 0.75 * np.exp(-steps / 110)) if name != "adv" else np.full(len(steps), top)
        curves[name] = falling * rng.normal(1, 0.06, len(steps))
    total = sum(curves.values())
    lines = ["\t".join(["step", "total", *curves])]
    for row in zip(steps, total, *curves.values(), strict=True):
        lines.append("\t".join(f"{value:.6g}" for value in row))
    (train / "steps.tsv").write_text("\n".join(lines) + "\n")
    lines = ["\t".join(["epoch", "step", "seconds", "lr", "train_total", *(f"train_{n}" for n in curves), "valid_ap"])]
    for epoch in range(1, epochs + 1):
        part = slice((epoch - 1) * steps_per_epoch, epoch * steps_per_epoch)
        means = [total[part].mean(), *(c[part].mean() for c in curves.values())]
        row = [epoch, epoch * steps_per_epoch, 31.5, 0.001 * 0.8**epoch, *means, 0.9 - 0.7 * 0.6**epoch]
        lines.append("\t".join(map(str, row)))
    (train / "epochs.tsv").write_text("\n".join(lines) + "\n")


@pytest.fixture(scope="module")
def report(run):
    exp, data = run
    page = write_report(exp, data)
    return exp, data, page, Page(page)
