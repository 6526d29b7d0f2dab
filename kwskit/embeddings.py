"""What losses see of a batch, and what matchers make of it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, Protocol

from torch import Tensor

# The score of a pair that no alignment fits: below any other, and finite in half precision.
INFEASIBLE = -1e4


class Match(NamedTuple):
    """How well the text and the speech of each pair go together.

    Attributes
    ----------
    score : (N,) higher for a better match; a logit where the loss is a cross entropy; ``INFEASIBLE`` where no
        alignment fits
    token_logits : (N, T_t) or None; logit that the token is spoken where the text has it
    """

    score: Tensor
    token_logits: Tensor | None = None

    @property
    def feasible(self) -> Tensor:
        """(N,) bool: the pairs that an alignment fits."""
        return self.score > INFEASIBLE


class Embeddings(Protocol):
    """What a loss sees of a batch: N utterances, or in a pair matcher N pairs of an utterance and a text.

    In one of several processes they are those of all processes. Alignment and pooling run only when a loss asks for
    their result.

    Attributes
    ----------
    audio_frames : (N, T_a, d); audio_mask : (N, T_a) bool
    text_tokens : (N, T_t, d); text_mask : (N, T_t) bool
    token_ids : (N, T_t) int64; word : (N,) int64, the word that is spoken
    matched : (N,) bool; whether the text is what is spoken. None where it always is
    spoken_ids, spoken_mask : (N, T_s) tokens of what is spoken. None where they are the text's
    matched_rows : (R,) int64, the rows that are matched; None where all are, or where the device has to be asked
    token_rows : (M,) int64, places in the flattened (N * T_t) of the valid tokens of matched rows, or None where the
        device has to be asked
    audio, text : (N, d) utterance embeddings
    aligned_audio : (N, T_t, d) audio resampled to the token axis
    affinity : (N, T_t, T_a) alignment weights; rows sum to 1 over valid frames
    frame_log_probs : (N, T_a, V) log-probabilities of tokens at every frame; ValueError without a CTC aligner
    match : scores of the pairs; ValueError in a system that compares embeddings
    utterances : where the N words and phrases are spans of utterances, these; else None
    features : (N, T, F) what the acoustic encoder is given, before masks are put on it; None in a pair matcher, and
        where words are spans
    feature_mask : (N, T) bool, or None
    """

    @property
    def audio_frames(self) -> Tensor: ...
    @property
    def audio_mask(self) -> Tensor: ...
    @property
    def text_tokens(self) -> Tensor: ...
    @property
    def text_mask(self) -> Tensor: ...
    @property
    def token_ids(self) -> Tensor: ...
    @property
    def word(self) -> Tensor: ...
    @property
    def matched(self) -> Tensor | None: ...
    @property
    def spoken_ids(self) -> Tensor | None: ...
    @property
    def spoken_mask(self) -> Tensor | None: ...
    @property
    def matched_rows(self) -> Tensor | None: ...
    @property
    def token_rows(self) -> Tensor | None: ...
    @property
    def audio(self) -> Tensor: ...
    @property
    def text(self) -> Tensor: ...
    @property
    def aligned_audio(self) -> Tensor: ...
    @property
    def affinity(self) -> Tensor: ...
    @property
    def frame_log_probs(self) -> Tensor: ...
    @property
    def match(self) -> Match: ...
    @property
    def utterances(self) -> "Utterances | None": ...
    @property
    def features(self) -> Tensor | None: ...
    @property
    def feature_mask(self) -> Tensor | None: ...


@dataclass
class Utterances:
    """Whole utterances of a batch, S of them, for losses that follow their transcripts.

    Attributes
    ----------
    audio_frames : (S, T, d)
    audio_mask : (S, T) bool
    token_ids : (S, U) int64, tokens of the transcripts
    text_mask : (S, U) bool
    classify_frames : ``audio_frames -> (S, T, V) log-probabilities``, or None
    """

    audio_frames: Tensor
    audio_mask: Tensor
    token_ids: Tensor
    text_mask: Tensor
    classify_frames: Callable[[Tensor], Tensor] | None = None

    @cached_property
    def frame_log_probs(self) -> Tensor:
        """(S, T, V) log-probabilities of tokens at every frame.

        Raises
        ------
        ValueError
            When the system's aligner has no such output.
        """
        return frame_log_probs(self.classify_frames, self.audio_frames)


def frame_log_probs(classify: Callable[[Tensor], Tensor] | None, frames: Tensor) -> Tensor:
    """What ``classify`` says of ``frames``, or why there is nothing to say (ValueError)."""
    if classify is None:
        raise ValueError(
            "a part asks for the tokens' probabilities at every frame, which the aligner does not have: "
            "use aligner: !aligner:ctc"
        )
    return classify(frames)


@dataclass
class BatchEmbeddings:
    """:class:`Embeddings` of one process's batch, computed by the parts of a system.

    Attributes
    ----------
    audio_frames, audio_mask, text_tokens, text_mask, token_ids, word : as of :class:`Embeddings`, and likewise
        matched, spoken_ids, spoken_mask, matched_rows, token_rows, utterances, features, feature_mask
    pool_audio, pool_text : ``(frames, mask) -> (N, d)``
    align : ``(text_tokens, text_mask, audio_frames, audio_mask, token_ids) -> (aligned (N, T_t, d),
        affinity (N, T_t, T_a))``
    classify_frames : ``audio_frames -> (N, T_a, V) log-probabilities``, or None
    compare : ``Embeddings -> Match``, or None
    """

    audio_frames: Tensor
    audio_mask: Tensor
    text_tokens: Tensor
    text_mask: Tensor
    token_ids: Tensor
    word: Tensor
    pool_audio: Callable[[Tensor, Tensor], Tensor]
    pool_text: Callable[[Tensor, Tensor], Tensor]
    align: Callable[[Tensor, Tensor, Tensor, Tensor, Tensor], tuple[Tensor, Tensor]]
    matched: Tensor | None = None
    spoken_ids: Tensor | None = None
    spoken_mask: Tensor | None = None
    classify_frames: Callable[[Tensor], Tensor] | None = None
    compare: Callable[[Embeddings], Match] | None = None
    matched_rows: Tensor | None = None
    token_rows: Tensor | None = None
    utterances: Utterances | None = None
    features: Tensor | None = None
    feature_mask: Tensor | None = None

    @cached_property
    def audio(self) -> Tensor:
        """(N, d) utterance embeddings of the audio."""
        return self.pool_audio(self.audio_frames, self.audio_mask)

    @cached_property
    def text(self) -> Tensor:
        """(N, d) utterance embeddings of the text."""
        return self.pool_text(self.text_tokens, self.text_mask)

    @cached_property
    def _aligned(self) -> tuple[Tensor, Tensor]:
        return self.align(self.text_tokens, self.text_mask, self.audio_frames, self.audio_mask, self.token_ids)

    @property
    def aligned_audio(self) -> Tensor:
        """(N, T_t, d) audio re-sampled to the token axis."""
        return self._aligned[0]

    @property
    def affinity(self) -> Tensor:
        """(N, T_t, T_a) alignment weights; rows sum to 1 over valid frames."""
        return self._aligned[1]

    @cached_property
    def frame_log_probs(self) -> Tensor:
        """(N, T_a, V) log-probabilities of tokens at every frame.

        Raises
        ------
        ValueError
            When the system's aligner has no such output.
        """
        return frame_log_probs(self.classify_frames, self.audio_frames)

    @cached_property
    def match(self) -> Match:
        """Scores of the pairs.

        Raises
        ------
        ValueError
            When the system compares embeddings rather than pairs.
        """
        if self.compare is None:
            raise ValueError("a loss asks for the scores of pairs, which only system: !system:pair_matcher has")
        return self.compare(self)
