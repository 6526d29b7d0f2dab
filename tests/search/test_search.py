"""Searches against a loop over windows."""

import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest
import soundfile
import torch
from scipy.spatial.distance import cosine

from kwskit.data.audio import AudioError, read_blocks, read_segment
from kwskit.data.store.packed_store import PackedStore
from kwskit.search.search import search_recordings
from kwskit.search.search_settings import SearchSettings
from kwskit.search.system_queries import SpokenQueries, TypedQueries
from kwskit.spotting.cohort import cohort_words, normalised, one_a_word
from kwskit.spotting.peak_picker import Peaks
from kwskit.systems.model_directory import load_model
from tests.search.search_models import RATE, listening, searching

SETTINGS = SearchSettings(windows=(0.3, 0.5), overlap=0.5, cohort=12, refractory=0.8)


@pytest.fixture(scope="module")
def model(tiny_model):
    return load_model(tiny_model)


def embedded(model, wav):
    with torch.inference_mode():
        return model.system.embed_audio(torch.tensor(wav)[None], torch.tensor([len(wav)]))[0].numpy()


def typed(model, text):
    """One embedding a pronunciation."""
    with torch.inference_mode():
        found = [
            model.system.embed_text(torch.tensor([ids]), torch.tensor([len(ids)]))[0]
            for ids in model.tokenizer.encode(text)
        ]
    return [one.numpy() for one in found]


def naive_peaks(model, pcm, query, cohort, settings):
    """(start, stop, score) of one query; ``query`` and each of the ``cohort`` are lists of embeddings."""
    wav = pcm.astype(np.float32) / 32768
    windows = []
    for seconds in settings.windows:
        size = round(seconds * RATE)
        last = max(0, len(wav) - size)
        starts = sorted({*range(0, last, round(size * (1 - settings.overlap))), last})
        windows += [(start / RATE, (start + size) / RATE) for start in starts]
    scored = []
    for start, stop in windows:
        heard = embedded(model, wav[round(start * RATE) : round(stop * RATE)])
        best = [max(1 - cosine(heard, one) for one in found) for found in [query, *cohort]]
        score = (best[0] - np.mean(best[1:])) / np.std(best[1:]) if cohort else best[0]
        scored.append((score, start, stop))
    peaks = []
    for score, start, stop in sorted(scored, key=lambda one: -one[0]):
        if all(abs(start + stop - a - b) / 2 >= settings.refractory for a, b, _ in peaks):
            peaks.append((start, stop, score))
    return sorted(peaks)


@pytest.mark.parametrize("cohort", [12, 0])
def test_typed_queries_by_a_loop(model, recording, cohort):
    pcm = recording[0][: 4 * RATE]
    settings = SearchSettings((0.3, 0.5), overlap=0.5, cohort=cohort, refractory=0.8)
    queries = TypedQueries(model.system, model.tokenizer, ["tiger", "either"], cohort)
    stream = searching(model.system, queries, settings)
    peaks = Peaks.join([*(stream.push(pcm[at : at + 9000]) for at in range(0, len(pcm), 9000)), stream.finish()])
    others = [typed(model, word) for word in cohort_words(cohort, ["tiger", "either"])]
    for number, text in enumerate(("tiger", "either")):
        mine = peaks.query == number
        found = sorted(zip(peaks.start[mine], peaks.stop[mine], peaks.score[mine], strict=True))
        expected = naive_peaks(model, pcm, typed(model, text), others, settings)
        assert len(expected) >= 3
        np.testing.assert_allclose(found, expected, atol=2e-3)


def test_spoken_queries_by_a_loop(model, mini_corpus, recording):
    store = PackedStore.open(mini_corpus / "store/test")
    ids = ["test-tiger-1", "test-copper-3"]
    pcm = recording[0][: 3 * RATE]
    stream = searching(model.system, SpokenQueries(model.system, store, ids, 12), SETTINGS)
    peaks = Peaks.join([stream.push(pcm), stream.finish()])
    words = store.words
    others = [k for k, word in enumerate(words) if word not in ("tiger", "copper")]
    rows = [int(np.flatnonzero(store.word_ids == k)[0]) for k in others]
    heard = [[embedded(model, store.read(row).astype(np.float32) / 32768)] for row in rows]
    for number, utt_id in enumerate(ids):
        query = [embedded(model, store.read(store.index_of(utt_id)).astype(np.float32) / 32768)]
        mine = peaks.query == number
        found = sorted(zip(peaks.start[mine], peaks.stop[mine], peaks.score[mine], strict=True))
        np.testing.assert_allclose(found, naive_peaks(model, pcm, query, heard, SETTINGS), rtol=1e-3)


def test_what_was_said_is_found_where_it_was_said(model, mini_corpus, recording):
    """The best detection of a word that the same singer sang once more is that word."""
    store = PackedStore.open(mini_corpus / "store/test")
    pcm, said = recording
    words = ("tiger", "button", "meadow", "copper")
    settings = SearchSettings((0.3, 0.36), overlap=0.9, cohort=0)
    queries = SpokenQueries(model.system, store, [f"test-{word}-2" for word in words], cohort=0)
    stream = searching(model.system, queries, settings)
    peaks = Peaks.join([stream.push(pcm), stream.finish()])
    for number, word in enumerate(words):
        mine = np.flatnonzero(peaks.query == number)
        best = mine[peaks.score[mine].argmax()]
        centre = (peaks.start[best] + peaks.stop[best]) / 2
        assert any(start < centre < stop for text, start, stop in said if text == word), word


