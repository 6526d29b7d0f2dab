from collections import Counter

import pytest
import torch

from kwskit.batch import Batch, Encoded
from kwskit.hparams import HparamsError, build_hparams
from kwskit.systems.enrolment import Enrolment, pad_tokens
from kwskit.systems.model_directory import save_model, untrained_model
from kwskit.systems.pair_matcher import other_words

CONFIGURATION = """\
tokenizer: !tokenizer:phoneme {stress: true}
system: !system:pair_matcher
  frontend: !frontend:log_mel {num_mels: 40}
  acoustic_encoder: !encoder:ecapa {channels: 16, mfa_channels: 24, dim: 12, scale: 4}
  text_encoder: !text_encoder:bilstm {num_tokens: 75, embedding_dim: 8, hidden: 8, layers: 1, dim: 12}
  aligner: !aligner:cross_attention {dim: 12}
  matcher: !matcher:attention_gru {dim: 12, hidden: 9}
  negatives: 2
  confusables: 1
  losses:
    pair: !loss:detection {}
    mm: !loss:monotonic_matching {}
"""


@pytest.fixture
def parts():
    torch.manual_seed(3)
    return build_hparams(CONFIGURATION, "test.yaml")


@pytest.fixture
def batch():
    generator = torch.Generator().manual_seed(2)
    lens = torch.tensor([6000, 8000, 4000, 7000])
    wav = torch.randn(4, 8000, generator=generator) * (torch.arange(8000) < lens[:, None])
    tokens = torch.randint(5, 70, (4, 6), generator=generator)
    return Batch(wav, lens, tokens, torch.tensor([6, 4, 5, 3]), torch.tensor([0, 0, 1, 2]), list("abcd"))


def test_an_utterance_comes_with_its_text_and_with_others(parts, batch):
    emb = parts["system"].train().embeddings(batch)
    assert len(emb.matched) == 4 * (1 + 2 + 1)
    assert emb.matched.tolist() == [True] * 4 + [False] * 12
    assert emb.word.tolist() == [0, 0, 1, 2, 0, 0, 0, 0, 1, 1, 2, 2, 0, 0, 1, 2]
    for row in range(16):
        own = [0, 1, 2, 3, 0, 0, 1, 1, 2, 2, 3, 3, 0, 1, 2, 3][row]
        typed, spoken = emb.token_ids[row][emb.text_mask[row]], emb.spoken_ids[row][emb.spoken_mask[row]]
        assert spoken.tolist() == batch.tokens[own][: batch.token_lens[own]].tolist()
        assert torch.equal(typed, spoken) == (row < 4)
        frames = int(emb.audio_mask[row].sum())
        torch.testing.assert_close(emb.audio_frames[row, :frames], emb.audio_frames[own, :frames])
    emb.match.score.sum().backward()


def test_other_words_are_others():
    torch.manual_seed(0)
    word = torch.tensor([0, 0, 1, 2, 2, 3])
    for _ in range(50):
        rows = other_words(word, 3)
        assert (word[rows] != word[:, None]).all()
        assert all(len(set(row)) == 3 for row in rows.tolist())


def test_a_batch_of_one_word_has_no_unmatched_pair(parts, batch):
    batch.word = torch.zeros(4, dtype=torch.long)
    system = parts["system"].train()
    system.confusables = 0
    assert system.embeddings(batch).matched.all()


def test_only_the_own_text_outside_training(parts, batch):
    assert parts["system"].eval().embeddings(batch).matched.tolist() == [True] * 4


def test_scores_do_not_depend_on_the_company(parts, batch):
    """Every pair compared alone gives the score it gets among others, in any order and any padding."""
    system = parts["system"].eval()
    with torch.no_grad():
        audio, text = system.encode_audio(batch.wav, batch.wav_lens), system.encode_text(batch.tokens, batch.token_lens)
        table = system.score(audio, text)
        for i in range(4):
            heard = system.encode_audio(batch.wav[i : i + 1, : batch.wav_lens[i]], batch.wav_lens[i : i + 1])
            for j in range(4):
                size = batch.token_lens[j]
                typed = system.encode_text(batch.tokens[j : j + 1, :size], batch.token_lens[j : j + 1])
                torch.testing.assert_close(system.compare(heard, typed)[0], table[i, j], atol=1e-5, rtol=1e-4)


