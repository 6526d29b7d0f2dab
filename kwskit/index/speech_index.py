"""Recordings that can be searched."""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from functools import cached_property
from pathlib import Path
from typing import cast

from numpy.typing import ArrayLike

from kwskit.constants import SAMPLE_RATE
from kwskit.data.audio import read_segment
from kwskit.data.progress import Progress
from kwskit.errors import SpeechIndexError
from kwskit.index.about import About
from kwskit.index.audio_files import audio_files, audio_seconds, missing_files
from kwskit.index.cohort_norm import CohortNorm
from kwskit.index.hits import find_hits
from kwskit.index.index_parts import add_parts
from kwskit.index.indexing import Indexing
from kwskit.index.tables import Added, Found, NearestWindows
from kwskit.index.window_tables import WindowTables
from kwskit.index.window_writer import WindowWriter
from kwskit.search.search_settings import SearchSettings
from kwskit.speech_model.model_source import ModelSource
from kwskit.speech_model.open_model import open_model
from kwskit.speech_model.speech_model import SpeechModel
from kwskit.spotting.expected_duration import WINDOWS, expected_seconds
from kwskit.spotting.sound import as_pcm
from kwskit.spotting.windows.listening import HOP
from kwskit.task_pool import executor
from kwskit.text.keyword_reader import KeywordReader

TOP = 20
AnyModel = SpeechModel | str | Path | None  # opened, or its directory or name
DEFAULTS = SearchSettings(windows=WINDOWS, hop=HOP)


