"""`kwskit check` as a person calls it, and as a program does."""

import json
import subprocess
import sys
import xml.etree.ElementTree as ET

import matplotlib.image
import numpy as np
import pytest

from kwskit.check.check_keywords import check_keywords
from kwskit.check.picture import draw_checks
from kwskit.cli import main
from kwskit.errors import UnpronounceableText
from kwskit.spotting.spotter import Spotter
from kwskit.text.character_tokenizer import CharacterTokenizer
from tests.documents.json_lines import json_lines

BABBLE = ("banana", "window", "meadow", "computer", "thunder", "velvet", "castle", "harbor")


@pytest.fixture(scope="module")
def calibrated(sung_model):
    spotter = Spotter(sung_model)
    spotter.calibrate([sung_model.stream_of(*BABBLE, seed=3)[0]])
    return spotter


@pytest.fixture(scope="module")
def checks(calibrated):
    return check_keywords(calibrated, ["hey nova", "hay nova", "go"], fa_per_hour=2.0, count=5)


@pytest.fixture
def loaded(calibrated, monkeypatch):
    monkeypatch.setattr(Spotter, "load", classmethod(lambda cls, model=None, **_: calibrated))


def test_what_is_checked(calibrated, checks):
    nova, hay, go = checks
    background = calibrated.background
    assert nova.reads == (("hey", "dictionary"), ("nova", "dictionary"))
    assert nova.keyword.fa_per_hour == 2.0
    assert nova.false_alarms == background.false_alarms(nova.keyword, nova.keyword.threshold)
    np.testing.assert_array_equal(nova.background, background.peaks(nova.keyword, -np.inf)[0])
    assert nova.minutes == background.seconds / 60
    assert [len(one.words) for one in checks] == [5, 5, 5]
    every = check_keywords(calibrated, ["hey nova"], threshold=2.0, count=10_000)[0]
    assert every.close == sum(one.score >= max(2.0, 0.9 * every.own) for one in every.words) > 0
    assert {one.text: one.same for one in nova.rivals} == {"hay nova": True, "go": False}
    assert nova.verdict == hay.verdict == "poor"  # they sound the same
    assert any("'hay nova'" in remark.text for remark in nova.remarks)
    assert (go.verdict, go.remarks[0].level) == ("poor", "poor")
    assert len(go.around) > 300


def test_json_lines(loaded, capsys):
    assert main(["check", "tiger", "route 66", "--threshold", "3", "--count", "2"]) == 0
    tiger, route = json_lines("check", capsys.readouterr().out)
    assert (tiger["keyword"], tiger["threshold"], tiger["threshold_from"]) == ("tiger", 3.0, "given")
    assert tiger["fa_per_hour"] is None
    assert len(tiger["words"]) == len(tiger["phrases"]) == 2
    assert [word["word"] for word in route["reads"]] == ["route", "sixty", "six"]
    assert any("route sixty six" in one["text"] for one in route["advice"])


def test_a_guess_is_risky_until_somebody_chooses(loaded, capsys):
    typed = ["hadouken", "zorblaxen=Z AO1 R B L AE2 K S AH0 N", "kelvorin~kel vor in", "5gx=F AY1 V | JH IY1"]
    assert main(["check", *typed, "--threshold", "3", "--count", "2"]) == 0
    guessed, given, respelt, digits = json_lines("check", capsys.readouterr().out)
    assert guessed["typed"] == guessed["keyword"] == "hadouken"
    assert guessed["reads"] == [{"word": "hadouken", "from": "guessed"}]
    assert len(guessed["pronunciations"]) == 4
    assert guessed["verdict"] == "risky"
    (advice,) = (one["text"] for one in guessed["advice"] if "no dictionary" in one["text"])
    assert f"'hadouken={guessed['pronunciations'][0]}' keeps one reading" in advice
    assert (given["keyword"], given["typed"]) == ("zorblaxen", typed[1])
    assert given["reads"] == [{"word": "zorblaxen", "from": "given"}]
    assert given["pronunciations"] == ["Z AO1 R B L AE2 K S AH0 N"]
    assert given["own_score"] > 3
    assert not any("guess" in one["text"] or "read as" in one["text"] for one in given["advice"] + digits["advice"])
    assert {one["word"] for one in respelt["reads"]} == {"kel", "vor", "in"}
    assert respelt["typed"] == "kelvorin~kel vor in"
    assert {one["text"] for one in guessed["rivals"]} == {"zorblaxen", "kelvorin", "5gx"}
    assert main(["check", "zorb=T AY G ER", "tiger", "--threshold", "3", "--count", "2"]) == 0
    zorb, tiger = json_lines("check", capsys.readouterr().out)
    assert (zorb["rivals"][0]["same"], tiger["rivals"][0]["score"]) == (True, tiger["own_score"])
    assert zorb["own_score"] == tiger["own_score"]
    assert main(["check", "zorb=T AY G ER", "zorb"]) == 1
    assert "was given as 'zorb=T AY G ER' before" in capsys.readouterr().err


def test_short_keywords_print_little_and_say_how_much_more_there_is(loaded, calibrated, capsys):
    assert main(["check", "go", "--count", "3"]) == 0
    out = capsys.readouterr().out
    message, (check,) = json.loads(out), check_keywords(calibrated, ["go"])
    assert (message["part_of"], message["part_of_count"]) == (list(check.around[:3]), len(check.around))
    assert message["part_of_count"] > 300
    assert len(out) < 4_000
    assert check.as_json()["part_of"] == list(check.around[:10])


