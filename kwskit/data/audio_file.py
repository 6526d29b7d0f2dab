"""An audio file that is open, and what its header may say."""

import logging
import re
from contextlib import ExitStack
from functools import lru_cache
from math import gcd
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np

from kwskit.constants import SAMPLE_RATE
from kwskit.data.address import located
from kwskit.data.file_section import FileSection
from kwskit.data.joined_streams import contents_of_mp3, joined_streams
from kwskit.data.sound_stream import SoundStream
from kwskit.data.unclosed_wav import unclosed_wav
from kwskit.errors import AudioError

# Rates in Hz that make sense. At 16 kHz, sound of a lower one would be far longer than its file.
RATES = (1_000, 768_000)
# A rate in Hz that shares no factor with 16 kHz needs a filter as long as itself.
ODDEST_RATE = 50_000
# Sizes of so many bytes and more stand in the headers of files whose writer could not go back to mend them.
OPEN_ENDED = 0x7FF00000
# What libsndfile's log says of a file that is shorter than its header promises.
_BYTES = re.compile(r"^\s*(?:data|SSND|Data Size|riff)\s*: (\d+) \(should be (\d+)\)", re.MULTILINE)
_FRAMES = re.compile(r"frame count (\d+) does not match value from 'ds64' chunk of (\d+)")

logger = logging.getLogger(__name__)


class AudioFile:
    """A file that soundfile reads, as mono; to be used in a ``with`` statement.

    Files that were joined to one (chained Ogg, MP3s or WAVs one after another) are read one after another. A WAV whose
    header was never completed, because its recorder lost its power, is read to its end.

    Parameters
    ----------
    path : of the file, or its address (:func:`kwskit.data.address.located`), or a file open for reading, which messages
        call by its ``str``

    Attributes
    ----------
    rate : in Hz; channels : their number; frames : samples of a channel

    Raises
    ------
    AudioError
        When the file cannot be read, is empty, shorter than its header promises, or has a rate that makes no sense;
        when the parts of a joined file differ in rate or channels.
    """

    def __init__(self, path: str | Path | BinaryIO):
        self._path = cast(BinaryIO, path) if hasattr(path, "read") else located(cast(Path, path))
        self._name = str(path)
        self._open = ExitStack()
        self._stream: SoundStream | None = None
        self._number = -1
        try:
            if hasattr(self._path, "read"):
                self._file = cast(BinaryIO, self._path)
            else:
                self._file = self._open.enter_context(_opened(cast(Path, self._path)))
            self._sections, ended = joined_streams(self._file, self._name)
            self._sources = self._sources_of()
            self._starts = [0]
            for number in range(len(self._sections)):
                self._measure(number)
            self.frames: int = self._starts[-1]
        except OSError as error:
            self._close()
            raise AudioError(f"{path}: cannot be read: {error.strerror or error}") from error
        except BaseException:
            self._close()
            raise
        if not ended:
            _warn_once(f"{path}: has no end: the recording may be cut short; there are {self.seconds:.1f} s of it")

    @property
    def seconds(self) -> float:
        """Duration."""
        return self.frames / self.rate

    def mono(self, first: int, last: int) -> np.ndarray:
        """Samples ``first`` to before ``last``, (samples,), of all channels' mean.

        They are int16 where the file holds 16 bits of one channel at 16 kHz, and else float32.

        Raises
        ------
        AudioError
            When they cannot be decoded, or are fewer than the header promises.
        """
        parts = []
        for number, (start, stop) in enumerate(zip(self._starts, self._starts[1:], strict=False)):
            if first < stop and last > start:
                parts.append(self._at(number).mono(max(first, start) - start, min(last, stop) - start))
        return np.concatenate(parts) if parts else np.zeros(0, np.float32)

    def __enter__(self) -> "AudioFile":
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def _close(self) -> None:
        if self._stream is not None:
            self._stream.close()
        self._open.close()

    def _sources_of(self) -> list[Path | FileSection | BinaryIO]:
        """What each stream is read from."""
        if len(self._sections) > 1:
            return [FileSection(self._file, *section) for section in self._sections]
        patches = unclosed_wav(self._file)
        elsewhere = not isinstance(self._path, Path) and self._path is not self._file
        return [FileSection(self._file, *self._sections[0], patches)] if patches or elsewhere else [self._path]

    def _measure(self, number: int) -> None:
        """Take the facts of a stream, the first of which holds for all."""
        stream = self._at(number)
        if number == 0:
            self.rate: int = stream.rate
            self.channels: int = stream.channels
        elif (stream.rate, stream.channels) != (self.rate, self.channels):
            raise AudioError(
                f"{self._name}: joined of recordings at {self.rate:,} Hz in {self.channels} channels and at "
                f"{stream.rate:,} Hz in {stream.channels}: take it apart, or convert it"
            )
        self._check(stream)
        self._starts.append(self._starts[-1] + stream.frames)

    def _at(self, number: int) -> SoundStream:
        """A stream; one is open at a time, for a file may be joined of thousands."""
        if self._stream is None or self._number != number:
            if self._stream is not None:
                self._stream.close()
            self._stream = None
            source = self._sources[number]
            known = contents_of_mp3(self._file, self._sections[number][0])[0] > 0
            self._stream, self._number = SoundStream(source, self._name, count_mp3=not known), number
        return self._stream

    def _check(self, stream: SoundStream) -> None:
        rate, log = stream.rate, stream.log
        if stream.frames <= 0:
            size = self._sections[0][1]
            raise AudioError(f"{self._name}: holds no samples by its header; the file has {size:,} bytes")
        if not RATES[0] <= rate <= RATES[1]:
            raise AudioError(
                f"{self._name}: the header gives a rate of {rate:,} Hz; {RATES[0]:,} to {RATES[1]:,} Hz can be read"
            )
        if rate // gcd(rate, SAMPLE_RATE) > ODDEST_RATE:
            raise AudioError(f"{self._name}: a rate of {rate:,} Hz cannot be resampled to {SAMPLE_RATE:,} Hz")
        for promised, present in _BYTES.findall(log):
            if int(present) < int(promised) < OPEN_ENDED:
                raise AudioError(f"{self._name}: cut short: the header promises {promised} bytes, there are {present}")
        for present, promised in _FRAMES.findall(log):
            if int(present) < int(promised):
                raise AudioError(
                    f"{self._name}: cut short: the header promises {promised} samples, there are {present}"
                )


def _opened(path: Path) -> BinaryIO:
    if not path.is_file():  # a pipe would be waited for
        raise AudioError(f"{path}: no such audio file{_instead(path)}")
    if path.stat().st_size == 0:
        raise AudioError(f"{path}: the file is empty (0 bytes)")
    return path.open("rb")


def _instead(path: Path) -> str:
    """What is in its place."""
    if path.is_fifo():
        return ": it is a pipe, which kwskit spot reads"
    return ": it is a folder" if path.is_dir() else ""


@lru_cache(1000)
def _warn_once(message: str) -> None:
    logger.warning(message)
