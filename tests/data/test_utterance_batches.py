"""Batches of whole utterances, against the words that the utterances are made of."""

from collections import Counter
from dataclasses import fields
from itertools import product

import numpy as np
import pytest
import torch

from kwskit.data.store.resident_store import ResidentStore
from tests.data.whole_corpora import SOUNDS, STILL, Spelling, batches, opened, random_speech

SPEECH = random_speech(60)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    return opened(tmp_path_factory.mktemp("whole"), SPEECH)


def heard(store, batch):
    """The ids of a batch's utterances, found by their samples."""
    whose = {store.read(row).tobytes(): name for row, name in enumerate(store.utt_ids.to_pylist())}
    return [whose[batch.wav[row, begin:end].numpy().tobytes()] for row, begin, end in batch.utterances.tolist()]


def segments(store, batch):
    """(utterance, place of the first word, number of words, text) of each segment, which begins and ends with words."""
    utterances, found = heard(store, batch), []
    assert len(batch.utt_id) == len(batch.spans) == len(batch.word) == len(batch.tokens)
    places = dict(zip(utterances, batch.utterances.tolist(), strict=True))
    for name, (row, begin, end) in zip(batch.utt_id, batch.spans.tolist(), strict=True):
        stream, origin, _ = places[name]
        assert row == stream
        said = SPEECH[name]
        first = [start for _, start, _ in said].index(begin - origin)
        last = [stop for _, _, stop in said].index(end - origin)
        found.append((name, first, last - first + 1, " ".join(word for word, _, _ in said[first : last + 1])))
    return found


def same(a, b):
    parts = [field.name for field in fields(a) if isinstance(getattr(a, field.name), torch.Tensor)]
    assert {"wav", "spans", "transcripts", "transcript_lens", "tokens", "word"} <= set(parts)
    return a.utt_id == b.utt_id and all(torch.equal(getattr(a, name), getattr(b, name)) for name in parts)


def test_a_batch_is_a_function_of_seed_epoch_and_position(corpus):
    whole = list(batches(corpus, seed=4).batches(2))
    loader = batches(corpus, seed=4)
    list(loader.batches(1))  # what was asked for before does not matter
    assert len(whole) == len(loader) > 5
    for start in (0, 1, len(whole) - 1, len(whole)):
        rest = list(loader.batches(2, start))
        assert len(rest) == len(whole) - start
        assert all(same(a, b) for a, b in zip(rest, whole[start:], strict=True))
    for other in (loader.batches(3), batches(corpus, seed=5).batches(2)):
        assert not any(same(a, b) for a, b in zip(other, whole, strict=True))


def test_an_epoch_hears_every_utterance_once(corpus):
    store, _ = corpus
    groups = []
    for epoch in (1, 2):
        found = [heard(store, batch) for batch in batches(corpus).batches(epoch)]
        assert sorted(name for names in found for name in names) == sorted(SPEECH)
        groups.append([sorted(names) for names in found])
    assert not any(names in groups[0] for names in groups[1])
    assert len(found) == round(store.seconds / 30)
    lengths = dict(zip(store.utt_ids.to_pylist(), store.num_samples.tolist(), strict=True))
    spread = np.mean([np.std([lengths[name] for name in names]) for names in found])
    assert spread < 0.5 * np.std(list(lengths.values()))  # like lengths together
    seconds = [sum(lengths[name] for name in names) / 16000 for names in found]
    longest = max(lengths.values()) / 16000
    assert all(abs(sum(seconds) / len(found) - one) <= longest for one in seconds)


def test_utterances_fill_streams(corpus):
    for batch in batches(corpus).batches(1):
        speech = int((batch.utterances[:, 2] - batch.utterances[:, 1]).sum())
        assert len(batch.wav) == max(1, round(speech / 16000 / 7.0))
        for row, size in enumerate(batch.wav_lens.tolist()):
            own = sorted((begin, end) for place, begin, end in batch.utterances.tolist() if place == row)
            assert [begin for begin, _ in own] == [0, *(end for _, end in own[:-1])]  # nothing lies between
            assert own[-1][1] == size
            assert not batch.wav[row, size:].any()
        longest = int((batch.utterances[:, 2] - batch.utterances[:, 1]).max())
        assert int(batch.wav_lens.max() - batch.wav_lens.min()) <= longest


def test_segments_are_words_and_phrases_of_their_utterances(corpus):
    store, _ = corpus
    counts, used, places = Counter(), set(), Counter()
    for batch in batches(corpus, STILL | {"longest_phrase": 3}).batches(1):
        assert len(batch) == 24
        for (name, first, count, text), tokens, size in zip(
            segments(store, batch), batch.tokens.tolist(), batch.token_lens.tolist(), strict=True
        ):
            assert 0.15 <= (SPEECH[name][first + count - 1][2] - SPEECH[name][first][1]) / 16000 <= 3.0
            said = "".join(Spelling().symbols[token] for token in tokens[:size])
            assert said in {"|".join(way) for way in product(*map(SOUNDS.get, text.split()))}
            assert not any(tokens[size:])
            counts[count] += 1
            places[first] += 1
            used.add((text, said))
    assert set(counts) == {1, 2, 3}
    assert max(places.values()) < 0.5 * sum(places.values())  # anywhere in an utterance
    assert {said for text, said in used if text == "the"} == set(SOUNDS["the"])  # each has its turn


