"""The verdict on hand-made cases, one rule at a time."""

import dataclasses
import json

import numpy as np
import pytest

from kwskit.check.keyword_check import Confusable, KeywordCheck, Rival
from kwskit.check.rules import remarks
from kwskit.spotting.keyword import Keyword

HEY_NOVA = Keyword(
    "hey nova", "hey nova", ("HH EY1 | N OW1 V AH0",), np.eye(1, 4, dtype=np.float32), 0.58, (0.5, 0.8), 2.0, 0.5
)
READS = (("hey", "dictionary"), ("nova", "dictionary"))
GOOD = KeywordCheck(HEY_NOVA, READS, HEY_NOVA.pronunciations, 4.0, (), (), 0, (), (), 0.5, np.ones(3, np.float32), 10.0)


def word(text, score, same=False):
    return Confusable(text, (), "HH EY", "word", 0 if same else 1, 0.9, score, same)


def said(*pronunciations, seconds=0.58):
    return {"keyword": dataclasses.replace(HEY_NOVA, seconds=seconds), "pronunciations": pronunciations}


def at(threshold, asked=0.5):
    return {"keyword": dataclasses.replace(HEY_NOVA, threshold=threshold, fa_per_hour=asked)}


def typed(text, *reads):
    return {"keyword": dataclasses.replace(HEY_NOVA, text=text), "reads": reads}


CASES = [
    ({}, "good", "6 phonemes in 3 syllables"),
    # length: three phonemes are poor, four in one syllable too; four in two syllables, or one syllable, are risky
    (said("G OW1"), "poor", "2 phonemes in 1 syllable"),
    (said("S T AA1 P"), "poor", "4 phonemes in 1 syllable"),
    (said("N OW1 V AH0"), "risky", "4 phonemes in 2 syllables"),
    (said("G R EY1 D Z"), "risky", "5 phonemes in 1 syllable"),
    (said("S EH1 V AH0 N"), "good", "5 phonemes in 2 syllables"),
    (said("K AH0 M P Y UW1 T ER0", "AH0 N"), "poor", "2 phonemes"),  # the shortest pronunciation counts
    (said("HH EY1 | N OW1 V AH0", seconds=2.8), "risky", "2.8 s"),
    (said("HH EY1 | N OW1 V AH0", seconds=2.6), "good", None),
    (said("S T R EH1 NG K TH S T AH0"), "good", "vowels"),
    # threshold, of a typed score of 4: four fifths are 3.2
    (at(4.1), "poor", "hardly anybody"),
    (at(3.3), "risky", "many will be missed"),
    (at(3.1), "good", None),
    ({"keyword": dataclasses.replace(HEY_NOVA, threshold=4.4, threshold_source="gaussian")}, "good", None),
    (
        {
            "keyword": dataclasses.replace(HEY_NOVA, threshold=4.4, threshold_source="gaussian"),
            "parts": (("nova", 3.7),),
        },
        "risky",
        "'nova' alone",
    ),
    ({"false_alarms": None}, "good", "calibrate"),
    (
        {"false_alarms": 1.1},
        "risky",
        "1.1 false alarms an hour are estimated at its threshold where 0.5 were asked for",
    ),
    ({"false_alarms": 0.9}, "good", None),
    ({**at(2.0, None), "false_alarms": 1.5}, "risky", "1.5 false alarms"),
    ({**at(2.0, None), "false_alarms": 0.9}, "good", None),
    # neighbours
    ({"words": (word("hay", 4.0, True),)}, "risky", "sounds the same: hay"),
    ({"words": (word("nova's", 4.0, True),)}, "good", None),
    (
        {"words": (word("hever", 3.7),), "close": 1},
        "good",
        "1 word would set it off with nearly its own score, such as",
    ),
    ({"words": (word("hever", 3.7),), "close": 19}, "good", "19 words"),
    ({"words": (word("hever", 3.7),), "close": 20}, "risky", "20 words"),
    ({"around": ("novas",)}, "good", "1 longer word: novas."),
    ({"around": tuple(f"nova{k}" for k in range(20))}, "risky", "20 longer words: nova0, nova1, nova2, nova3, …"),
    ({"parts": (("nova", 2.1),)}, "good", "'nova' alone scores 2.10"),
    ({"parts": (("nova", 3.7),)}, "risky", "'nova' alone scores 3.70"),
    ({**at(3.15), "parts": (("nova", 3.0),)}, "good", "'nova'"),
    ({**at(2.0), "parts": (("nova", 2.6),)}, "risky", "scores 2.60 as typed, where the threshold is 2.00. Allow fewer"),
    ({**at(2.0), "parts": (("nova", 2.4),)}, "good", "'nova' alone scores 2.40 as typed."),
    (
        {**at(2.0), "changes": (("hay nova", 2.6), ("hey over", 2.51), ("hey", 2.4))},
        "good",
        "Of 3 phrases without one of its words, or with one that sounds nearly alike, 2 would set it off, such as hay",
    ),
    ({**at(2.0), "changes": (("hay nova", 2.4),)}, "good", None),
    # the other keywords
    ({"rivals": (Rival("hay nova", 4.0, True),)}, "poor", "sounds the same as 'hay nova'"),
    ({"rivals": (Rival("hey rover", 3.7, False),)}, "risky", "'hey rover', which is to be listened for too, sets it"),
    ({"rivals": (Rival("hey rover", 3.5, False),)}, "good", None),
    # reading
    (typed("hey nova", ("hey", "dictionary"), ("nova", "guessed")), "risky", "'nova' is in no dictionary"),
    (typed("kws nova", ("kws", "spelt"), ("nova", "lexicon")), "good", "'kws' is spelt"),
    (
        typed("route 66", ("route", "dictionary"), ("sixty", "dictionary"), ("six", "dictionary")),
        "good",
        "route sixty six",
    ),
    (said(*("HH EY1 N OW1 V AH0",) * 5), "good", "5 pronunciations"),
]


@pytest.mark.parametrize(("facts", "verdict", "result"), CASES)
def test_verdict(facts, verdict, result):
    check = dataclasses.replace(GOOD, **facts)
    check = dataclasses.replace(check, remarks=remarks(check))
    assert check.verdict == verdict
    texts = [remark.text for remark in check.remarks]
    if result is None:
        assert len(texts) == 1
    else:
        assert any(result in text for text in texts), texts
    assert [remark.level for remark in check.remarks] == sorted(
        (remark.level for remark in check.remarks), key=["poor", "risky", "good", "note"].index
    )
    assert all(text.endswith((".", "RECORDINGS.")) for text in texts)


def test_numbers_of_a_check():
    check = dataclasses.replace(GOOD, **said("S EH1 V AH0 N", "S EH1 V N"))
    assert (check.phonemes, check.syllables, check.vowels) == (4, 1, 0.4)
    result = json.loads(json.dumps(dataclasses.replace(check, words=(word("hay", 3.14159),)).as_json()))
    assert result["keyword"] == "hey nova"
    assert (result["own_score"], result["threshold"], result["false_alarms_per_hour"]) == (4.0, 2.0, 0.5)
    assert result["words"][0] == {
        "text": "hay",
        "also": [],
        "phonemes": "HH EY",
        "kind": "word",
        "edits": 1,
        "cosine": 0.9,
        "score": 3.14,
        "same": False,
    }
    assert "background" not in result
    assert result["background_peaks_reached"] == 0  # of 1, 1 and 1, where the threshold is 2
