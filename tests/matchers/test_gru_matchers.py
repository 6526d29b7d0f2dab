"""The GRU matchers against the same computation done one pair at a time, without padding or masks."""

import math

import pytest
import torch

from kwskit.batch import length_mask
from kwskit.embeddings import BatchEmbeddings
from kwskit.matchers.attention_gru import AttentionGru
from kwskit.matchers.self_attention_gru import SelfAttentionGru

FRAMES, TOKENS = [7, 3, 5], [4, 2, 5]
DIM = 6


def pairs():
    torch.manual_seed(0)
    audio, text = torch.randn(3, 8, DIM), torch.randn(3, 6, DIM)
    aligned = torch.randn(3, 6, DIM)
    return BatchEmbeddings(
        audio_frames=audio,
        audio_mask=length_mask(torch.tensor(FRAMES), 8),
        text_tokens=text,
        text_mask=length_mask(torch.tensor(TOKENS), 6),
        token_ids=torch.ones(3, 6, dtype=torch.long),
        word=torch.arange(3),
        pool_audio=None,
        pool_text=None,
        align=lambda *parts: (aligned, torch.zeros(3, 6, 8)),
    )


def test_attention_gru_reads_the_state_at_the_last_token():
    torch.manual_seed(1)
    matcher, emb = AttentionGru(DIM, 5), pairs()
    got = matcher(emb)
    assert got.token_logits is None
    for n, tokens in enumerate(TOKENS):
        _, state = matcher.gru(emb.aligned_audio[n : n + 1, :tokens])
        torch.testing.assert_close(got.score[n], matcher.judge(state[0, 0])[0])


def test_attention_gru_judges_each_token_by_the_audio_aligned_to_it():
    torch.manual_seed(1)
    matcher, emb = AttentionGru(DIM, 5, token_head=True), pairs()
    got = matcher(emb).token_logits
    assert got.shape == (3, 6)
    weight, bias = matcher.judge_token.weight[0], matcher.judge_token.bias[0]
    for n, tokens in enumerate(TOKENS):
        for at in range(tokens):
            torch.testing.assert_close(got[n, at], (weight * emb.aligned_audio[n, at]).sum() + bias)


def test_self_attention_gru_sees_frames_then_tokens_and_nothing_ahead():
    torch.manual_seed(1)
    matcher, emb = SelfAttentionGru(DIM, 4, 5), pairs()
    got = matcher(emb)
    for n, (frames, tokens) in enumerate(zip(FRAMES, TOKENS, strict=True)):
        row = torch.cat((emb.audio_frames[n, :frames], emb.text_tokens[n, :tokens]))
        attended = []
        for at in range(len(row)):
            seen = row[: at + 1]
            weights = (matcher.key(seen) @ matcher.query(row[at]) / math.sqrt(4)).softmax(0)
            attended.append(matcher.output(weights @ matcher.value(seen)))
        attended = torch.stack(attended)
        _, state = matcher.gru(attended[None])
        torch.testing.assert_close(got.score[n], matcher.judge(state[0, 0])[0])
        expected = matcher.judge_token(attended[frames:]).squeeze(1)
        torch.testing.assert_close(got.token_logits[n, :tokens], expected)


@pytest.mark.parametrize("matcher", [AttentionGru(DIM, 5), SelfAttentionGru(DIM, 4, 5)])
def test_padding_never_matters(matcher):
    clean, dirty = pairs(), pairs()
    dirty.audio_frames = dirty.audio_frames.masked_fill(~dirty.audio_mask[:, :, None], 1e4)
    dirty.text_tokens = dirty.text_tokens.masked_fill(~dirty.text_mask[:, :, None], -1e4)
    torch.testing.assert_close(matcher(dirty).score, matcher(clean).score)
