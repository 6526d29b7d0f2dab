import threading

import numpy as np
import pyarrow as pa
import pytest
import torch

from kwskit.data.evaluation_batches import evaluation_batches
from kwskit.data.loader import WordBatches
from kwskit.data.sampler import PKSampler
from kwskit.data.store.packed_store import PackedStore
from kwskit.data.store.writer import StoreWriter
from kwskit.data.token_table import TokenTable
from kwskit.errors import UnpronounceableText

# Words with one, two and three pronunciations of several lengths.
SOUNDS = {"a": [[5]], "either": [[1, 2, 3], [4, 2]], "the": [[7, 8], [7, 9], [7, 9, 9, 9]], "unused": [[3]]}


class Dictionary:
    """A tokenizer that looks words up, and counts how often."""

    def __init__(self):
        self.asked = []

    def encode(self, text):
        self.asked.append(text)
        if text not in SOUNDS:
            raise UnpronounceableText(text, "it is not in SOUNDS")
        return SOUNDS[text]


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    words = ["a"] * 4 + ["either"] * 5 + ["the"] * 6 + ["unused"]
    rng = np.random.default_rng(0)
    lens = rng.integers(400, 2000, len(words))
    path = tmp_path_factory.mktemp("s") / "store"
    with StoreWriter(path) as writer:
        writer.add(rng.integers(-32768, 32768, lens.sum()).astype(np.int16), lens)
        writer.finish(pa.array([f"u{i}" for i in range(len(words))]), pa.array(words), pa.array(["s"] * len(words)))
    return PackedStore.open(path)


def batches(store, tokenizer=None, passes=20, **more):
    sampler = PKSampler(store.word_ids, store.speaker_ids, 3, 2, passes=passes)
    return WordBatches(store, sampler, tokenizer or Dictionary(), **more)


def same(a, b):
    return a.utt_id == b.utt_id and all(
        torch.equal(getattr(a, name), getattr(b, name)) for name in ("wav", "wav_lens", "tokens", "token_lens", "word")
    )


def test_a_batch_pairs_speech_with_a_pronunciation_of_its_word(store):
    used = set()
    for batch in batches(store).batches(0):
        assert batch.wav.dtype == torch.int16
        assert batch.tokens.shape == (6, int(batch.token_lens.max()))
        assert batch.wav.shape == (6, int(batch.wav_lens.max()))
        for i, utt_id in enumerate(batch.utt_id):
            row = store.index_of(utt_id)
            word = store.words[batch.word[i]]
            assert batch.word[i] == store.word_ids[row]
            size = int(batch.wav_lens[i])
            assert np.array_equal(batch.wav[i, :size].numpy(), store.read(row))
            assert not batch.wav[i, size:].any()
            tokens = batch.tokens[i, : int(batch.token_lens[i])].tolist()
            assert tokens in SOUNDS[word]
            assert not batch.tokens[i, len(tokens) :].any()
            used.add((word, tuple(tokens)))
    assert len(used) == 6  # every pronunciation of the three words had its turn


def test_words_are_tokenised_once_and_only_those_that_can_be_drawn(store):
    tokenizer = Dictionary()
    loader = batches(store, tokenizer)
    list(loader.batches(0))
    assert sorted(tokenizer.asked) == ["a", "either", "the"]


@pytest.mark.parametrize("prefetch", [0, 1, 3])
def test_resumes_anywhere(store, prefetch):
    whole = list(batches(store, seed=4).batches(1))
    loader = batches(store, seed=4, prefetch=prefetch)
    assert len(whole) == len(loader) == 20
    for start in (0, 1, 7, 19, 20):
        rest = list(loader.batches(1, start))
        assert len(rest) == 20 - start
        assert all(same(a, b) for a, b in zip(rest, whole[start:], strict=True))


def test_seeds_choose_other_pronunciations_for_the_same_segments(store):
    one, two = (list(batches(store, seed=s).batches(0)) for s in (0, 1))
    assert [b.utt_id for b in one] == [b.utt_id for b in two]
    assert any(not torch.equal(a.token_lens, b.token_lens) for a, b in zip(one, two, strict=True))