def test_check_and_spot_tell_one_estimate_of_false_alarms(calibrated):
    """Also where a peak of the background happens to reach a threshold that was set for far fewer alarms."""
    for rate in (0.5, 5.0, 50.0):
        for check in check_keywords(calibrated, ["meadow", "lemonade", "hey nova", "tiger"], fa_per_hour=rate):
            if check.keyword.threshold_source == "extrapolated" and check.reached < 10:
                assert check.false_alarms == pytest.approx(rate)
            assert check.reached == (calibrated.background.peaks(check.keyword, check.keyword.threshold)[0]).size
            assert f"{rate:g} false alarms an hour ({check.keyword.threshold_source} " in check.keyword.threshold_text(
                check.minutes
            )


def test_table(loaded, capsys, monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    assert main(["check", "hey nova", "tiger"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("hey nova: ")
    for message in ("HH EY1 | N OW1 V AH0", "hey (dictionary), nova (dictionary)", "hay nova", "sounds the same"):
        assert message in out
    assert "the other keywords" in out
    assert max(map(len, out.splitlines())) < 120
    assert main(["check", "tiger", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["keyword"] == "tiger"


@pytest.mark.parametrize("ending", ["png", "svg"])
def test_picture(loaded, ending, tmp_path, capsys):
    path = tmp_path / f"check.{ending}"
    assert main(["check", "hey nova", "tiger", "--picture", str(path)]) == 0
    if ending == "png":
        pixels = matplotlib.image.imread(path)[..., :3]
        assert min(pixels.shape[:2]) > 800
        halves = np.split(pixels, 2, axis=1)
        assert all((half.min(-1) < 0.5).mean() > 0.005 for half in halves)  # ink in both
        grey = pixels @ [0.299, 0.587, 0.114]
        assert np.ptp(grey) > 0.8
    else:
        assert ET.parse(path).getroot().tag.endswith("svg")
        assert path.read_text().count("<path") > 50


def test_without_a_background(sung_model, tmp_path):
    (check,) = check_keywords(Spotter(sung_model), ["hey nova"])
    assert check.false_alarms is None
    assert check.as_json()["false_alarms_per_hour"] is None
    assert any("calibrate" in remark.text for remark in check.remarks)
    draw_checks([check], tmp_path / "a.png")
    assert matplotlib.image.imread(tmp_path / "a.png").std() > 0.05


@pytest.mark.parametrize("text", ["", "   ", "x" * 10_000, "🦜", "привет", "!!!"])
def test_text_that_cannot_be_read(loaded, text, capsys, sung_model):
    with pytest.raises(UnpronounceableText) as wanted:
        sung_model.tokenizer.encode(text)
    assert main(["check", "--", text]) == 1
    assert capsys.readouterr().err.strip().endswith(str(wanted.value))


def test_arguments_that_cannot_be(loaded, capsys, calibrated, tmp_path):
    assert main(["check", "tiger", "--count", "0"]) == 2
    assert "'0' is no whole number above 0" in capsys.readouterr().err
    assert main(["check", "tiger", "--picture", "a.pdf"]) == 2
    assert ".png or .svg" in capsys.readouterr().err
    with pytest.raises(ValueError, match="at least one word"):
        check_keywords(calibrated, ["tiger"], count=0)
    with pytest.raises(ValueError, match="which keyword"):
        check_keywords(calibrated, [])
    with pytest.raises(ValueError, match=r"\.png or \.svg"):
        draw_checks([], tmp_path / "a.png")


def test_a_model_that_reads_letters():
    """Its pronunciations are letters; what sounds alike is looked for by phonemes all the same."""

    class Letters:
        name, digest, dim, stream, blank, tokenizer = "letters", "0", 40, None, None, CharacterTokenizer()

        def embed_tokens(self, tokens):
            rows = np.array([np.bincount(ids, minlength=40) for ids in tokens], np.float32).reshape(-1, 40)
            return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    (check,) = check_keywords(Spotter(Letters()), ["hey nova"], threshold=3.0, count=30)
    assert check.pronunciations == ("HH EY1 | N OW1 V AH0",)
    assert [one.text for one in check.phrases if one.same] == ["hay nova"]


def test_keywords_of_any_length(calibrated):
    long = "this is a rather long sentence that nobody will ever want to say to any machine at all"
    checked = check_keywords(calibrated, [long, "a"], threshold=3.0, count=3)
    assert any("Take fewer words" in remark.text for remark in checked[0].remarks)
    assert checked[1].verdict == "poor"


NO_TORCH = """
import sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("torch", "speechbrain", "torchaudio", "matplotlib", "scipy", "pyarrow"):
            raise ImportError(f"{name} is refused")

sys.meta_path.insert(0, Refuse())
import numpy as np
from kwskit.check.check_keywords import check_keywords
from kwskit.spotting.spotter import Spotter
from kwskit.text.phoneme_tokenizer import PhonemeTokenizer

class Bag:
    name, digest, dim, stream, blank, tokenizer = "bag", "0", 75, None, None, PhonemeTokenizer()
    def embed_tokens(self, tokens):
        rows = np.array([np.bincount(ids, minlength=75) for ids in tokens], np.float32).reshape(-1, 75)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

(check,) = check_keywords(Spotter(Bag()), ["hey nova"], count=3)
print(check.verdict, check.phrases[0].text)
"""


def test_nothing_heavy_is_imported():
    found = subprocess.run([sys.executable, "-c", NO_TORCH], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
    assert found.stdout.split()[0] in ("good", "risky", "poor")
