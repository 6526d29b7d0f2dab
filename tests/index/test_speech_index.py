"""Recordings indexed and searched in one process."""

import dataclasses
import os
import shutil

import numpy as np
import pytest
import soundfile

from kwskit.data.audio import AudioError
from kwskit.errors import UnpronounceableText
from kwskit.index import Found, SpeechIndex, SpeechIndexError, nearest_windows
from kwskit.index.about import About
from kwskit.index.cohort_norm import CohortNorm
from kwskit.search.search_settings import SearchSettings
from kwskit.spotting.cohort_embeddings import CohortEmbeddings

SMALL = SearchSettings(windows=(0.3, 0.5))


def places(hits, said, word):
    """Which of the occurrences of ``word`` each hit is, or None."""
    found = []
    for hit in hits:
        middle = (hit.start + hit.stop) / 2
        inside = [(w, a) for w, a, b in said[hit.path] if a - 0.1 <= middle <= b + 0.1]
        found.append((hit.path, inside[0][1]) if inside and inside[0][0] == word else None)
    return found


@pytest.mark.parametrize("word", ["tiger", "meadow", "penguin"])
def test_typed_words_are_found_first(index, recordings, word):
    true = {(path, a) for path, words in recordings[1].items() for w, a, _ in words if w == word}
    hits = index.search(word, top=10)
    assert set(places(hits[: len(true)], recordings[1], word)) == true
    assert all(isinstance(hit, Found) for hit in hits)
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert hits[len(true) - 1].score > hits[len(true)].score + 1
    assert index.search(word, min_score=hits[len(true) - 1].score) == hits[: len(true)]
    assert index.search(word, top=1) == hits[:1]


def test_spoken_words_are_found_first(index, model, recordings, tmp_path):
    pcm = model.say("tiger", seed=9)
    hits = index.search_example(pcm, top=5)
    assert set(places(hits[:2], recordings[1], "tiger")) == {
        (path, a) for path, words in recordings[1].items() for w, a, _ in words if w == "tiger"
    }
    soundfile.write(tmp_path / "query.wav", pcm, 16_000)
    assert index.search_example(tmp_path / "query.wav", top=5) == hits
    assert index.search_example(pcm / np.float32(32768), top=5) == hits


def test_scores_are_cosines_normalised_by_other_words(index, model, recordings):
    hit = index.search("tiger", top=1)[0]
    pcm = soundfile.read(hit.path, dtype="int16")[0][round(hit.start * 16_000) : round(hit.stop * 16_000)]
    heard = model.embed_windows(pcm[None])[0]
    others = CohortEmbeddings(model).scores(heard[None])[0]
    cosines = [heard @ row for row in model.embed_tokens(model.tokenizer.encode("tiger"))]
    assert hit.score == pytest.approx((max(cosines) - others.mean()) / others.std(), abs=0.02)
    pcm = model.say("tiger", seed=9)
    spoken, hit = model.embed_windows(pcm[None])[0], index.search_example(pcm, top=1)[0]
    pcm = soundfile.read(hit.path, dtype="int16")[0][round(hit.start * 16_000) : round(hit.stop * 16_000)]
    others = CohortEmbeddings(model).scores(spoken[None])[0]
    cosine = model.embed_windows(pcm[None])[0] @ spoken
    assert hit.score == pytest.approx((cosine - others.mean()) / others.std(), abs=0.02)


