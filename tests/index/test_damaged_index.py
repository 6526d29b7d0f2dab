"""Files of an index cut short."""

import shutil

import pytest

from kwskit.index import SpeechIndex, SpeechIndexError
from kwskit.search.search_settings import SearchSettings


def found(place, model):
    index = SpeechIndex.open(place, model)
    return index.files, index.search("tiger", top=20), index.search("copper", top=20)


def test_index_files_cut_short_are_told_and_nothing_is_lost(tmp_path, model, recordings):
    place = tmp_path / "index"
    files = sorted(recordings[0].glob("*.wav"))
    index = SpeechIndex.create(place, model, SearchSettings(windows=(0.3, 0.5)))
    index.add(files[:1])
    index.add(files[1:])
    expected = found(place, model)
    refused = set()
    parts = [path for path in sorted(place.rglob("*")) if path.is_file() and path.stat().st_size]
    for number, path in enumerate(parts):
        content = path.read_bytes()
        cut = content[: (0, len(content) // 2, len(content) - 1)[number % 3]]
        path.write_bytes(cut)
        try:
            assert found(place, model) == expected
        except SpeechIndexError as error:
            result = str(error)
            refused.add((*path.relative_to(place).parts[:2], str(place) in result and "copy" in result))
            # Nor does adding make it worse.
            with pytest.raises(SpeechIndexError):
                SpeechIndex.open_or_create(place, model).add(files)
            assert path.read_bytes() == cut
        path.write_bytes(content)
    assert found(place, model) == expected
    assert {"_versions", "data"} <= {kind for _, kind, _ in refused}
    assert all(advised for _, _, advised in refused)
    assert {table for table, _, _ in refused} == {
        f"{n}.lance" for n in ("about", "files", "windows_300_ms", "windows_500_ms")
    }
    shutil.rmtree(place / "about.lance")
    with pytest.raises(SpeechIndexError, match="not its table 'about'"):
        SpeechIndex.open_or_create(place, model)