def test_one_of_each_number_of_words_of_each_utterance_comes_first(corpus):
    store, _ = corpus
    fits = Counter()
    for name in heard(store, next(batches(corpus).batches(1))):
        said = SPEECH[name]
        for count, first in product(range(1, 5), range(len(said))):
            if first + count <= len(said) and 2400 <= said[first + count - 1][2] - said[first][1] <= 48000:
                fits[name, count] += 1
    for each in (1, 2):  # one of each, then a second where there is one
        wanted = sum(min(each, number) for number in fits.values())
        batch = next(batches(corpus, STILL | {"same": 99, "segments": wanted}).batches(1))
        drawn = Counter((name, count) for name, _, count, _ in segments(store, batch))
        assert drawn == {place: min(each, number) for place, number in fits.items()}
        assert len(set(segments(store, batch))) == wanted


def test_texts_are_repeated_only_where_no_others_are_left(corpus):
    store, _ = corpus
    for most in (1, 2):
        for batch in batches(corpus, STILL | {"same": most}).batches(1):
            assert max(Counter(text for *_, text in segments(store, batch)).values()) <= most
    batch = next(batches(corpus, STILL | {"same": 1, "segments": 1000, "longest_phrase": 1}).batches(1))
    texts = Counter(text for *_, text in segments(store, batch))
    assert sum(texts.values()) == 1000
    assert set(texts) == set(SOUNDS)
    assert max(texts.values()) - min(texts.values()) <= 1


def test_a_span_begins_a_little_before_its_words_and_ends_a_little_after(corpus):
    still, shaken = (list(batches(corpus, STILL | {"jitter": most}).batches(1)) for most in (0.0, 0.06))
    begin, end = [], []
    for one, other in zip(still, shaken, strict=True):
        assert torch.equal(one.spans[:, 0], other.spans[:, 0])
        assert torch.equal(one.word, other.word)
        moved = other.spans - one.spans
        begin += (-moved[:, 1]).tolist()
        end += moved[:, 2].tolist()
    for early in (begin, end):
        assert -0.02 * 16000 <= min(early) < -0.015 * 16000
        assert 0.055 * 16000 < max(early) <= 0.06 * 16000
    assert abs(np.corrcoef(begin, end)[0, 1]) < 0.3


def test_transcripts_are_spelt_without_boundaries(corpus):
    store, _ = corpus
    for batch in batches(corpus).batches(1):
        names = heard(store, batch)
        assert len(batch.transcripts) == len(batch.transcript_lens) == len(names)
        for name, ids, size in zip(names, batch.transcripts.tolist(), batch.transcript_lens.tolist(), strict=True):
            said = "".join(Spelling().symbols[token] for token in ids[:size])
            assert said in {"".join(way) for way in product(*(SOUNDS[word] for word, _, _ in SPEECH[name]))}
            assert not any(ids[size:])


def test_classes_are_those_of_texts(corpus):
    store, times = corpus
    classes = {}
    for batch in batches(corpus).batches(1):
        for (*_, text), own in zip(segments(store, batch), batch.word.tolist(), strict=True):
            assert classes.setdefault(text, own) == own
            assert (own == times.words.index(text)) if " " not in text else (own >= len(times.words))
    assert len(set(classes.values())) == len(classes) > 50


def test_processes_share_a_batch(corpus):
    store, _ = corpus
    whole = list(batches(corpus).batches(1))
    ranks = [list(batches(corpus, rank=rank, world_size=2).batches(1)) for rank in range(2)]
    classes, together = {}, 0
    for batch, *own in zip(whole, *ranks, strict=True):
        names = [heard(store, part) for part in own]
        assert sorted(names[0] + names[1]) == sorted(heard(store, batch))
        assert abs(len(names[0]) - len(names[1])) <= 1
        assert [len(part) for part in own] == [12, 12]
        spoken = [{text for *_, text in segments(store, part)} for part in own]
        together += len(spoken[0] & spoken[1])
        for part in (batch, *own):
            for (*_, text), word in zip(segments(store, part), part.word.tolist(), strict=True):
                assert classes.setdefault(text, word) == word
    assert together > 0
    assert len(set(classes.values())) == len(classes)


def test_speech_that_is_resident_is_gathered_there(corpus):
    store, _ = corpus
    resident = ResidentStore(store, "cpu")
    resident.pcm //= 2
    for one, other in zip(batches(corpus).batches(1), batches(corpus, resident=resident).batches(1), strict=True):
        assert torch.equal(one.wav // 2, other.wav)
        other.wav = one.wav
        assert same(one, other)


def test_what_is_drawn_from_is_told(corpus):
    loader = batches(corpus)
    hours = sum(said[-1][2] + 800 for said in SPEECH.values()) / 16000 / 3600
    spoken = sum(len(said) for said in SPEECH.values())
    assert loader.size == f"60 utterances, {hours:.1f} h, {spoken} times 6 words"
    assert loader.words == sorted(SOUNDS)
