"""Features of a stream that are there already are not made again, and others beside them are."""

import numpy as np
import pyarrow.compute as pc
import pytest
import torch

from kwskit.data.records import read_records, write_records
from kwskit.data.stream_features import make as module
from kwskit.data.stream_features.store import INDEX
from kwskit.frontend.noise import Noise
from tests.data.stream_recordings import RECORDINGS, Samples, read_rows, same, write_manifest


def test_draws_are_those_of_the_seed(heard):
    state = torch.get_rng_state()
    how = {"views": 2, "alone": 0.3, "jitter": 0.1}
    first, _ = heard(augment=Noise(1.0, seconds=1.0), folder="first", **how)
    again, _ = heard(augment=Noise(1.0, seconds=1.0), folder="again", **how)
    other, _ = heard(augment=Noise(1.0, seconds=1.0), folder="other", seed=2, **how)
    assert torch.equal(torch.get_rng_state(), state)
    assert list(first) == list(again) == list(other)
    assert all(np.array_equal(first[name], again[name]) for name in first)
    assert not any(np.array_equal(first[name], other[name]) for name in first)
    ones = [name for name in first if "~" not in name]
    assert sorted(first) == sorted([*ones, *(f"{name}~1" for name in ones)])
    assert not any(np.array_equal(first[name], first[f"{name}~1"]) for name in ones)


class Counting(Samples):
    """Tells how many batches of stretches it has heard, and refuses more than ``most``."""

    def __init__(self, most=10**9):
        super().__init__()
        self.heard, self.most = 0, most

    def stream_features(self, wav):
        self.heard += 1
        if self.heard > self.most:
            raise KeyboardInterrupt
        return super().stream_features(wav)


def test_what_is_there_is_not_heard_again(heard):
    whole, words = heard(Counting())
    kept, _ = heard(Counting(0))
    same(kept, whole)
    (words.path / INDEX).unlink()
    kept, _ = heard(Counting(0))
    same(kept, whole)
    parts = sorted(words.path.parent.glob("*.npz"))
    assert len(parts) == 2 * len(RECORDINGS)
    parts[3].unlink()
    (words.path / INDEX).unlink()
    frontend = Counting()
    same(heard(frontend)[0], whole)
    assert frontend.heard == 1


def test_an_interrupted_run_goes_on(heard, tmp_path):
    whole, _ = heard(folder="whole")
    with pytest.raises(KeyboardInterrupt):
        heard(Counting(3))
    assert len(list((tmp_path / "heard").glob("*/*.npz"))) == 3
    assert not list((tmp_path / "heard").glob("*/.*"))
    frontend = Counting()
    same(heard(frontend)[0], whole)
    assert frontend.heard == 3


def test_a_recording_more_leaves_the_others_as_they_are(heard, manifest, tmp_path):
    before, _ = heard()
    write_manifest(manifest.parent.parent, {**RECORDINGS, "audio/four.wav": 3.0})
    frontend = Counting()
    after, words = heard(frontend)
    assert frontend.heard == 2  # views of the new one
    assert {name.partition("-")[0] for name in set(after) - set(before)} == {"four.wav"}
    same({name: after[name] for name in before}, before)
    assert len(words) == len(after)
    fewer, _ = heard(Counting(0), manifest=write_manifest(manifest.parent.parent, {"audio/one.wav": 10.0}))
    same(fewer, {name: frames for name, frames in before.items() if name.startswith("one")})


def test_a_recording_is_heard_alike_whatever_others_there_are(heard, manifest):
    before, _ = heard(folder="all")
    table, facts = read_records(manifest, "manifest")
    write_records(manifest, "manifest", table.filter(pc.not_equal(table["path"], "audio/one.wav")), facts)
    found, _ = heard()
    assert len(found) > 4
    same(found, {name: frames for name, frames in before.items() if not name.startswith("one")})


def test_more_or_fewer_views(heard):
    two, _ = heard(views=2)
    frontend = Counting()
    three, _ = heard(frontend, views=3)
    assert frontend.heard == len(RECORDINGS)
    assert len(three) * 2 == len(two) * 3
    same({name: three[name] for name in two}, two)
    one, _ = heard(Counting(0), views=1)
    assert list(one) == [name for name in two if "~" not in name]


def test_a_share_of_the_phrases(heard, manifest):
    whole, _ = heard(views=2)
    phrases = {name for name, row in read_rows(manifest).items() if " " in row["word"]}
    assert len(phrases) == 2
    without, words = heard(Counting(0), views=2, phrases=0.0)
    assert not any(" " in word for word in words.words)
    assert set(whole) - set(without) == {f"{name}{view}" for name in phrases for view in ("", "~1")}
    same(without, {name: frames for name, frames in whole.items() if name in without})


def test_shares_of_phrases_lie_in_each_other():
    rows = [{"utt_id": f"p{k}", "word": "hey nova"} for k in range(2000)]
    found = {share: {row["utt_id"] for row in rows if module._trained_on(row, share)} for share in (0.0, 0.2, 0.6, 1.0)}
    assert found[0.0] <= found[0.2] <= found[0.6] <= found[1.0]
    assert [len(found[share]) for share in found] == [0, pytest.approx(400, abs=60), pytest.approx(1200, abs=70), 2000]
    assert module._trained_on({"utt_id": "u", "word": "nova"}, 0.0)


@pytest.mark.parametrize("change", [{"settings": "another front end"}, {"seed": 5}, {"jitter": 0.01}, {"alone": 1.0}])
def test_what_would_sound_different_has_a_folder_of_its_own(heard, tmp_path, change):
    heard()
    heard(**change)
    assert len(list((tmp_path / "heard").iterdir())) == 2
