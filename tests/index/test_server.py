"""The same code against a server."""

import pytest

from kwskit.index import SpeechIndex, SpeechIndexError
from kwskit.search.search_settings import SearchSettings

namespace = pytest.importorskip("lance.namespace", reason="pylance has the server")


def test_an_index_of_a_server_is_as_one_of_a_folder(tmp_path, model, recordings):
    settings = SearchSettings(windows=(0.3, 0.5))
    local = SpeechIndex.create(tmp_path / "local", model, settings)
    local.add([recordings[0]])
    with namespace.RestAdapter("dir", {"root": str(tmp_path / "served")}, port=0) as server:
        address = f"http://127.0.0.1:{server.port}"
        with pytest.raises(SpeechIndexError, match="there is no index"):
            SpeechIndex.open(address, model)
        files = sorted(recordings[0].glob("*.wav"))
        index = SpeechIndex.open_or_create(address, model, settings)
        assert len(index.add(files[:2]).indexed) == 2
        other = SpeechIndex.open(address, model)
        assert len(other.add(files).indexed) == 1
        for word in ("tiger", "penguin"):
            assert index.search(word, top=9) == other.search(word, top=9) == local.search(word, top=9)
        pcm = model.say("copper", seed=4)
        assert index.search_example(pcm, top=5) == local.search_example(pcm, top=5)
    with pytest.raises(SpeechIndexError, match=address):
        SpeechIndex.open(address, model)
