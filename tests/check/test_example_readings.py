"""Readings by recordings: what a model that sings phonemes reads off, and what one that does not can tell."""

import sys

import numpy as np
import pytest
import soundfile

from kwskit.check.ctc import sequence_likelihoods
from kwskit.check.example_readings import example_readings
from kwskit.check.heard_phonemes import parted
from kwskit.cli import main
from kwskit.spotting.spoken_example import phoneme_log_probs, said_in
from kwskit.spotting.spotter import Spotter
from kwskit.text.character_tokenizer import CharacterTokenizer
from tests.documents.json_lines import json_lines

RATE = 16_000
RIGHT = "HH AA D OW K EH N"  # as nobody guesses "hadouken"


def sung(model, phonemes, seed=0):
    """(samples,) of ``phonemes`` with half a second of noise around."""
    model.tokenizer.g2p._words["sung"] = ("given", [tuple(phonemes.split())])
    model.tokenizer._encoded.pop("sung", None)
    return model.stream_of("sung", seed=seed)[0]


@pytest.fixture(scope="module")
def spotter(phoneme_sung_model):
    return Spotter(phoneme_sung_model)


def test_the_phonemes_that_are_said_are_read_off(spotter):
    model = spotter.model
    recordings = [sung(model, RIGHT, seed) for seed in (1, 2, 3)]
    found = example_readings(spotter, "hadouken", recordings)
    assert (found.by, found.typed, found.readings[0].phonemes) == ("phonemes", f"hadouken={RIGHT}", RIGHT)
    assert (found.readings[0].origin, found.readings[0].heard) == ("heard", True)
    assert "No reading that is guessed fits" in found.doubts[0]
    # Each fit is the sum over the recordings of the likelihoods, one reading and one recording at a time.
    frames = [phoneme_log_probs(model, said_in(pcm)) for pcm in recordings]
    for one in found.readings:
        ids = [model.tokenizer.symbols.index(phoneme.rstrip("012")) for phoneme in one.phonemes.split()]
        assert one.fit == pytest.approx(sum(sequence_likelihoods(own, model.blank, [ids])[0] for own in frames))
    fits = [one.fit for one in found.readings]
    assert fits == sorted(fits, reverse=True)
    guessed = {said for said in spotter.reader.read("hadouken").pronunciations}
    assert {tuple(one.phonemes.split()) for one in found.readings if one.origin == "guessed"} & guessed
    assert not spotter.keywords


def test_what_is_typed_is_taken_where_it_fits(spotter):
    model = spotter.model
    pcm = model.stream_of("tomato")[0]
    (first, second) = model.tokenizer.g2p.pronunciations("tomato")
    found = example_readings(spotter, "tomato", [pcm])
    assert (found.typed, found.doubts) == (f"tomato={' '.join(first)}", ())
    assert (found.readings[0].origin, found.readings[0].heard) == ("typed", True)
    other = example_readings(spotter, f"tomato={' '.join(second)}, {' '.join(first)}", [pcm], count=1)
    assert [one.phonemes for one in other.readings] == [" ".join(first)]
    phrase = example_readings(spotter, "hey nova", [sung(model, "HH EY N AA V AH")])
    assert phrase.readings[0].phonemes == "HH EY | N AA V AH"


def test_a_recording_of_something_else_is_told(spotter, tmp_path):
    model = spotter.model
    paths = [tmp_path / f"{number}.wav" for number in range(3)]
    for path, text in zip(paths, ("computer", "computer", "banana"), strict=True):
        soundfile.write(path, model.stream_of(text)[0], RATE)
    found = example_readings(spotter, "computer", paths)
    assert found.typed == "computer=K AH0 M P Y UW1 T ER0"
    assert [doubt.split(":")[0] for doubt in found.doubts] == [str(paths[2])]
    assert "'B AH N AE N AH'" in found.doubts[0]
    (doubt,) = example_readings(spotter, "computer", paths[2:]).doubts
    assert "No reading that is typed fits what is heard, 'B AH N AE N AH'" in doubt


