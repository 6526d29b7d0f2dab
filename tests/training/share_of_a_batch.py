"""What one of several processes computes of a batch that they share, and one process of all of it."""

from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import torch

from kwskit import collectives
from kwskit.batch import Batch
from kwskit.hparams import build_hparams, resolve_hparams
from kwskit.training.gradient_norms import gradient_norms
from kwskit.training.replica import replica

HPARAMS = Path(__file__).parents[2] / "recipes/hparams"
WORDS, UTTERANCES = 8, 2
SMALL = {"num_words": "20", "dim": "16", "channels": "16", "mfa_channels": "24", "text_hidden": "16"}
SMALL |= {"wave_augment": "null", "feature_augment": "null"}
STILL = {"acoustic_encoder.dropout": "0.0", "text_encoder.dropout": "0.0"}
BATCH_S = {"system.hard_share": "0.0"}  # negatives of the batch alone: the training's words are not known here
CMCD = BATCH_S | {"system.negatives": "1", "losses.mm.unmatched": "ignore"}
# Name: overlays of adml.yaml, what they change, and how the batch is used.
CASES = {
    "adml": ([], {"losses.adv.levels": "[phn, utt, frame]"}, {}),
    "jmcl": (["system/jmcl.yaml"], STILL, {}),
    "cmcd": (["system/cmcd.yaml"], CMCD, {}),
    "phonmatchnet": (["system/phonmatchnet.yaml"], BATCH_S, {}),
    "autoencoder": (["system/jmcl.yaml", "audio/autoencoder.yaml"], STILL, {}),
    "ctcat": (["system/ctcat.yaml"], {}, {}),
    "no aligned loss": (["loss/no_phn.yaml", "loss/no_mm.yaml"], {"losses.adv.levels": "[utt]"}, {}),
    "accumulated": ([], {}, {"steps": 3}),
    "drawn alike": (["loss/key_sphereface2_sampled.yaml"], {"losses.key.sample_classes": "5"}, {}),
    "bf16": ([], {}, {"bf16": True}),
    "own statistics": ([], {}, {"sync_batch_norm": False}),
    "whole utterances": (["aligner/ctc.yaml"], {}, {"spans": 3}),
}


def others_of_the_half(word: torch.Tensor, count: int) -> torch.Tensor:
    """Negatives that are the same whether the batch is drawn from whole or by halves."""
    rows, half = torch.arange(len(word)), WORDS // 2 * UTTERANCES
    return (rows - rows % half + (rows + UTTERANCES) % half)[:, None]


def whole_batch(seed: int) -> Batch:
    chance = torch.Generator().manual_seed(seed)
    count = WORDS * UTTERANCES
    wav_lens = torch.randint(8000, 12000, (count,), generator=chance)
    token_lens = torch.randint(3, 7, (count,), generator=chance)
    wav_lens[0], token_lens[0] = 12000, 8  # the halves are as long as different words
    wav = 0.1 * torch.randn(count, 12000, generator=chance, dtype=torch.float64)
    tokens = torch.randint(4, 70, (count, 8), generator=chance)
    wav[torch.arange(12000) >= wav_lens[:, None]] = 0
    tokens[torch.arange(8) >= token_lens[:, None]] = 0
    word = torch.randperm(20, generator=chance)[:WORDS].repeat_interleave(UTTERANCES)
    return Batch(wav, wav_lens, tokens, token_lens, word, [f"u{i}" for i in range(count)])


def in_spans(batch: Batch, each: int) -> Batch:
    """The batch's speech as utterances with transcripts, and ``each`` words that are spans of each of them."""
    chance = torch.Generator().manual_seed(9)
    row = torch.arange(len(batch)).repeat_interleave(each)
    size = batch.wav_lens[row]
    begin = (size * 0.6 * torch.rand(len(row), generator=chance)).long()
    end = begin + (size * (0.2 + 0.2 * torch.rand(len(row), generator=chance))).long()
    token_lens = torch.randint(2, 6, (len(row),), generator=chance)
    tokens = torch.randint(4, 70, (len(row), 5), generator=chance) * (torch.arange(5) < token_lens[:, None])
    return replace(
        batch,
        spans=torch.stack([row, begin, end], 1),
        transcripts=batch.tokens,
        transcript_lens=batch.token_lens,
        tokens=tokens,
        token_lens=token_lens,
        word=torch.randint(20, (len(row),), generator=chance),
        utt_id=[batch.utt_id[k] for k in row.tolist()],
    )


def share(batch: Batch) -> Batch:
    """The utterances of this process, padded to the longest of them, and the spans that are theirs."""
    count = len(batch.wav) // collectives.world_size()
    own = slice(collectives.rank() * count, (collectives.rank() + 1) * count)
    speech = batch.wav[own, : batch.wav_lens[own].max()], batch.wav_lens[own]
    whole = {}
    if batch.spans is not None:
        lens = batch.transcript_lens[own]
        whole = {"transcripts": batch.transcripts[own, : lens.max()], "transcript_lens": lens}
        each = len(batch) // len(batch.wav)
        own = slice(own.start * each, own.stop * each)
        whole["spans"] = batch.spans[own] - torch.tensor([collectives.rank() * count, 0, 0])
    token_lens = batch.token_lens[own]
    tokens = batch.tokens[own, : token_lens.max()]
    return Batch(*speech, tokens, token_lens, batch.word[own], batch.utt_id[own], **whole)


def losses_and_gradients(name: str) -> dict[str, dict[str, torch.Tensor]]:
    """Losses, norms of their gradients by each encoder, gradients and buffers after a step."""
    overlays, overrides, use = CASES[name]
    paths = [HPARAMS / "tiny.yaml", *(HPARAMS / overlay for overlay in overlays)]
    torch.manual_seed(1)
    system = build_hparams(resolve_hparams(HPARAMS / "adml.yaml", paths, {**SMALL, **overrides}), name)["system"]
    if not (bf16 := use.get("bf16", False)):
        system.double()
    module = replica(system.train(), use.get("sync_batch_norm", True))
    torch.manual_seed(2 + collectives.rank())
    steps = use.get("steps", 1)
    for step in range(steps):
        drawn = whole_batch(seed=step)
        batch = share(in_spans(drawn, use["spans"]) if "spans" in use else drawn)
        batch.wav = batch.wav.float() if bf16 else batch.wav
        silent = collectives.world_size() > 1 and step < steps - 1
        with module.no_sync() if silent else nullcontext():
            with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
                losses = module(batch, torch.Generator())
            norms = gradient_norms(losses, system, torch.amp.GradScaler("cpu", enabled=False))
            torch.stack(list(losses.values())).sum().backward()
    gradients = {key: p.grad.clone() for key, p in system.named_parameters() if p.grad is not None}
    return {
        "losses": {key: value.detach() for key, value in losses.items()},
        "norms": norms,
        "gradients": gradients,
        "buffers": {key: value.clone() for key, value in system.named_buffers()},
    }
