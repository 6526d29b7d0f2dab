"""Stretches of running speech, by hand and by a loop."""

import numpy as np
import pyarrow as pa
import pytest

from kwskit.corpora.findings import Findings
from kwskit.corpora.whole_utterances import whole_utterances
from kwskit.data.records import MANIFEST, WORDS
from kwskit.errors import CorpusError


def table(rows, *names):
    return pa.table({name: list(column) for name, column in zip(names, zip(*rows, strict=True), strict=True)})


def aligned_table(rows):
    return table(rows, "utterance", "start", "stop", "word", "position")


def utterance_table(rows):
    return table(rows, "utterance", "path", "speaker", "split", "seconds")


def told(found):
    """{utt_id: (row of the manifest, [(word, start, stop), ...])}, times to the microsecond."""
    manifest, words = found
    assert manifest.schema.equals(pa.schema(MANIFEST))
    assert words.schema.equals(pa.schema(WORDS))
    said = {row["utt_id"]: (row, []) for row in manifest.to_pylist()}
    assert len(said) == len(manifest)
    for row in words.to_pylist():
        said[row["utt_id"]][1].append((row["word"], round(row["start"], 6), round(row["stop"], 6)))
    return said


def test_a_stretch_ends_where_something_is_not_known_and_at_pauses():
    aligned = aligned_table(
        [
            ("u", 0.5, 0.9, "good", 0),
            ("u", 0.95, 1.4, "morning", 1),
            # 0.7 s of silence
            ("u", 2.1, 2.8, "everyone", 2),
            ("u", 2.85, 3.4, "alexa", 3),  # not to be trained on
            ("u", 3.45, 3.8, "said", 4),
            # 5 is unknown
            ("u", 4.4, 4.5, "he", 6),
            ("u", 5.0, 6.2, "talks", 7),
            ("u", 6.2, 7.6, "and", 8),
            ("u", 7.6, 9.0, "talks", 9),
            ("u", 9.0, 10.3, "to", 10),
            ("u", 10.3, 11.0, "us", 11),  # 6.6 s after "he" begins
            ("v", 0.05, 0.4, "yes", 1),  # 0 is unknown
            ("v", 0.4, 0.5, "yes", 2),
            ("w", 0.05, 0.4, "no", 0),
            ("x", 0.0, 0.4, "alexa", 0),
            ("elsewhere", 0.0, 0.4, "who", 0),
        ]
    )
    utterances = utterance_table(
        [
            ("u", "/c/u.wav", "ann", "train", 11.1),
            ("v", "/c/v.wav", "ben", "train", 0.9),
            ("w", "/c/w.wav", "ben", "dev", 0.45),
            ("x", "/c/x.wav", "ben", "dev", 0.45),
        ]
    )
    findings = Findings()
    found = told(whole_utterances(aligned, utterances, findings, lambda word: word == "alexa"))
    assert {name: (row["start"], row["stop"], row["word"]) for name, (row, _) in found.items()} == {
        "u_0": (0.4, 1.6, "good morning"),
        "u_2": (2.0, 2.85, "everyone"),  # up to the next word
        "u_4": (3.4, 3.8, "said"),  # nothing of a word whose times are not known
        "u_6": (4.4, 10.3, "he talks and talks to"),
        "u_11": (10.3, 11.1, "us"),  # up to the end of the recording
        "v_1": (0.05, 0.7, "yes yes"),
        "w_0": (0.0, 0.45, "no"),
    }
    assert {name: words for name, (_, words) in found.items()} == {
        "u_0": [("good", 0.1, 0.5), ("morning", 0.55, 1.0)],
        "u_2": [("everyone", 0.1, 0.8)],
        "u_4": [("said", 0.05, 0.4)],
        "u_6": [("he", 0.0, 0.1), ("talks", 0.6, 1.8), ("and", 1.8, 3.2), ("talks", 3.2, 4.6), ("to", 4.6, 5.9)],
        "u_11": [("us", 0.0, 0.7)],
        "v_1": [("yes", 0.0, 0.35), ("yes", 0.35, 0.45)],
        "w_0": [("no", 0.05, 0.4)],
    }
    assert found["w_0"][0] | {"utt_id": 0, "start": 0, "stop": 0, "word": 0} == {
        **dict.fromkeys(("utt_id", "start", "stop", "word"), 0),
        **{"path": "/c/w.wav", "speaker": "ben", "split": "dev"},
    }
    assert not len(findings)


