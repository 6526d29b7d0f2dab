import math

import pytest
import torch

from kwskit.aligners.ctc import CtcAligner
from kwskit.batch import length_mask
from kwskit.embeddings import BatchEmbeddings, Utterances
from kwskit.losses.ctc import Ctc

SPOKEN = torch.tensor([[0, 1, 2], [2, 2, 0], [1, 0, 0], [2, 2, 2]])
SPOKEN_LENS, FRAME_LENS = [3, 2, 1, 3], [6, 4, 5, 4]  # the last has no room for its repeats


def heard(log_probs, frame_lens=FRAME_LENS, ids=SPOKEN, lens=SPOKEN_LENS, **known):
    """Embeddings of ``log_probs`` (N, T_a, V) and the tokens that are spoken."""
    count, frames, _ = log_probs.shape
    return BatchEmbeddings(
        audio_frames=log_probs,
        audio_mask=length_mask(torch.tensor(frame_lens), frames),
        text_tokens=log_probs.new_zeros(count, ids.shape[1], 2),
        text_mask=length_mask(torch.tensor(lens), ids.shape[1]),
        token_ids=ids,
        word=torch.arange(count),
        pool_audio=None,
        pool_text=None,
        align=None,
        classify_frames=lambda frames: frames,
        **known,
    )


def random_log_probs(count=4):
    return torch.randn(count, 6, 4).log_softmax(-1)


def by_recursion(log_probs, tokens):
    """-log P(tokens) by the forward recursion over probabilities; the blank is the last column."""
    blank = log_probs.shape[1] - 1
    labels = [blank]
    for token in tokens:
        labels += [token, blank]
    before = [1.0] + [0.0] * len(labels)  # before the first frame, "at" a state 0 that only leads on
    for t, row in enumerate(log_probs.exp().tolist()):
        now = []
        for state, label in enumerate(labels):
            if t == 0:
                reach = float(state < 2)
            else:
                reach = before[state] + (before[state - 1] if state else 0.0)
                if state > 1 and label not in (blank, labels[state - 2]):
                    reach += before[state - 2]
            now.append(reach * row[label])
        before = now
    return -math.log(sum(before[-2:]))


def test_equals_the_recursion():
    log_probs = random_log_probs()
    each = [
        by_recursion(log_probs[n, : FRAME_LENS[n]], SPOKEN[n, : SPOKEN_LENS[n]].tolist()) / SPOKEN_LENS[n]
        for n in range(3)
    ]
    loss = Ctc()
    assert loss(heard(log_probs)).item() == pytest.approx(sum(each) / 3, abs=1e-9)
    assert loss.metrics["left_out"].item() == 1


def test_equals_torch():
    log_probs = random_log_probs()[:3]
    expected = torch.nn.functional.ctc_loss(
        log_probs.transpose(0, 1), SPOKEN[:3], tuple(FRAME_LENS[:3]), tuple(SPOKEN_LENS[:3]), blank=3
    )
    value = Ctc()(heard(log_probs, FRAME_LENS[:3], SPOKEN[:3], SPOKEN_LENS[:3]))
    assert value.item() == pytest.approx(expected.item(), abs=1e-9)


def test_only_the_matched_pair_of_an_utterance_counts():
    log_probs = random_log_probs()
    expected = Ctc()(heard(log_probs[:3], FRAME_LENS[:3], SPOKEN[:3], SPOKEN_LENS[:3])).item()
    rows = torch.tensor([0, 1, 2, 0, 2, 1])
    spoken = {"spoken_ids": SPOKEN[rows], "spoken_mask": length_mask(torch.tensor(SPOKEN_LENS), 3)[rows]}
    pairs = heard(
        log_probs[rows],
        [FRAME_LENS[i] for i in rows],
        ids=torch.tensor([[1, 1, 1]]).expand(6, -1),  # texts that nobody says
        lens=[3] * 6,
        matched=torch.tensor([True, True, True, False, False, False]),
        **spoken,
    )
    assert Ctc()(pairs).item() == pytest.approx(expected, abs=1e-12)


def test_padding_and_order_do_not_matter():
    log_probs = random_log_probs()
    value = Ctc()(heard(log_probs)).item()
    ids, order = SPOKEN.clone(), torch.tensor([2, 0, 3, 1])
    ids[1, 2], ids[2, 1:] = 3, 3
    for n, frames in enumerate(FRAME_LENS):
        log_probs[n, frames:] = torch.randn(4)
    log_probs = torch.cat((log_probs, torch.randn(4, 2, 4)), 1)
    shuffled = [[x[i] for i in order] for x in (FRAME_LENS, SPOKEN_LENS)]
    again = Ctc()(heard(log_probs[order], shuffled[0], ids[order], shuffled[1]))
    assert again.item() == pytest.approx(value, abs=1e-12)


def test_gradients_equal_finite_differences():
    scores = torch.randn(4, 6, 4, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: Ctc()(heard(x.log_softmax(-1))), (scores,), fast_mode=True)


