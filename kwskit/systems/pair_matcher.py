"""Two encoders and a judge of pairs."""

from collections.abc import Sequence
from typing import Annotated, Any

import torch
from torch import Tensor, nn

from kwskit.arguments import NonNegativeInt, OneOf, Probability
from kwskit.batch import Batch, Encoded, length_mask, valid_places
from kwskit.embeddings import BatchEmbeddings, Embeddings
from kwskit.registry import register
from kwskit.systems.confusable import confusable_tokens
from kwskit.systems.initialisation import INITIALISATIONS, initialise
from kwskit.systems.near_words import NearWords
from kwskit.systems.two_encoders import TwoEncoders
from kwskit.text.tokenizer import Tokenizer
from kwskit.to_device import to_device


@register("system", "pair_matcher")
class PairMatcher(TwoEncoders):
    """Speech and text judged together, frame by token (CMCD, PhonMatchNet, EMKWS, CTCAT, CED).

    In training every utterance comes with its own text (matched) and with others: texts drawn from the batch's
    other words, texts of the training words that sound most like its own, and its own text with a few phonemes changed
    (Nishu et al. 2024). At test the encoders run once for each recording and each text, and the matcher once a trial.

    CMCD and PhonMatchNet are trained on LibriPhrase: a row of an easy negative (another phrase) or of a hard one (among
    the three nearest in phoneme distance) gives four pairs, both recordings with both texts, two of which match. One
    negative and ``hard_share: 0.5`` give such batches from a corpus of words: half of the pairs match, and half of the
    others are hard. The public code of PhonMatchNet, which has CMCD as its base, differs from what is built here: its
    batches are 2,048 pairs and include LibriPhrase's positive rows, all four pairs of which match; it mixes noise at 5
    to 14 dB into every recording, reads mels of power, and steps by Adam at a constant rate with no decay. CMCD has
    no monotonic matching there, nor the keyword and denoising losses that its paper names with weights unknown to us.

    Parameters
    ----------
    matcher : embeddings of pairs to their scores
    negatives : texts of other words for each utterance; of several processes each draws them from its own keywords,
        which are a random part of the batch's
    hard_share : share of the negatives that are texts of training words which sound most like the utterance's
        (:class:`~kwskit.systems.near_words.NearWords`), in the batch or not; phrases have none, and keep the others
    confusables : texts with changed phonemes for each utterance
    initialisation : what weights begin as, ``torch`` or ``keras`` (:func:`~kwskit.systems.initialisation.initialise`)
    frontend, acoustic_encoder, text_encoder : waveform to features, to frame embeddings; tokens to token embeddings
    aligner : frames re-sampled to the token axis; some matchers need it
    losses : losses by name; an entry that is null is left out
    wave_augment, feature_augment : training-time augmentation of the waveform and of the features
    """

    kept = ("initialisation",)

    def __init__(
        self,
        matcher: nn.Module,
        negatives: NonNegativeInt = 1,
        confusables: NonNegativeInt = 0,
        hard_share: Probability = 0.0,
        initialisation: Annotated[str, OneOf(INITIALISATIONS)] = "torch",
        **parts: Any,
    ):
        super().__init__(**parts)
        if hard_share and not negatives:
            raise ValueError(f"hard_share={hard_share}: is a share of the negatives, and negatives is 0")
        self.matcher = matcher
        self.negatives, self.confusables, self.hard_share = negatives, confusables, hard_share
        self._near_words: NearWords | None = None
        initialise(self, initialisation)

    def begin(self, tokenizer: Tokenizer, words: Sequence[str]) -> None:
        self._near_words = NearWords(tokenizer, words) if self.hard_share else None

    def embeddings(self, batch: Batch, generator: torch.Generator | None = None) -> Embeddings:
        """Of all pairs: first every utterance with its own text, then those with other texts (in training only)."""
        known, device = batch.on_host, batch.wav.device  # pairs are drawn where sizes are known
        frames, frame_lens, utterances, _ = self.hear_words(batch, generator)
        typed = self.encode_text(batch.tokens, batch.token_lens)
        count, token_lens = len(batch), known.token_lens
        audio_row, text_row, more = self._draw_pairs(known)
        for tokens, lens in more:
            token_lens = torch.cat((token_lens, lens))
            typed = Encoded.join([typed, self.encode_text(to_device(tokens, device), to_device(lens, device))])
        # A batch of few words may draw the own word again: that is a match.
        matched = (text_row < count) & (known.word[audio_row] == known.word[text_row.clamp(max=count - 1)])
        token_mask = length_mask(token_lens[text_row], typed.frames.shape[1]) & matched[:, None]
        matched_rows, token_rows = (
            to_device(matched.nonzero().squeeze(1), device),
            to_device(valid_places(token_mask), device),
        )
        audio_row, text_row = to_device(audio_row, device), to_device(text_row, device)
        return self._pairs(
            Encoded(frames[audio_row], frame_lens[audio_row]),
            Encoded(typed.frames[text_row], typed.lens[text_row], typed.ids[text_row]),  # type: ignore[index]
            word=batch.word[audio_row],
            matched=to_device(matched, device),
            matched_rows=matched_rows,
            token_rows=token_rows,
            spoken_ids=batch.tokens[audio_row],
            spoken_mask=length_mask(batch.token_lens, batch.tokens.shape[1])[audio_row],
            utterances=utterances,
        )

    def encode_audio(self, wav: Tensor, wav_lens: Tensor) -> Encoded:
        return Encoded(*self.hear(wav, wav_lens))

    def encode_text(self, tokens: Tensor, token_lens: Tensor) -> Encoded:
        return Encoded(self.text_encoder(tokens, token_lens), token_lens, tokens)

    def compare(self, audio: Encoded, text: Encoded) -> Tensor:
        return self._pairs(audio, text, word=torch.zeros_like(audio.lens)).match.score

    def _pairs(self, audio: Encoded, text: Encoded, **known: Any) -> Embeddings:
        assert text.ids is not None
        return BatchEmbeddings(
            audio_frames=audio.frames,
            audio_mask=audio.mask,
            text_tokens=text.frames,
            text_mask=text.mask,
            token_ids=text.ids,
            pool_audio=_no_pooling,
            pool_text=_no_pooling,
            compare=self.matcher,
            **self.alignment(),
            **known,
        )

    def _draw_pairs(self, batch: Batch) -> tuple[Tensor, Tensor, list[tuple[Tensor, Tensor]]]:
        """Rows (P,) of the pairs' utterances and texts; and texts (tokens, lengths) with rows behind the batch's."""
        count, own = len(batch), torch.arange(len(batch), device=batch.word.device)
        audio_rows, text_rows, more, behind = [own], [own], [], count
        if self.training and count > 1 and self.negatives:
            others = other_words(batch.word, min(self.negatives, count - 1))
            audio_rows.append(own.repeat_interleave(others.shape[1]))
            text_rows.append(others.flatten())
            if self.hard_share:
                hard, tokens, lens = self._draw_near(batch.word[audio_rows[-1]])
                text_rows[-1][hard] = behind + torch.arange(len(lens), device=own.device)
                more.append((tokens, lens))
                behind += len(lens)
        if self.training and self.confusables:
            tokens, lens = confusable_tokens(
                batch.tokens.repeat(self.confusables, 1), batch.token_lens.repeat(self.confusables), self._vocabulary()
            )
            audio_rows.append(own.repeat(self.confusables))
            text_rows.append(behind + torch.arange(len(lens), device=own.device))
            more.append((tokens, lens))
        return torch.cat(audio_rows), torch.cat(text_rows), more

    def _draw_near(self, word: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Places (M,) of a share of ``word`` (P,), tokens (M, T) of a training word near to each, and lengths (M,)."""
        if self._near_words is None:
            raise RuntimeError("hard_share: the training words are not known: begin(tokenizer, words) comes first")
        places = self._near_words.has(word.cpu()).nonzero().squeeze(1)
        hard = places[torch.randperm(len(places))[: round(self.hard_share * len(word))]]
        tokens, lens = self._near_words.draw(word.cpu()[hard])
        return hard.to(word.device), tokens.to(word.device), lens.to(word.device)

    def _vocabulary(self) -> int:
        return int(self.text_encoder.num_tokens)  # type: ignore[arg-type]  # every text encoder has one


def other_words(word: Tensor, count: int) -> Tensor:
    """(N, count) rows of the batch drawn at random, without repeats, from those of other words than ``word`` (N,).

    Where there are too few, rows of the same word fill up.
    """
    chance = torch.rand(len(word), len(word), device=word.device)
    return chance.masked_fill_(word[:, None] == word, -1.0).topk(count, dim=1).indices


def _no_pooling(frames: Tensor, mask: Tensor) -> Tensor:
    raise ValueError("a loss asks for utterance embeddings, which !system:pair_matcher has none of: use level: phn")