def by_a_loop(aligned, utterances, left_out):
    seconds = {row["utterance"]: row["seconds"] for row in utterances.to_pylist()}
    found = {}
    for name in dict.fromkeys(aligned["utterance"].to_pylist()):
        rows = sorted((row for row in aligned.to_pylist() if row["utterance"] == name), key=lambda row: row["start"])
        stretches = []
        for k, row in enumerate(rows):
            joined = (
                k > 0
                and stretches
                and stretches[-1][-1] == k - 1
                and row["position"] == rows[k - 1]["position"] + 1
                and row["start"] - rows[k - 1]["stop"] <= 0.6
                and row["stop"] - rows[stretches[-1][0]]["start"] <= 6.0
            )
            if row["word"] in left_out:
                continue
            if joined:
                stretches[-1].append(k)
            else:
                stretches.append([k])
        for stretch in stretches:
            first, last = rows[stretch[0]], rows[stretch[-1]]
            begin, end = max(first["start"] - 0.1, 0.0), min(last["stop"] + 0.2, seconds[name])
            earlier = rows[stretch[0] - 1] if stretch[0] else {"stop": -1.0, "position": -1}
            begin = max(begin, earlier["stop"]) if earlier["position"] + 1 == first["position"] else first["start"]
            if stretch[-1] + 1 < len(rows):
                later = rows[stretch[-1] + 1]
                end = min(end, later["start"]) if later["position"] == last["position"] + 1 else last["stop"]
            said = [(rows[k]["word"], rows[k]["start"] - begin, rows[k]["stop"] - begin) for k in stretch]
            found[f"{name}_{first['position']}"] = (begin, end, said)
    return found


@pytest.mark.parametrize("seed", range(3))
def test_stretches_are_those_of_a_loop(seed):
    rng = np.random.default_rng(seed)
    aligned, utterances = [], []
    for utt in range(30):
        at = 0.0
        for position in range(int(rng.integers(3, 40))):
            at += float(rng.choice([0.0, 0.0, 0.05, 0.15, 0.3, 0.59, 0.62]))
            stop = round(at + float(rng.uniform(0.06, 0.8)), 3)
            if rng.random() < 0.95:
                aligned.append(
                    (
                        f"u{utt}",
                        round(at, 3),
                        stop,
                        str(rng.choice(["a", "of", "river", "hey"], p=[0.4, 0.3, 0.25, 0.05])),
                        position,
                    )
                )
            at = stop
        utterances.append((f"u{utt}", f"/c/u{utt}.flac", f"s{utt % 7}", "train", at + 0.07))
    order = rng.permutation(len(aligned))
    aligned, utterances = aligned_table([aligned[k] for k in order]), utterance_table(utterances)
    found = told(whole_utterances(aligned, utterances, Findings(), lambda word: word == "hey"))
    expected = by_a_loop(aligned, utterances, {"hey"})
    assert found.keys() == expected.keys()
    for name, (begin, end, said) in expected.items():
        row, words = found[name]
        assert (row["start"], row["stop"]) == pytest.approx((begin, end), abs=2e-6)
        assert row["word"] == " ".join(word for word, _, _ in words) == " ".join(word for word, _, _ in said)
        for (_, *times), (_, *hers) in zip(words, said, strict=True):
            assert times == pytest.approx(hers, abs=2e-6)
    lasting = [row["stop"] - row["start"] for row, _ in found.values()]
    assert 5 < max(lasting) <= 6.3


def test_words_that_overlap_stay_whole():
    aligned = aligned_table([("u", 0.2, 0.6, "one", 0), ("u", 0.5, 0.9, "hey", 1), ("u", 0.8, 1.2, "two", 2)])
    utterances = utterance_table([("u", "/u.wav", "s", "train", 2.0)])
    found = told(whole_utterances(aligned, utterances, Findings(), lambda word: word == "hey"))
    assert [(row["start"], row["stop"]) for row, _ in found.values()] == [(0.1, 0.6), (0.8, 1.4)]


def test_nothing_is_left():
    aligned = aligned_table([("u", 0.0, 0.5, "hey", 0)])
    utterances = utterance_table([("u", "/u.wav", "s", "train", 1.0)])
    for few in (utterances, utterances.slice(1)):
        manifest, words = whole_utterances(aligned, few, Findings(), lambda word: True)
        assert (len(manifest), len(words)) == (0, 0)
        assert manifest.schema.equals(pa.schema(MANIFEST))
        assert words.schema.equals(pa.schema(WORDS))


def test_what_cannot_be_used_is_noted_and_parts_stretches():
    rows = [(0.0, 0.5, "one"), (0.5, 0.51, "a"), (0.55, 0.9, "two"), (0.95, 3.0, "late")]
    aligned = aligned_table([("u", *row, k) for k, row in enumerate(rows)])
    findings = Findings()
    utterances = utterance_table([("u", "/u.wav", "s", "train", 1.5)])
    found = told(whole_utterances(aligned, utterances, findings))
    assert [(name, row["start"], row["stop"]) for name, (row, _) in found.items()] == [
        ("u_0", 0.0, 0.5),
        ("u_2", 0.55, 1.1),
    ]
    assert findings.counts == {
        "alignments past the end of their audio": 1,
        "words shorter than one window of 25 ms": 1,
    }


def test_a_wrong_corpus_is_told():
    aligned = aligned_table([("a", 0.0, 0.5, "one", 0)])
    with pytest.raises(CorpusError, match=r"no aligned utterance \(a, …\) is one of the corpus \(b, …\)"):
        whole_utterances(aligned, utterance_table([("b", "/b.wav", "s", "train", 1.0)]), Findings())
