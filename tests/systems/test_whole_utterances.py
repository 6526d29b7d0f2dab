"""Words and phrases that are spans of utterances: what losses see of them, in both systems."""

import pytest
import torch
import torch.nn.functional as F

from kwskit.batch import Batch
from kwskit.hparams import build_hparams

SHARED = """\
  frontend: !frontend:log_mel {num_mels: 20, mean_normalise: false}
  acoustic_encoder: !encoder:causal_conv {num_features: 20, channels: 12, dilations: [1, 2], ahead: 6, dim: 12}
  text_encoder: !text_encoder:bilstm {num_tokens: 44, embedding_dim: 8, hidden: 8, layers: 1, dim: 12}
"""
HEAD = "  aligner: !aligner:ctc {num_tokens: 44, dim: 12}\n"
DUAL = f"""\
system: !system:dual_encoder
{SHARED}{HEAD}  audio_pooler: !pooler:ccsp {{in_dim: 12, dim: 12}}
  text_pooler: !pooler:mean {{dim: 12}}
  losses:
    utt: !loss:clat {{level: utt}}
    ctc: !loss:ctc {{weight: 0.5}}
"""
PAIRS = f"""\
system: !system:pair_matcher
{SHARED}{HEAD}  matcher: !matcher:attention_gru {{dim: 12, hidden: 9}}
  losses:
    pair: !loss:detection {{}}
    ctc: !loss:ctc {{weight: 0.5}}
"""
LENS = torch.tensor([9000, 16000])
SPANS = torch.tensor([[1, 1600, 6400], [0, 800, 4000], [1, 4800, 16000], [0, -400, 9900], [1, 6400, 9600]])


def system_of(text):
    torch.manual_seed(4)
    system = build_hparams(text, "test.yaml")["system"]
    with torch.no_grad():
        system(batch())  # running statistics that are not those of the beginning
    return system.eval()


def batch():
    random = torch.Generator().manual_seed(3)
    wav = 0.1 * torch.randn(2, 16000, generator=random) * (torch.arange(16000) < LENS[:, None])
    token_lens, transcript_lens = torch.tensor([3, 2, 5, 4, 2]), torch.tensor([6, 9])
    tokens = torch.randint(4, 44, (5, 5), generator=random) * (torch.arange(5) < token_lens[:, None])
    spelt = torch.randint(4, 44, (2, 9), generator=random) * (torch.arange(9) < transcript_lens[:, None])
    speech = {"wav": wav, "wav_lens": LENS, "spans": SPANS, "transcripts": spelt, "transcript_lens": transcript_lens}
    word, names = torch.tensor([3, 1, 7, 5, 1]), ["two", "one", "two", "one", "two"]
    return Batch(tokens=tokens, token_lens=token_lens, word=word, utt_id=names, **speech)


def windows(system, of):
    """The frames (k, d) of every span, cut out by hand: shares of a whole utterance's."""
    frames, lens = system.hear(of.wav, of.wav_lens)
    for row, begin, end in of.spans.tolist():
        count, size = int(lens[row]), int(of.wav_lens[row])
        first, behind = round(max(begin, 0) * count / size), round(min(end, size) * count / size)
        yield frames[row, first:behind]


def by_torch(system, of):
    """CTC of the utterances, each by itself, by token."""
    found = []
    for wav, size, spelt, tokens in zip(of.wav, of.wav_lens, of.transcripts, of.transcript_lens, strict=True):
        frames, lens = system.hear(wav[None, :size], size[None])
        scores = system.aligner.log_probs(frames).transpose(0, 1)
        found.append(F.ctc_loss(scores, spelt[None], lens, tokens[None], blank=44, reduction="none") / tokens)
    return torch.cat(found).mean()


@pytest.mark.parametrize("text", [DUAL, PAIRS], ids=["dual_encoder", "pair_matcher"])
def test_losses_see_spans_and_the_utterances_that_they_are_of(text):
    system, of = system_of(text), batch()
    emb = system.embeddings(of)
    assert len(emb.audio_frames) == len(emb.word) == 5
    for row, mask, expected in zip(emb.audio_frames, emb.audio_mask, windows(system, of), strict=True):
        torch.testing.assert_close(row[mask], expected)
    assert emb.token_ids.tolist() == of.tokens.tolist()
    frames, lens = system.hear(of.wav, of.wav_lens)
    torch.testing.assert_close(emb.utterances.audio_frames, frames)
    assert emb.utterances.audio_mask.sum(1).tolist() == lens.tolist()
    assert emb.utterances.token_ids is of.transcripts
    assert emb.utterances.text_mask.sum(1).tolist() == [6, 9]
    losses = system(of)
    torch.testing.assert_close(losses["ctc"], 0.5 * by_torch(system, of), rtol=1e-4, atol=1e-5)
    sum(losses.values()).backward()
    assert system.acoustic_encoder.stem.weight.grad.abs().sum() > 0


def test_words_of_a_batch_of_segments_have_no_utterances():
    system, of = system_of(DUAL), batch()
    alone = Batch(of.wav, of.wav_lens, of.tokens[:2], of.token_lens[:2], of.word[:2], ["one", "two"])
    emb = system.embeddings(alone)
    assert emb.utterances is None
    torch.testing.assert_close(emb.audio_frames, system.hear(of.wav, of.wav_lens)[0])


def test_spans_are_those_of_the_words_however_fast_speech_is_made():
    class Slower(torch.nn.Module):
        def forward(self, wav, lens, generator):
            return wav.repeat_interleave(2, 1), 2 * lens

    system, of = system_of(DUAL), batch()
    system.wave_augment = Slower()
    expected = [2 * len(one) for one in windows(system, of)]
    found = system.train().embeddings(of).audio_mask.sum(1).tolist()
    assert all(abs(one - two) <= 2 for one, two in zip(found, expected, strict=True))


def test_a_system_that_cannot_spell_says_so():
    system, of = system_of(DUAL), batch()
    system.aligner = None
    with pytest.raises(ValueError, match="aligner:ctc"):
        system(of)
    del system.losses["ctc"]
    assert system(of)["utt"].isfinite()


def test_a_batch_travels_with_its_spans():
    of = batch()
    moved = of.to("meta")
    for name in ("spans", "transcripts", "transcript_lens"):
        assert getattr(moved, name).device.type == "meta"
        assert getattr(moved.on_host, name) is getattr(of, name)
    assert len(of) == 5
