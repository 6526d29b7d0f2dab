"""A keyword adapted from its text to a file, sung by voices with an accent; and the command."""

import json
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from kwskit.adapt import adapt_keyword as flow
from kwskit.adapt.adapt_keyword import adapt_keyword
from kwskit.cli import main
from kwskit.spotting.adapted.keyword_file import read_keyword_file
from kwskit.spotting.cohort import cohort_words
from kwskit.spotting.peak_estimates import BackgroundError
from kwskit.spotting.spotter import Spotter
from tests.documents.json_lines import json_lines

RATE, RARE = 16_000, 0.5


def test_held_out_voices_are_missed_less(sung_model, background, singers, tmp_path):
    spotter = Spotter(sung_model, background)
    lines = []
    adapted = adapt_keyword(spotter, "hey nova", fa_per_hour=RARE, tell=lines.append)
    card = adapted.card
    assert card.said.trials == card.near.trials == 8
    assert card.said.adapted > card.said.typed
    assert card.near.adapted < card.said.adapted
    assert (card.utterances, card.other_utterances, card.recordings) == (24, 24, 0)
    assert card.left_out == ("the voice 'Other'", flow.ROOMS)
    assert "singer speak 'hey nova', singer 8 texts near it" in lines
    assert card.minutes < spotter.background_minutes * 0.6
    # The file is heard as the card says: a held-out voice, by the threshold of its own peaks.
    adapted.save(tmp_path / "nova.kw")
    keyword = spotter.enrol(file=tmp_path / "nova.kw", fa_per_hour=RARE)
    assert keyword.threshold == pytest.approx(card.adapted_threshold)
    quiet = np.zeros(RATE, np.float32)
    hits = spotter.spot(np.concatenate([quiet, singers.synthesise("hey nova", "tenor")[0], quiet]))
    assert [hit.keyword for hit in hits] == ["hey nova"]


def test_a_model_that_hears_phonemes_is_adapted_to(phoneme_sung_model, singers):
    words = np.random.default_rng(0).choice(cohort_words(330)[300:], 70).tolist()
    spotter = Spotter(phoneme_sung_model)
    spotter.calibrate([phoneme_sung_model.stream_of(*words, pause=0.3)[0]])
    card = adapt_keyword(spotter, "hey nova", fa_per_hour=RARE).card
    assert card.said.adapted > card.said.typed
    assert card.near.adapted < card.said.adapted


def test_a_typed_phrase_is_judged_at_the_threshold_that_it_would_have(sung_model, background, singers):
    spotter, often = Spotter(sung_model, background), 500.0  # at which the background's threshold is lower
    card = adapt_keyword(spotter, "hey nova", fa_per_hour=often).card
    least = spotter.enrol("hey nova", fa_per_hour=often).least
    assert card.typed_threshold == pytest.approx(least)
    assert card.adapted_threshold < least


def test_voices_are_told_the_phonemes_that_are_given(sung_model, background, singers, monkeypatch):
    asked = []

    def sing(self, phonemes, speaker, rate=1.0, pitch=1.0, seed=0):
        asked.append((phonemes, speaker))
        return self.synthesise({"OW": "hey nova", "AA": "hey tiger"}[phonemes[4]], speaker)

    monkeypatch.setattr(type(singers), "takes_phonemes", True)
    monkeypatch.setattr(type(singers), "speak_phonemes", sing)
    lines = []
    first, second = "HH EY | N OW V AH", "HH EY | N AA V AH"
    adapt_keyword(Spotter(sung_model, background), f"nobody={first}, {second}", fa_per_hour=RARE, tell=lines.append)
    assert f"singer speak '{first}, {second}', singer 8 texts near it" in lines
    assert len(asked) == 24 + 8  # to train with, and held out
    assert [asked.count((tuple(first.split()), "tenor")), asked.count((tuple(second.split()), "tenor"))] == [4, 4]