def test_a_model_without_phonemes_ranks_what_is_typed(sung_model):
    spotter = Spotter(sung_model)
    for said in ("HH AH D UW K AH N", "HH AE D AW K AH N"):
        recordings = [sung(sung_model, said, seed) for seed in (1, 2)]
        typed = "hadouken=HH AE D AW K AH N, HH AH D UW K AH N"
        found = example_readings(spotter, typed, recordings, threshold=3.0)
        assert (found.by, found.typed, found.doubts) == ("scores", f"hadouken={said}", ())
        for one in found.readings:
            scores = [spotter.score(pcm, f"hadouken={one.phonemes}") for pcm in recordings]
            assert one.fit == pytest.approx(np.mean(scores), abs=1e-4)
        guesses = example_readings(spotter, "hadouken", recordings).readings
        assert len(guesses) == 8
        assert {one.origin for one in guesses} == {"guessed"}
    (doubt,) = example_readings(spotter, "hadouken", [sung_model.stream_of("window")[0]], threshold=3.0).doubts
    assert doubt.startswith("example 1: the best reading scores")


def test_the_command(spotter, sung_model, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(Spotter, "load", classmethod(lambda cls, model=None, **_: spotter))
    path = tmp_path / "say.wav"
    soundfile.write(path, sung(spotter.model, RIGHT), RATE)
    given = ["check", "hadouken", "--example", str(path), "--example", str(path), "--threshold", "3", "--count", "3"]
    assert main(given) == 0
    (line,) = json_lines("check", capsys.readouterr().out)
    assert (line["heard"]["typed"], line["heard"]["by"]) == (f"hadouken={RIGHT}", "phonemes")
    assert line["heard"]["readings"][0]["phonemes"] == RIGHT
    assert any(f"'hadouken={RIGHT}' fits the recordings best: type that" in one["text"] for one in line["advice"])
    assert line["verdict"] == "risky"
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    assert main(["check", f"hadouken={RIGHT}", "--example", str(path), "--threshold", "3", "--count", "3"]) == 0
    out = capsys.readouterr().out
    assert f"{RIGHT:<40} typed, heard too" in out
    assert f"type          hadouken={RIGHT}\n" in out
    assert "log-likelihood of the phonemes" in out
    monkeypatch.setattr(Spotter, "load", classmethod(lambda cls, model=None, **_: Spotter(sung_model)))
    assert main(given) == 0
    assert "cannot read phonemes off a recording" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    ("recording", "message"),
    [
        (np.zeros(RATE, np.int16), "silent"),
        (np.random.default_rng(0).normal(0, 60, RATE).astype(np.int16), "no phoneme is heard"),
        (None, "takes 5.9 s"),
    ],
)
def test_recordings_that_cannot_be_used(spotter, recording, message, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(Spotter, "load", classmethod(lambda cls, model=None, **_: spotter))
    path = tmp_path / "say.wav"
    pcm = sung(spotter.model, " ".join(["B AA"] * 32)) if recording is None else recording
    soundfile.write(path, pcm, RATE)
    assert main(["check", "hadouken", "--example", str(path)]) == 1
    err = capsys.readouterr().err
    assert f"{path}: " in err
    assert message in err


def test_what_else_is_refused(spotter, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(Spotter, "load", classmethod(lambda cls, model=None, **_: spotter))
    assert main(["check", "tiger", "nova", "--example", "say.wav"]) == 2
    assert "one keyword" in capsys.readouterr().err
    (tmp_path / "say.wav").write_text("no sound")
    for path in ("say.wav", "none.wav"):
        assert main(["check", "tiger", "--example", str(tmp_path / path)]) == 1
        assert path in capsys.readouterr().err
    for examples in ([], "say.wav"):
        with pytest.raises(ValueError, match="list of recordings"):
            example_readings(spotter, "tiger", examples)

    class Letters:
        name, digest, dim, stream, blank, tokenizer = "letters", "0", 40, None, None, CharacterTokenizer()

        def embed_tokens(self, tokens):
            return np.ones((len(tokens), 40), np.float32)

    with pytest.raises(ValueError, match="letters reads letters"):
        example_readings(Spotter(Letters()), "tiger", [np.ones(8000, np.int16)])


@pytest.mark.parametrize(
    ("phonemes", "like", "wanted"),
    [
        ("HH EY N OW V AH", "HH EY1 | N OW1 V AH0", "HH EY | N OW V AH"),
        ("EY N AA V", "HH EY1 | N OW1 V AH0", "EY | N AA V"),
        ("N OW V AH", "N OW1 V AH0", "N OW V AH"),
        ("B AH", "HH EY1 | N OW1 V AH0", "B | AH"),
        ("B", "HH EY1 | N OW1 V AH0", "B"),
        ("AH K AE T IH N DH AH", "AH0 | K AE1 T | IH1 N | DH AH0", "AH | K AE T | IH N | DH AH"),
    ],
)
def test_boundaries_go_where_the_words_are_nearest(phonemes, like, wanted):
    assert parted(tuple(phonemes.split()), tuple(like.split())) == tuple(wanted.split())