@pytest.mark.parametrize("matched", [None, [False] * 4])
def test_nothing_that_fits_gives_a_zero_and_finite_gradients(matched):
    scores = torch.randn(4, 6, 4, requires_grad=True)
    lens = [3, 0, 3, 3]  # one without tokens, one without frames
    known = {} if matched is None else {"matched": torch.tensor(matched)}
    value = Ctc()(heard(scores.log_softmax(-1), [2, 4, 0, 2], lens=lens, **known))
    (gradient,) = torch.autograd.grad(value, scores)
    assert value.item() == 0
    assert not gradient.any()


def test_autocast_leaves_the_loss_in_float32():
    torch.set_default_dtype(torch.float32)
    aligner, frames = CtcAligner(3, 8), torch.randn(4, 6, 8, requires_grad=True)
    emb = heard(frames)
    emb.classify_frames = aligner.log_probs
    with torch.autocast("cpu", torch.bfloat16):
        value = Ctc()(emb)
        expected = aligner.log_probs(frames)
    assert value.dtype == torch.float32
    assert Ctc()(heard(expected)).item() == pytest.approx(value.item(), rel=1e-6)
    value.backward()
    assert frames.grad.isfinite().all()
    assert aligner.head.weight.grad.abs().sum() > 0


def spoken_utterances(log_probs):
    """Utterances of ``log_probs`` (4, T_a, V) with the transcripts SPOKEN."""
    masks = (
        length_mask(torch.tensor(lens), size) for lens, size in ((FRAME_LENS, log_probs.shape[1]), (SPOKEN_LENS, 3))
    )
    audio_mask, text_mask = masks
    return Utterances(log_probs, audio_mask, SPOKEN, text_mask, lambda frames: frames)


def test_whole_utterances_equal_torch_one_by_one():
    log_probs = random_log_probs()
    each = [
        torch.nn.functional.ctc_loss(
            log_probs[n, :frames, None], SPOKEN[n : n + 1, :tokens], (frames,), (tokens,), blank=3, reduction="sum"
        ).item()
        / tokens
        for n, (frames, tokens) in enumerate(zip(FRAME_LENS, SPOKEN_LENS, strict=True))
    ]
    assert each.pop() == math.inf
    loss = Ctc()
    emb = heard(random_log_probs(2), [6, 5], SPOKEN[:2], [3, 2], utterances=spoken_utterances(log_probs))
    assert loss(emb).item() == pytest.approx(sum(each) / 3, abs=1e-9)
    assert loss.metrics["left_out"].item() == 1


def test_spans_of_whole_utterances_change_nothing():
    log_probs = random_log_probs()
    values = []
    for count in (1, 2, 3):
        pairs = {"matched": torch.zeros(count, dtype=torch.bool)} if count == 2 else {}
        spans = heard(random_log_probs(count), [2] * count, SPOKEN[:count], [1] * count, **pairs)
        spans.utterances = spoken_utterances(log_probs)
        values.append(Ctc()(spans).item())
    assert values == [values[0]] * 3
    scores = torch.randn(4, 6, 4, requires_grad=True)
    words = torch.randn(2, 6, 4, requires_grad=True)
    emb = heard(words.log_softmax(-1), [6, 5], SPOKEN[:2], [3, 2], utterances=spoken_utterances(scores.log_softmax(-1)))
    gradient, unseen = torch.autograd.grad(Ctc()(emb), (scores, words), allow_unused=True)
    assert gradient[:3].abs().sum() > 0
    assert not gradient[3].any()
    assert unseen is None


def test_autocast_leaves_the_loss_of_utterances_in_float32():
    torch.set_default_dtype(torch.float32)
    aligner, encoder = CtcAligner(3, 8), torch.nn.Linear(5, 8)
    feats = torch.randn(4, 6, 5)
    emb = heard(torch.randn(2, 6, 8), [6, 5], SPOKEN[:2], [3, 2])
    with torch.autocast("cpu", torch.bfloat16):
        frames = encoder(feats)  # in bfloat16, as an encoder leaves them
        emb.utterances = spoken_utterances(frames)
        emb.utterances.classify_frames = aligner.log_probs
        value = Ctc()(emb)
        expected = aligner.log_probs(frames)
    assert value.dtype == torch.float32
    assert Ctc()(heard(expected)).item() == pytest.approx(value.item(), rel=1e-6)
    value.backward()
    assert encoder.weight.grad.abs().sum() > 0
    assert aligner.head.weight.grad.abs().sum() > 0


def test_utterances_without_a_head_name_the_aligner():
    emb = heard(random_log_probs())
    emb.utterances = spoken_utterances(random_log_probs())
    emb.utterances.classify_frames = None
    with pytest.raises(ValueError, match="aligner:ctc"):
        Ctc()(emb)


def test_without_a_head_the_advice_names_the_aligner():
    emb = heard(random_log_probs())
    emb.classify_frames = None
    with pytest.raises(ValueError, match="aligner:ctc"):
        Ctc()(emb)
