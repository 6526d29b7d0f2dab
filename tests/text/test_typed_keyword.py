# ruff: noqa: RUF001
"""What somebody types for a keyword, and how a model then has it said."""

import logging

import pytest

from kwskit.errors import UnpronounceableText
from kwskit.text.character_tokenizer import CharacterTokenizer
from kwskit.text.g2p import G2P
from kwskit.text.guessed_readings import guessed_readings
from kwskit.text.keyword_reader import KeywordReader
from kwskit.text.lexicon import LexiconError
from kwskit.text.phoneme_tokenizer import PhonemeTokenizer
from kwskit.text.typed_keyword import TypedKeyword, keywords_file, typed_keywords


@pytest.mark.parametrize(
    ("typed", "text", "said", "respelling", "again"),
    [
        ("hey nova", "hey nova", [], "", "hey nova"),
        ("hadouken=HH AH D", "hadouken", ["HH AH D"], "", "hadouken=HH AH D"),
        (" hadouken = hh ah d, HH AA D,hh ah d ", "hadouken", ["HH AH D", "HH AA D"], "", "hadouken=HH AH D, HH AA D"),
        ("hadouken=/hɑ/, həˈduː", "hadouken", ["HH AA", "HH AH0 D UW1"], "", "hadouken=HH AA, HH AH0 D UW1"),
        ("hey nova=HH EY | N OW", "hey nova", ["HH EY | N OW"], "", "hey nova=HH EY | N OW"),
        ("hadouken~ha doo ken", "hadouken", [], "ha doo ken", "hadouken~ha doo ken"),
        ("波動拳 ~ ha-doo-ken", "波動拳", [], "ha-doo-ken", "波動拳~ha-doo-ken"),
    ],
)
def test_the_three_forms(typed, text, said, respelling, again):
    found = TypedKeyword.parse(typed)
    assert (found.text, found.respelling) == (text, respelling)
    assert [" ".join(one) for one in found.pronunciations] == said
    assert str(found) == again
    assert TypedKeyword.parse(again) == found
    assert found.told == (typed != "hey nova")


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("hadouken=", "a keyword is WORD, WORD=PHONEMES"),
        ("=HH AH", "a keyword is WORD"),
        ("~ha", "a keyword is WORD"),
        ("e=mc2", "'MC2' is not an ARPAbet phoneme.*to have = said, type equals"),
        ("hadouken=HH AH, ", "no phoneme"),
        ("hadouken=HH AH UU", "'UU', the 3rd of 3 phonemes"),
        ("hadouken=HH~ha", "more than one = or ~"),
        ("x=" + 700 * "HH ", "2,102 characters; at most 2000"),
    ],
)
def test_what_is_no_keyword(typed, message):
    with pytest.raises(UnpronounceableText, match=message):
        TypedKeyword.parse(typed)


def test_one_keyword_is_said_in_one_way(caplog):
    found = typed_keywords(["Hey Nova", "tiger", "hey_nova", "hadouken=HH AH", "Hadouken = HH AH"])
    assert list(map(str, found)) == ["Hey Nova", "tiger", "hadouken=HH AH"]
    assert "'hey nova' ('Hey Nova', 'hey_nova')" in caplog.text
    for other in ("hadouken=HH AA", "Hadouken", "hadouken~ha"):
        with pytest.raises(UnpronounceableText, match="given as 'hadouken=HH AH' before; several readings"):
            typed_keywords(["hadouken=HH AH", other])


def test_a_file_of_keywords_names_the_line(tmp_path):
    path = tmp_path / "keywords.txt"
    path.write_text("tiger\n\n hadouken~ha doo ken \nzorb=Z AO R B\n")
    assert list(map(str, keywords_file(path))) == ["tiger", "hadouken~ha doo ken", "zorb=Z AO R B"]
    path.write_text("tiger\n\nzorb=Z OR B\n")
    with pytest.raises(ValueError, match=r"keywords\.txt: line 3: .*'OR', the 2nd of 3 phonemes.*near it"):
        keywords_file(path)


def said(reader, typed):
    found = reader.read(typed)
    assert found.tokens == tuple(dict.fromkeys(tuple(reader.tokenizer.symbols.index(p) for p in plain) for plain in [
        [p.rstrip("012") for p in one] for one in found.pronunciations
    ]))  # fmt: skip
    return [" ".join(one) for one in found.pronunciations], dict(found.origins)


