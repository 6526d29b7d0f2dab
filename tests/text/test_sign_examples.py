"""What docs/KEYWORDS.md says of signs, files and forms is so."""

import re
from pathlib import Path

from kwskit.text.lexicon import read_lexicon
from kwskit.text.pronouncing_dictionary import cmudict
from kwskit.text.pronunciation import STRESSLESS, read_pronunciation
from kwskit.text.sign_examples import EXAMPLES
from kwskit.text.typed_keyword import TypedKeyword

PAGE = (Path(__file__).parents[2] / "docs/KEYWORDS.md").read_text("utf-8")


def test_every_sign_has_an_example_with_that_sound():
    assert sorted(EXAMPLES) == sorted(STRESSLESS)
    for phoneme, (ipa, words) in EXAMPLES.items():
        assert [one.rstrip("012") for one in read_pronunciation(f"/{ipa}/")] == [phoneme]
        for word in words.split(", "):
            said = [one.rstrip("012") for reading in cmudict().lookup(word.lower()) for one in reading]
            assert phoneme in said, word
            assert re.search("[A-Z]", word)


def test_the_page_has_all_signs():
    rows = re.findall(r"\| `(\w+)` \| (\S+) \| ([\w, ]+?) (?=\|)", PAGE)
    assert {phoneme: (ipa, word) for phoneme, ipa, word in rows} == EXAMPLES


def test_the_forms_of_the_page_can_be_read(tmp_path):
    typed = re.findall(r"--keyword \"([^\"]+)\"", PAGE) + re.findall(r"`([a-z ]+[=~][a-zA-Z][^`]+)`", PAGE)
    assert len(typed) == 8
    assert all(TypedKeyword.parse(one).told for one in typed)
    (lexicon,) = re.findall(r"```\n(#.*?)```", PAGE, re.S)
    (tmp_path / "mine.dict").write_text(lexicon, "utf-8")
    assert {word: len(said) for word, said in read_lexicon(tmp_path / "mine.dict").items()} == {
        "hadouken": 2,
        "nova": 1,
    }
