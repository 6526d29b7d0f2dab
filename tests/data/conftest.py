"""Recordings that tests of the store share."""

import numpy as np
import pytest
import soundfile

from kwskit.data.store import packing, shard_plan
from kwskit.data.stream_features.make import make_stream_features
from kwskit.data.stream_features.settings import StreamFeatureSettings
from tests.data.packed_corpora import table_of
from tests.data.stream_recordings import Samples, write_manifest


@pytest.fixture
def several_shards(monkeypatch):
    """Shards of two files, written in small record batches."""
    monkeypatch.setattr(shard_plan, "SHORTEST_SHARD", 3.5)
    monkeypatch.setattr(packing, "BATCH", 1.0)


@pytest.fixture
def corpus(tmp_path):
    """Eight files of noise, three segments in each, and what they hold."""
    rng = np.random.default_rng(0)
    rows, truth = [], {}
    for file in range(8):
        pcm = rng.integers(-9000, 9000, 32_000).astype(np.int16)
        soundfile.write(tmp_path / f"{file}.wav", pcm, 16_000)
        for part, (start, stop) in enumerate(((0.0, 0.5), (0.5, 1.25), (1.5, 2.0))):
            utt_id = f"u{file}-{part}"
            rows.append((utt_id, str(tmp_path / f"{file}.wav"), start, stop, f"word{part}", f"voice{file % 3}"))
            truth[utt_id] = pcm[int(start * 16_000) : int(stop * 16_000)]
    return table_of(*rows), truth


@pytest.fixture
def manifest(tmp_path):
    return write_manifest(tmp_path / "data")


@pytest.fixture
def heard(manifest, tmp_path):
    """``heard(frontend, augment, folder, settings, **how)``: frames (n, F) by utterance, and the folder."""

    def run(frontend=None, augment=None, folder="heard", settings="", manifest=manifest, **how):
        found = make_stream_features(
            manifest, tmp_path / folder, frontend or Samples(), augment, StreamFeatureSettings(**how), settings, "cpu"
        )
        speech = found.speech(np.arange(len(found)))
        frames = {
            name: feats[:count].numpy()
            for name, feats, count in zip(
                found.utt_ids.to_pylist(), speech["feats"], speech["feat_lens"].tolist(), strict=True
            )
        }
        return frames, found

    return run