def test_processes_share_a_batch_that_is_the_same_for_any_number_of_them(store):
    """Whole keywords: the utterances of a word stay together, with the pronunciations that one process gives them."""
    sampler = PKSampler(store.word_ids, store.speaker_ids, 4, 3, seed=5, passes=4, replacement=True)
    whole = WordBatches(store, sampler, Dictionary(), 5)
    parts = [WordBatches(store, sampler, Dictionary(), 5, rank=rank, world_size=2) for rank in range(2)]
    assert len(whole) == len(parts[0]) == 4
    for batch, *own in zip(whole.batches(1, 1), *(part.batches(1, 1) for part in parts), strict=True):
        assert [len(part) for part in own] == [6, 6]
        assert [utt for part in own for utt in part.utt_id] == batch.utt_id
        assert torch.equal(torch.cat([part.tokens for part in own]), batch.tokens)
        for name in ("token_lens", "wav_lens", "word"):
            assert torch.equal(torch.cat([getattr(part, name) for part in own]), getattr(batch, name))


@pytest.mark.parametrize(("keywords", "world_size", "advice"), [(3, 2, "take 4"), (2, 2, "take 4"), (3, 3, "take 6")])
def test_keywords_that_cannot_be_shared_are_refused(store, keywords, world_size, advice):
    sampler = PKSampler(store.word_ids, store.speaker_ids, keywords, 2)
    with pytest.raises(ValueError, match=rf"{keywords} keywords cannot .* {world_size} processes.*{advice} keywords"):
        WordBatches(store, sampler, Dictionary(), world_size=world_size)


def test_long_segments_lose_their_end(store):
    batch = next(batches(store, max_samples=450).batches(0))
    assert batch.wav.shape[1] <= 450
    assert np.array_equal(batch.wav[0, :400].numpy(), store.read(store.index_of(batch.utt_id[0]))[:400])


def test_a_prefetching_thread_ends_with_its_reader(store):
    before = threading.active_count()
    reader = batches(store, prefetch=2).batches(0)
    next(reader)
    assert threading.active_count() == before + 1
    reader.close()
    assert threading.active_count() == before


def test_errors_of_the_prefetching_thread_arrive(store, monkeypatch):
    loader = batches(store, prefetch=2)
    monkeypatch.setattr(loader.store, "gather", lambda *_: (_ for _ in ()).throw(OSError("the disk went away")))
    with pytest.raises(OSError, match="the disk went away"):
        list(loader.batches(0))


def test_words_without_a_pronunciation_are_named(store, monkeypatch):
    monkeypatch.delitem(SOUNDS, "the")
    with pytest.raises(UnpronounceableText, match=r"cannot pronounce 'the': it is not in SOUNDS$"):
        batches(store)
    monkeypatch.delitem(SOUNDS, "a")
    with pytest.raises(UnpronounceableText, match=r"'a': .* \(and 1 more words of the vocabulary: 'the'\)"):
        batches(store)


def test_a_table_of_some_words_refuses_the_others():
    table = TokenTable(list(SOUNDS), Dictionary(), [1, 2])
    tokens, lens = table.draw(np.array([2, 1, 2]), np.random.default_rng(0))
    assert tokens.shape == (3, int(lens.max()))
    with pytest.raises(KeyError, match="not tokenised"):
        table.draw(np.array([0]), np.random.default_rng(0))


@pytest.mark.parametrize("rows", [None, [3, 9, 0, 3, 12]])
def test_evaluation_visits_everything_once_longest_first(store, rows):
    seen, sizes = [], []
    for own, wav, lens in evaluation_batches(store, rows, batch_size=4):
        assert len(own) <= 4
        assert wav.shape == (len(own), int(lens.max()))
        for row, samples, size in zip(own.tolist(), wav, lens.tolist(), strict=True):
            assert np.array_equal(samples[:size].numpy() * 32768, store.read(row))
            seen.append(row)
            sizes.append(size)
    assert sorted(seen) == sorted(range(len(store)) if rows is None else rows)
    assert sizes == sorted(sizes, reverse=True)
    with pytest.raises(ValueError, match="batch_size=0"):
        next(evaluation_batches(store, batch_size=0))
