import numpy as np
import pytest
import torch

from kwskit.data.loader import WordBatches
from kwskit.data.sampler import PKSampler
from kwskit.data.store.layout import StoreError
from kwskit.data.stream_features.store import FRAMES, INDEX, StreamFeatures, write_stream_features

COUNTS = np.array([3, 1, 5, 2])
COLUMNS = {
    "utt_id": ["a", "b", "a~1", "b~1"],
    "word": ["tiger", "button", "tiger", "button"],
    "speaker": ["s2", "s1", "s2", "s1"],
}


def frames_of(row):
    """(n, 4), each number one that 16 bits keep."""
    return (100 * row + np.arange(COUNTS[row] * 4).reshape(-1, 4)).astype(np.float16)


@pytest.fixture
def folder(tmp_path):
    """Four words of two parts, the last of which has frames of a segment that is not among them."""
    parts = []
    for number, rows in enumerate(([0, 1], [2, 3])):
        frames = [frames_of(row) for row in rows] + [np.full((2, 4), -1, np.float16)] * number
        parts.append(tmp_path / f"{number}.npz")
        np.savez(parts[-1], frames=np.concatenate(frames), counts=[len(one) for one in frames])
    path = tmp_path / "heard"
    path.mkdir()
    begins = np.cumsum(COUNTS) - COUNTS
    write_stream_features(path, COLUMNS, np.array([4000.0, 900.0, 4000.0, 900.0]), begins, COUNTS, parts)
    return path


def test_columns_are_those_of_a_store(folder):
    words = StreamFeatures(folder)
    assert len(words) == 4
    assert words.utt_ids.to_pylist() == COLUMNS["utt_id"]
    assert (words.words, words.speakers) == (["button", "tiger"], ["s1", "s2"])
    assert [words.words[word] for word in words.word_ids] == COLUMNS["word"]
    assert [words.speakers[speaker] for speaker in words.speaker_ids] == COLUMNS["speaker"]
    assert words.num_frames.tolist() == COUNTS.tolist()
    assert words.num_samples.tolist() == [4000, 900, 4000, 900]
    assert sorted(path.name for path in folder.iterdir()) == [FRAMES, INDEX]


def test_speech_is_padded_with_zeros(folder):
    found = StreamFeatures(folder).speech(np.array([1, 2, 1, 0]))
    assert found["feat_lens"].tolist() == [1, 5, 1, 3]
    assert found["wav_lens"].tolist() == [900, 4000, 900, 4000]
    assert found["wav"].shape == (4, 0)
    assert found["feats"].shape == (4, 5, 4)
    assert found["feats"].dtype == torch.float32
    for feats, row in zip(found["feats"].numpy(), (1, 2, 1, 0), strict=True):
        assert np.array_equal(feats[: COUNTS[row]], frames_of(row))
        assert not feats[COUNTS[row] :].any()
    assert StreamFeatures(folder).speech(np.array([], np.int64))["feats"].shape == (0, 0, 4)


def test_what_cannot_be_given_is_refused(folder):
    words = StreamFeatures(folder)
    with pytest.raises(ValueError, match="max_samples=8000: the features were made of whole segments"):
        words.speech(np.array([0]), 8000)
    with pytest.raises(IndexError):
        words.speech(np.array([4]))


class Letters:
    """A tokenizer of letters."""

    def encode(self, text):
        return [[ord(letter) - 90 for letter in text]]


@pytest.mark.parametrize("prefetch", [0, 2])
def test_batches_are_made_of_them(folder, prefetch):
    words = StreamFeatures(folder)
    sampler = PKSampler(words.word_ids, words.speaker_ids, 2, 2)
    (batch,) = WordBatches(words, sampler, Letters(), prefetch=prefetch).batches(1)
    assert sorted(batch.utt_id) == sorted(COLUMNS["utt_id"])
    expected = words.speech(np.array([COLUMNS["utt_id"].index(name) for name in batch.utt_id]))
    for name, values in expected.items():
        assert torch.equal(getattr(batch, name), values), name
    for word, tokens, count in zip(batch.word, batch.tokens, batch.token_lens, strict=True):
        assert tokens[:count].tolist() == Letters().encode(words.words[word])[0]


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


DAMAGES = {"none": lambda path: path.unlink(), "half": cut, "nothing": lambda path: path.write_bytes(b"")}


@pytest.mark.parametrize("name", [FRAMES, INDEX])
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_folder_says_what_to_do(folder, name, damage):
    DAMAGES[damage](folder / name)
    with pytest.raises(StoreError, match="holds no features; remove it to make them anew") as error:
        StreamFeatures(folder)
    assert str(folder) in str(error.value)


def test_frames_of_others_are_noticed(folder):
    np.save(folder / FRAMES, np.zeros((10, 4), np.float16))
    with pytest.raises(StoreError, match=r"frames\.npy does not go with index\.arrow; remove the folder"):
        StreamFeatures(folder)
