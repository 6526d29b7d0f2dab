"""Whatever may be typed or pasted where a keyword is asked for."""

import os
import random
import sys
import time

import pytest

from kwskit.errors import UnpronounceableText
from kwskit.text.character_tokenizer import CharacterTokenizer
from kwskit.text.phoneme_tokenizer import PhonemeTokenizer
from kwskit.text.subword_tokenizer import SubwordTokenizer
from kwskit.text.subwords import LETTERS

ROUNDS = int(os.environ.get("KWSKIT_FUZZ", "1"))
POOLS = (
    "abcdefghijklmnopqrstuvwxyz' -.",
    "0123456789,.$£€%&+@= stndrdth/",
    "\u0301\u200b\u200d\u202e\u00ad\ufe0f\ufeff",
    "½²Ⅳ⅒٣߁ßæØłŋ\u2044①㎏",
    "ÄÖÜéèñçİſǅ",
    "\ud800\udfff\x00\x1b\n\t\u2028",
    "語한עאا\u0e33",
    "👍🎤🏳️‍🌈<>&;{}\\",
)
TOKENIZERS = {
    "phoneme": PhonemeTokenizer(),
    "without stress": PhonemeTokenizer(stress=False),
    "character": CharacterTokenizer(),
    "subword": SubwordTokenizer(pieces=[f"{letter} -1" for letter in LETTERS]),
}


@pytest.fixture(params=TOKENIZERS)
def tokenizer(request):
    return TOKENIZERS[request.param]


def said(tokenizer, text: str) -> bool:
    """Whether ``text`` is pronounced, the only alternative being a message that a person can read in a terminal."""
    begin = time.process_time()
    try:
        found = tokenizer.encode(text)
    except UnpronounceableText as error:
        result = str(error)
        found = []
    else:
        result = "cannot pronounce"
    assert result.startswith("cannot pronounce")
    assert len(result) < 400
    assert result.isprintable()
    assert all(ids and all(3 < unit < tokenizer.size for unit in ids) for ids in found)
    assert time.process_time() - begin < 5.0  # a thousand times what it takes
    return bool(found)


def test_every_plane_of_unicode(tokenizer):
    points = [*range(0, 0x300), *range(0x300, sys.maxunicode + 1, 1009 // ROUNDS or 1)]
    pronounced = [chr(point) for point in points if said(tokenizer, chr(point))]
    assert set("azAZ059") < set(pronounced)
    for point in points[::7]:
        said(tokenizer, f"b{chr(point)}b")


def test_all_sorts_of_characters_together(tokenizer):
    rng = random.Random(5)
    outcomes = []
    for _ in range(300 * ROUNDS):
        pools, length = rng.sample(POOLS, rng.randrange(1, 4)), rng.choice((1, 3, 8, 30, 120, 500, 501))
        outcomes.append(said(tokenizer, "".join(rng.choice(rng.choice(pools)) for _ in range(length))))
    assert 20 < sum(outcomes) < len(outcomes) - 20


@pytest.mark.parametrize(
    "text",
    [
        *("1e999", "1,000,000", "3.14", "½", "٣٤", "१२३", "-0.0", "00", "$0.00", "100%", "0th", "1.2.3.4", "9" * 500),
        *("1" * 15 + "th", "1" * 16 + "th", "1," * 250, "$1.5" * 125, "½" * 500, "1/2" * 166, "Ⅻ" * 500, "x²"),
        *("read " * 100, "a.b." * 125, "x-" * 250, "&" * 500, "a" * 500, "e\u0301" * 250, "a" + "\u0301" * 499),
        *(
            "<b>hi</b>",
            "&amp;",
            "hi👍",
            "a\x00b",
            "\x1b[31mred",
            "a\ud800b",
            "\u202eabc",
            "ok\r\n",
            "%s",
            "{0}",
            "$(ls)",
        ),
    ],
)
def test_what_has_a_letter_or_a_digit_is_pronounced(tokenizer, text):
    assert said(tokenizer, text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "it is empty"),
        (" \n\t\u2003", "it is empty"),
        ("a" * 10_000, "it has 10,000 characters; at most 500"),
        ("👍", "no letter and no digit"),
        ("\ud800\u0301\u200b", "no letter and no digit"),
        ("'-..", "no letter and no digit"),
        ("語", "only the letters A to Z can be read, not 語"),
        ("ﷺ" * 500, "only the letters A to Z"),
        ("שלום", "only the letters A to Z"),
    ],
)
def test_what_has_none_is_refused_with_the_reason(tokenizer, text, reason):
    with pytest.raises(UnpronounceableText, match=reason):
        tokenizer.encode(text)
    assert not said(tokenizer, text)


def test_no_more_pronunciations_than_memory_has_room_for():
    many = PhonemeTokenizer(max_pronunciations=100)
    assert len(many.encode("read " * 100)) == 100
    with pytest.raises(ValueError, match="max_pronunciations must lie in 1 to 100, not 1000000000"):
        PhonemeTokenizer(max_pronunciations=1_000_000_000)
