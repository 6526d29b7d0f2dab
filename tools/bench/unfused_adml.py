"""ADML put together from stock parts: SpeechBrain's ECAPA-TDNN, packed LSTMs, and losses as their formulas read.

Whole matrices of pairs and the whole cube of angles, a mask for every condition, sizes asked of the device where they
are needed: how one writes it first. The values are those of kwskit's losses.
"""

from collections.abc import Mapping
from typing import TypeVar

import torch
import torch.nn.functional as F
from ecapa import SpeechBrains
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from kwskit.batch import Batch, length_mask
from kwskit.embeddings import BatchEmbeddings, Embeddings
from kwskit.losses.asyp import AsyP
from kwskit.losses.asyp_adams import AsyPAdaMS
from kwskit.losses.base import Loss
from kwskit.losses.modality_adversarial import ModalityAdversarial, reverse_gradient
from kwskit.losses.monotonic_matching import MonotonicMatching
from kwskit.losses.relational_proxy import RelationalProxy
from kwskit.losses.rpl_prototype import RelationalPrototype
from kwskit.losses.sphereface2 import SphereFace2
from kwskit.systems.dual_encoder import DualEncoder

L = TypeVar("L", bound=Loss)


class Frames(SpeechBrains):
    """SpeechBrain's encoder, tapped before its pooling: ``(N, T, 40), (N,) -> (N, T, dim), (N, dim)``."""

    def both(self, feats: Tensor, lens: Tensor) -> tuple[Tensor, Tensor]:
        """Frame embeddings and utterance embeddings."""
        relative = lens / feats.shape[1]
        x = self.blocks[0](feats.transpose(1, 2))
        outputs = []
        for block in self.blocks[1:]:
            x = block(x, lengths=relative)
            outputs.append(x)
        frames = self.tap(self.mfa(torch.cat(outputs, dim=1)))
        pooled = self.fc(self.asp_bn(self.asp(frames, lengths=relative))).squeeze(2)
        return frames.transpose(1, 2), pooled


