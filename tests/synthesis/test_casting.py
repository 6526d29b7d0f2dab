import itertools
import re

import pytest

from kwskit.registry import build, get
from kwskit.synthesis.casting import Speaker, cast, installed_engines
from kwskit.synthesis.voices.voice import MissingEngine

SPLITS = ("train", "dev", "test")
ENGINES = [["hibari", "pico", "espeak"], ["hibari", "pico"], ["espeak"], ["hibari", "espeak"], ["pico", "espeak"]]


def voice_of(speaker):
    """What may not be shared: the recorded voice; in espeak the timbre, whatever its number and accent."""
    parsed = Speaker.parse(speaker)
    return parsed.voice.partition("+")[2] if parsed.engine == "espeak" else f"{parsed.engine}:{parsed.voice}"


@pytest.mark.parametrize("engines", ENGINES)
def test_no_voice_in_two_splits(engines):
    voices = {split: {voice_of(speaker) for speaker in cast(split, engines)} for split in SPLITS}
    for one, other in itertools.combinations(SPLITS, 2):
        assert voices[one]
        assert not voices[one] & voices[other]


def test_relatives_stay_together():
    families = {}
    for split in SPLITS:
        for speaker in cast(split, ["espeak"]):
            name = voice_of(speaker)
            if not re.fullmatch(r"[fm]\d", name):  # f1 to f5 and m1 to m8 are different people
                families.setdefault(re.sub(r"\d+$", "", name).lower(), set()).add(split)
    assert {name: split for name, split in families.items() if len(split) > 1} == {}


@pytest.mark.parametrize("engines", ENGINES)
@pytest.mark.parametrize("split", SPLITS)
def test_chances_sum_to_one(engines, split):
    chances = cast(split, engines)
    assert sum(chances.values()) == pytest.approx(1)
    assert {Speaker.parse(speaker).engine for speaker in chances} <= set(engines)


def test_speakers_exist():
    everyone = [Speaker.parse(speaker) for split in SPLITS for speaker in cast(split, ["hibari", "pico", "espeak"])]
    for name in installed_engines()[0]:
        engine = build("voice", name)
        assert {speaker.voice for speaker in everyone if speaker.engine == name} <= set(engine.speakers())
        engine.close()


def test_too_few_engines():
    with pytest.raises(MissingEngine, match=r"nobody can speak the test split: it needs pico:en-GB.*kwskit\[voices"):
        cast("test", ["hibari"])


def test_missing_engines_are_named(monkeypatch):
    monkeypatch.setattr(get("voice", "espeak").cls, "package", "no_such_engine")
    found, reasons = installed_engines()
    assert "espeak" not in found
    assert any("voices-gpl" in reason for reason in reasons)


@pytest.mark.parametrize(
    ("name", "parsed"),
    [("pico:en-GB@93", Speaker("pico", "en-GB", 0.93)), ("espeak:en-us+f2", Speaker("espeak", "en-us+f2", 1.0))],
)
def test_parse(name, parsed):
    assert Speaker.parse(name) == parsed


@pytest.mark.parametrize("name", ["pico", ":x", "pico:", "pico:en-GB@", "pico:en-GB@x"])
def test_parse_refuses(name):
    with pytest.raises(ValueError, match="expected engine:voice"):
        Speaker.parse(name)
