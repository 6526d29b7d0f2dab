from collections import Counter

import pytest

from kwskit.evaluation.stream_trials import stream_trials

WORDS = [f"word{k}" for k in range(20)]
UTT_IDS = [f"{word}-{k}" for word in WORDS for k in range(3)]
SPOKEN = [word for word in WORDS for _ in range(3)]
SPEAKERS = [f"s{row % 4}" for row in range(60)]


def draw(**changed):
    return stream_trials(UTT_IDS, SPOKEN, SPEAKERS, **{"streams": 8, "seed": 1, **changed}).to_pylist()


def test_streams_are_different_words_of_one_voice():
    voice = dict(zip(UTT_IDS, SPEAKERS, strict=True))
    word = dict(zip(UTT_IDS, SPOKEN, strict=True))
    by_stream = {}
    for row in draw():
        by_stream.setdefault(row["utt_id"], []).append(row)
    assert len(by_stream) == 8
    used = Counter(utt for stream in by_stream for utt in stream.split(" "))
    assert max(used.values()) == 1
    for stream, rows in by_stream.items():
        utterances = stream.split(" ")
        assert len({voice[utt] for utt in utterances}) == 1
        own = [word[utt] for utt in utterances]
        assert len(set(own)) == 3
        assert [row["enrol_text"] for row in rows if row["target"]] == own
        others = [row["enrol_text"] for row in rows if not row["target"]]
        assert len(set(others)) == 9
        assert set(others).isdisjoint(own)


def test_the_seed_decides():
    assert draw() == draw()
    assert draw() != draw(seed=2)


def test_all_streams_where_more_are_wanted():
    assert len({row["utt_id"] for row in draw(streams=1000)}) <= 60 // 3


@pytest.mark.parametrize(
    ("changed", "message"),
    [({"negatives": 18}, "need more than 20 words"), ({"length": 16, "negatives": 1}, "no voice speaks 16")],
)
def test_what_cannot_be_drawn(changed, message):
    with pytest.raises(ValueError, match=message):
        draw(**changed)
