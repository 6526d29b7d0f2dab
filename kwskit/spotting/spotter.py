"""Keywords enrolled by typing, or by example, and spotted in sound."""

import logging
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kwskit.constants import SAMPLE_RATE
from kwskit.errors import ModelError
from kwskit.speech_model.model_source import ModelSource
from kwskit.speech_model.open_model import open_model
from kwskit.speech_model.speech_model import SpeechModel
from kwskit.spotting import FA_PER_HOUR
from kwskit.spotting.background import Background
from kwskit.spotting.background_file import FILE, read_background
from kwskit.spotting.background_recorder import BackgroundRecorder
from kwskit.spotting.calibration import check_background, given_threshold, with_least, with_threshold
from kwskit.spotting.cohort_embeddings import CohortEmbeddings
from kwskit.spotting.enrolled import enrolled, enrolled_file
from kwskit.spotting.hit import Hit
from kwskit.spotting.keyword import Keyword
from kwskit.spotting.keyword_queries import KeywordQueries
from kwskit.spotting.phoneme_scores import PhonemeScores
from kwskit.spotting.sound import Sound, blocks_of
from kwskit.spotting.spotting_stream import SpottingStream, step_of
from kwskit.spotting.stream_resampler import resampled_blocks
from kwskit.spotting.window_scores import WindowScores
from kwskit.spotting.windows.listener import Listener
from kwskit.spotting.windows.listening import HOP, knows_streams, listener
from kwskit.text.keyword_reader import KeywordReader
from kwskit.text.normal_form import normal_form
from kwskit.text.typed_keyword import TypedKeyword

logger = logging.getLogger(__name__)


