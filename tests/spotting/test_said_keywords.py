# ruff: noqa: RUF001
"""Keywords that say how they are said: spotted as that, and told of as the word."""

import json

import numpy as np
import pytest
import soundfile

from kwskit.cli import main
from kwskit.errors import UnpronounceableText
from kwskit.spotting.spotter import Spotter

FORMS = ("hadouken=T AY1 G ER0", "hadouken=ˈtaɪɡɚ", "hadouken~tiger", "Hadouken = t ay g er, T IY G R AA")


@pytest.fixture
def lexicon(tmp_path):
    path = tmp_path / "mine.dict"
    path.write_text("hadouken T AY1 G ER0\nhadouken(2) B AH0 N AE1 N AH0\ntiger Z IY1 B R AH0\n")
    return path


@pytest.fixture
def here(sung_model, monkeypatch, tmp_path):
    """A folder with a recording of a tiger, and the model as that of any directory."""
    monkeypatch.setattr("kwskit.spotting.spotter.open_model", lambda model, device: sung_model)
    monkeypatch.setattr("kwskit.speech_model.open_model.open_model", lambda model, device: sung_model)
    soundfile.write(tmp_path / "zoo.wav", sung_model.stream_of("lemon", "tiger", "window")[0], 16_000)
    return tmp_path


@pytest.mark.parametrize("name", ["sung_model", "streaming_sung_model", "phoneme_sung_model"])
@pytest.mark.parametrize("typed", FORMS)
def test_hits_are_those_of_the_word_it_is_said_as(name, typed, request):
    model = request.getfixturevalue(name)
    pcm, said = model.stream_of("lemon", "tiger", "window")
    plain, other = Spotter(model), Spotter(model)
    expected = plain.enrol("tiger", threshold=3)
    keyword = other.enrol(typed, threshold=3)
    np.testing.assert_array_equal(keyword.embeddings[0], expected.embeddings[0])
    assert keyword.phonemes[:1] == expected.phonemes
    assert keyword.seconds == expected.seconds
    assert keyword.name.lower() == keyword.text.lower() == "hadouken"
    (hit,) = other.spot(pcm)
    assert hit.keyword == keyword.name
    assert hit.start < (said[1][1] + said[1][2]) / 2 < hit.end
    if "," not in typed:
        assert hit[1:] == plain.spot(pcm)[0][1:]
        assert other.score(pcm, typed) == plain.score(pcm, "tiger")


def test_it_is_named_found_and_forgotten_by_its_word(sung_model):
    spotter = Spotter(sung_model)
    spotter.enrol("Hadouken=T AY G ER", threshold=1)
    again = spotter.enrol("hadouken~banana", threshold=2)
    assert list(spotter.keywords) == ["hadouken"]
    assert spotter.enrol(again.typed, threshold=2).pronunciations == again.pronunciations
    pcm = sung_model.stream_of("banana")[0]
    assert spotter.score(pcm, "hadouken") == spotter.score(pcm, "hadouken~banana")
    assert spotter.score(pcm, "hadouken=T AY G ER") < spotter.score(pcm, "hadouken")
    with pytest.raises(UnpronounceableText, match="2nd of 3 phonemes"):
        spotter.enrol("rocket=R OR K", threshold=1)
    spotter.forget("HADOUKEN")
    assert not spotter.keywords


def test_a_word_of_the_cohort_that_is_said_otherwise_is_normalised_by_itself(sung_model):
    spotter = Spotter(sung_model)
    word = spotter.cohort.words[0]
    plain, other = spotter.enrol(word, threshold=1), spotter.enrol(f"{word}=T AY G ER", threshold=1)
    assert spotter.cohort.same(plain.tokens) == [0]
    assert spotter.cohort.same(other.tokens) == []
    again = spotter.enrol("zorb~" + word, threshold=1)
    pcm = sung_model.stream_of(word)[0]
    assert spotter.score(pcm, again.typed) == pytest.approx(spotter.score(pcm, f"zorb~{word}"))