def test_spoken_queries_need_an_embedding_and_others_to_compare_with(model, mini_corpus):
    store = PackedStore.open(mini_corpus / "store/test")
    every = [f"test-{word}-0" for word in store.words]
    with pytest.raises(ValueError, match="no other words to normalise"):
        SpokenQueries(model.system, store, every)
    assert len(SpokenQueries(model.system, store, every, cohort=0)) == 4
    with pytest.raises(KeyError, match="no utterance"):
        SpokenQueries(model.system, store, ["nobody"], cohort=0)


def test_recordings_are_stretches_of_files_at_any_rate(model, recording, tmp_path):
    pcm, _ = recording
    soundfile.write(tmp_path / "one.flac", pcm, RATE)
    names = {"recording": ["late", "early"], "path": ["one.flac"] * 2, "start": [2.0, 0.0], "stop": [5.0, 2.0]}
    queries = TypedQueries(model.system, model.tokenizer, ["tiger", "meadow"], 12)
    found = search_recordings(
        lambda: listening(model.system, SETTINGS), queries, ["q1", "q2"], pa.table(names), SETTINGS, tmp_path
    )
    assert found.schema.names == ["query", "recording", "start", "stop", "score"]
    stream = searching(model.system, queries, SETTINGS)
    late = Peaks.join([stream.push(pcm[2 * RATE : 5 * RATE]), stream.finish()])
    mine = [row for row in found.to_pylist() if row["recording"] == "late"]
    assert {row["query"] for row in mine} == {"q1", "q2"}
    assert sorted(row["start"] for row in mine) == pytest.approx(sorted(late.start.tolist()))
    assert sorted(row["score"] for row in mine) == pytest.approx(sorted(late.score.tolist()), abs=1e-3)


def test_blocks_are_the_file(recording, tmp_path):
    pcm, _ = recording
    soundfile.write(tmp_path / "a.wav", pcm, RATE)
    np.testing.assert_array_equal(np.concatenate([*read_blocks(tmp_path / "a.wav", block=0.7)]), pcm)
    stretch = [*read_blocks(tmp_path / "a.wav", 0.5, 3.3, block=1.0)]
    assert [len(block) for block in stretch] == [16_000, 16_000, 12_800]
    soundfile.write(tmp_path / "b.wav", np.repeat(pcm[:44_100], 2).reshape(-1, 2), 44_100)
    whole, parts = read_segment(tmp_path / "b.wav"), np.concatenate([*read_blocks(tmp_path / "b.wav", block=0.3)])
    assert np.abs(whole.astype(int) - parts).max() <= 1
    (tmp_path / "cut.wav").write_bytes((tmp_path / "a.wav").read_bytes()[:20_000])
    (tmp_path / "none.wav").write_bytes(b"")
    for name in ("none.wav", "missing.wav"):
        with pytest.raises(AudioError, match=name):
            list(read_blocks(tmp_path / name))
    with pytest.raises(AudioError, match="starts at 99 s, but the file ends"):
        list(read_blocks(tmp_path / "a.wav", 99.0))


def test_normalised_by_the_mean_and_deviation_of_each_window():
    rng = np.random.default_rng(0)
    own, cohort = rng.normal(size=(5, 3)), rng.normal(size=(5, 40))
    expected = (own - cohort.mean(1, keepdims=True)) / cohort.std(1, keepdims=True)
    np.testing.assert_allclose(normalised(own, cohort), expected, rtol=1e-9)
    with_infeasible = np.concatenate([cohort, np.full((5, 7), -1e4)], axis=1)
    np.testing.assert_allclose(normalised(own, with_infeasible), expected, rtol=1e-9)


def test_cohorts():
    words = cohort_words(300)
    assert len(set(words)) == 300
    assert words[3] not in cohort_words(300, [words[3].upper()])
    with pytest.raises(ValueError, match="only 360 others"):
        cohort_words(361)
    assert one_a_word([4, 2, 4, 7, 2, 9], {2}, 2) == [0, 3]


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"windows": "0.3,x"}, "the settings of a search are numbers"),
        ({"windows": "0.001"}, "from 0.025 to 60 s"),
        ({"overlap": "1"}, "below 1"),
        ({"cohort": "1"}, "two words or more"),
        ({"refractory": "-1"}, "too small"),
    ],
)
def test_settings_that_make_no_sense(facts, message):
    with pytest.raises(ValueError, match=message):
        SearchSettings.of(facts)


def test_settings_are_told_as_they_are_read():
    settings = SearchSettings((0.25, 1.0), 0.6, 17, 0.5, 99.0)
    assert SearchSettings.of(settings.facts()) == settings
    assert SearchSettings.of({"protocol": "std"}) == SearchSettings()


def test_searching_needs_neither_training_nor_speechbrain():
    code = "import kwskit.search.search, kwskit.search.stream_scorer, kwskit.systems.model_directory, sys;"
    code += "print([m for m in sys.modules if m.startswith(('speechbrain', 'kwskit.training', 'kwskit.stages'))])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "[]\n", done.stderr
