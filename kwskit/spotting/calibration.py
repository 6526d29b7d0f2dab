"""Thresholds of keywords, by a background that was heard as a spotter listens."""

import dataclasses
import logging

import numpy as np

from kwskit.speech_model.speech_model import SpeechModel
from kwskit.spotting.background import Background
from kwskit.spotting.cohort_embeddings import CohortEmbeddings
from kwskit.spotting.expected_duration import WINDOWS
from kwskit.spotting.false_alarm_rate import gaussian_threshold
from kwskit.spotting.keyword import Keyword
from kwskit.spotting.keyword_queries import KeywordQueries
from kwskit.spotting.windows.listening import HOP
from kwskit.text.pronunciation import WORD_BOUNDARY

# Of what a phrase scores itself as typed; chosen on the dev half of tools/bench/people --only near, where a part of a
# phrase alone had set it off in 37 % of cases, and the phrase with one word changed in 57 %.
PHRASE_SHARE = 0.4

logger = logging.getLogger(__name__)


def check_background(background: Background, model: SpeechModel, streaming: bool) -> None:
    """Refuse a background of another model, and warn of one that was heard otherwise than a spotter listens.

    Raises
    ------
    BackgroundError
        When it was recorded with another model.
    """
    background.require_model(model)
    if background.streaming != streaming:
        modes = {True: "as a stream", False: "in windows"}
        logger.warning(
            "the background of %s was heard %s, but spotting listens %s: thresholds may be off",
            model.name,
            modes[background.streaming],
            modes[streaming],
        )
    if not np.isclose(background.hop, HOP):
        logger.warning(
            "the background of %s was recorded with windows %g s apart, but spotting has them %g s apart: thresholds "
            "are off; record it again (kwskit calibrate MODEL RECORDINGS)",
            model.name,
            background.hop,
            HOP,
        )


def with_least(keyword: Keyword, cohort: CohortEmbeddings) -> Keyword:
    """A phrase with the least threshold, which keeps its parts from setting it off; a word as it is (ours).

    A background tells how often other speech reaches a threshold, and hardly ever has a part of the phrase in it. A
    phrase that is longer than what is heard at once stays as it is, too: no more than a part of it is compared.

    Parameters
    ----------
    keyword : enrolled by typing
    cohort : what scores are normalised by
    """
    is_phrase = any(WORD_BOUNDARY in said for said in keyword.pronunciations)
    if not is_phrase or keyword.seconds > WINDOWS[-1]:
        return keyword
    own = float(KeywordQueries([keyword], cohort).every_score(keyword.embeddings).max())
    return dataclasses.replace(keyword, least=PHRASE_SHARE * own)


def with_threshold(
    keyword: Keyword, fa_per_hour: float, background: Background | None, model: str, given: float | None = None
) -> Keyword:
    """``keyword`` with the threshold for ``fa_per_hour``: of a background, or without one that of a Gaussian.

    It is the keyword's own ``least`` where that is higher.

    Parameters
    ----------
    keyword : enrolled
    fa_per_hour : false alarms an hour that the threshold is set for
    background : of the model that the keyword is enrolled with, or None
    model : name of that model, for the warning that there is none
    given : threshold in the place of the rate

    Raises
    ------
    ValueError
        When the rate is not above 0, or the given threshold is no number.
    """
    if given is not None:
        return dataclasses.replace(keyword, threshold=given_threshold(given))
    if background is not None:
        found = background.estimate(keyword, fa_per_hour)
    else:
        logger.warning(
            "%s has no background: the threshold of '%s' is not calibrated (kwskit calibrate MODEL RECORDINGS)",
            model,
            keyword.name,
        )
        per_hour = sum(4 * 3600 / length for length in keyword.windows)  # closer windows are no further chances
        found = gaussian_threshold(fa_per_hour, per_hour)
    value = max(found.value, keyword.least)
    return dataclasses.replace(
        keyword, threshold=value, fa_per_hour=float(fa_per_hour), threshold_source=found.threshold_source
    )


def given_threshold(threshold: float) -> float:
    """``threshold`` as a float; raises ValueError for NaN."""
    if np.isnan(threshold):
        raise ValueError("a threshold is a number, not nan, which no score would reach")
    return float(threshold)
