"""The examples of spotting and searching do what they say, with sung words and a small model."""

import os
import re
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import soundfile

from kwskit import Spotter
from kwskit.speech_model.torch_model import TorchModel
from kwskit.spotting.cohort import cohort_words
from kwskit.spotting.expected_duration import expected_seconds, fitting_windows

ROOT = Path(__file__).parents[2]
RATE = 16_000
WORDS = ["banana", "kitten", "tiger", "window", "orange"]
KEYWORDS = ["banana", "tiger", "hey kitten"]
# A fake of the package behind the microphone: it plays a file, and then somebody presses Ctrl-C.
SOUNDDEVICE = """
import os, signal, threading, time
import numpy as np, soundfile
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell in the background has it ignored
class PortAudioError(Exception): pass
def check_input_settings(**given): pass
class InputStream:
    def __init__(self, samplerate, channels, dtype, blocksize, callback):
        self.size, self.take = blocksize, callback
        self.pcm, rate = soundfile.read(os.environ["SPOKEN"], dtype=dtype)
        assert rate == samplerate and channels == 1
    def __enter__(self):
        threading.Thread(target=self.play, daemon=True).start()
    def __exit__(self, *_): pass
    def play(self):
        for at in range(0, len(self.pcm), self.size):
            self.take(self.pcm[at : at + self.size, None], self.size, None, None)
        waiting = self.take.__self__._blocks
        while waiting.qsize():
            time.sleep(0.05)
        time.sleep(1)
        os.kill(os.getpid(), signal.SIGINT)
"""


