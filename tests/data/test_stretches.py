"""Stretches against a reading of their contract: segments whole, seconds enough, margins, every row once."""

from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest

from kwskit.data.stream_features.stretches import stretches


def table(rows):
    names = ("path", "start", "stop")
    types = (pa.string(), pa.float64(), pa.float64())
    columns = zip(*rows, strict=True) if rows else ((), (), ())
    found = {name: pa.array(column, kind) for name, column, kind in zip(names, columns, types, strict=True)}
    count = len(rows)
    return pa.table({"utt_id": [f"u{n}" for n in range(count)], **found, "word": ["w"] * count})


def some_manifest(seed):
    """Words one after another, pauses, phrases over several of them and overlaps, in random order."""
    rng = np.random.default_rng(seed)
    rows = []
    for recording in range(rng.integers(1, 5)):
        at, words = rng.uniform(0, 0.3), []
        for _ in range(rng.integers(1, 40)):
            at += rng.choice([0.0, rng.uniform(0, 1), -rng.uniform(0, 0.05)])
            at = max(at, 0.0)
            words.append((f"audio/{recording}.wav", at, at + rng.uniform(0.05, 1.2)))
            at = words[-1][2]
        phrases = rng.integers(0, len(words), (rng.integers(0, 6), 2))
        for one, other in np.sort(phrases).tolist():
            words.append((words[0][0], words[one][1], words[min(other, one + 4)][2]))
        rows += words
    return [rows[k] for k in rng.permutation(len(rows))]


@pytest.mark.parametrize("seed", range(60))
def test_segments_are_whole_and_in_one_stretch_each(seed):
    rows = some_manifest(seed)
    seconds = (0.0, 1.0, 4.0, 1e9)[seed % 4]
    found = list(stretches(table(rows), seconds))
    assert sorted(row for stretch in found for row in stretch.rows.tolist()) == list(range(len(rows)))
    for stretch in found:
        own = [rows[row] for row in stretch.rows]
        assert {path for path, _, _ in own} == {stretch.path}
        first, last = min(start for _, start, _ in own), max(stop for _, _, stop in own)
        assert stretch.start == pytest.approx(max(0.0, first - 0.1))
        assert stretch.stop == pytest.approx(last + 0.2)
    assert [stretch.path for stretch in found] == sorted(stretch.path for stretch in found)  # a file's stand together
    for one, other in pairwise(found):
        if one.path != other.path:
            continue
        end = max(rows[row][2] for row in one.rows)
        assert end - min(rows[row][1] for row in one.rows) >= seconds  # none but a file's last is shorter
        assert all(rows[row][1] >= end for row in other.rows)  # the cut lies in no segment


@pytest.mark.parametrize("seed", range(20))
def test_a_stretch_is_no_longer_than_it_must_be(seed):
    """Any cut inside a stretch would go through a segment, or leave too little before it."""
    rows = some_manifest(seed)
    for stretch in stretches(table(rows), 2.0):
        own = [rows[row] for row in stretch.rows]
        begin = min(start for _, start, _ in own)
        for _, cut, _ in own:
            before = [stop for _, start, stop in own if start < cut]
            assert not before or max(before) > cut or max(before) - begin < 2.0


def test_no_segments_no_stretches():
    assert list(stretches(table([]))) == []


def test_a_phrase_keeps_its_words():
    words = [("a.wav", float(k), k + 1.0) for k in range(8)]
    found = list(stretches(table([*words, ("a.wav", 2.0, 7.5)]), 4.0))
    assert [sorted(stretch.rows.tolist()) for stretch in found] == [list(range(9))]
    found = list(stretches(table(words), 4.0))
    assert [stretch.rows.tolist() for stretch in found] == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert [(stretch.start, stretch.stop) for stretch in found] == [(0.0, 4.2), (3.9, 8.2)]