def test_what_is_given_goes_before_a_lexicon_and_that_before_the_dictionary(tmp_path):
    own, mine = tmp_path / "own.dict", tmp_path / "mine.dict"
    own.write_text("tiger T AY G\nzorblax Z AO R\n")
    mine.write_text("tiger T IY G ER\ntiger(2) T AY G AA\n")
    tokenizer = PhonemeTokenizer(stress=False, lexicon=str(own))
    reader = KeywordReader(tokenizer, mine)
    assert said(reader, "tiger=T IH G") == (["T IH G"], {"tiger": "given"})
    assert said(reader, "tiger") == (["T IY G ER", "T AY G AA"], {"tiger": "lexicon"})
    assert said(reader, "zorblax") == (["Z AO R"], {"zorblax": "lexicon"})
    assert said(reader, "hey tiger")[0][0] == "HH EY1 | T IY G ER"
    assert said(reader, "rocket") == (["R AA1 K AH0 T"], {"rocket": "dictionary"})
    assert tokenizer.decode(tokenizer.encode("tiger")[0]) == ["T", "AY", "G"]  # of the cohort, and of other readers


def test_a_word_that_nobody_knows_is_guessed_several_times():
    reader = KeywordReader(PhonemeTokenizer(stress=False))
    found = reader.read("hadouken")
    assert found.guessed
    assert list(found.pronunciations) == guessed_readings("hadouken")
    assert len(found.tokens) == 4
    phrase = reader.read("hey hadouken")
    assert [" ".join(one) for one in phrase.pronunciations] == [
        f"HH EY1 | {' '.join(one)}" for one in guessed_readings("hadouken")
    ]
    assert not reader.read("hey nova").guessed


@pytest.mark.parametrize(
    ("typed", "first", "count"),
    [
        ("hadouken~ha doo ken", "HH AA1 D UW1 K EH1 N", 1),
        ("hadouken~ha-doo-ken", "HH AA1 D UW1 K EH1 N", 1),
        ("hey hadouken~hey ha-doo-ken", "HH EY1 | HH AA1 D UW1 K EH1 N", 1),
        ("波動拳~ha doo ken", "HH AA1 D UW1 K EH1 N", 1),
        ("k8s~kates", "K EY1 T S", 1),
        ("zorb~tomato", "T AH0 M EY1 T OW2", 2),
        ("zorb rex~tomato either", "T AH0 M EY1 T OW2 | IY1 DH ER0", 4),
    ],
)
def test_respellings(typed, first, count):
    found, origins = said(KeywordReader(PhonemeTokenizer(stress=False)), typed)
    assert found[0] == first
    assert len(found) == count
    assert set(origins.values()) <= {"dictionary", "guessed"}


def test_a_respelling_that_is_itself_guessed_is_a_guess_and_stays_short():
    reader = KeywordReader(PhonemeTokenizer(stress=False))
    assert reader.read("x~zorblax").guessed
    assert not reader.read("hadouken~had oak in").guessed
    assert len(reader.read(f"a b~{'either tomato ' * 20}").pronunciations) == 8


def test_a_model_of_letters_takes_respellings_alone(tmp_path):
    reader = KeywordReader(CharacterTokenizer())
    assert list(reader.read("hadouken~ha doo ken").tokens) == list(
        map(tuple, CharacterTokenizer().encode("ha doo ken"))
    )
    assert reader.read("rocket").pronunciations == tuple(G2P().pronunciations("rocket"))
    with pytest.raises(UnpronounceableText, match=r"reads letters, not phonemes: respell it, as in tiger~RESPELLING"):
        reader.read("tiger=T AY G ER")
    (tmp_path / "my.dict").write_text("tiger T AY G\n")
    with pytest.raises(ValueError, match=r"my\.dict: this model reads letters"):
        KeywordReader(CharacterTokenizer(), tmp_path / "my.dict")


def test_stress_that_is_wanted_and_missing_is_told(tmp_path):
    with pytest.raises(UnpronounceableText, match=r"'zorb=Z AO R B'.*phoneme 'AO' needs a stress digit"):
        KeywordReader(PhonemeTokenizer()).read("zorb=Z AO R B")
    assert KeywordReader(PhonemeTokenizer()).read("zorb=Z AO1 R B").tokens
    with pytest.raises(LexiconError, match="cannot be read"):
        KeywordReader(PhonemeTokenizer(), tmp_path / "none.dict")


def test_one_phoneme_is_warned_of(caplog):
    with caplog.at_level(logging.WARNING):
        KeywordReader(PhonemeTokenizer(stress=False)).read("zorb=AO")
    assert "'zorb=AO' is a single phoneme" in caplog.text
