"""An index that several processes use at once, or that one of them has left in the middle."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from kwskit.index import SpeechIndex, SpeechIndexError
from kwskit.index.writer_lock import writer_lock
from kwskit.search.search_settings import SearchSettings

ROOT = Path(__file__).parents[2]
START = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
sys.modules["torch"] = sys.modules["speechbrain"] = None  # indexing and searching do without
from tests.sung_models import SungModel
model = SungModel()
from kwskit.index import SpeechIndex, indexing
place, *files = sys.argv[1:]
index = SpeechIndex.open(place, model)
"""
READ = """
import json, time
seen, late = [], time.monotonic() + 60
while (not seen or seen[-1] < len(files)) and time.monotonic() < late:
    hits = index.search("tiger", top=50, min_score=3)
    assert {hit.path for hit in hits} <= set(files), hits
    assert len({hit.path for hit in hits}) >= (seen[-1] if seen else 0), (len(hits), seen)
    if not seen or len(hits) > seen[-1]:
        seen.append(len({hit.path for hit in hits}))
        print(json.dumps(seen), flush=True)
"""
WRITE = """
indexing.SECONDS_KEPT = 0  # every file is written as it is done
added = index.add(files)
assert len(added.indexed) == len(files), added
"""
# Killed after the windows of the third file have been written, and before it is in the table of files.
DIE = """
import os, signal
indexing.SECONDS_KEPT = 0
put, count = index._tables.put_files, 0
def put_files(files):
    global count
    count += 1
    if count == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    put(files)
index._tables.put_files = put_files
index.add(files)
"""
SMALL = SearchSettings(windows=(0.3, 0.5))


def start(code, *arguments):
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen([sys.executable, "-c", START + code, *map(str, arguments)], **pipes)


@pytest.fixture
def five(tmp_path, write_recording):
    """Five recordings in each of which a tiger is said once."""
    files = [tmp_path / "recordings" / f"{number}.wav" for number in range(5)]
    for number, path in enumerate(files):
        write_recording(path, ["copper", "tiger"], number)
    return files


def place_of(hit):
    return hit.path, hit.start, hit.stop


def test_two_processes_read_while_one_adds(tmp_path, model, five):
    place = tmp_path / "index"
    SpeechIndex.create(place, model, SMALL).add(five[:1])
    readers = [start(READ, place, *five) for _ in range(2)]
    assert [reader.stdout.readline() for reader in readers] == ["[1]\n", "[1]\n"]  # both have searched
    writer = start(WRITE, place, *five[1:])
    _, message = writer.communicate(timeout=120)
    assert writer.returncode == 0, message
    for reader in readers:
        out, message = reader.communicate(timeout=120)
        assert reader.returncode == 0, message
        assert json.loads(out.splitlines()[-1])[-1] == 5


def test_indexing_that_was_killed_goes_on(tmp_path, model, five):
    place = tmp_path / "index"
    SpeechIndex.create(place, model, SMALL)
    killed = start(DIE, place, *five)
    killed.communicate(timeout=120)
    assert killed.returncode == -9
    index = SpeechIndex.open(place, model)
    # Two files are in the index; of the third there are windows, which are not found.
    assert index.files == list(map(str, five[:2]))
    assert len(index._tables.strays()) == 1
    assert {hit.path for hit in index.search("tiger", top=50)} == set(index.files)
    added = index.add(five)
    assert (added.skipped, added.indexed) == (2, list(map(str, five[2:])))
    assert index._tables.strays() == []
    whole = SpeechIndex.create(tmp_path / "whole", model, SMALL)
    whole.add(five)
    for word in ("tiger", "copper", "meadow"):
        continued, at_once = index.search(word, top=30), whole.search(word, top=30)
        assert list(map(place_of, continued)) == list(map(place_of, at_once))
        # Processes of unlike numbers of threads do not sum in one order.
        assert [hit.score for hit in continued] == pytest.approx([hit.score for hit in at_once], abs=1e-3)


def test_one_process_adds_at_a_time(tmp_path, model, five):
    index = SpeechIndex.create(tmp_path / "index", model, SMALL)
    with writer_lock(tmp_path / "index"), pytest.raises(SpeechIndexError, match="another process is adding"):
        index.add(five[:1])
    assert index.add(five[:1]).indexed == [str(five[0])]