def test_rows_multiply_to_normalised_scores(model):
    rng = np.random.default_rng(0)
    windows, queries = (rng.standard_normal((n, model.dim)).astype(np.float32) for n in (5, 3))
    cohort = CohortEmbeddings(model)
    norm = CohortNorm(cohort, model.dim)
    rows, deviation = norm.windows(windows)
    assert rows.shape[1] % 8 == 0
    for window, row, spread in zip(windows, rows, deviation, strict=True):
        others = cohort.scores(window[None])[0]
        expected = [(window @ query - others.mean()) / others.std() for query in queries]
        np.testing.assert_allclose(norm.typed(queries) @ row, expected, rtol=1e-3, atol=1e-3)
        query, _, _ = norm.spoken(queries[0])
        assert (query @ row) * spread == pytest.approx(window @ queries[0], abs=1e-3)
    plain, ones = CohortNorm(None, model.dim).windows(windows)
    np.testing.assert_allclose(plain @ norm.typed(queries).T, windows @ queries.T, atol=1e-3)
    assert (ones == 1).all()


def test_adding_does_what_is_new_only(tmp_path, model, recordings, write_recording):
    folder = shutil.copytree(recordings[0], tmp_path / "recordings")
    (folder / "notes.txt").write_text("no sound")
    index = SpeechIndex.create(tmp_path / "index", model, SMALL)
    first = index.add([folder])
    assert (len(first.indexed), first.skipped, first.refused) == (3, 0, {})
    assert (
        first.seconds
        == pytest.approx(index.seconds)
        == pytest.approx(sum(soundfile.info(str(path)).duration for path in folder.glob("*.wav")))
    )
    again = SpeechIndex.open(tmp_path / "index", model).add([folder, folder / "zoo.wav"])
    assert (again.indexed, again.replaced, again.skipped) == ([], [], 3)
    # One file is new, one another than it was, one is there no more.
    write_recording(folder / "more" / "pond.flac", ["rabbit"])
    write_recording(folder / "zoo.wav", ["rabbit", "meadow"], seed=8)
    (folder / "shop.wav").unlink()
    third = index.add([folder])
    assert third.indexed == [str(folder / "more" / "pond.flac")]
    assert (third.replaced, third.skipped, third.removed) == ([str(folder / "zoo.wav")], 1, [])
    assert {hit.path for hit in index.search("rabbit", top=2)} == {*third.indexed, *third.replaced}
    assert str(folder / "shop.wav") in index.files
    assert index.add([folder / "more"], remove_missing=True).removed == []
    assert index.add([folder], remove_missing=True).removed == [str(folder / "shop.wav")]
    assert len(index.files) == 3
    assert str(folder / "shop.wav") not in {hit.path for hit in index.search("penguin", top=50)}
    # What an index of the same files that is made at once finds.
    whole = SpeechIndex.create(tmp_path / "whole", model, SMALL)
    whole.add([folder])
    for word in ("tiger", "rabbit"):
        assert index.search(word, top=8) == whole.search(word, top=8)


def test_files_that_cannot_be_read_do_not_stop_the_rest(tmp_path, model, write_recording, monkeypatch):
    folder = tmp_path / "recordings"
    write_recording(folder / "b.wav", ["tiger"])
    (folder / "a.wav").write_bytes(b"RIFF" + bytes(100))
    (folder / "c.flac").write_bytes(b"")
    samples = np.tile(np.sin(np.arange(16_000) / 9), 5).astype(np.float32)
    samples[-1] = np.nan
    soundfile.write(folder / "d.wav", samples, 16_000, subtype="FLOAT")  # found out after some windows were written
    monkeypatch.setattr("kwskit.index.window_writer.BLOCK", 1.0)
    monkeypatch.setattr("kwskit.index.window_writer.WINDOWS_KEPT", 10)
    index = SpeechIndex.create(tmp_path / "index", model, SMALL)
    added = index.add([folder])
    assert added.indexed == [str(folder / "b.wav")] == index.files
    assert [path.rpartition("/")[2] for path in added.refused] == ["a.wav", "c.flac", "d.wav"]
    assert "0 bytes" in added.refused[str(folder / "c.flac")]
    assert "NaN" in added.refused[str(folder / "d.wav")]
    assert index._tables.strays() == []
    assert "3 cannot be read" in added.summary()
    with pytest.raises(AudioError, match=r"a\.wav"):
        index.search_example(folder / "a.wav")
    with pytest.raises(FileNotFoundError, match="nowhere"):
        index.add([tmp_path / "nowhere"])


