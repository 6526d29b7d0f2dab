"""What systems of an acoustic and a text encoder share."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from kwskit.batch import Batch, Encoded, length_mask
from kwskit.embeddings import Utterances
from kwskit.gathered_embeddings import whole_batch
from kwskit.systems.spans import span_frames
from kwskit.systems.system import System
from kwskit.to_device import to_device


class TwoEncoders(System):
    """Speech and text made into frames and tokens; what becomes of them is the subclass's.

    In training, :meth:`forward` gives every loss by name, already weighted, so that their sum is the
    objective (ADML eq. 3-5) and learnable losses are part of the wrapped module. Where several processes share a
    batch, the losses are those of the whole batch.

    Parameters
    ----------
    frontend : waveform to features
    acoustic_encoder : features to frame embeddings
    text_encoder : tokens to token embeddings
    aligner : frames re-sampled to the token axis; needed by phoneme-level losses only
    losses : losses by name; an entry that is null is left out
    wave_augment : training-time augmentation of the waveform
    feature_augment : training-time augmentation of the features
    """

    has_frontend = True

    def __init__(
        self,
        frontend: nn.Module,
        acoustic_encoder: nn.Module,
        text_encoder: nn.Module,
        aligner: nn.Module | None = None,
        losses: Mapping[str, nn.Module | None] | None = None,
        wave_augment: nn.Module | None = None,
        feature_augment: nn.Module | None = None,
    ):
        super().__init__()
        self.dim = acoustic_encoder.dim  # type: ignore[assignment]  # every encoder has one
        self.frontend = frontend
        self.acoustic_encoder = acoustic_encoder
        self.text_encoder = text_encoder
        self.aligner = aligner
        self.losses = nn.ModuleDict({name: loss for name, loss in (losses or {}).items() if loss is not None})
        self.wave_augment = wave_augment
        self.feature_augment = feature_augment

    def forward(self, batch: Batch, generator: torch.Generator | None = None) -> dict[str, Tensor]:
        emb = whole_batch(self.embeddings(batch, generator))
        return {name: loss.weight * loss(emb) for name, loss in self.losses.items()}

    def hear(self, wav: Tensor, wav_lens: Tensor, generator: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
        """Frame embeddings (N, T_a, d) and their number (N,), augmented in training.

        ``wav_lens`` (N,) may be on the CPU while ``wav`` is not: augmentation, which changes lengths, then need not
        ask the device for them.
        """
        return self._encode(*self._features(wav, wav_lens, generator), generator)

    def hear_words(
        self, batch: Batch, generator: torch.Generator | None = None
    ) -> tuple[Tensor, Tensor, Utterances | None, Encoded | None]:
        """Frames (N, T_a, d) of a batch's words and their number (N,); the utterances that they are spans of; features.

        The features (N, T, F), before masks are put on them, are there where every word is heard by itself. A batch
        may bring them along.
        """
        feats, feat_lens = batch.feats, batch.feat_lens
        if feats is None or feat_lens is None:
            feats, feat_lens = self._features(batch.wav, batch.on_host.wav_lens, generator)
            frames, lens = self._encode(feats, feat_lens, generator)
        elif batch.spans is None:
            frames, lens = self._encode(feats, feat_lens, generator)
        else:  # what the encoder's frozen part has made of utterances
            encoder: Any = self.acoustic_encoder
            frames, lens = encoder.trained_frames(feats, feat_lens)
        if batch.spans is None or batch.transcripts is None or batch.transcript_lens is None:
            return frames, lens, None, Encoded(feats, feat_lens)
        said, said_lens = frames, lens
        if batch.utterances is not None:
            said, said_lens = span_frames(frames, lens, batch.wav_lens, batch.utterances)
        utterances = Utterances(
            audio_frames=said,
            audio_mask=length_mask(said_lens, said.shape[1]),
            token_ids=batch.transcripts,
            text_mask=length_mask(batch.transcript_lens, batch.transcripts.shape[1]),
            classify_frames=self.alignment()["classify_frames"],
        )
        return *span_frames(frames, lens, batch.wav_lens, batch.spans), utterances, None

    def _features(self, wav: Tensor, wav_lens: Tensor, generator: torch.Generator | None) -> tuple[Tensor, Tensor]:
        if self.training and self.wave_augment is not None:
            wav, wav_lens = self.wave_augment(wav, wav_lens, generator)
        return self.frontend(wav, to_device(wav_lens, wav.device))

    def _encode(self, feats: Tensor, feat_lens: Tensor, generator: torch.Generator | None) -> tuple[Tensor, Tensor]:
        if self.training and self.feature_augment is not None:
            feats = self.feature_augment(feats, feat_lens, generator)
        return self.acoustic_encoder(feats, feat_lens)

    def alignment(self) -> dict[str, Any]:
        """``align`` and ``classify_frames`` of the embeddings."""
        return {"align": self._align, "classify_frames": getattr(self.aligner, "log_probs", None)}

    def _align(self, *parts: Tensor) -> tuple[Tensor, Tensor]:
        if self.aligner is None:
            raise ValueError("a part asks for aligned audio, but the system has no aligner: add 'aligner:' to the YAML")
        return self.aligner(*parts)