def lines_of(program: str | Path, script: str, *arguments: object, **environment: str) -> list[str]:
    """The lines that an example prints."""
    command = [program, ROOT / "egs" / script, *map(str, arguments)]
    env = os.environ | environment
    done = subprocess.run(command, capture_output=True, text=True, env=env, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.fixture(scope="module")
def run(forked_python):
    """``run(script, *arguments)`` are the lines that an example prints."""
    return partial(lines_of, forked_python.program)


def noise(seconds: float, seed: int) -> np.ndarray:
    return 0.01 * np.random.default_rng(seed).standard_normal(round(seconds * RATE))


@pytest.fixture(scope="module")
def model(tiny_model, tmp_path_factory):
    """The small model, with noise as its background: it has not learnt enough for words to stand out among words."""
    folder = tmp_path_factory.mktemp("egs") / "model"
    shutil.copytree(tiny_model, folder)
    spotter = Spotter.load(folder)
    spotter.calibrate([noise(60, seed=1)]).save(folder / "background.npz")
    return folder


@pytest.fixture(scope="module")
def recording(sing, tmp_path_factory):
    """A file of sung words with noise between them."""
    pieces = [piece for k, word in enumerate(WORDS) for piece in (noise(0.7, k), sing(word, 2, 5 + k))]
    path = tmp_path_factory.mktemp("egs") / "sung.wav"
    soundfile.write(path, np.concatenate([*pieces, noise(1, 9)]), RATE)
    return path


@pytest.fixture(scope="module")
def spotted(run, model, recording):
    return run("spot/spot.py", model, recording, *KEYWORDS)


def hits(lines: list[str]) -> list[tuple[float, str, float]]:
    """Start, keyword and score of each line that tells a hit."""
    found = [re.match(r" *([\d.]+) (?:to [\d.]+ )?s: (.*) \(score (-?[\d.]+)", line) for line in lines]
    return [(float(hit[1]), hit[2], float(hit[3])) for hit in found if hit]


def scores(model: TorchModel, pcm: np.ndarray, text: str) -> float:
    """The score of one window, as its definition reads."""
    audio = model.embed_windows(pcm[None])[0]

    def best(word: str) -> float:
        return max(float(audio @ row) for row in model.embed_tokens(model.tokenizer.encode(word)))

    cohort = [best(word) for word in cohort_words(300)]
    return (best(text) - np.mean(cohort)) / np.std(cohort)


def test_every_example_has_a_readme_and_is_short():
    for script in ROOT.glob("egs/*/*.py"):
        if script.parent.name.startswith("plugin_"):
            continue
        code = [line for line in script.read_text().splitlines() if line and not line.startswith('"""')]
        assert len(code) < 20, script
        assert script.name in (script.parent / "README.md").read_text()


def test_spot_tells_the_hits_and_the_highest_scores(model, recording, spotted):
    opened = TorchModel(model)
    pcm, _ = soundfile.read(recording, dtype="int16")
    thresholds = dict(re.match(r"(.*): said .*; threshold (-?[\d.]+)$", line).groups() for line in spotted[:3])
    assert list(thresholds) == KEYWORDS
    assert "K IH1 T AH0 N" in spotted[2]
    highest = dict(re.match(r"(.*): highest score (-?[\d.]+)$", line).groups() for line in spotted[-3:])
    message = [
        re.match(r" *([\d.]+) to ([\d.]+) s: (.*) \(score (-?[\d.]+)\)", line).groups() for line in spotted[3:-3]
    ]
    assert message
    assert len({keyword for _, _, keyword, _ in message}) > 1
    for start, stop, keyword, score in message[:3]:
        middle = (float(start) + float(stop)) / 2
        lengths = []
        for seconds in fitting_windows(expected_seconds(keyword)):
            starts = [round((middle + shift - seconds / 2) * RATE) for shift in (-0.06, 0, 0.06)]
            windows = [pcm[at : at + round(seconds * RATE)] for at in starts if at >= 0]
            lengths.append([scores(opened, one, keyword) for one in windows if len(one) == round(seconds * RATE)])
        expected = np.mean([np.mean(own) for own in lengths if own])
        assert expected == pytest.approx(float(score), abs=0.3)  # times are told to 10 ms
        assert float(highest[keyword]) >= float(score) >= float(thresholds[keyword])


def test_a_microphone_hears_what_a_file_has(run, model, recording, spotted, tmp_path):
    (tmp_path / "sounddevice.py").write_text(SOUNDDEVICE)
    path = os.pathsep.join([str(tmp_path), str(ROOT)])
    lines = run("microphone/listen.py", model, *KEYWORDS, PYTHONPATH=path, SPOKEN=str(recording))
    assert lines[0] == "listening for banana, tiger, hey kitten; Ctrl-C ends"
    heard, filed = hits(lines[1:]), hits(spotted)
    assert len(heard) == len(lines) - 1 >= 1
    assert heard == filed[: len(heard)]
    assert len(heard) >= len(filed) - len(KEYWORDS)  # what waited for the stream to go on


def test_calibration_gives_the_thresholds_that_its_file_gives(run, model, recording, sing, tmp_path):
    (tmp_path / "here").mkdir()
    for k in range(2):
        soundfile.write(tmp_path / f"here/{k}.wav", noise(8, 20 + k) + 0.001, RATE)
    examples = [tmp_path / f"example{take}.wav" for take in range(3)]
    for take, path in enumerate(examples):
        soundfile.write(path, np.concatenate([noise(0.3, take), sing("kitten", 1, take), noise(0.3, take)]), RATE)
    file = tmp_path / "here.npz"
    lines = run("calibrate/calibrate.py", model, "kitten", tmp_path / "here", file, *examples)
    before, seconds, after = re.match(r"threshold (.*); by (\d+) s of this place (.*)$", lines[0]).groups()
    assert seconds == "16"
    assert float(before) == pytest.approx(Spotter.load(model).enrol("kitten").threshold, abs=0.006)
    spotter = Spotter.load(model, background=file)
    typed, both = spotter.enrol("kitten"), spotter.enrol("kitten", examples=examples[1:], name="both")
    assert float(after) == pytest.approx(typed.threshold, abs=0.006)
    assert float(re.search(r"threshold (-?[\d.]+)", lines[1])[1]) == pytest.approx(both.threshold, abs=0.006)
    for line, keyword in zip(lines[2:], (typed, both), strict=True):
        above = spotter.score(examples[0], keyword.name) - keyword.threshold
        assert float(re.search(r"scores ([+-][\d.]+)", line)[1]) == pytest.approx(above, abs=0.006)


def test_search_finds_the_recording_that_is_the_example(run, model, sing, tmp_path):
    pytest.importorskip("lancedb")
    (tmp_path / "recordings").mkdir()
    for k, word in enumerate(WORDS):
        wave = np.concatenate([noise(1, k), np.tile(sing(word, 0, k), 2), noise(1, k)])
        soundfile.write(tmp_path / f"recordings/{word}.flac", wave, RATE)
    soundfile.write(tmp_path / "query.wav", np.tile(sing("tiger", 0, 2), 2), RATE)
    arguments = (model, tmp_path / "recordings", tmp_path / "index", "banana", tmp_path / "query.wav")
    lines = run("search/search.py", *arguments)
    assert lines[0].startswith("5 recordings, 0.2 minutes")
    typed, spoken = lines.index("banana"), lines.index(str(tmp_path / "query.wav"))
    ranked = [float(line.split()[0]) for line in lines[typed + 1 : spoken]]
    assert 1 <= len(ranked) <= 5
    assert ranked == sorted(ranked, reverse=True)
    best = re.match(r" *(-?[\d.]+)  (.*) at ([\d.]+) to ([\d.]+) s$", lines[spoken + 1])
    assert Path(best[2]).name == "tiger.flac"
    assert float(best[3]) < 1.3 < float(best[4])


def test_check_tells_a_verdict_with_its_reasons(run, model):
    lines = run("check/check.py", model, "no", "banana split")
    heads = [line for line in lines if not line.startswith("    ")]
    assert [head.split(":")[0] for head in heads] == ["no", "banana split"]
    assert heads[0].startswith("no: poor; itself ")
    assert any("phonemes in 1 syllable" in line for line in lines[1 : lines.index(heads[1])])
    opened = TorchModel(model)
    typed = {word: opened.embed_tokens(opened.tokenizer.encode(word)) for word in ("no", *cohort_words(300))}
    cohort = [float((typed["no"] @ typed[word].T).max()) for word in cohort_words(300)]
    own = (1 - np.mean(cohort)) / np.std(cohort)
    assert float(re.search(r"itself (-?[\d.]+)", heads[0])[1]) == pytest.approx(own, abs=0.006)
    for head in heads:
        near = [float(score) for score in re.findall(r" (-?[\d.]+)(?:,|$)", head.split("nearest words")[1])]
        assert len(near) == 3
        assert near == sorted(near, reverse=True)


def test_an_exported_model_spots_the_same_without_torch(run, model, recording, spotted, tmp_path):
    pytest.importorskip("onnx")
    lines = run("export/export.py", model, recording.parent, tmp_path / "onnx")
    for line, (folder, precision, least) in zip(
        lines, (("onnx", "float32", 0.9999), ("onnx-int8", "int8", 0.99)), strict=True
    ):
        message = re.match(r"(.*): ([\d.]+) MB in (\w+), worst cosine ([\d.]+)$", line).groups()
        assert (Path(message[0]), message[2]) == (tmp_path / folder, precision)
        size = sum(path.stat().st_size for path in (tmp_path / folder).iterdir())
        assert float(message[1]) == pytest.approx(size / 1e6, rel=0.2, abs=0.05)
        assert float(message[3]) >= least
    lines = lines_of(sys.executable, "export/without_torch.py", tmp_path / "onnx", recording, *KEYWORDS)
    heard, filed = hits(lines), hits(spotted)
    assert [hit[:2] for hit in heard] == [hit[:2] for hit in filed]
    assert [hit[2] for hit in heard] == pytest.approx([hit[2] for hit in filed], abs=0.03)
    highest = [float(line.split()[-1]) for line in lines[:3]]
    assert highest == pytest.approx([float(line.split()[-1]) for line in spotted[-3:]], abs=0.03)


def test_pronounce_orders_readings_by_recordings(run, model, recording):
    readings = ["T AY1 G ER0", "Z IY1"]
    lines = run("pronounce/pronounce.py", model, f"zorb={', '.join(readings)}", recording)
    spotter = Spotter.load(model)
    scores = {one: spotter.score(recording, f"zorb={one}") for one in readings}
    best, other = sorted(readings, key=scores.get, reverse=True)
    assert lines[:2] == [f"{scores[one]:8.2f}  {one}  (typed)" for one in (best, other)]
    threshold = spotter.enrol(f"zorb={best}").threshold
    assert lines[-2:] == [f"type: zorb={best}", f"{recording}: score {scores[best]:.2f}, threshold {threshold:.2f}"]
