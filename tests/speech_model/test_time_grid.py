"""The packaged model hears a phrase alike however much silence is before it, and however sound arrives."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import soundfile

from kwskit import Spotter

ROOT = Path(__file__).parents[2]
PHRASE, SAID = "fellow americans", (1.2, 2.6)  # s
# That a score may move, by a quarter for its embedding and as much for its phonemes, in frames of 40 ms; with windows a
# quarter of their length apart it moved by 1.8.
MOST = 0.5
OFFSETS = range(0, 16_000, 1_500)  # samples, of all phases of frames and windows


@pytest.fixture(scope="module")
def pcm():
    return soundfile.read(ROOT / "egs" / "spot" / "ask_not.flac", dtype="int16", frames=48_000)[0]


@pytest.fixture(scope="module")
def spotter():
    found = Spotter.load()
    found.enrol(PHRASE)
    return found


def after_silence(pcm, offset):
    return np.concatenate([np.zeros(offset, np.int16), pcm, np.zeros(8_000, np.int16)])


def test_score_and_hits_are_those_of_any_offset(spotter, pcm):
    scores = []
    for offset in OFFSETS:
        (hit,) = spotter.spot(after_silence(pcm, offset))
        start, stop = hit.start - offset / 16_000, hit.end - offset / 16_000
        assert SAID[0] - 0.1 < start < stop < SAID[1] + 0.1
        scores.append(hit.score)
    assert np.ptp(scores) <= MOST
    assert spotter.score(after_silence(pcm, OFFSETS[3]), PHRASE) == pytest.approx(scores[3], abs=1e-4)


def test_hits_do_not_depend_on_blocks(spotter, pcm):
    found = [
        [
            (hit.start, hit.end, hit.score)
            for hit in spotter.stream(pcm[at : at + size] for at in range(0, len(pcm), size))
        ]
        for size in (len(pcm), 16_000, 1_280, 777)
    ]
    assert len(found[0]) == 1
    for other in found[1:]:
        np.testing.assert_allclose(other, found[0], atol=1e-4)


def test_the_index_scores_alike(spotter, pcm, tmp_path):
    pytest.importorskip("lancedb")
    from kwskit.index import SpeechIndex
    from kwskit.index.speech_index import DEFAULTS

    for offset in OFFSETS[::4]:
        soundfile.write(tmp_path / f"{offset}.wav", after_silence(pcm, offset), 16_000)
    fitting = dataclasses.replace(DEFAULTS, windows=spotter.keywords[PHRASE].windows)
    index = SpeechIndex.create(tmp_path / "index", spotter.model, fitting)
    index.add(sorted(tmp_path.glob("*.wav")))
    best = {hit.path: hit.score for hit in reversed(index.search(PHRASE, top=20))}
    assert len(best) == len(OFFSETS[::4])
    assert np.ptp(list(best.values())) <= MOST


def test_an_embedding_does_not_depend_on_its_batch(spotter):
    """Of windows, of which one is loud, and of texts."""
    model = spotter.model
    frames = np.random.default_rng(0).normal(0, [[[1.0]], [[9.0]], [[2.0]]], (3, 10, model.stream.size))
    frames = frames.astype(np.float32)
    alone = np.concatenate([model.embed_frames(one[None]) for one in frames])
    np.testing.assert_allclose(model.embed_frames(frames), alone, atol=1e-5)
    tokens = [ids for text in (PHRASE, "country", "do") for ids in model.tokenizer.encode(text)]
    alone = np.concatenate([model.embed_tokens([ids]) for ids in tokens])
    np.testing.assert_allclose(model.embed_tokens(tokens), alone, atol=1e-5)