class Spotter:
    """Keywords enrolled by typing, or by example, and spotted in sound.

    Parameters
    ----------
    model : what embeds speech and text
    background : what the model hears where no keyword is said, for thresholds
    streaming : whether windows are made of the frames of a stream, each computed once, or each by itself; None is the
        former for a model that can and has been trained for it
    lexicon : file of readings (:mod:`kwskit.text.lexicon`) that keywords have in the place of the dictionary's

    Raises
    ------
    ModelError
        When ``streaming`` is asked of a model that needs whole windows.
    BackgroundError
        When the background was recorded with another model.
    """

    def __init__(
        self,
        model: SpeechModel,
        background: Background | None = None,
        streaming: bool | None = None,
        lexicon: str | Path | None = None,
    ):
        if streaming and model.stream is None:
            raise ModelError(f"{model.name} needs whole windows: it cannot stream (streaming=False)")
        self.model, self.reader = model, KeywordReader(model.tokenizer, lexicon)
        self.streaming = knows_streams(model) if streaming is None else streaming
        self.cohort = CohortEmbeddings(model)
        self.background: Background | None = None
        self._keywords: dict[str, Keyword] = {}
        if background is not None:
            self._take(background)

    @classmethod
    def load(
        cls,
        model: str | Path | ModelSource | None = None,
        *,
        device: str = "cpu",
        streaming: bool | None = None,
        background: str | Path | None = None,
        lexicon: str | Path | None = None,
    ) -> "Spotter":
        """A spotter with a model: a packaged one, that of a directory, trained or exported, or one of the Hub.

        Parameters
        ----------
        model : as :meth:`~kwskit.speech_model.model_source.ModelSource.find` takes it; None is ``english-phonemes``
        device : of torch; on the CPU a model that has been exported too needs no torch
        streaming, lexicon : see :class:`Spotter`
        background : file of ``kwskit calibrate``; None is the model's own, where it has one

        Raises
        ------
        ModelError
            When there is no usable model.
        ImportError
            When it is of the Hugging Face Hub, and huggingface_hub is not installed.
        BackgroundError
            When the background cannot be used.
        """
        source = ModelSource.find(model)
        own = source.for_spotting(device) / FILE
        path = own if background is None and own.is_file() else background
        opened = open_model(source, device)
        return cls(opened, None if path is None else read_background(path), streaming, lexicon)

    @property
    def keywords(self) -> Mapping[str, Keyword]:
        """By name, in the order of enrolment."""
        return MappingProxyType({keyword.name: keyword for keyword in self._keywords.values()})

    @property
    def background_minutes(self) -> float:
        """Length of the background in minutes; 0 without one."""
        return 0.0 if self.background is None else self.background.seconds / 60

    def enrol(
        self,
        text: str | None = None,
        *,
        examples: Sequence[Sound] = (),
        name: str | None = None,
        file: str | Path | BinaryIO | None = None,
        fa_per_hour: float = FA_PER_HOUR,
        threshold: float | None = None,
    ) -> Keyword:
        """Listen for a keyword from now on, in the place of an earlier one of its name, however that was spelt.

        Parameters
        ----------
        text : typed, as :class:`~kwskit.text.typed_keyword.TypedKeyword` has it; every pronunciation is listened for
        examples : recordings of somebody saying it, files or (samples,) at 16 kHz; text, examples or both
        name : what hits are told under (default: the text)
        file : keyword that ``kwskit adapt`` has written, in the place of text and examples; also one open for reading
        fa_per_hour : the threshold is set for so many false alarms an hour; for a phrase, see :func:`with_least`
        threshold : given, in the place of the rate

        Raises
        ------
        kwskit.errors.UnpronounceableText
            For text that cannot be read out.
        kwskit.data.audio.AudioError
            For an example that cannot be read.
        ValueError
            For a file that is no adapted keyword of this model, when there is neither text nor example, an example
            alone without a name, no rate above 0, or no threshold.
        """
        if file is not None:
            if text is not None or len(examples):
                raise ValueError(f"{file}: a keyword file has its text: give it alone, without text and examples")
            keyword = enrolled_file(self.model, self.listener, self.reader, self.streaming, file, name)
        else:
            readings = None if text is None else self.reader.read(text)
            keyword = with_least(enrolled(self.model, self.listener, readings, examples, name), self.cohort)
        keyword = with_threshold(keyword, fa_per_hour, self.background, self.model.name, threshold)
        self._keywords[normal_form(keyword.name)] = keyword
        return keyword

    def forget(self, name: str) -> None:
        """Listen for a keyword no more; raises KeyError when there is none of this name."""
        key = normal_form(name)
        if key not in self._keywords:
            raise KeyError(f"no keyword '{name}' is enrolled; there are: {', '.join(self.keywords) or 'none'}")
        del self._keywords[key]

    def score(self, audio: Sound, text: str) -> float:
        """The highest score of any window that fits a keyword, enrolled or typed here; -inf when there is no sound.

        Raises as :meth:`enrol` does.
        """
        typed = TypedKeyword.parse(text)
        known = None if typed.told else self._keywords.get(normal_form(text))
        keyword = known or enrolled(self.model, self.listener, self.reader.read(typed))
        return float(self.listen_for([keyword], np.inf).best_scores(blocks_of(audio))[0])

    def spot(self, audio: Sound) -> list[Hit]:
        """The hits in a file or in (samples,) at 16 kHz, by their end; AudioError for a file that cannot be read."""
        return list(self.stream(blocks_of(audio)))

    def stream(self, blocks: Iterable[ArrayLike], rate: int = SAMPLE_RATE) -> Generator[Hit, None, None]:
        """The hits in blocks (samples,) of any size, int16 or float in [-1, 1], at ``rate`` Hz, as they are heard."""
        stream = self.listen()
        for block in resampled_blocks(blocks, rate):
            yield from stream.push(block)
        yield from stream.finish()

    def listen(self, threshold: float | None = None) -> SpottingStream:
        """A stream that hears the keywords enrolled so far; ``threshold`` is for all, in the place of their own."""
        return self.listen_for(list(self._keywords.values()), threshold)

    def listen_for(self, keywords: Sequence[Keyword], threshold: float | None = None) -> SpottingStream:
        """A stream that hears ``keywords``, of this model, and no others; else as :meth:`listen`."""
        thresholds = [given_threshold(one.threshold if threshold is None else threshold) for one in keywords]
        queries, step = KeywordQueries(keywords, self.cohort), step_of(self.model.stream if self.streaming else None)
        return SpottingStream(self.scores, queries, thresholds, step)

    def listener(
        self, seconds: Sequence[float], hear: Callable[[NDArray[np.float32]], None] | None = None
    ) -> Listener[NDArray[np.float32]]:
        """What turns a stream into windows of the lengths ``seconds``, embedded; ``hear`` is handed its frames."""
        return listener(self.model, seconds, self.streaming, hear=hear)

    @property
    def hears_phonemes(self) -> bool:
        """Whether keywords are judged by their phonemes, too."""
        return self.streaming and self.model.blank is not None

    def scores(self, queries: KeywordQueries) -> WindowScores:
        """What scores keywords in one stream."""
        phonemes = PhonemeScores(self.model, queries.keywords) if self.hears_phonemes else None
        return WindowScores(self.listener, queries, phonemes)

    def calibrate(self, recordings: Sequence[Sound]) -> Background:
        """Take recordings in which no keyword is said for the background, and set thresholds anew.

        Those of keywords that were enrolled with a threshold stay.

        Raises
        ------
        kwskit.data.audio.AudioError
            For a recording that cannot be read.
        BackgroundError
            When there is nothing to hear.
        """
        recorder = self.recorder()
        for recording in recordings:
            recorder.record(blocks_of(recording))
        background = recorder.background()
        if doubt := recorder.sound.objection() or recorder.sound.doubt():
            logger.warning(doubt)
        return self._take(background)

    def recorder(self) -> BackgroundRecorder:
        """What makes a background of recordings, heard as this spotter listens."""
        return BackgroundRecorder(self.model, self.cohort, self.listener, self.streaming, HOP)

    def _take(self, background: Background) -> Background:
        check_background(background, self.model, self.streaming)
        if not self.hears_phonemes and background.phonemes is not None:
            background = replace(background, phonemes=None)  # whose scores would have no part in what is spotted
        self.background = background
        for name, keyword in self._keywords.items():
            if keyword.fa_per_hour is not None:
                self._keywords[name] = with_threshold(keyword, keyword.fa_per_hour, background, self.model.name)
        return background