class UnfusedAdml(nn.Module):
    """The sizes, losses, frontend and augmentation of ``system``, everything between them stock.

    Parameters
    ----------
    system : ADML's; its frontend, augmentation, aligner and losses (for their weights and settings) are copied
    channels, mfa_channels, hidden, layers, num_tokens : sizes of the encoders
    """

    def __init__(
        self, system: DualEncoder, channels: int, mfa_channels: int, hidden: int, layers: int, num_tokens: int
    ):
        super().__init__()
        assert system.aligner is not None  # its monotonic matching needs one
        self.frontend, self.aligner, self.losses = system.frontend, system.aligner, system.losses
        self.wave_augment, self.feature_augment = system.wave_augment, system.feature_augment
        self.encoder = Frames(channels, mfa_channels, system.dim)
        self.embedding = nn.Embedding(num_tokens, hidden)
        self.lstm = nn.LSTM(hidden, hidden, layers, batch_first=True, bidirectional=True)
        self.project = nn.Linear(2 * hidden, system.dim)

    def forward(self, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        """Weighted losses by name."""
        wav, wav_lens = batch.wav, batch.wav_lens
        if self.wave_augment is not None:
            wav, wav_lens = self.wave_augment(wav, wav_lens, generator)
        feats, feat_lens = self.frontend(wav, wav_lens)
        if self.feature_augment is not None:
            feats = self.feature_augment(feats, feat_lens, generator)
        frames, audio = self.encoder.both(feats, feat_lens)
        packed = pack_padded_sequence(
            self.embedding(batch.tokens), batch.token_lens.cpu(), batch_first=True, enforce_sorted=False
        )
        states, _ = pad_packed_sequence(self.lstm(packed)[0], batch_first=True, total_length=batch.tokens.shape[1])
        text_tokens = self.project(states)
        text_mask = length_mask(batch.token_lens, batch.tokens.shape[1])
        emb = BatchEmbeddings(
            audio_frames=frames,
            audio_mask=length_mask(feat_lens, frames.shape[1]),
            text_tokens=text_tokens * text_mask[:, :, None],
            text_mask=text_mask,
            token_ids=batch.tokens,
            word=batch.word,
            pool_audio=lambda *_: audio,
            pool_text=lambda tokens, mask: (tokens * mask[:, :, None]).sum(1) / mask.sum(1, keepdim=True),
            align=self.aligner,
        )
        values = unfused_losses(self.losses, emb)
        return {name: part_of(self.losses, name, Loss).weight * value for name, value in values.items()}


def part_of(parts: Mapping[str, nn.Module] | nn.ModuleDict, name: str, kind: type[L]) -> L:
    """The loss ``name``; TypeError when it is none of ``kind``, whose formula stands here."""
    part = parts[name]
    if not isinstance(part, kind):
        raise TypeError(f"the loss {name} is {type(part).__name__}; the stock side has only {kind.__name__}")
    return part


def unfused_losses(losses: nn.ModuleDict, emb: Embeddings) -> dict[str, Tensor]:
    """ADML's losses of an embedded batch by name, not weighted, with the settings and parameters of ``losses``."""
    phn, utt = part_of(losses, "phn", AsyPAdaMS), part_of(losses, "utt", RelationalProxy)
    key, mm = part_of(losses, "key", SphereFace2), part_of(losses, "mm", MonotonicMatching)
    adv = part_of(losses, "adv", ModalityAdversarial)
    valid = emb.text_mask
    levels = {
        "phn": (emb.aligned_audio[valid].float(), emb.text_tokens[valid].float(), emb.token_ids[valid]),
        "utt": (emb.audio.float(), emb.text.float(), emb.word),
    }
    return {
        "utt": _relational_proxy(utt, *levels["utt"]),
        "phn": _asyp(*levels["phn"], *phn.constants(levels["phn"][2], levels["phn"][0])),
        "key": _sphereface2(key, levels["utt"][0], emb.word),
        "mm": _monotonic_matching(emb, mm.sigma),
        "adv": sum((_adversarial(adv, *levels[level][:2]) for level in adv.levels), emb.audio.new_zeros(())),
    }


def _asyp(audio: Tensor, text: Tensor, labels: Tensor, alpha: Tensor, beta: Tensor, lam: Tensor) -> Tensor:
    similarity = F.normalize(text, dim=1) @ F.normalize(audio, dim=1).T
    same = labels[:, None] == labels
    pull = torch.exp(alpha[:, None] * (lam[:, None] - similarity)) * same
    positive = torch.log1p(pull.sum(1)) / alpha
    push = F.softplus(beta[:, None] * (similarity.T - lam[:, None])) * ~same
    negative = push.sum(1) / (~same).sum(1).clamp(min=1)
    return (positive + negative).mean()


def _relational_proxy(loss: RelationalProxy, audio: Tensor, text: Tensor, labels: Tensor) -> Tensor:
    asyp, prototype = part_of(loss.parts, "asyp", AsyP), part_of(loss.parts, "prototype", RelationalPrototype)
    point = [torch.full_like(audio[:, 0], value) for value in (asyp.alpha, asyp.beta, asyp.lam)]
    values = {"asyp": _asyp(audio, text, labels, *point)}
    audio, text = F.normalize(audio, dim=1), F.normalize(text, dim=1)
    values["distance"] = F.smooth_l1_loss(_relative_distances(audio), _relative_distances(text))
    apart = (labels[:, None] != labels) & ((text[:, None] - text).norm(dim=2) > 1e-3)
    values["angle"] = F.smooth_l1_loss(_angles(audio, apart), _angles(text, apart))
    words, place = torch.unique(labels, return_inverse=True)
    proxies = torch.stack([text[labels == word].mean(0) for word in words.tolist()])
    logits = -prototype.scale * (audio[:, None] - proxies).square().sum(2)
    values["prototype"] = F.cross_entropy(logits, place)
    return sum((part.weight * values[name] for name, part in loss.parts.items()), audio.new_zeros(()))


def _relative_distances(x: Tensor) -> Tensor:
    distances = (x[:, None] - x).square().sum(2).clamp(min=1e-12).sqrt()
    return distances / distances[distances > 1e-5].mean()


def _angles(x: Tensor, apart: Tensor) -> Tensor:
    """Cosines (M, M, M) at the first index's point between the other two, 0 at edges left out (Park et al.'s code)."""
    edges = F.normalize(x[None] - x[:, None], dim=2) * apart[:, :, None]
    return torch.bmm(edges, edges.transpose(1, 2))


def _sphereface2(loss: SphereFace2, audio: Tensor, words: Tensor) -> Tensor:
    cosine = F.normalize(audio, dim=1) @ F.normalize(loss.centres, dim=1).T
    warped = 2 * ((cosine + 1) / 2) ** loss.curvature - 1
    own = F.one_hot(words, loss.num_classes).bool()
    near = loss.scale * (warped - loss.current_margin) + loss.bias
    far = loss.scale * (warped + loss.current_margin) + loss.bias
    value = torch.where(own, loss.balance * F.softplus(-near), (1 - loss.balance) * F.softplus(far))
    return value.sum(1).mean()


def _monotonic_matching(emb: Embeddings, sigma: float) -> Tensor:
    tokens, frames = emb.text_mask.sum(1), emb.audio_mask.sum(1)
    token = (torch.arange(emb.text_mask.shape[1], device=tokens.device) + 0.5) / tokens[:, None]
    frame = (torch.arange(emb.audio_mask.shape[1], device=tokens.device) + 0.5) / frames[:, None]
    bell = torch.exp(-(token[:, :, None] - frame[:, None, :]).square() / (2 * sigma**2)) * emb.audio_mask[:, None, :]
    target = bell / bell.sum(2, keepdim=True)
    cells = (emb.affinity.float() - target).square() * emb.text_mask[:, :, None] * emb.audio_mask[:, None, :]
    used = frames >= tokens
    return cells.sum((1, 2))[used].mean()


def _adversarial(loss: ModalityAdversarial, audio: Tensor, text: Tensor) -> Tensor:
    value = audio.new_zeros(())
    for modality, x in enumerate((audio, text)):
        x = reverse_gradient(F.normalize(x, dim=1) if loss.normalize else x, loss.current_reversal)
        target = torch.full((len(x),), modality, device=x.device)
        value = value + F.cross_entropy(loss.classifiers["all"](x), target)
    return value
