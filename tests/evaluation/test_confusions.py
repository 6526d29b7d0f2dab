import pyarrow as pa
import pytest

from kwskit.data.records import RecordError, write_records
from kwskit.evaluation.confusions import confusions

SPOKEN = {"u1": "cat", "u2": "bat", "u3": "dog", "u4": "cat"}
TRIALS = [  # typed, utterance, target, score
    ("cat", "u1", 1, 0.9),
    ("bat", "u1", 0, 0.7),
    ("dog", "u1", 0, 0.1),
    ("bat", "u2", 1, 0.8),
    ("cat", "u2", 0, 0.3),
    ("dog", "u3", 1, 0.2),
    ("cat", "u3", 0, 0.6),
    ("cat", "u4", 1, 0.65),
    ("bat", "u4", 0, 0.4),
]


@pytest.fixture
def scores(tmp_path):
    columns = zip(*TRIALS, strict=True)
    table = pa.table(dict(zip(("enrol_text", "utt_id", "target", "score"), columns, strict=True)))
    write_records(tmp_path / "scores.tsv", "scores", table, {"protocol": "wsj"})
    return tmp_path / "scores.tsv"


def test_the_worst_errors_come_first(scores):
    found = confusions(scores, SPOKEN, count=3)
    # At 0.6 two of five non-targets are accepted and one of four targets is missed; at 0.65 it is one and one.
    assert found["threshold"] == 0.65
    assert [(p["typed"], p["spoken"], p["trials"], p["accepted"]) for p in found["pairs"]] == [
        ("bat", "cat", 2, 1),
        ("cat", "dog", 1, 0),
        ("cat", "bat", 1, 0),
    ]
    assert [p["score"] for p in found["pairs"]] == pytest.approx([0.55, 0.6, 0.3])
    assert found["misses"][0] == {
        "typed": "dog",
        "spoken": "dog",
        "utt_id": "u3",
        "score": 0.2,
        "best": "cat",
        "best_score": 0.6,
    }
    assert [m["score"] for m in found["misses"]] == [0.2, 0.65, 0.8]
    assert found["false_alarms"][0] == {"typed": "bat", "spoken": "cat", "utt_id": "u1", "score": 0.7}
    assert [f["score"] for f in found["false_alarms"]] == [0.7, 0.6, 0.4]


def test_lists_are_as_long_as_there_are_errors(scores):
    found = confusions(scores, SPOKEN, count=100)
    assert [len(found[key]) for key in ("pairs", "misses", "false_alarms")] == [4, 4, 5]


def test_an_utterance_without_other_words_has_no_rival(tmp_path):
    table = pa.table({"enrol_text": ["a", "b"], "utt_id": ["u", "v"], "target": [1, 0], "score": [0.1, 0.2]})
    write_records(tmp_path / "s.tsv", "scores", table, {"protocol": "wsj"})
    miss = confusions(tmp_path / "s.tsv", {"u": "a", "v": "c"})["misses"][0]
    assert (miss["best"], miss["best_score"]) == (None, None)


def test_an_unknown_utterance_is_named(scores):
    with pytest.raises(RecordError, match="the word of utterance 'u3' is not known"):
        confusions(scores, {key: word for key, word in SPOKEN.items() if key != "u3"})