def test_every_fourth_recording_is_held_out(sung_model, background, singers, tmp_path):
    quiet = np.zeros(RATE // 2, np.float32)
    for name, text, count in (("mine", "hey nova", 5), ("not", "tiger", 4)):
        (tmp_path / name).mkdir()
        for k in range(count):
            pcm = np.concatenate([quiet, singers.synthesise(text, "alto")[0], quiet])
            pcm += 1e-4 * np.random.default_rng(k).normal(size=len(pcm))
            soundfile.write(tmp_path / name / f"{k}.wav", pcm, RATE)
    files = [sorted((tmp_path / name).iterdir()) for name in ("mine", "not")]
    card = adapt_keyword(Spotter(sung_model, background), "hey nova", *files, fa_per_hour=RARE).card
    assert (card.recordings, card.said_recorded.trials, card.not_recorded.trials) == (4 + 3, 1, 1)
    assert (card.said_recorded.adapted, card.not_recorded.adapted) == (1, 0)


def test_the_command(sung_model, background, singers, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("kwskit.spotting.spotter.open_model", lambda model, device: sung_model)
    background.save(tmp_path / "background.npz")
    to, given = tmp_path / "nova.kw", ["--model", str(tmp_path), "--fa-per-hour", "100"]
    assert main(["adapt", "hey nova", "--to", str(to), *given]) == 0
    out, err = capsys.readouterr()
    (facts,) = json_lines("adapt", out)
    assert (facts["keyword"], facts["file"], facts["model"]) == ("hey nova", str(to), "sung")
    assert facts["said"]["trials"] == 8
    assert "training on" in err
    pcm, _ = sung_model.stream_of("banana", "hey nova")
    soundfile.write(tmp_path / "a.wav", pcm, RATE)
    both = ["spot", *given, "--keyword-file", str(to), str(tmp_path / "a.wav")]
    assert main([*both, "--keyword", "banana"]) == 0
    out, err = capsys.readouterr()
    assert {json.loads(line)["keyword"] for line in out.splitlines()} == {"banana", "hey nova"}
    assert "hey nova: HH EY | N OW V AH; threshold" in err
    for twice in (["--keyword", "Hey_Nova"], ["--keyword-file", str(to)]):
        assert main([*both, *twice]) == 2
        assert "'hey nova' is given twice" in capsys.readouterr().err
    assert main(["spot", *given, "--keyword-file", str(tmp_path / "a.wav"), str(tmp_path / "a.wav")]) == 1
    assert "a.wav: no adapted keyword, or damaged" in capsys.readouterr().err


def test_what_cannot_be_adapted_is_told(sung_model, background, singers, tmp_path):
    spotter = Spotter(sung_model, background)
    with pytest.raises(ValueError, match=r"no voice is installed that can be told the phonemes .*sounds, nova~WORDS"):
        adapt_keyword(spotter, "nova=N OW V AH")
    with pytest.raises(BackgroundError, match="sung has no background"):
        adapt_keyword(Spotter(sung_model), "hey nova")
    soundfile.write(tmp_path / "silent.wav", np.zeros(RATE), RATE)
    with pytest.raises(ValueError, match=r"silent\.wav: an example is silent"):
        adapt_keyword(spotter, "hey nova", [tmp_path / "silent.wav"])
    long = sung_model.stream_of(*["banana"] * 12, pause=0.05)[0]
    soundfile.write(tmp_path / "long.wav", long, RATE)
    with pytest.raises(ValueError, match=r"long\.wav: takes \d\.\d s"):
        adapt_keyword(spotter, "hey nova", [tmp_path / "long.wav"])


def test_a_short_background_is_refused(sung_model, background):
    with pytest.raises(BackgroundError, match=r"has 1\.0 minutes: 4 are needed"):
        adapt_keyword(Spotter(sung_model, background), "hey nova")


def test_the_example(sung_model, background, singers, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(Spotter, "load", lambda: Spotter(sung_model, background))
    monkeypatch.chdir(tmp_path)
    pcm, ((_, _start, _stop),) = sung_model.stream_of("hey nova")
    soundfile.write("a.wav", pcm, RATE)
    monkeypatch.setattr(sys, "argv", ["adapt.py", "hey nova", "a.wav"])
    runpy.run_path(str(Path(__file__).parents[2] / "egs/adapt/adapt.py"))
    *_, last = capsys.readouterr().out.splitlines()
    assert last.startswith("hey nova: ")
    assert len(read_keyword_file("keyword.kw").card.lines()) == 9
