"""Keywords checked before anybody has said them."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from kwskit.check.confusables import Confusables, said_of
from kwskit.check.example_readings import example_readings
from kwskit.check.keyword_check import KeywordCheck, Rival
from kwskit.check.rules import remarks
from kwskit.spotting import FA_PER_HOUR
from kwskit.spotting.keyword import Keyword
from kwskit.spotting.sound import Sound
from kwskit.spotting.spotter import Spotter
from kwskit.text.typed_keyword import typed_keywords
from kwskit.text.word_sounds import WordSounds

COUNT = 10
EVERY = 10_000
LEAST = 3  # phonemes of a word within a keyword


def check_keywords(
    spotter: Spotter,
    texts: Sequence[str],
    *,
    fa_per_hour: float = FA_PER_HOUR,
    threshold: float | None = None,
    count: int = COUNT,
    sounds: WordSounds | None = None,
    examples: Sequence[Sound] = (),
) -> list[KeywordCheck]:
    """Whether each of ``texts`` makes a good keyword for a spotter's model, alone and beside the others.

    They are enrolled with the spotter.

    Parameters
    ----------
    texts : typed, as :func:`~kwskit.text.typed_keyword.typed_keywords` takes them
    fa_per_hour, threshold : see :meth:`Spotter.enrol`
    count : words, and phrases, that are told of each
    sounds : the dictionary; None is CMUdict
    examples : recordings of the keyword, which is then one alone (:mod:`kwskit.check.example_readings`)

    Raises
    ------
    kwskit.errors.UnpronounceableText
        For text that cannot be read out, or two ways of one to be said that clash.
    kwskit.data.audio.AudioError
        For an example that cannot be read.
    ValueError
        When there is none, a rate or a count is out of its range, or examples cannot be used.
    """
    if not texts:
        raise ValueError("say which keyword to check")
    if count < 1:
        raise ValueError(f"at least one word is told of, not {count}")
    if len(examples) and len(texts) > 1:
        raise ValueError("recordings are of one keyword: check it alone")
    typed = map(str, typed_keywords(texts))
    keywords = [spotter.enrol(text, fa_per_hour=fa_per_hour, threshold=threshold) for text in typed]
    heard = None
    if len(examples):  # first, for a recording may be of no use
        text = keywords[0].typed
        heard = example_readings(spotter, text, examples, fa_per_hour=fa_per_hour, threshold=threshold, count=count)
    confusables = Confusables(spotter, sounds)
    checks = [_check(spotter, confusables, keyword, keywords, count) for keyword in keywords]
    if heard is None:
        return checks
    found = dataclasses.replace(checks[0], heard=heard)
    return [dataclasses.replace(found, remarks=remarks(found))]


def _check(
    spotter: Spotter, confusables: Confusables, keyword: Keyword, keywords: Sequence[Keyword], count: int
) -> KeywordCheck:
    words = confusables.words(keyword, EVERY)
    own = confusables.score(keyword, keyword)
    background, peaks, false_alarms = spotter.background, np.zeros(0, np.float32), None
    if background is not None:
        peaks = background.peaks(keyword, -np.inf)[0]
        false_alarms = background.false_alarms(keyword, keyword.threshold)
    found = KeywordCheck(
        keyword=keyword,
        reads=keyword.readings.origins if keyword.readings else (),
        pronunciations=tuple(map(" ".join, said_of(keyword))),
        own=own,
        words=tuple(words[:count]),
        phrases=tuple(confusables.phrases(keyword, count)),
        close=0,
        around=tuple(confusables.around(keyword)),
        parts=tuple(confusables.parts(keyword, LEAST)),
        changes=tuple(confusables.changes(keyword)),
        false_alarms=false_alarms,
        background=peaks,
        minutes=spotter.background_minutes,
        rivals=tuple(_rival(confusables, keyword, other) for other in keywords if other is not keyword),
    )
    found = dataclasses.replace(found, close=sum(one.score >= found.least for one in words))
    return dataclasses.replace(found, remarks=remarks(found))


def _rival(confusables: Confusables, keyword: Keyword, other: Keyword) -> Rival:
    same = not set(confusables.sounds_of(keyword)).isdisjoint(confusables.sounds_of(other))
    return Rival(other.text, confusables.score(keyword, other), same)
