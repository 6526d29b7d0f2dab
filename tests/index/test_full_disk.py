"""A disk that takes no more: adding fails with a sentence, and what the index had stays."""

import contextlib

import pytest

from kwskit.index import SpeechIndex, SpeechIndexError
from kwskit.search.search_settings import SearchSettings

resource = pytest.importorskip("resource", reason="not of this system")


@contextlib.contextmanager
def no_file_larger_than(size):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_what_does_not_fit_takes_nothing_with_it(tmp_path, model, recordings):
    first, second, _ = sorted(recordings[0].glob("*.wav"))
    index = SpeechIndex.create(tmp_path / "index", model, SearchSettings(windows=(0.5,), hop=0.1))
    index.add([first])
    before = index.search("tiger", top=20)
    assert before
    with no_file_larger_than(2_000), pytest.raises(SpeechIndexError, match="the disk has no room for it"):
        index.add([second])
    again = SpeechIndex.open(tmp_path / "index", model)
    assert again.search("tiger", top=20) == before
    again.add([second])
    assert {one.path for one in again.search("meadow", top=50)} == {str(first), str(second)}


@pytest.mark.parametrize("reason", ["No space left on device (os error 28), /src/a.rs:1:2", "[Errno 28] No space left"])
def test_a_full_disk_is_told_as_one(index, reason):
    with pytest.raises(SpeechIndexError, match="no room for it"), index._tables._engine_errors("added to"):
        raise RuntimeError(reason)
