"""What recordings bring a keyword: who gives, who is judged, and what is counted."""

import hashlib
from pathlib import Path

import pyarrow as pa
import pytest

from kwskit.data.records import DETECTIONS, OCCURRENCES, QUERIES, RECORDINGS, write_records
from kwskit.evaluation.searched import Search

pytestmark = pytest.mark.usefixtures("people_bench")


def files(word, count):
    return [Path(f"{word}/{word}-en-{number:03d}.wav") for number in range(count)]


def half(path):
    return ("dev", "test")[int(hashlib.blake2b(path.name.encode()).hexdigest()[0], 16) % 2]


def test_the_dev_half_gives_its_first_by_hash():
    from adapted import given

    found = given({"athena": files("athena", 40), "nobody": []}, 5)
    dev = [path for path in files("athena", 40) if half(path) == "dev"]
    expected = sorted(dev, key=lambda path: hashlib.blake2b(path.name.encode()).hexdigest())
    assert found == {"athena": expected[:5], "nobody": []}
    assert given({"athena": files("athena", 40)[::-1]}, 3)["athena"] == expected[:3]


def test_persons_who_gave_enough():
    from adapted import of_one_person

    names = [f"a_b_{person}_android_{k}.wav" for person, count in (("ann", 9), ("bob", 6)) for k in range(count)]
    own = {person: [Path(name) for name in names if f"_{person}_" in name] for person in ("ann", "bob")}
    where = ("dev", "test")[int(hashlib.blake2b(b"ann").hexdigest()[0], 16) % 2]
    found = of_one_person({"android": [Path(name) for name in names]}, where, 3)
    assert "bob" not in found  # as many to be judged as were given are not there
    assert set(found["ann"]["android"]) == set(own["ann"])
    other = {"dev": "test", "test": "dev"}[where]
    assert "ann" not in of_one_person({"android": own["ann"]}, other, 3)


@pytest.fixture
def search(tmp_path):
    """Ten minutes of others, in which two keywords are said, one of them twice."""
    tables = {
        "recordings": (RECORDINGS, [("r", "r.flac", 0.0, 600.0)]),
        "queries": (QUERIES, [("nova", "nova", ""), ("hey nova", "hey nova", "")]),
        "occurrences": (
            OCCURRENCES,
            [("nova", "r", 10.0, 11.0), ("nova", "r", 50.0, 51.0), ("hey nova", "r", 9.5, 11.0)],
        ),
    }
    for kind, (schema, rows) in tables.items():
        columns = [dict(zip(dict(schema), row, strict=True)) for row in rows]
        write_records(tmp_path / f"{kind}.tsv", kind, pa.Table.from_pylist(columns, pa.schema(schema)), {"late": 0.5})
    return Search.read(tmp_path)


def test_each_number_of_recordings_is_a_query_of_its_own(search):
    from adapted import TYPED, for_counts

    found = for_counts(search, [TYPED, 3])
    assert found.queries["query"].to_pylist() == ["nova", "nova, 3", "hey nova", "hey nova, 3"]
    assert found.queries["text"] == found.queries["query"]
    said = [(row["query"], row["start"]) for row in found.occurrences.to_pylist()]
    assert said == [(q, at) for q in ("nova", "nova, 3") for at in (10.0, 50.0)] + [
        ("hey nova", 9.5),
        ("hey nova, 3", 9.5),
    ]


def test_false_alarms_are_a_keyword_and_hour(search, tmp_path):
    from adapted import false_alarms, for_counts

    rows = [
        ("nova, 3", "r", 10.1, 10.9, 3.0),
        ("nova, 3", "r", 300.0, 301.0, 2.0),
        ("hey nova, 3", "r", 400.0, 401.0, 2.0),
    ]
    rows += [("nova", "r", 100.0, 101.0, 9.0)]  # of another number
    table = pa.Table.from_pylist([dict(zip(DETECTIONS, row, strict=True)) for row in rows], pa.schema(DETECTIONS))
    write_records(tmp_path / "own.tsv", "detections", table)
    hours = search.other_hours
    assert false_alarms(for_counts(search, [3]), tmp_path / "own.tsv") == pytest.approx(2 / hours / 2)
