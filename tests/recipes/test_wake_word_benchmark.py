"""recipes/wake_word_benchmark on a miniature in the real layout, from the keywords to the report."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from kwskit.data.records import read_records

KEYWORDS = ["alexa", "smart mirror"]
RATE = 16_000


@pytest.fixture(scope="module")
def corpus(tmp_path_factory, sing) -> Path:
    """Two keywords of the benchmark, LibriSpeech's test-clean and DEMAND, sung and hissed."""
    folder = tmp_path_factory.mktemp("corpora")
    for word in KEYWORDS:
        (folder / "wake-word-benchmark/audio" / word).mkdir(parents=True)
        for take in range(3):
            ending = "flac" if word == "alexa" else "wav"
            wav = np.pad(sing(word, take, take), (2_000, 6_000))
            soundfile.write(folder / f"wake-word-benchmark/audio/{word}/{take}.{ending}", wav, RATE)
    (folder / "wake-word-benchmark/audio/alexa/3.flac").write_bytes(b"fLaC, cut off")
    chapter = folder / "LibriSpeech/test-clean/1089/134686"
    chapter.mkdir(parents=True)
    for number, words in enumerate((["castle", "lemon", "rocket"] * 6, ["window", "pencil"] * 8)):
        soundfile.write(
            chapter / f"1089-134686-{number:04d}.flac", np.concatenate([sing(w, 1, 0) for w in words]), RATE
        )
    (chapter / "1089-134686.trans.txt").write_text("1089-134686-0000 CASTLE\n1089-134686-0001 WINDOW PENCIL\n")
    for place in ("DKITCHEN", "TCAR"):
        (folder / "demand" / place).mkdir(parents=True)
        hiss = np.random.default_rng(len(place)).normal(size=5 * RATE) * 0.05
        soundfile.write(folder / f"demand/{place}/ch01.wav", hiss, RATE)
    return folder


@pytest.fixture(scope="module")
def run(corpus, run_recipe):
    """What run.sh tells of a run in a folder."""

    def run(folder: Path, *flags: object, status: int = 0) -> str:
        given = ["--corpus", corpus / "wake-word-benchmark", "--background", corpus / "LibriSpeech/test-clean"]
        places = ["--noise", corpus / "demand", "--data", folder / "data", "--exp", folder / "exp"]
        done = run_recipe("wake_word_benchmark", *given, *places, "--jobs", "1", *flags, cwd=folder, status=status)
        return done.stdout if status == 0 else done.stderr

    return run


@pytest.fixture(scope="module")
def finished(run, tiny_model, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    return folder, run(folder, "--model", str(tiny_model), "--hours", "0.02", "--speech", "0.5")


def test_the_broken_recording_is_named(finished):
    _, out = finished
    assert "nothing to fetch" in out
    assert "alexa/3.flac: not readable as audio" in out


def test_misses_are_those_of_the_detections(finished):
    folder, _ = finished
    results = json.loads((folder / "exp/results.json").read_text())["results"]
    (result,) = [r for r in results if (r["model"], r["trials_name"]) == ("trained", "search_wake_word")]
    assert result["protocol"] == "wake_word"
    assert result["occurrences"] == 6
    said, _ = read_records(folder / "data/search/wake_word/occurrences.tsv", "occurrences")
    found, _ = read_records(folder / "exp/scores/trained/search_wake_word.tsv", "detections")
    hours = sum(read_records(folder / "data/search/wake_word/recordings.tsv", "recordings")[0]["stop"].to_pylist())
    assert 0.02 < hours / 3600 < 0.03
    misses = []
    for word in KEYWORDS:
        mine = [row for row in said.to_pylist() if row["query"] == word]
        best, others = [-np.inf] * len(mine), [-np.inf]
        for row in found.to_pylist():
            centre = (row["start"] + row["stop"]) / 2
            inside = [k for k, o in enumerate(mine) if o["start"] <= centre <= o["stop"] + 0.5]
            if row["query"] == word and inside:
                best[inside[-1]] = max(best[inside[-1]], row["score"])
            elif row["query"] == word:
                others.append(row["score"])
        # In a minute, a tenth of a false alarm an hour is none.
        misses.append(np.mean([score <= max(others) for score in best]))
    assert result["metrics"]["miss_at_0.1"]["value"] == pytest.approx(np.mean(misses))


def test_keywords_by_themselves_are_a_closed_set(finished):
    folder, _ = finished
    results = json.loads((folder / "exp/results.json").read_text())["results"]
    (result,) = [r for r in results if (r["model"], r["trials_name"]) == ("trained", "test_keywords")]
    assert result["confusion"]["words"] == KEYWORDS
    assert [sum(row) for row in result["confusion"]["counts"]] == [3, 3]


def test_the_report_has_the_published_figures_beside(finished):
    folder, _ = finished
    page = (folder / "exp/report/index.html").read_text()
    for engine in ("PocketSphinx", "Snowboy", "Porcupine"):
        assert engine in page
    assert "Miss at 0.1 FA/h" in page.partition("<main>")[0]
    assert "Most confused pairs" in page
    assert 'src="http' not in page
    assert "| Porcupine, published | 2.7 |" in (folder / "exp/report/RESULTS.md").read_text()


def test_strict_stops_before_anything_is_mixed(run, tmp_path):
    result = run(tmp_path, "--stage", "1", "--stop_stage", "1", "--strict", "--size", "tiny", status=1)
    assert "1 things cannot be used, and this is --strict" in result
    assert not (tmp_path / "data").exists()
