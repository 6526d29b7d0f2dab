"""Two encoders that meet in one embedding space."""

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from kwskit.batch import Batch, Embeddings, length_mask
from kwskit.registry import register
from kwskit.systems.system import System


@register("system", "dual_encoder")
class DualEncoder(System):
    """Acoustic and text encoder compared by cosine (ADML, RPL, JMCL).

    In training, :meth:`forward` gives every loss by name, already weighted, so that their sum is the
    objective (ADML eq. 3-5) and learnable losses are part of the wrapped module. At test only encoders
    and poolers run (ADML section 4.1).

    Parameters
    ----------
    frontend : waveform to features
    acoustic_encoder : features to frame embeddings
    audio_pooler : frame embeddings to one
    text_encoder : tokens to token embeddings
    text_pooler : token embeddings to one
    aligner : frames re-sampled to the token axis; needed by phoneme-level losses only
    losses : losses by name; an entry that is null is left out
    wave_augment : training-time augmentation of the waveform
    feature_augment : training-time augmentation of the features
    """

    def __init__(
        self,
        frontend: nn.Module,
        acoustic_encoder: nn.Module,
        audio_pooler: nn.Module,
        text_encoder: nn.Module,
        text_pooler: nn.Module,
        aligner: nn.Module | None = None,
        losses: Mapping[str, nn.Module | None] | None = None,
        wave_augment: nn.Module | None = None,
        feature_augment: nn.Module | None = None,
    ):
        super().__init__()
        if audio_pooler.dim != text_pooler.dim:
            raise ValueError(
                f"audio_pooler gives {audio_pooler.dim} dimensions and text_pooler {text_pooler.dim}; "
                "they must be equal to be compared"
            )
        self.dim = audio_pooler.dim  # type: ignore[assignment]  # every pooler has one
        self.frontend = frontend
        self.acoustic_encoder = acoustic_encoder
        self.audio_pooler = audio_pooler
        self.text_encoder = text_encoder
        self.text_pooler = text_pooler
        self.aligner = aligner
        self.losses = nn.ModuleDict({name: loss for name, loss in (losses or {}).items() if loss is not None})
        self.wave_augment = wave_augment
        self.feature_augment = feature_augment

    def forward(self, batch: Batch, generator: torch.Generator | None = None) -> dict[str, Tensor]:
        emb = self.embeddings(batch, generator)
        return {name: loss.weight * loss(emb) for name, loss in self.losses.items()}

    def embeddings(self, batch: Batch, generator: torch.Generator | None = None) -> Embeddings:
        frames, frame_lens = self._frames(batch.wav, batch.wav_lens, generator)
        return Embeddings(
            audio_frames=frames,
            audio_mask=length_mask(frame_lens, frames.shape[1]),
            text_tokens=self.text_encoder(batch.tokens, batch.token_lens),
            text_mask=length_mask(batch.token_lens, batch.tokens.shape[1]),
            token_ids=batch.tokens,
            word=batch.word,
            pool_audio=self.audio_pooler,
            pool_text=self.text_pooler,
            align=self._align,
            matched=batch.matched,
        )

    def embed_audio(self, wav: Tensor, wav_lens: Tensor) -> Tensor:
        frames, frame_lens = self._frames(wav, wav_lens, None)
        return F.normalize(self.audio_pooler(frames, length_mask(frame_lens, frames.shape[1])), dim=-1)

    def embed_text(self, tokens: Tensor, token_lens: Tensor) -> Tensor:
        mask = length_mask(token_lens, tokens.shape[1])
        return F.normalize(self.text_pooler(self.text_encoder(tokens, token_lens), mask), dim=-1)

    def score(self, audio: Tensor, text: Tensor) -> Tensor:
        """Cosines (N, M) of unit audio embeddings (N, d) and unit text embeddings (M, d) (ADML section 4.1)."""
        return audio @ text.T

    def _frames(self, wav: Tensor, wav_lens: Tensor, generator: torch.Generator | None) -> tuple[Tensor, Tensor]:
        if self.training and self.wave_augment is not None:
            wav, wav_lens = self.wave_augment(wav, wav_lens, generator)
        feats, feat_lens = self.frontend(wav, wav_lens)
        if self.training and self.feature_augment is not None:
            feats = self.feature_augment(feats, feat_lens, generator)
        return self.acoustic_encoder(feats, feat_lens)

    def _align(self, text: Tensor, text_mask: Tensor, audio: Tensor, audio_mask: Tensor) -> tuple[Tensor, Tensor]:
        if self.aligner is None:
            raise ValueError("a loss asks for aligned audio, but the system has no aligner: add 'aligner:' to the YAML")
        return self.aligner(text, text_mask, audio, audio_mask)
