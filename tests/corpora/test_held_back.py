"""Who is held back stays so: fixed values, which no later change may move."""

import hashlib

import pyarrow as pa

from kwskit.corpora.held_back import (
    TEST_WORDS,
    has_test_word,
    held_back_parts,
    part_of,
    part_without_text,
    without_test_words,
)


def test_parts_are_fixed():
    held = {
        ("librispeech", "5789"): "dev",
        ("librispeech", "226"): "test",
        ("librispeech", "3947"): "test",
        ("librispeech", "19"): "train",
        ("speechocean762", "0001"): "train",
        ("common_voice", "sample-000000"): "train",
    }
    assert {key: part_of(*key) for key in held} == held


def test_a_tenth_is_held_back_by_hash():
    names = [f"{number:06d}" for number in range(4000)]
    parts = held_back_parts("common_voice", names)
    expected = []
    for name in names:
        digest = hashlib.blake2b(b"common_voice:" + name.encode(), digest_size=8).digest()
        expected.append({0: 1, 1: 2}.get(sum(byte << 8 * place for place, byte in enumerate(digest)) % 20, 0))
    assert parts.tolist() == expected
    assert 160 < (parts == 1).sum() < 240
    assert 160 < (parts == 2).sum() < 240
    assert parts.tolist() != held_back_parts("speechocean762", names).tolist()


def test_recordings_without_text_have_fixed_parts_of_eight():
    names = [f"clip-{number}" for number in range(4000)]
    parts = [part_without_text(name) for name in names]
    places = [hashlib.blake2b(f"without text:{name}".encode(), digest_size=8).digest()[0] % 8 for name in names]
    expected = {0: "background", 1: "background", 2: "dev"}
    assert parts == [expected.get(place, "test") for place in places]
    assert 850 < parts.count("background") < 1150
    assert 420 < parts.count("dev") < 580


def test_words_that_models_are_tested_with():
    digits = {"zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"}
    assert set(TEST_WORDS) == digits | {"athena", "amelia", "computer", "android", "hey", "alexa"}
    assert has_test_word("the computer's")
    assert not has_test_word("someone computers")
    words = ["garden", "hey computer", "anyone", "seven", "garden path"]
    table = pa.table({"word": words, "utt_id": list("abcde")})
    assert without_test_words(table)["utt_id"].to_pylist() == ["a", "c", "e"]
