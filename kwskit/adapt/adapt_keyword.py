"""A keyword of one's own, adapted in minutes over a frozen model."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kwskit.adapt.fitting import Windows, fitted
from kwskit.adapt.hearing import best_scores, windows_of
from kwskit.adapt.kept_recordings import NONE, KeptRecordings, least_threshold
from kwskit.adapt.near_texts import near_texts
from kwskit.adapt.recordings import of_other_sound, of_the_keyword
from kwskit.adapt.speakers import installed_speakers, told
from kwskit.adapt.speaking import Utterances, has_rooms
from kwskit.adapt.speech import Speech, training_and_held_out
from kwskit.spotting import FA_PER_HOUR
from kwskit.spotting.adapted.card import KINDS, AdaptationCard, HeldOut
from kwskit.spotting.adapted.head import AdaptedHead
from kwskit.spotting.adapted.keyword_file import AdaptedKeyword
from kwskit.spotting.background import BLOCK, Background
from kwskit.spotting.calibration import with_least
from kwskit.spotting.enrolled import enrolled
from kwskit.spotting.keyword import Keyword
from kwskit.spotting.peak_estimates import BackgroundError
from kwskit.spotting.spotter import Spotter
from kwskit.text.pronunciation import Pronunciation
from kwskit.text.typed_keyword import TypedKeyword

ROOMS = "rooms and noise, for which torch is missing: pip install 'kwskit[train]'"


def adapt_keyword(
    spotter: Spotter,
    text: str,
    recordings: Sequence[str | Path] = (),
    others: Sequence[str | Path] = (),
    *,
    kept: KeptRecordings = NONE,
    fa_per_hour: float = FA_PER_HOUR,
    seed: int = 0,
    tell: Callable[[str], None] = lambda line: None,
) -> AdaptedKeyword:
    """A head for the keyword ``text`` over a spotter's model, which stays as it is (ours).

    Every installed voice but those that are held out speaks the keyword, and what it may be taken for; half of the
    spotter's background is what else is not it. By the voices that are held out, the other half, and every fourth
    recording, its card says what was gained.

    Parameters
    ----------
    spotter : with a background
    text : typed
    recordings : of somebody saying it, one utterance each, of 5 s at most
    others : recordings in which it is not said, such as false alarms
    kept : clips that were kept at home and judged
    fa_per_hour : false alarms an hour of the thresholds on the card
    seed : seed of every random draw
    tell : is handed a line about what is done

    Raises
    ------
    BackgroundError
        When there is no background, or it has less than two halves.
    kwskit.synthesis.voices.voice.MissingEngine
        When no synthesis voice is installed.
    kwskit.errors.UnpronounceableText
        For text that cannot be read out.
    ValueError
        For a keyword whose phonemes are given where no voice is installed that can be told them, or a recording that
        cannot be used.
    """
    background, typed = _background(spotter), TypedKeyword.parse(text)
    keyword = enrolled(spotter.model, spotter.listener, spotter.reader.read(typed))
    own, without = of_the_keyword(recordings, kept.said), of_other_sound(others, kept.not_said)
    speakers, rooms, rng = installed_speakers(), has_rooms(), np.random.default_rng(seed)
    near, spelt = near_texts(spotter, keyword), typed.pronunciations or (typed.respelling or typed.text,)
    by = told(speakers.training, spelt)
    if not by:
        raise ValueError(
            f"no voice is installed that can be told the phonemes of '{typed}': pip install 'kwskit[voices-gpl]', or "
            f"type how it sounds, {typed.text}~WORDS"
        )
    tell(f"{', '.join(by)} speak '{_shown(spelt)}', {', '.join(speakers.training)} {len(near)} texts near it")
    training, held_out = training_and_held_out(spelt, near, speakers, own, without, rng, rooms)
    tell("listening")
    said = _kinds(spotter, keyword, (training.said, training.said_recorded), only_middles=True)
    other = _kinds(spotter, keyword, (training.near, training.not_recorded), only_middles=False)
    if not said:
        raise ValueError(f"no voice can say '{_shown(spelt)}'")
    coded = Windows(*background.for_adapting(keyword))
    unmoved = AdaptedHead.unmoved(spotter.model.dim, background.identity)
    typed_threshold = background.threshold(replace(keyword, head=unmoved), fa_per_hour)
    typed_threshold = max(typed_threshold, with_least(keyword, spotter.cohort).least)
    tell(f"training on {sum(len(one.score) for one in (*said, *other, coded)):,} windows")
    heard = np.concatenate([one.rows for one in (*said, *other)])
    errors = heard - background.codes.nearest(heard)
    # Windows are trained by what embeddings say of them; phonemes are heard besides.
    of_embeddings = replace(background, phonemes=None).threshold(replace(keyword, head=unmoved), fa_per_hour)
    head = fitted(unmoved, said, other, coded, errors, of_embeddings, seed)
    adapted = replace(keyword, head=head)
    threshold, minutes = background.threshold(adapted, fa_per_hour), 60 * background.peaks(adapted)[1]
    least = _kept_away(spotter, adapted, kept, threshold, tell) if kept.said or kept.not_said else None
    threshold = threshold if least is None else least
    tell("judging it by speech that it was not trained with")
    card = AdaptationCard(
        engines=tuple(speakers.training),
        left_out=(*speakers.left_out, *([] if rooms else [ROOMS])),
        utterances=len(training.said.start),
        other_utterances=len(training.near.start),
        recordings=len(own.training) + len(without.training),
        fa_per_hour=float(fa_per_hour),
        minutes=minutes,
        typed_threshold=typed_threshold,
        adapted_threshold=threshold,
        **_trials(spotter, (keyword, adapted), (typed_threshold, threshold), held_out),
    )
    model = spotter.model
    return AdaptedKeyword(str(typed), model.name, model.digest, spotter.streaming, keyword.tokens, head, card, least)


def _shown(said: Sequence[str | Pronunciation]) -> str:
    return ", ".join(one if isinstance(one, str) else " ".join(one) for one in said)


def _background(spotter: Spotter) -> Background:
    """The spotter's, where it can be trained with."""
    name = spotter.model.name
    if spotter.background is None:
        raise BackgroundError(f"{name} has no background: record one (kwskit calibrate RECORDINGS --to FILE)")
    last = float(spotter.background.stop.max(initial=0.0))
    if last < 2 * BLOCK:
        raise BackgroundError(
            f"the background of {name} has {spotter.background_minutes:.1f} minutes: {2 * BLOCK / 60:g} are needed, to "
            "train with half of them"
        )
    return spotter.background