class SpeechIndex:
    """An index of recordings: their windows at several lengths, embedded once.

    Made by :meth:`create` or :meth:`open`. Any number of processes may search while one adds.

    Attributes
    ----------
    place : a folder, or what else the vector engine connects to
    about : the model and the settings that it was made with
    """

    def __init__(
        self, tables: WindowTables, model: AnyModel = None, device: str = "cpu", lexicon: str | Path | None = None
    ):
        self._tables, self.about = tables, tables.about
        self.place = tables.place
        self._from, self._device, self._lexicon = model, device, lexicon

    @classmethod
    def create(
        cls, place: str | Path, model: AnyModel = None, settings: SearchSettings = DEFAULTS, device: str = "cpu"
    ) -> "SpeechIndex":
        """Make an empty index.

        Parameters
        ----------
        place : a folder that is not there or empty, or an address that the vector engine connects to
        model : or what :meth:`kwskit.speech_model.model_source.ModelSource.find` takes: its directory, its name, None
        settings : lengths and overlap of the windows, refractory time, and whether there is a cohort
        device : of torch

        Raises
        ------
        SpeechIndexError
            When there is an index already.
        kwskit.errors.ModelError
            When there is no usable model.
        """
        tables = WindowTables(place)
        tables.refuse_strange()
        source = ModelSource.find(model) if model is None or isinstance(model, str | Path) else None
        opened = cast(SpeechModel, model) if source is None else open_model(source, device)
        model_id = "" if source is None else source.model_id
        about = About(opened.name, opened.digest, model_id, opened.dim, settings.facts())
        with tables.writing():
            if tables.exists():
                raise SpeechIndexError(f"{place}: there is an index already: open it, or take another place")
            tables.create(about, CohortNorm(None, opened.dim).columns)
        return cls(tables, opened, device)

    @classmethod
    def open(
        cls, place: str | Path, model: AnyModel = None, device: str = "cpu", lexicon: str | Path | None = None
    ) -> "SpeechIndex":
        """An index that is there.

        Parameters
        ----------
        place : of the index
        model : or its directory or name; by default that which the index was made with, from where it was then
        device : of torch
        lexicon : file of readings that typed words have in the place of the dictionary's

        Raises
        ------
        SpeechIndexError
            When there is none, or it cannot be read.
        """
        tables = WindowTables(place)
        if not tables.exists():
            raise SpeechIndexError(f"{place}: there is no index: make one with kwskit index RECORDINGS --out {place}")
        return cls(tables, model, device, lexicon)

    @classmethod
    def open_or_create(
        cls, place: str | Path, model: AnyModel = None, settings: SearchSettings = DEFAULTS, device: str = "cpu"
    ) -> "SpeechIndex":
        """The index of ``place``, or an empty one; takes and raises what :meth:`open` and :meth:`create` do."""
        if WindowTables(place).exists():
            return cls.open(place, model, device)
        return cls.create(place, model, settings, device)

    @cached_property
    def model(self) -> SpeechModel:
        """What embeds queries and recordings; opened when it is needed.

        Raises
        ------
        SpeechIndexError
            When it is another one than that the index was made with, or where that was is not known.
        kwskit.errors.ModelError
            When it cannot be opened.
        """
        return self.about.open_model(self.place, self._from, self._device)

    @property
    def files(self) -> list[str]:
        """Paths of the files in the index."""
        return sorted(one.path for one in self._tables.files())

    @property
    def seconds(self) -> float:
        """Of audio in the index."""
        return sum(one.seconds for one in self._tables.files())

    def add(
        self, paths: Sequence[str | Path], remove_missing: bool = False, progress: bool = False, jobs: int = 1
    ) -> Added:
        """Index audio files and folders of them; files that have not changed since they were indexed are left alone.

        When this is cut short, files that were finished are in the index, and others are not.

        Parameters
        ----------
        paths : files and folders
        remove_missing : take files out of the index that are below ``paths`` no more
        progress : tell it on stderr
        jobs : processes that embed recordings; a cluster (:func:`kwskit.task_pool.tasks_on`) has workers of its own

        Raises
        ------
        FileNotFoundError
            When a path is not there.
        SpeechIndexError
            When another process is adding, or the index cannot be written.
        kwskit.task_pool.WorkerDied
            When a worker was killed.
        """
        listed = audio_files(paths)
        with self._tables.writing():
            if self._tables.folder:
                self._tables.remove_windows(self._tables.strays())
            indexing = Indexing(self._tables, WindowWriter(self._tables, self.model, self.norm))
            indexing.added.passed_over = list(map(str, listed.passed_over))
            indexing.added.refused = {str(folder): reason for folder, reason in listed.closed.items()}
            new = [path for path in listed.files if indexing.is_new(path)]
            bar = Progress(int(sum(map(audio_seconds, new))), "indexing", "s of audio") if progress and new else None
            with bar or nullcontext():
                if jobs > 1 or executor():
                    source = self._from if isinstance(self._from, str | Path) else self.about.opened_from or self._from
                    add_parts(indexing, new, bar, jobs, source or self.model, self._device)
                else:
                    indexing.add_all(new, bar)
            if remove_missing:
                indexing.remove(missing_files(self._tables.files(), paths, listed))
            self._tables.optimise()
        return indexing.added

    def search(self, text: str, top: int = TOP, min_score: float | None = None) -> list[Found]:
        """Where ``text`` is said, the likeliest first: at most ``top`` places, that score ``min_score`` or more.

        It is typed as :class:`~kwskit.text.typed_keyword.TypedKeyword` has it.

        Raises
        ------
        kwskit.errors.UnpronounceableText
            When it cannot be read out.
        SpeechIndexError, kwskit.text.lexicon.LexiconError
            When the index, its model or the lexicon cannot be used.
        """
        readings = self._reader.read(text)
        embeddings = self.model.embed_tokens(readings.tokens)
        rows = CohortNorm(None, self.model.dim).typed(embeddings)  # the cohort is in the windows' rows
        seconds = expected_seconds(readings.typed.text, readings.pronunciations)
        return self._search(
            lambda most: self._tables.search(rows, self._settings.fitting_windows(seconds), most), top, min_score
        )

    def search_example(
        self, audio: str | Path | ArrayLike, top: int = TOP, min_score: float | None = None
    ) -> list[Found]:
        """Where what is said in ``audio``, the whole of it, is said too.

        Windows are ordered by their cosines with the example; the cosines are normalised by those of the example with
        the same words as are typed queries' (:meth:`CohortNorm.spoken`).

        Parameters
        ----------
        audio : a file, or samples (n,) at 16 kHz, int16 or float in [-1, 1]
        top, min_score : as :meth:`search` takes them

        Raises
        ------
        kwskit.data.audio.AudioError
            When the file cannot be read.
        """
        pcm = read_segment(audio) if isinstance(audio, str | Path) else as_pcm(audio)
        row, mean, deviation = self.norm.spoken(self.model.embed_windows(pcm[None])[0])
        lengths = self._settings.fitting_windows(len(pcm) / SAMPLE_RATE)
        return self._search(
            lambda most: self._tables.search(row[None], lengths, most).renormalised(mean, deviation), top, min_score
        )

    @cached_property
    def norm(self) -> CohortNorm:
        """How scores are normalised."""
        return CohortNorm.of(self.model, self._settings.cohort)

    @cached_property
    def _reader(self) -> KeywordReader:
        return KeywordReader(self.model.tokenizer, self._lexicon)

    @property
    def _settings(self) -> SearchSettings:
        return self.about.search_settings()

    def _search(self, look: Callable[[int], NearestWindows], top: int, min_score: float | None) -> list[Found]:
        """Hits of ``look``, which gives so many windows of each length."""
        hits = find_hits(look, top, self._settings.refractory, min_score)
        paths = self._tables.paths()
        rows = zip(hits.file, hits.start, hits.stop, hits.score, strict=True)
        return [Found(paths[int(n)], float(a), float(b), float(score)) for n, a, b, score in rows]