def test_the_best_pronunciation_scores(parts, batch):
    system = parts["system"].eval()
    with torch.no_grad():
        audio = system.encode_audio(batch.wav, batch.wav_lens)
        enrolment = Enrolment(system, parts["tokenizer"], ["banana", "either"])
        got = enrolment.pair_scores(audio, torch.tensor([2, 0]), torch.tensor([1, 0]))
        assert len(parts["tokenizer"].encode("either")) > 1
        torch.testing.assert_close(got, enrolment.scores(audio)[[2, 0], [1, 0]])
        alone = [
            system.compare(audio.take(torch.tensor([2])), enrolment.encoded.take(torch.tensor([row])))
            for row in (enrolment.owner == 1).nonzero().flatten().tolist()
        ]
        torch.testing.assert_close(got[:1], torch.stack(alone).max(0).values, atol=1e-5, rtol=1e-4)


def test_a_loss_of_utterance_embeddings_is_told_that_there_are_none(parts, batch):
    with pytest.raises(ValueError, match="level: phn"):
        _ = parts["system"].embeddings(batch).audio


def test_encoded_rows_are_joined_and_taken():
    one = Encoded(torch.ones(2, 3, 4), torch.tensor([3, 1]), torch.full((2, 3), 7))
    two = Encoded(torch.full((1, 5, 4), 2.0), torch.tensor([5]), torch.full((1, 5), 8))
    both = Encoded.join([one, two])
    assert both.frames.shape == (3, 5, 4)
    assert both.lens.tolist() == [3, 1, 5]
    assert both.ids.tolist() == [[7, 7, 7, 0, 0], [7, 7, 7, 0, 0], [8] * 5]
    short = both.take(torch.tensor([1, 0]))
    assert short.frames.shape == (2, 3, 4)
    assert short.ids.tolist() == [[7, 7, 7]] * 2
    assert short.mask.tolist() == [[True, False, False], [True, True, True]]


def as_lists(tokens, lens):
    return [row[:length].tolist() for row, length in zip(tokens, lens, strict=True)]


def test_half_of_the_pairs_match_and_half_of_the_others_are_hard(parts):
    tokenizer, system = parts["tokenizer"], parts["system"].train()
    words = ["banana", "seven", "night", "either", "bandana", "eleven", "light", "ether", "lights"]
    system.negatives, system.confusables, system.hard_share = 1, 0, 0.5
    spoken = torch.tensor([0, 0, 1, 1, 2, 2, 3, 3])
    tokens, token_lens = pad_tokens([tokenizer.encode(words[word])[0] for word in spoken])
    batch = Batch(torch.randn(8, 4000), torch.full((8,), 4000), tokens, token_lens, spoken, list("abcdefgh"))
    with pytest.raises(RuntimeError, match=r"hard_share.*begin"):
        system.embeddings(batch)
    system.begin(tokenizer, words)
    of_batch = as_lists(tokens, token_lens)
    near = {"banana": {"bandana"}, "seven": {"eleven"}, "night": {"light", "lights"}, "either": {"ether"}}
    seen = Counter()
    for _ in range(40):
        emb = system.embeddings(batch)
        assert emb.matched.tolist() == [True] * 8 + [False] * 8
        typed = as_lists(emb.token_ids, emb.text_mask.sum(1))
        assert typed[:8] == of_batch
        for row, other in enumerate(typed[8:]):
            assert other not in tokenizer.encode(words[spoken[row]])
            spelt = [word for word in words if other in tokenizer.encode(word)]
            seen["near"] += bool(near[words[spoken[row]]] & set(spelt))
            seen["elsewhere"] += other not in of_batch
    # Of 320 unmatched pairs 160 are hard, of the three nearest of nine words; the nearest of all is one of them.
    assert 160 / 3 * 0.6 < seen["near"] <= 160
    assert seen["elsewhere"] <= 160


def test_a_released_model_begins_as_its_training_did(parts, tmp_path):
    """The untrained twin, with which a trained model is compared, begins with Keras's weights if the training did."""
    configuration = CONFIGURATION.replace("negatives: 2", "negatives: 2\n  initialisation: keras")
    save_model(tmp_path / "model", build_hparams(configuration, "test.yaml")["system"], configuration, "# card\n")
    torch.manual_seed(5)
    begun = build_hparams(configuration, "test.yaml")["system"].state_dict()
    twin = untrained_model(tmp_path / "model", 5).system.state_dict()
    assert not twin["matcher.judge.bias"].any()
    assert all(torch.equal(twin[name], begun[name]) for name in twin)


def test_a_share_of_no_negatives():
    with pytest.raises(HparamsError, match=r"hard_share=0\.5"):
        build_hparams(CONFIGURATION.replace("negatives: 2", "negatives: 0\n  hard_share: 0.5"), "test.yaml")