def test_a_recording_shorter_than_its_windows_is_found(tmp_path, model):
    soundfile.write(tmp_path / "short.wav", model.say("tiger")[1600:], 16_000)
    index = SpeechIndex.create(tmp_path / "index", model)
    index.add([tmp_path / "short.wav"])
    (hit,) = index.search("tiger")
    length = (len(model.say("tiger")) - 1600) / 16_000
    assert (hit.start, hit.stop) == (0, pytest.approx(length))


def test_another_model_is_refused(tmp_path, index, model):
    class Other(type(model)):
        digest = "0ther"

    with pytest.raises(SpeechIndexError, match=r"5019.*0ther.*index the recordings anew"):
        SpeechIndex.open(index.place, Other()).search("tiger")
    with pytest.raises(SpeechIndexError, match="--model"):
        SpeechIndex.open(index.place).search("tiger")
    with pytest.raises(SpeechIndexError, match="already"):
        SpeechIndex.create(index.place, model)
    with pytest.raises(SpeechIndexError, match="kwskit index RECORDINGS"):
        SpeechIndex.open(tmp_path / "nothing")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("dear")
    with pytest.raises(SpeechIndexError, match=r"letter\.txt"):
        SpeechIndex.create(tmp_path / "full", model)
    assert os.listdir(tmp_path / "full") == ["letter.txt"]
    with pytest.raises(SpeechIndexError, match="version 2"):
        About.read(dataclasses.replace(index.about, version=2).written(), "index")
    with pytest.raises(SpeechIndexError, match=r"index: .*cannot be read"):
        About.read('{"model": "m"}', "index")
    for text in ("", "   ", "!?"):
        with pytest.raises(UnpronounceableText):
            index.search(text)
    with pytest.raises(ValueError, match="at least 1"):
        index.search("tiger", top=0)


def test_partitions_find_what_a_comparison_with_all_finds(tmp_path, model, write_recording, monkeypatch):
    rng = np.random.default_rng(3)
    words = ["tiger", "meadow", "copper", "penguin", "window", "garden"]
    for number in range(6):
        write_recording(tmp_path / "r" / f"{number}.wav", rng.choice(words, 12), number)
    exact = SpeechIndex.create(tmp_path / "exact", model, SMALL)
    exact.add([tmp_path / "r"])
    monkeypatch.setattr(nearest_windows, "INDEXED_FROM", 256)
    monkeypatch.setattr(nearest_windows, "PARTITIONS", 0.4)
    monkeypatch.setattr(nearest_windows, "PROBED", 4)
    index = SpeechIndex.create(tmp_path / "index", model, SMALL)
    sizes = []
    for files in (range(3), range(3, 5), range(5, 6)):
        index.add([tmp_path / "r" / f"{number}.wav" for number in files])
        (one,) = (table for name, table in index._tables._opened.items() if "300" in name)
        (found,) = one.list_indices()
        sizes.append((found.name, one.index_stats(found.name).num_unindexed_rows))
    assert sizes[0][0] == sizes[2][0]  # made once, and what came later is in it
    assert {rest for _, rest in sizes} == {0}
    monkeypatch.setattr(nearest_windows, "OUTGROWN", 1.5)
    index.add([tmp_path / "r"])
    assert [found.name for found in one.list_indices()] == [f"made_for_{one.count_rows()}"]
    # Which windows are in a partition differs from time to time: a few partitions have most of what all have.
    alike = [len(set(index.search(word, top=6)) & set(exact.search(word, top=6))) for word in words]
    assert sum(alike) >= 0.7 * 6 * len(words)
    monkeypatch.setattr(nearest_windows, "PROBED", 1000)
    for word in words:
        assert index.search(word, top=6) == exact.search(word, top=6)
