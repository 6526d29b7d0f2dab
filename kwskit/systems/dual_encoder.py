"""Two encoders that meet in one embedding space."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from kwskit.batch import Batch, Encoded, length_mask, valid_places
from kwskit.embeddings import BatchEmbeddings, Embeddings
from kwskit.registry import register
from kwskit.stream_shape import StreamShape
from kwskit.systems.two_encoders import TwoEncoders
from kwskit.to_device import to_device


@register("system", "dual_encoder")
class DualEncoder(TwoEncoders):
    """Acoustic and text encoder compared by cosine (ADML, RPL, JMCL).

    At test only encoders and poolers run (ADML section 4.1).

    Parameters
    ----------
    audio_pooler : frame embeddings to one
    text_pooler : token embeddings to one
    frontend, acoustic_encoder, text_encoder : waveform to features, to frame embeddings; tokens to token embeddings
    aligner : frames re-sampled to the token axis; needed by phoneme-level losses only
    losses : losses by name; an entry that is null is left out
    wave_augment, feature_augment : training-time augmentation of the waveform and of the features
    """

    can_spot = True

    def __init__(self, audio_pooler: nn.Module, text_pooler: nn.Module, **parts: Any):
        super().__init__(**parts)
        if audio_pooler.dim != text_pooler.dim:
            raise ValueError(
                f"audio_pooler gives {audio_pooler.dim} dimensions and text_pooler {text_pooler.dim}; "
                "they must be equal to be compared"
            )
        self.dim = audio_pooler.dim  # type: ignore[assignment]  # every pooler has one
        self.audio_pooler = audio_pooler
        self.text_pooler = text_pooler

    def embeddings(self, batch: Batch, generator: torch.Generator | None = None) -> Embeddings:
        known = batch.on_host
        frames, frame_lens, utterances, features = self.hear_words(batch, generator)
        token_mask = length_mask(known.token_lens, known.tokens.shape[1])
        return BatchEmbeddings(
            audio_frames=frames,
            audio_mask=length_mask(frame_lens, frames.shape[1]),
            text_tokens=self.text_encoder(batch.tokens, batch.token_lens),
            text_mask=length_mask(batch.token_lens, batch.tokens.shape[1]),
            token_ids=batch.tokens,
            word=batch.word,
            pool_audio=self.audio_pooler,
            pool_text=self.text_pooler,
            token_rows=to_device(valid_places(token_mask), frames.device),
            utterances=utterances,
            features=None if features is None else features.frames,
            feature_mask=None if features is None else features.mask,
            **self.alignment(),
        )

    def embed_audio(self, wav: Tensor, wav_lens: Tensor) -> Tensor:
        """Unit embeddings (N, d) of waveforms (N, samples), 16 kHz, with ``wav_lens`` (N,) in samples."""
        frames, frame_lens = self.hear(wav, wav_lens)
        return F.normalize(self.audio_pooler(frames, length_mask(frame_lens, frames.shape[1])), dim=-1)

    @property
    def stream(self) -> StreamShape | None:  # type: ignore[override]
        """How frames of a stream are made; None where front end or encoder need the whole of an utterance."""
        steps: Any = self.frontend.fine if self.hears_windows else getattr(self.acoustic_encoder, "stream", None)
        return StreamShape.of(getattr(self.frontend, "stream", None), steps)

    @property
    def hears_windows(self) -> bool:
        """Whether the front end makes the frames of a stream, and the encoder runs over windows of them."""
        return hasattr(self.frontend, "fine")

    @property
    def composed(self) -> bool:
        """Whether a word is embedded as a stream of its own, so that no graph of words need be exported."""
        return self.hears_windows or getattr(self.acoustic_encoder, "words_are_streams", False)

    def stream_frames(self, features: Tensor) -> Tensor:
        """Frames (N, per_step * n, d_frame) of features (N, past + stride * n + ahead, F), as ``stream`` has it."""
        if self.hears_windows:
            return self.frontend.fine_frames(features)  # type: ignore[operator]
        return self.acoustic_encoder.stream_frames(features)  # type: ignore[operator]

    def pool_frames(self, frames: Tensor) -> Tensor:
        """Unit embeddings (N, d) of stretches of streams (N, T, d_frame)."""
        lens = torch.full_like(frames[:, 0, 0], frames.shape[1], dtype=torch.long)
        if self.hears_windows:
            frames, lens = self.acoustic_encoder(frames, lens)
        return F.normalize(self.audio_pooler(frames, length_mask(lens, frames.shape[1])), dim=-1)

    @property
    def stream_blank(self) -> int | None:
        """CTC's blank in :meth:`stream_log_probs`; None where no CTC aligner knows the frames of a stream."""
        if self.stream is None or self.hears_windows or not hasattr(self.aligner, "log_probs"):
            return None
        return int(self.aligner.blank)  # type: ignore[union-attr, arg-type]

    def stream_log_probs(self, frames: Tensor) -> Tensor:
        """Log-probabilities (T, V) of tokens and blank at frames (T, d_frame) of a stream."""
        return self.aligner.log_probs(frames)  # type: ignore[union-attr, operator]

    def embed_text(self, tokens: Tensor, token_lens: Tensor) -> Tensor:
        """Unit embeddings (N, d) of token sequences (N, T_t) with ``token_lens`` (N,)."""
        mask = length_mask(token_lens, tokens.shape[1])
        return F.normalize(self.text_pooler(self.text_encoder(tokens, token_lens), mask), dim=-1)

    def encode_audio(self, wav: Tensor, wav_lens: Tensor) -> Encoded:
        return _single(self.embed_audio(wav, wav_lens))

    def encode_text(self, tokens: Tensor, token_lens: Tensor) -> Encoded:
        return _single(self.embed_text(tokens, token_lens))

    def compare(self, audio: Encoded, text: Encoded) -> Tensor:
        """Cosines (N,) (ADML section 4.1)."""
        return (audio.frames * text.frames).sum((1, 2))

    def score(self, audio: Encoded, text: Encoded) -> Tensor:
        """Cosines (N, M) (ADML section 4.1)."""
        return audio.frames[:, 0] @ text.frames[:, 0].T


def _single(embeddings: Tensor) -> Encoded:
    """(N, d) as sequences of one."""
    return Encoded(embeddings.unsqueeze(1), torch.ones(len(embeddings), dtype=torch.long, device=embeddings.device))
