"""Keywords that visitors type."""

import hashlib
import io
import re
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from kwskit.errors import UnpronounceableText
from kwskit.serve.limits import Limits
from kwskit.serve.refusal import Refusal, unpronounceable
from kwskit.spotting import FA_PER_HOUR
from kwskit.spotting.adapted.keyword_file import KeywordFileError
from kwskit.spotting.false_alarm_rate import rate_of_peaks
from kwskit.spotting.hit_picker import PATIENCE, REFRACTORY
from kwskit.spotting.keyword import Keyword
from kwskit.spotting.spotter import Spotter
from kwskit.spotting.spotting_stream import SpottingStream
from kwskit.text.normal_form import normal_form
from kwskit.text.sign_examples import signs_of
from kwskit.text.typed_keyword import TypedKeyword

REMEMBERED = 256
FILES = 64  # of visitors, in memory
KEYWORD_FILE_BYTES = 2**20
FILE_KEY = re.compile("kw:[0-9a-f]{16}")
LEAST_RATE, MOST_RATE = 0.01, 1000.0  # false alarms an hour
STEP = 0.25  # of the thresholds whose false alarms are told
HIGHEST = 16.0


class Enrolments:
    """Keywords of one spotter, for whoever asks: visitors do not see each other's.

    Parameters
    ----------
    spotter : nobody else enrols with it
    limits : on number and length of keywords
    """

    def __init__(self, spotter: Spotter, limits: Limits):
        self.spotter, self.limits = spotter, limits
        self._known: OrderedDict[tuple[str, float], Keyword] = OrderedDict()
        self._files: OrderedDict[str, bytes] = OrderedDict()  # of visitors
        self._own: dict[str, bytes] = {}

    def take(self, data: bytes, name: str) -> str:
        """What a keyword of ``kwskit adapt`` is called from now on, in the place of a text.

        Parameters
        ----------
        data : its file
        name : of the file, for messages

        Raises
        ------
        kwskit.spotting.adapted.keyword_file.KeywordFileError
            When it is none, or not of this model.
        """
        key = f"kw:{hashlib.sha256(data).hexdigest()[:16]}"
        self.spotter.forget(self.spotter.enrol(file=_File(data, name), threshold=0.0).name)
        self._own[key] = data
        return key

    def take_upload(self, data: bytes) -> str:
        """The same for a visitor's; only the latest are remembered. :class:`Refusal` when it cannot be used."""
        key = f"kw:{hashlib.sha256(data).hexdigest()[:16]}"
        if key in self._own:
            return key
        try:
            self.take(data, "This file")
        except KeywordFileError as error:
            raise Refusal(400, f"{str(error).rstrip('.')}.") from error
        self._files[key] = self._own.pop(key)
        while len(self._files) > FILES:
            self._files.popitem(last=False)
        return key

    def checked(self, texts: Sequence[str]) -> list[str]:
        """``texts``, typed as :class:`TypedKeyword` has it, without what is around and between their words.

        Raises
        ------
        Refusal
            When one is empty or too long, says in no way that can be read how it is said, or there are too many.
        """
        if len(texts) > self.limits.keywords:
            raise Refusal(400, f"{self.limits.keywords} keywords are the most at once.")
        found = [" ".join(text.split()) for text in texts]
        if not all(found):
            raise Refusal(400, "Type a word or a phrase.")
        files = [text for text in found if FILE_KEY.fullmatch(text)]
        if any(self._file(key) is None for key in files):
            raise Refusal(404, "The server does not know this keyword's file any more: load it again.")
        try:
            words = [TypedKeyword.parse(text).text for text in found if text not in files]
        except UnpronounceableText as error:
            raise unpronounceable(error) from error
        if max(map(len, words), default=0) > self.limits.characters:
            raise Refusal(400, f"{self.limits.characters} characters are the most for a keyword.")
        return found

    def preview(self, text: str, fa_per_hour: float) -> dict[str, Any]:
        """What the page shows of a keyword.

        ``rates`` are its false alarms an hour in the background, at thresholds from 0 in steps of ``step``, if known.
        ``typed`` has it said as it is here when it is typed, ``signs`` are its phonemes with a word for each.

        Raises
        ------
        Refusal
            When it cannot be pronounced, or the rate is out of its range.
        """
        if not LEAST_RATE <= fa_per_hour <= MOST_RATE:
            raise Refusal(400, f"False alarms an hour are from {LEAST_RATE:g} to {MOST_RATE:g}.")
        keyword = self._keyword(text, fa_per_hour)
        return {
            "name": keyword.name,
            "word": normal_form(keyword.name),  # the same for every spelling
            "typed": keyword.typed if keyword.head is None else text,
            "adapted": keyword.head is not None,
            "pronunciations": keyword.pronunciations,
            **self._reading(keyword),
            "threshold": keyword.threshold,
            "told_by": keyword.threshold_source,
            "refractory": max(REFRACTORY, keyword.seconds),
            "patience": PATIENCE,
            "step": STEP,
            "rates": self._rates(keyword),
        }

    def stream(self, texts: Sequence[str]) -> SpottingStream:
        """A stream that scores every keyword and tells no hits: the page picks them, for any threshold.

        Raises
        ------
        Refusal
            When one cannot be pronounced.
        """
        return self.spotter.listen_for([self._keyword(text, 1.0) for text in texts], np.inf)

    def at_thresholds(self, texts: Sequence[str], thresholds: Sequence[str]) -> list[Keyword]:
        """Keywords with the ``thresholds`` that a page has for them, or, without any, with those for the usual rate.

        Raises
        ------
        Refusal
            When one cannot be pronounced, or there is not one finite threshold for each.
        """
        keywords = [self._keyword(text, FA_PER_HOUR) for text in texts]
        if not thresholds:
            return keywords
        try:
            given = [float(one) for one in thresholds]
        except ValueError:
            given = []
        if len(given) != len(keywords) or not np.isfinite(given).all():
            raise Refusal(400, "Each keyword has one threshold, a number.")
        return [replace(keyword, threshold=one, fa_per_hour=None) for keyword, one in zip(keywords, given, strict=True)]

    def _keyword(self, text: str, fa_per_hour: float) -> Keyword:
        key = text, fa_per_hour
        if key not in self._known:
            data = self._file(text)
            try:
                if data is not None:
                    self._known[key] = self.spotter.enrol(file=_File(data, "This file"), fa_per_hour=fa_per_hour)
                else:
                    self._known[key] = self.spotter.enrol(text, fa_per_hour=fa_per_hour)
            except UnpronounceableText as error:
                raise unpronounceable(error) from error
            self.spotter.forget(self._known[key].name)
        self._known.move_to_end(key)
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return self._known[key]

    def _reading(self, keyword: Keyword) -> dict[str, Any]:
        """Whether it is guessed, whether others can be chosen, and what its signs sound like."""
        phonemes = self.spotter.reader.takes_phonemes
        guessed = keyword.readings is not None and keyword.readings.guessed
        signs = signs_of(keyword.pronunciations if phonemes else ())
        return {"guessed": guessed, "choosable": phonemes and keyword.head is None, "signs": signs}

    def _file(self, text: str) -> bytes | None:
        """The keyword file that is called ``text``, if it is one."""
        return self._own.get(text, self._files.get(text))

    def _rates(self, keyword: Keyword) -> list[float] | None:
        background = self.spotter.background
        if background is None:
            return None
        peaks, hours = background.peaks(keyword)
        if len(peaks) < 2:
            return None
        steps = np.arange(0, HIGHEST + STEP / 2, STEP)
        return [round(rate_of_peaks(peaks, hours, step), 4) for step in steps.tolist()]


class _File(io.BytesIO):
    """A file in memory, which messages call by its name."""

    def __init__(self, data: bytes, name: str):
        super().__init__(data)
        self._name = name

    def __str__(self) -> str:
        return self._name
