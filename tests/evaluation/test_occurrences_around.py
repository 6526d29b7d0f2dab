"""Detections in and around occurrences, beside a loop; and what a search with the fact ``late`` counts."""

import numpy as np
import pyarrow as pa
import pytest

from kwskit.data.records import DETECTIONS, RecordError, write_records
from kwskit.evaluation.occurrence_matching import REPEATED, occurrences_around
from kwskit.evaluation.searched import Search


def loop(occurrences, detections, late):
    """The rule said again, a detection at a time."""
    found = []
    for d in detections:
        centre = (d["start"] + d["stop"]) / 2
        rows = [
            (o["start"], row)
            for row, o in enumerate(occurrences)
            if (o["query"], o["recording"]) == (d["query"], d["recording"]) and o["start"] <= centre <= o["stop"] + late
        ]
        found.append(max(rows)[1] if rows else -1)
    for row in set(found) - {-1}:
        inside = [n for n, place in enumerate(found) if place == row]
        best = max(inside, key=lambda n: (detections[n]["score"], -n))
        for n in inside:
            if n != best:
                found[n] = REPEATED
    return found


@pytest.mark.parametrize("seed", range(5))
def test_it_is_what_a_loop_finds(seed):
    rng = np.random.default_rng(seed)
    starts = rng.permutation(40) * 4.0 + rng.uniform(0, 1, 40)
    occurrences = [
        {
            "query": f"q{rng.integers(3)}",
            "recording": f"r{rng.integers(2)}",
            "start": s,
            "stop": s + rng.uniform(0.5, 3),
        }
        for s in starts
    ]
    detections = []
    for _ in range(300):
        start = rng.uniform(0, 165)
        names = {"query": f"q{rng.integers(3)}", "recording": f"r{rng.integers(2)}"}
        detections.append({**names, "start": start, "stop": start + rng.choice([0.3, 1.2]), "score": rng.normal()})
    tables = (pa.Table.from_pylist(occurrences), pa.Table.from_pylist(detections))
    found = occurrences_around(*tables, late=0.5)
    assert found.tolist() == loop(occurrences, detections, 0.5)
    assert (found >= 0).any()
    assert (found == REPEATED).any()


def test_without_either_there_is_nothing():
    one = {"query": ["q"], "recording": ["r"], "start": [0.0], "stop": [1.0]}
    nothing = pa.table({name: pa.array([], kind) for name, kind in DETECTIONS.items()})
    assert occurrences_around(pa.table(one), nothing, 0.5).tolist() == []
    assert occurrences_around(nothing, pa.table({**one, "score": [1.0]}), 0.5).tolist() == [-1]


@pytest.mark.parametrize(("facts", "hits", "alarms"), [({}, 1, 3), ({"late": "0.5"}, 2, 1)])
def test_a_search_says_which_rule_counts(tmp_path, facts, hits, alarms):
    recordings = pa.table({"recording": ["r"], "path": ["r.wav"], "start": [0.0], "stop": [100.0]})
    queries = pa.table({"query": ["q"], "text": ["queue"], "utt_id": [""]})
    times = {"start": [10.0, 30.0], "stop": [14.0, 34.0]}  # said somewhere in four seconds
    occurrences = pa.table({"query": ["q"] * 2, "recording": ["r"] * 2, **times})
    for kind, table in {"recordings": recordings, "queries": queries, "occurrences": occurrences}.items():
        write_records(tmp_path / f"{kind}.tsv", kind, table, facts)
    centres, scores = [10.5, 12.1, 34.4, 50.0], [0.9, 0.7, 0.8, 0.1]
    starts, stops = [c - 0.25 for c in centres], [c + 0.25 for c in centres]
    columns = ["q"] * 4, ["r"] * 4, starts, stops, scores
    write_records(tmp_path / "d.tsv", "detections", pa.table(dict(zip(DETECTIONS, columns, strict=True))))
    found = Search.read(tmp_path).detected(tmp_path / "d.tsv")
    assert (int(found.hit.sum()), int((~found.hit).sum())) == (hits, alarms)


def test_a_tolerance_that_is_no_number_is_told(tmp_path):
    one = {"query": ["q"], "recording": ["r"], "start": [0.0], "stop": [1.0]}
    tables = {
        "recordings": {"recording": ["r"], "path": ["r.wav"], "start": [0.0], "stop": [9.0]},
        "queries": {"query": ["q"], "text": ["queue"], "utt_id": [""]},
        "occurrences": one,
    }
    for kind, columns in tables.items():
        write_records(tmp_path / f"{kind}.tsv", kind, pa.table(columns), {"late": "soon"})
    write_records(tmp_path / "d.tsv", "detections", pa.table({**one, "score": [1.0]}))
    with pytest.raises(RecordError, match=r"d\.tsv: could not convert string to float: 'soon'"):
        Search.read(tmp_path).detected(tmp_path / "d.tsv")