def _kinds(spotter: Spotter, keyword: Keyword, streams: Sequence[Utterances], only_middles: bool) -> list[Windows]:
    """Windows of each stream that has any."""
    found = [windows_of(spotter, keyword, one, only_middles) for one in streams if len(one.start)]
    return [one for one in found if len(one.score)]


def _kept_away(
    spotter: Spotter, adapted: Keyword, kept: KeptRecordings, threshold: float, tell: Callable[[str], None]
) -> float | None:
    """The threshold that keeps marked false alarms away, where that for a rate does not; tells what it now hears."""
    said, others = (_scores_of(spotter, adapted, clips) for clips in (kept.said, kept.not_said))
    least = least_threshold(said, others, threshold)
    reached = threshold if least is None else least
    now = [f"{(scores >= reached).sum()} of {len(scores)}" for scores in (said, others)]
    tell(
        f"of kept clips it now hears {now[0]} that were the keyword, {now[1]} that were not"
        + ("" if least is None else f"; for that its threshold is at least {least:.2f}")
    )
    return least


def _scores_of(spotter: Spotter, keyword: Keyword, clips: Sequence[NDArray[np.int16]]) -> NDArray[np.float64]:
    """(n,) highest scores in clips, each by itself."""
    return np.array([spotter.listen_for([keyword], np.inf).best_scores([one])[0] for one in clips])


def _trials(
    spotter: Spotter, keywords: Sequence[Keyword], thresholds: Sequence[float], held_out: Speech
) -> dict[str, HeldOut]:
    """Of each kind of speech that is held out, how much reaches the typed and the adapted threshold."""
    found = {}
    for name in KINDS:
        utterances: Utterances = getattr(held_out, name)
        reached = (best_scores(spotter, keywords, utterances) >= np.array(thresholds)).sum(0).tolist()
        found[name] = HeldOut(len(utterances.start), *reached)
    return found
