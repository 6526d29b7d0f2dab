"""The benchmark of names: its list, its lexicon entries, its noise, and its table."""

import importlib
import re
from pathlib import Path

import numpy as np
import pytest

from kwskit.text.neural_g2p import PHONEMES, VOWELS
from kwskit.text.pronouncing_dictionary import cmudict

NAMES = Path(__file__).parents[2] / "tools/bench/names.tsv"
ROWS = [line.split("\t") for line in NAMES.read_text("utf-8").splitlines()[2:]]


def test_sixty_names_that_the_dictionary_lacks():
    assert len({name for name, _, _ in ROWS}) == 60
    assert not [name for name, _, _ in ROWS if name.lower() in cmudict()]
    for _, kind, said in ROWS:
        assert kind in ("invented", "person", "place")
        assert set(said.split()) <= set(PHONEMES)
        assert sum(phoneme.endswith("1") for phoneme in said.split()) == 1


@pytest.mark.parametrize("said", [said for _, _, said in ROWS])
def test_a_syllable_has_a_vowel_and_nothing_is_lost(people_bench, said):
    written = importlib.import_module("name_voices")._syllables(said.split())
    syllables = [(body.split(), stress) for body, stress in re.findall(r"\(([a-z ]+)\) ([01])\)", written)]
    assert [sum(one.upper() in {*VOWELS, "AX"} for one in body) for body, _ in syllables] == [1] * len(syllables)
    joined = " ".join(one for body, _ in syllables for one in body).upper()
    assert joined == re.sub(r"\d", "", said.replace("AH0", "AX"))


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("M IH1 S T R AH0 L", "(((m ih) 1) ((s t r ax l) 0))"),
        ("AE1 T L AH0 S", "(((ae t) 1) ((l ax s) 0))"),
        ("K EY1 AA2 S", "(((k ey) 1) ((aa s) 1))"),
    ],
)
def test_the_longest_onset_that_english_has(people_bench, said, wanted):
    assert importlib.import_module("name_voices")._syllables(said.split()) == wanted


def test_noise_is_as_loud_as_is_said(people_bench):
    names = importlib.import_module("names")
    rng = np.random.default_rng(0)
    pcm = rng.normal(0, 2000, 16_000).astype(np.int16)
    found = names.in_noise(pcm, 10.0, rng).astype(float)
    around = round(names.AROUND * 16_000)
    noise = found - np.pad(pcm, around)
    assert len(found) == len(pcm) + 2 * around
    assert 10 * np.log10(np.mean(pcm.astype(float) ** 2) / np.mean(noise**2)) == pytest.approx(10, abs=0.01)
    low, high = (np.square(np.abs(np.fft.rfft(noise))[band]).sum() for band in (slice(30, 300), slice(300, 3000)))
    assert low == pytest.approx(high, rel=0.2)  # pink: as much power in every octave


def test_the_table(people_bench):
    names = importlib.import_module("names")
    rng, rows = np.random.default_rng(1), []
    for number in range(12):
        for take in range(3):
            for noise in ("clean", "noise"):
                heard = {names.FIRST: bool(rng.random() < 0.3), "right reading": bool(rng.random() < 0.8)}
                place = {"name": f"n{number}", "voice": ("joe", "ked")[take % 2], "kind": "place", "noise": noise}
                rows.append({**place, "take": take, "right_guess": number % 3, "heard": heard})
    lines = names.table(rows, 0)
    assert lines[0] == "12 names, 36 utterances: right is the first guess of 4, one of the n best of 8."
    mean = {
        (way, noise): 100 * np.mean([row["heard"][way] for row in rows if row["noise"] == noise])
        for way in (names.FIRST, "right reading")
        for noise in ("clean", "noise")
    }
    cells = [cell.strip() for cell in lines[5].split("|")[1:-1]]
    assert cells[0] == "right reading"
    for k, noise in enumerate(("clean", "noise")):
        own, more = (list(map(float, re.findall(r"[-+]?[\d.]+", cell))) for cell in cells[1 + 2 * k : 3 + 2 * k])
        assert own[0] == pytest.approx(mean["right reading", noise], abs=0.06)
        assert more[0] == pytest.approx(mean["right reading", noise] - mean[names.FIRST, noise], abs=0.06)
        assert own[1] < own[0] < own[2]
        assert more[1] < more[0] < more[2]
    none = [row["heard"][names.FIRST] for row in rows if row["noise"] == "clean" and row["right_guess"] == 0]
    assert f"{100 * np.mean(none):.1f}" in next(line for line in lines[8:] if line.startswith(f"| {names.FIRST}"))
