"""Every benchmark runs from beginning to end, with sizes that say nothing about speed."""

import json
import os
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

ROOT = Path(__file__).parents[2]
BENCH = ROOT / "tools" / "bench"
TINY = str(ROOT / "recipes" / "hparams" / "tiny.yaml")
SMALL_ECAPA = "--channels 8 --mfa-channels 8 --dim 8"
# Arguments, and words of the output.
RUNS = {
    "augment.py": ("--words 4 --seconds 0.2 --repeats 2 --threads 1", ["spec_augment"]),
    "busy.py": (
        f"--keywords 3 --overlay {TINY} --setting OMP_NUM_THREADS=1 --rounds 2 --steps 1 --warm-up 0 --settle 0",
        ["| as installed |", "| `OMP_NUM_THREADS=1` | 1 |", "its share"],
    ),
    "cost.py": (
        "english-small-scratch --keywords 1 --seconds 1 --json {folder}/cost.json",
        ["| 1 |", "| audio.onnx |", "| scores |"],
    ),
    "ecapa.py": (f"--batch 2 --frames 20 22 {SMALL_ECAPA} --rounds 2 --threads 1", ["times as fast"]),
    "index.py": (
        "--hours 0.01 --dim 48 --queries 2 --top 2",
        ['"recall_of_2": 1.0', '"another_process_can_open_it": true'],
    ),
    "loads": (
        "--model english-small-scratch --only wyoming,page --satellites 1 --visitors 1 --seconds 1.1 --messages 8",
        ["8 fuzzed messages                              3 of    3", "tracebacks in its log: 0"],
    ),
    "long_stream.py": (
        "{model} --minutes 0.1 --keywords 2 --load 1 --every 0.05 --most 1000 --recordings {speech}/0.wav",
        ["keeps up: ", "memory grew by"],
    ),
    "misfits.py": ("--corpus {transcribed} --count 2", ["| own text | 2 |", "| another's text | 2 |"]),
    "people": (
        "--model one={model} --model other={model} --speech {people} --half dev --resamples 20 --trial-scores "
        "--without pocketsphinx --times recognised --vocabulary {people}/lexicon.tsv --out {folder}/out",
        ["digits, top 1", "one, words not of the vocabulary", "one, 10 dB", "one less other"],
    ),
    "peers": (
        "--speech {people} --half dev --only kwskit,PocketSphinx --model {model} --resamples 20 --out {folder}/out",
        ["| kwskit", "false alarms"],
    ),
    "satellites.py": (
        "--model english-small-scratch --satellites 2 --seconds 2 --fast",
        ["1 keywords, english-small-scratch", "core-s a second of sound"],
    ),
    "scorer.py": ("--utterances 60 --words 10 --negatives 3 --resamples 5", []),
    "spotting.py": (
        "--model small={model} --counts 1 --repeats 1 --seconds 2 --without livekit --without pocketsphinx "
        "--spoken {spoken} --clips 1 --json {folder}/spotting.json",
        ["kwskit, small, windows", "RTF"],
    ),
    "store.py": ("--segments 200 --batch 20", ["x real time"]),
    "train.py": (
        f"--device cpu --keywords 3 --vocabulary 6 --seconds 0.3 --classes 6 --overlay {TINY} --rounds 2 --warm-up 1 "
        "--precision fp32 --no-compile --steps 1 --threads 1 --resident pcm --profile {folder}/profile.txt",
        ["figures of a CPU", "hours of audio an hour", "times as fast as stock", "floor:"],
    ),
    "wake_words.py": (
        "--model small={model} --without pocketsphinx --wake-words {spoken} --background {speech} --hours 0.002 "
        "--out {folder}/out",
        ["clean", "kwskit, small", "miss at 0.5/h"],
    ),
}


def test_every_benchmark_is_tried():
    scripts = {path.name for path in BENCH.glob("*.py") if "__main__" in path.read_text()}
    # They need voices and people's recordings: test_names.py and test_adapted.py have what they compute.
    elsewhere = {"names.py", "read_off.py", "adapted.py"}
    assert scripts | {path.parent.name for path in BENCH.glob("*/__main__.py")} == RUNS.keys() | elsewhere


@pytest.fixture
def sung_folders(sing, tmp_path):
    """Folders of wake words and of other speech."""
    for folder, word in (("spoken/banana", "banana"), ("spoken/hey_kitten", "kitten"), ("speech", "tiger")):
        (tmp_path / folder).mkdir(parents=True)
        wave = np.pad(sing(word, 0, 0), 4000)
        soundfile.write(tmp_path / folder / "0.wav", wave + 0.001 * np.sin(np.arange(len(wave))), 16_000)
    return {"spoken": tmp_path / "spoken", "speech": tmp_path / "speech"}


