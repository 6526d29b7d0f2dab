# ruff: noqa: RUF001
import random
import unicodedata

import pyarrow as pa
import pytest

from kwskit.data.normal_column import with_normal_form
from kwskit.errors import UnpronounceableText
from kwskit.text.g2p import G2P
from kwskit.text.normal_form import distinct_keywords, merged_message, merged_spellings, normal_form
from kwskit.text.pronouncing_dictionary import cmudict


@pytest.mark.parametrize(
    ("spellings", "form"),
    [
        (["hey_nova", "Hey Nova", "HEY_NOVA", " hey  nova! ", "hey-nova", "HeyNova", "“hey nova”"], "hey nova"),
        (["country.", "country", "Country,", "'country'", "(country)"], "country"),
        (["don’t", "don't", "DON'T", "donʼt"], "don't"),
        (["Café", "cafe\u0301", "CAFÉ"], "café"),
        (["cafe", "Cafe."], "cafe"),  # a lexicon may tell it from café
        (["route 66", "Route Sixty-Six", "route sixty six"], "route sixty six"),
        (["25", "twenty-five", "Twenty Five"], "twenty five"),
        (["World War II", "world war 2", "world war Ⅱ"], "world war two"),
        (["x-ray", "X-Ray"], "x-ray"),  # of the dictionary, and not said as "x ray" is
        (["U.S.", "u.s"], "u.s."),
        (["KWS", "kws", "k.w.s."], "kws"),
        (["Straße", "STRAẞE"], "straße"),
        (["привет МИР", "Привет_мир"], "привет мир"),
        (["!!!"], "!!!"),
        (["", " "], ""),
    ],
)
def test_spellings_of_one_keyword(spellings, form):
    assert [normal_form(text) for text in spellings] == [form] * len(spellings)


def test_a_normal_form_is_its_own_and_is_said_as_the_text_is():
    rng, g2p = random.Random(3), G2P()
    words = [word for word in cmudict().words() if not word.endswith("'") and "ty-" not in word]
    texts = ["1980s", "$2.5 billion", "XYZ's", "AT&T", "HeyJarvis", "½", "C#", "zig-zaggy", "naïve", "L'Oréal", "a.m."]
    for _ in range(400):
        text = " ".join(rng.sample(words, rng.randrange(1, 4)))
        texts.append(rng.choice([text, text.upper(), text.title(), f"{text}?", text.replace(" ", "_")]))
    for text in texts:
        form = normal_form(text)
        assert normal_form(form) == form, text
        assert normal_form(unicodedata.normalize("NFD", text)) == form, text
        assert g2p.pronunciations(form) == g2p.pronunciations(text), (text, form)


def test_words_of_the_dictionary_stay_words_in_any_case():
    words = [word for word in cmudict().words() if word.isalpha()][::50]
    assert [normal_form(word) for word in words] == words
    assert [normal_form(word.title()) for word in words] == words
    # "ii" and the like are not in the dictionary, VI and XI are behind other words only.
    assert [normal_form(word.upper()) for word in words] == words


def test_whatever_is_typed_has_a_normal_form():
    rng = random.Random(8)
    pool = "abzAZ'’-._ 059#&/$€%½Ⅳ\u0301\u200béßıſ語अा\x00\n🙂"
    for _ in range(3000):
        form = normal_form("".join(rng.choices(pool, k=rng.randrange(12))))
        assert normal_form(form) == form
        assert form == " ".join(form.split())


def test_merged_spellings_are_named():
    merged = merged_spellings(["stop", "Hey Nova", "hey_nova", "hey nova", "stop", "go"])
    assert merged == {"hey nova": ["Hey Nova", "hey nova", "hey_nova"]}
    result = merged_message(merged)
    assert result.endswith("is spelt in several ways and taken as one: 'hey nova' ('Hey Nova', 'hey nova', 'hey_nova')")
    many = merged_message(merged_spellings(f"{word}{end}" for word in ("a", "b", "c", "d") for end in (".", "!")))
    assert many.startswith("4 keywords are")
    assert "\n" not in many
    assert len(many) < 300


def test_the_first_spelling_is_the_name(caplog):
    assert distinct_keywords(["Hey Nova", "stop", "hey_nova"]) == ["Hey Nova", "stop"]
    assert "'hey nova' ('Hey Nova', 'hey_nova')" in caplog.text


def test_columns():
    table = pa.table({"word": pa.chunked_array([["Stop", "go"], ["stop.", None, "Go on"]]), "n": [1, 2, 3, 4, 5]})
    found, merged = with_normal_form(table, "word")
    assert found.to_pydict() == {"word": ["stop", "go", "stop", None, "go on"], "n": [1, 2, 3, 4, 5]}
    assert merged == {"stop": ["Stop", "stop."]}
    assert with_normal_form(found, "word") == (found, {})
    assert with_normal_form(table.slice(0, 0), "word") == (table.slice(0, 0), {})


def test_a_lexicon_is_looked_up_in_any_spelling(tmp_path):
    path = tmp_path / "lexicon.tsv"
    path.write_text("Hey_Zorbly\tHH EY1 | Z AO1 R B L IY0\niphone\tF OW1 N\nzig-zaggy\tZ IH1 G\nxyz\tS IH1 Z\n")
    g2p = G2P(path)
    for text, said in {
        "hey zorbly!": "HH EY1 | Z AO1 R B L IY0",
        "iPhone": "F OW1 N",
        "my iPhone": "M AY1 | F OW1 N",
        "so zig-zaggy": "S OW1 | Z IH1 G",
        "XYZ": "S IH1 Z",
    }.items():
        assert " ".join(g2p.pronunciations(text)[0]) == said, text


def test_initials_are_spelt_and_not_read_as_words():
    texts = ("U.S.", "I.T.", "XYZ's", "the ULE", "STOP THE ULE")
    said = {text: " ".join(G2P().pronunciations(text)[0]) for text in texts}
    assert said["U.S."] == "Y UW2 EH1 S"
    assert said["I.T."] == "AY1 T IY1"
    assert said["XYZ's"] == "EH1 K S W AY1 Z IY1 Z"
    assert said["the ULE"] == "DH AH0 | Y UW1 EH1 L IY1"
    assert said["STOP THE ULE"] == "S T AA1 P | DH AH0 | Y UW1 L"
    with pytest.raises(UnpronounceableText):
        G2P().pronunciations("ÜЯ")
