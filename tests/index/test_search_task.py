"""A term detection task, through an index and by listening to all of it."""

from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest

from kwskit.cli import main
from kwskit.data.records import OCCURRENCES, QUERIES, RECORDINGS, write_records
from kwskit.evaluation.search_results import search_results
from kwskit.evaluation.searched import Search
from kwskit.index import SpeechIndex, SpeechIndexError
from kwskit.index.search_folder import detections
from kwskit.search.search import search_recordings
from kwskit.search.search_settings import SearchSettings
from kwskit.spotting.cohort_embeddings import CohortEmbeddings
from kwskit.spotting.expected_duration import expected_seconds, fitting_windows
from kwskit.spotting.keyword import Keyword
from kwskit.spotting.keyword_queries import KeywordQueries
from kwskit.spotting.windows.window_listener import WindowListener
from kwskit.text.keyword_reader import KeywordReader

WORDS = ("tiger", "meadow", "copper", "penguin", "rabbit", "window", "garden", "button")
SETTINGS = SearchSettings()


@pytest.fixture(scope="module")
def task(tmp_path_factory, write_recording):
    """Folder of a search of five recordings, one of them in two stretches, for eight words."""
    folder = tmp_path_factory.mktemp("data") / "search" / "test"
    rng = np.random.default_rng(7)
    recordings, occurrences = [], []
    for number in range(5):
        said = write_recording(folder / "audio" / f"{number}.wav", rng.choice(WORDS, 8), number)
        cuts = [0.0, said[4][1] - 0.25, said[-1][2] + 0.4] if number == 0 else [0.0, said[-1][2] + 0.4]
        for part, (start, stop) in enumerate(pairwise(cuts)):
            name = f"r{number}{part}"
            recordings.append({"recording": name, "path": f"audio/{number}.wav", "start": start, "stop": stop})
            for word, a, b in said:
                if start <= a and b <= stop:
                    occurrences.append({"query": word, "recording": name, "start": a - start, "stop": b - start})
    queries = [{"query": word, "text": word, "utt_id": ""} for word in WORDS]
    for kind, rows, schema in (
        ("recordings", recordings, RECORDINGS),
        ("queries", queries, QUERIES),
        ("occurrences", occurrences, OCCURRENCES),
    ):
        table = pa.Table.from_pylist(rows, schema=pa.schema(schema))
        write_records(folder / f"{kind}.tsv", kind, table, {"protocol": "std"})
    return folder


def test_metrics_are_those_of_listening_to_everything(task, tmp_path, model, monkeypatch):
    recordings = Search.read(task).recordings
    keywords = []
    for word in WORDS:
        seconds = expected_seconds(word)
        rows = model.embed_tokens(model.tokenizer.encode(word))
        readings = KeywordReader(model.tokenizer).read(word)
        keywords.append(Keyword(word, word, (), rows, seconds, fitting_windows(seconds), readings=readings))
    queries = KeywordQueries(keywords, CohortEmbeddings(model))
    everything = search_recordings(
        lambda: WindowListener(model.embed_windows, (0.3, 0.5, 0.8, 1.2, 1.8), SETTINGS.overlap),
        queries,
        WORDS,
        recordings,
        SETTINGS,
        task,
    )
    write_records(tmp_path / "all.tsv", "detections", everything)

    for module in ("about", "speech_index"):
        monkeypatch.setattr(f"kwskit.index.{module}.open_model", lambda source, device: model)
    place = str(tmp_path / "index")
    assert main(["index", str(task / "audio"), "--out", place, "--model", str(tmp_path)]) == 0
    found = tmp_path / "found.tsv"
    assert main(["search", place, "--queries", str(task)]) == 2
    assert main(["search", place, "--queries", str(task), "--to", str(found)]) == 0
    expected, metrics = (search_results(task, path, resamples=10)["metrics"] for path in (tmp_path / "all.tsv", found))
    assert 0.3 < expected["map"]["value"] < 1
    # The index's windows start with the file rather than with the stretch, and lie a little otherwise in one of six.
    for name in ("map", "mtwv", "otwv", "p_at_n"):
        assert metrics[name]["value"] == pytest.approx(expected[name]["value"], abs=0.06), name


def test_a_recording_that_is_not_in_the_index_is_told(task, tmp_path, model):
    index = SpeechIndex.create(tmp_path / "index", model)
    index.add([task / "audio" / "0.wav"])
    with pytest.raises(SpeechIndexError, match=r"1\.wav is not in the index \(4 recordings"):
        detections(index, task)
