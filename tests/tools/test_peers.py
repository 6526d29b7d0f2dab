"""The comparison with other packages counts what was told, and when."""

import json

import numpy as np
import pyarrow as pa
import pytest
import soundfile

from kwskit.data.records import OCCURRENCES, QUERIES, RECORDINGS, write_records
from kwskit.evaluation.searched import Search

pytestmark = pytest.mark.usefixtures("people_bench")
RATE = 16_000
SAID = (("one", 10.0, 12.0), ("two", 20.0, 22.0), ("one", 30.0, 32.0), ("two", 40.0, 42.0), ("one", 50.0, 52.0))


@pytest.fixture
def search(tmp_path):
    """A stream of an hour in name, in which a tone of 0.5 s is in the middle of each word's stretch of 2 s."""
    pcm = np.random.default_rng(0).normal(0, 3, 60 * RATE)
    for _, start, _ in SAID:
        at = round((start + 0.75) * RATE)
        pcm[at : at + RATE // 2] += 8_000 * np.sin(np.arange(RATE // 2))
    soundfile.write(tmp_path / "a.flac", pcm.astype(np.int16), RATE, subtype="PCM_16")
    tables = {
        "recordings": (RECORDINGS, [("a", "a.flac", 0.0, 3610.0)]),
        "queries": (QUERIES, [("one", "one", ""), ("two", "two", "")]),
        "occurrences": (OCCURRENCES, [(word, "a", start, stop) for word, start, stop in SAID]),
    }
    for kind, (columns, rows) in tables.items():
        table = pa.table(dict(zip(columns, map(list, zip(*rows, strict=True)), strict=True)))
        write_records(tmp_path / f"{kind}.tsv", kind, table, {"late": 0.5})
    return Search.read(tmp_path)


def test_misses_false_alarms_and_delays_are_those_of_a_loop(search):
    from peers.figures import at_own_threshold, table_of, word_ends

    told = [
        ("one", "a", 10.9, 11.3, 3.0, 11.75),  # found, told 0.5 s after its end at 11.25
        ("one", "a", 11.4, 11.6, 2.0, 11.9),  # again: neither
        ("two", "a", 10.9, 11.3, 9.0, 11.4),  # another word is said
        ("two", "a", 22.2, 22.4, 1.0, 22.5),  # within half a second behind
        ("one", "a", 33.0, 33.4, 5.0, 33.5),  # too late
        ("one", "a", 100.0, 101.0, 5.0, 101.5),
    ]
    ends = word_ends(search)
    assert ends == pytest.approx([start + 1.25 for _, start, _ in SAID], abs=0.04)
    own = at_own_threshold(search, table_of(told), ends, 50, 0)
    hits, alarms = {}, 0
    for word, _, start, stop, _, at in sorted(told, key=lambda one: -one[4]):
        middle = (start + stop) / 2
        inside = [k for k, (said, a, b) in enumerate(SAID) if said == word and a <= middle <= b + 0.5]
        alarms += not inside
        for k in inside:
            hits.setdefault(k, at)
    each = {word: np.mean([k not in hits for k, one in enumerate(SAID) if one[0] == word]) for word in ("one", "two")}
    assert own["miss"].value == pytest.approx(np.mean(list(each.values())))
    assert own["miss"].value == pytest.approx((2 / 3 + 1 / 2) / 2)
    assert own["false_alarms"] == alarms == 3
    assert search.other_hours == pytest.approx(1.0)
    rate = own["fa_per_hour"]
    assert rate["value"] == pytest.approx(1.5)
    # Poisson's exact interval of three: 0.6187 to 8.7673.
    assert (rate["low"], rate["high"]) == pytest.approx((0.6187 / 2, 8.7673 / 2), abs=1e-3)
    assert own["found"] == 2
    delays = [hits[k] - ends[k] for k in hits]
    assert own["delay"]["p50"] == pytest.approx(np.median(delays))


def test_the_curve_has_each_keyword_at_its_own_threshold(search, tmp_path):
    from peers.figures import curve, table_of

    found = [
        ("one", "a", 10.9, 11.3, 3.0, 12.0),
        ("one", "a", 30.9, 31.3, 2.0, 32.0),
        ("two", "a", 20.9, 21.3, 0.1, 22),
    ]
    alarms = [("one", "a", 100.0, 100.4, 2.5, 101.0), ("one", "a", 200.0, 200.4, 1.0, 201.0)]
    misses = curve(search, table_of(found + alarms), tmp_path / "d.tsv", 20, 0)["miss_at"]
    # None is allowed at 0.5 an hour: "one" is found above 2.5 alone, "two" has no false alarm.
    assert misses["0.5"].value == pytest.approx((2 / 3 + 1 / 2) / 2)
    assert misses["1"].value == misses["5"].value == pytest.approx((1 / 3 + 1 / 2) / 2)


class Counting:
    """Tells "one" at every push, half a second long, and "two" as the recording ends."""

    detects = True

    def __init__(self):
        self.sizes = []

    def enrol(self, keywords):
        assert keywords == ["one", "two"]

    def push(self, block):
        from spotters.spotter_face import KeywordDetection

        self.sizes.append(len(block))
        return [KeywordDetection("one", 0.0, 0.5, 1.0)]

    def finish(self):
        from spotters.spotter_face import KeywordDetection

        return [KeywordDetection("two", 0.0, 0.5, 1.0)]


def test_a_detection_is_told_when_its_chunk_has_been_heard(search, monkeypatch):
    from peers import hearing

    peer = Counting()
    monkeypatch.setattr(hearing, "build", lambda name, settings, sweep: peer)
    monkeypatch.setattr(hearing.os, "sched_setaffinity", lambda *one: None, raising=False)
    job = {"name": "x", "settings": {}, "sweep": False, "keywords": ["one", "two"], "core": 0}
    found = hearing.hear(job | {"stretches": [["a", str(search.folder / "a.flac"), 1.0, 1.2]]})
    assert peer.sizes == [1280, 1280, 640]
    assert [one[0] for one in found["detections"]] == ["one", "one", "one", "two"]
    assert [one[-1] for one in found["detections"]] == pytest.approx([0.08, 0.16, 0.2, 0.2])
    assert found["seconds"] == pytest.approx(0.2)
    assert json.loads(json.dumps(found)) == found


def test_the_strictest_setting_that_tells_it_is_its_score():
    from peers.settings_sweep import SettingsSweep, strictest
    from spotters.spotter_face import KeywordDetection

    def told(word, stop, setting):
        return KeywordDetection(word, stop - 0.1, stop, setting)

    loose = [told("one", 5.0, 0.1), told("one", 9.0, 0.1), told("two", 5.0, 0.1)]
    kept = strictest([*loose, told("one", 5.2, 0.5), told("one", 5.1, 0.3)])
    assert sorted(kept) == sorted([told("one", 5.2, 0.5), told("one", 9.0, 0.1), told("two", 5.0, 0.1)])

    class Levels:
        def __init__(self, setting):
            self.setting = setting

        def hear(self, block):
            return ["one"] if block.max() > 100 * self.setting else []

        def reset(self):
            pass

    class Peer(SettingsSweep):
        settings, usual = (1.0, 2.0, 3.0), 2.0

        def engine(self, keywords, setting):
            return Levels(setting)

    block = np.full(RATE, 250, np.int16)
    for sweep, scores in ((True, [2.0]), (False, [2.0])):
        peer = Peer(sweep)
        peer.enrol(["one"])
        for _ in range(2):  # the second recording begins at 0
            found = [*peer.push(block), *peer.push(np.zeros(RATE, np.int16)), *peer.finish()]
            assert [one.score for one in found] == scores
            assert [one.stop for one in found] == [1.0]


def test_the_table_says_who_is_measured_and_who_is_not():
    from peers.tables import comparison_table
    from people.figure import ResampledFigure

    half = ResampledFigure(0.5, np.array([0.25, 0.75]))
    own = {"miss": half, "fa_per_hour": {"value": 1.0, "low": 0.5, "high": 2.0}, "delay": {"p50": 0.4, "p90": 0.6}}
    cost = {"rtf": 0.01, "memory": 100.4}
    curve = {"miss_at": dict.fromkeys(("0.5", "1", "2", "5"), half)}
    facts = {
        "machine": {"processor": "P", "python": "3.11"},
        "sound": {"what": "Words", "hours": 1.5, "spoken": {"one": 3}},
        "peers": {
            "a": {"version": "1.2", "threshold": "half", "own": own, "curve": curve, **cost},
            "b": {"version": None, **cost},
        },
        "left_out": {"c": "c: pip install c"},
    }
    lines = comparison_table(facts).splitlines()
    percent = half.percent()
    assert f"| a 1.2 | {' | '.join([percent] * 5)} | 1.00 (0.50 to 2.00) | 0.40 (0.60) | 0.0100 | 100 |" in lines
    assert f"| b, cost alone | {' | '.join(['-'] * 7)} | 0.0100 | 100 |" in lines
    assert {"- a: half", "- c: pip install c"} <= set(lines)
    assert "Words: one (3), in 1.50 h of other speech" in lines[0]