@pytest.fixture
def transcribed(sing, tmp_path):
    """A folder of two recordings with text.tsv."""
    folder = tmp_path / "transcribed"
    folder.mkdir()
    for word in ("tiger", "button"):
        soundfile.write(folder / f"{word}.wav", np.pad(sing(word, 0, 0), 4000), 16_000)
    (folder / "text.tsv").write_text("file\tsentence\ntiger.wav\tTiger.\nbutton.wav\tButton.\n")
    return folder


@pytest.fixture
def sung_people(sing, tmp_path):
    """A folder of people's speech: digits, utterances of words with their times, wake words and noise."""
    folder = tmp_path / "people"
    for part in ("digits", "librispeech_words/flac", "wake_words/banana", "wake_words/_other", "noise"):
        (folder / part).mkdir(parents=True)
    for speaker, name in enumerate(("jackson", "nicolas", "george")):
        for digit, word in enumerate(("zero", "one", "two")):
            soundfile.write(folder / "digits" / f"{digit}_{name}_0.wav", sing(word, speaker, 0)[::2], 8_000)
    rows = ["file\tstart\tend\tword\tprobability"]
    for speaker in range(6):
        pieces, at, name = [], 0.0, f"{speaker + 1}-1-0000.flac"
        for take, word in enumerate(np.roll(["tiger", "button", "meadow", "copper", "window", "kitten"], speaker)):
            pieces.append(sing(word, speaker, take))
            stop = at + len(pieces[-1]) / 16_000
            rows.append(f"{name}\t{at:.2f}\t{stop:.2f}\t{word}\t0.95")
            at = stop
        soundfile.write(folder / "librispeech_words/flac" / name, np.concatenate(pieces), 16_000)
    for take in range(6):  # five and two of them are of the dev half
        soundfile.write(folder / f"wake_words/banana/banana-{take}.wav", np.pad(sing("banana", take, 0), 4000), 16_000)
        soundfile.write(folder / f"wake_words/_other/other-{take}.wav", sing("velvet", take, 0), 16_000)
    (folder / "wake_words/_other/metadata.csv").write_text("other-0.wav,velvet,en,\n")
    soundfile.write(folder / "noise/hum.wav", 0.1 * np.random.default_rng(0).standard_normal(32_000), 16_000)
    (folder / "librispeech_words/words.tsv").write_text("\n".join(rows) + "\n")
    (folder / "lexicon.tsv").write_text("window\tW IH1 N D OW0\nkitten\tK IH1 T AH0 N\n")
    return {"people": folder}


def test_the_benchmark_on_people_is_run_by_its_folder(tmp_path):
    run = [sys.executable, str(BENCH / "people"), "--help"]
    environment = os.environ | {"PYTHONPATH": str(BENCH.parents[1])}
    shown = subprocess.run(run, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True).stdout
    assert "--half" in shown


@pytest.mark.parametrize("script", RUNS)
def test_a_benchmark_runs(script, tmp_path, monkeypatch, capsys, request, forked_python):
    arguments, message = RUNS[script]
    places = {"folder": tmp_path}
    if "{model}" in arguments:
        places |= {"model": request.getfixturevalue("tiny_model"), **request.getfixturevalue("sung_folders")}
    if "{transcribed}" in arguments:
        places["transcribed"] = request.getfixturevalue("transcribed")
    if "{people}" in arguments:
        places |= request.getfixturevalue("sung_people")
    monkeypatch.setattr(sys, "argv", [script, *arguments.format(**places).split()])
    monkeypatch.setattr(sys, "executable", str(forked_python.program))  # of the processes that it starts
    monkeypatch.setattr(sys, "path", [str(BENCH), *sys.path])
    monkeypatch.setattr(torch, "set_num_threads", lambda count: None)
    runpy.run_path(str(BENCH / script), run_name="__main__")
    out = capsys.readouterr().out
    assert out.strip()
    for words in message:
        assert words in out
    if script == "train.py":
        assert "aten::" in (tmp_path / "profile.txt").read_text()
        # Both sides train with the same losses.
        difference = float(out.split("differ by at most ")[1].split(",")[0])
        assert difference < 1e-4
    if script == "spotting.py":
        (row,) = (r for r in json.loads((tmp_path / "spotting.json").read_text())["rows"] if r["kind"] == "kwskit")
        assert row["chunk_ms_p50"][0] <= row["chunk_ms_p99"][0] <= row["chunk_ms_worst"][0]
        assert row["delay"]["clips"] == 2