def test_guesses_are_listened_for_together(sung_model):
    spotter = Spotter(sung_model)
    keyword = spotter.enrol("hadouken", threshold=1)
    assert len(keyword.embeddings) == len(keyword.pronunciations) == 4
    for k, said in enumerate(keyword.pronunciations):
        alone = Spotter(sung_model).enrol(f"hadouken={said}", threshold=1)
        np.testing.assert_allclose(alone.embeddings, keyword.embeddings[k : k + 1], atol=1e-6)


def spot(here, capsys, *arguments):
    status = main(["spot", "--model", str(here), *map(str, arguments), "--threshold", "3", str(here / "zoo.wav")])
    out, err = capsys.readouterr()
    return status, [json.loads(line)["keyword"] for line in out.splitlines()], err


def test_the_command_takes_all_forms_and_a_lexicon(here, capsys, lexicon):
    for typed in FORMS[:3]:
        status, found, err = spot(here, capsys, "--keyword", typed)
        assert (status, found) == (0, ["hadouken"])
        assert "hadouken: T AY G ER; threshold 3.00" in err
    (here / "words.txt").write_text("\nhadouken~tiger\n")
    assert spot(here, capsys, "--keywords-file", here / "words.txt")[:2] == (0, ["hadouken"])
    status, found, err = spot(here, capsys, "--lexicon", lexicon, "--keyword", "hadouken", "--keyword", "tiger")
    assert (status, found) == (0, ["hadouken"])  # a tiger is a zebra now
    assert "hadouken: T AY G ER or B AH N AE N AH; threshold" in err
    assert "tiger: Z IY B R AH; threshold" in err
    assert "(guessed: WORD=PHONEMES or WORD~RESPELLING says how)" in spot(here, capsys, "--keyword", "hadouken")[2]


def test_an_example_goes_to_the_word(here, capsys, sung_model):
    soundfile.write(here / "said.wav", sung_model.stream_of("tiger", seed=3)[0], 16_000)
    given = ["--keyword", "Hadouken~tiger", "--example", f"hadouken={here / 'said.wav'}"]
    assert spot(here, capsys, *given)[:2] == (0, ["Hadouken"])


def test_what_is_wrong_is_told_with_its_place(here, capsys, lexicon):
    (here / "words.txt").write_text("tiger\n\nhadouken=T AY G OR\n")
    (here / "bad.dict").write_text("tiger T AY G\nzorb\n")
    for arguments, message in (
        (["--keyword", "hadouken=T AY G OR"], "'OR', the 4th of 4 phonemes, is not an ARPAbet phoneme"),
        (["--keywords-file", here / "words.txt"], "words.txt: line 3: cannot pronounce 'hadouken=T AY G OR'"),
        (["--keyword", "x", "--lexicon", here / "bad.dict"], "bad.dict: line 2: expected 'word PH PH ...'"),
        (["--keyword", "x", "--lexicon", here / "none.dict"], "none.dict: cannot be read"),
        (["--keyword", "zorb=T AY", "--keyword", "Zorb"], "it was given as 'zorb=T AY' before"),
    ):
        status, found, err = spot(here, capsys, *arguments)
        assert (status, found) == (1, [])
        assert message in err


def test_a_calibration_keeps_how_a_keyword_is_said(here, capsys, sung_model, lexicon):
    soundfile.write(here / "quiet.wav", sung_model.stream_of(*["window", "lemon", "castle"] * 15)[0], 16_000)
    given = ["calibrate", "--model", str(here), str(here / "quiet.wav"), "--to", str(here / "new.npz")]
    keywords = ["--keyword", "hadouken=T AY G ER", "--keyword", "tiger", "--keyword", "zorb~banana"]
    assert main([*given, *keywords]) == 0
    said, plain, respelt = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert (said["keyword"], said["typed"]) == ("hadouken", "hadouken=T AY G ER")
    assert (said["before"], said["threshold"]) == (plain["before"], plain["threshold"])
    assert respelt["typed"] == "zorb~banana"
    assert main([*given, "--keyword", "hadouken", "--lexicon", str(lexicon)]) == 0
    both = json.loads(capsys.readouterr().out)
    spotter = Spotter.load(here, background=here / "new.npz", lexicon=lexicon)
    assert both["threshold"] == round(spotter.enrol("hadouken").threshold, 3)
    assert both["threshold"] == round(spotter.enrol("x=T AY G ER, B AH N AE N AH").threshold, 3)
