"""One stream of sound that soundfile decodes."""

import os
import sys
from pathlib import Path
from typing import BinaryIO

import numpy as np
import soundfile

from kwskit.constants import SAMPLE_RATE
from kwskit.data.file_section import FileSection
from kwskit.errors import AudioError

# Values (samples of all channels) decoded at once: a header may promise more than there is memory for.
VALUES = 1 << 22
# libsndfile says that it can go back in these, and cannot.
ONE_WAY = {"DWVW_12", "DWVW_16", "DWVW_24"}
# A frame of an MP3 may need several before it (its bit reservoir), which libsndfile does not read at a seek: it gives
# silence for them.
RESERVOIR = "MP3"
# What libsndfile gives for a FLAC whose header does not say how long it is.
UNKNOWN = sys.maxsize
# Seconds kept of a stream that cannot go back: resampling asks again for a little of what was read last.
BEHIND = 1.0


class SoundStream:
    """A file, or a section of one, as mono.

    Nothing is allocated on the word of a header: samples are decoded as long as there are some. A stream that cannot
    go back (GSM 6.10, G.721, MP3, FLAC of unknown length) is opened anew where it has to.

    Parameters
    ----------
    source : path, or a file open for reading
    name : of the file, for messages
    count_mp3 : whether the samples of an MP3 are counted, because its length is a guess without a table of contents

    Attributes
    ----------
    rate : in Hz; channels : their number; frames : samples of a channel; format, subtype : as libsndfile calls them

    Raises
    ------
    AudioError
        When it cannot be opened, or counted.
    """

    def __init__(self, source: Path | FileSection | BinaryIO, name: str, count_mp3: bool = False):
        self._source, self._name = source, name
        # Of a stream that cannot go back: the next sample, and the mean of the channels just before it.
        self._at, self._behind = 0, np.zeros(0, np.float32)
        self._sound = self._open(soundfile.SoundFile)
        try:
            self.rate: int = self._sound.samplerate
            self.channels: int = self._sound.channels
            self.format, self.subtype = self._sound.format, self._sound.subtype
            self.frames: int = self._sound.frames
            self._exact = self.rate == SAMPLE_RATE and self.channels == 1 and self.subtype == "PCM_16"
            unknown = self.frames >= UNKNOWN
            self._one_way = unknown or not self._sound.seekable() or self.subtype in ONE_WAY or self.format == RESERVOIR
            if self._one_way:
                self._rewind()
            if unknown or (count_mp3 and self.format == RESERVOIR):
                self.frames = self._count()
        except BaseException:
            self.close()
            raise

    @property
    def log(self) -> str:
        """What libsndfile noted of the header."""
        return self._sound.extra_info

    def mono(self, first: int, last: int) -> np.ndarray:
        """Samples ``first`` to before ``last``, (samples,), of all channels' mean.

        They are int16 where the stream holds 16 bits of one channel at 16 kHz, and else float32.

        Raises
        ------
        AudioError
            When they cannot be decoded, or are fewer than the header promises.
        """
        try:
            if not self._one_way:
                self._sound.seek(first)
                return np.concatenate(self._decode(first, last))
            if first < self._at - len(self._behind):
                self._rewind()
            if first > self._at:
                self._pass(first)
            parts = self._decode(self._at, last) if last > self._at else []
            known = np.concatenate([self._behind, *parts])
            start = self._at - len(self._behind)
            self._at = max(self._at, last)
            self._behind = known[max(0, len(known) - round(BEHIND * self.rate)) :]
            return known[first - start : last - start]
        except soundfile.SoundFileError as error:
            raise AudioError(f"{self._name}: cannot be decoded: {reason(error)}") from error

    def close(self) -> None:
        """Close what was opened here."""
        self._sound.close()

    def _open(self, kind: type[soundfile.SoundFile]) -> soundfile.SoundFile:
        source = self._source
        try:
            if not isinstance(source, Path):
                source.seek(0)
            return kind(_encoded(source) if isinstance(source, Path) else source)
        except soundfile.SoundFileError as error:
            raise AudioError(f"{self._name}: not readable as audio: {reason(error)}") from error
        except TypeError as error:  # soundfile wants to be told the format of what is called .raw
            raise AudioError(f"{self._name}: a file of this name has no header; convert it to WAV or FLAC") from error

    def _rewind(self) -> None:
        self._sound.close()
        self._sound = self._open(_OneWay)
        self._at, self._behind = 0, np.zeros(0, np.int16 if self._exact else np.float32)

    def _pass(self, first: int) -> None:
        """Decode up to ``first``, keeping the end of it."""
        while self._at < first:
            step = min(first - self._at, max(1, VALUES // self.channels))
            parts = self._decode(self._at, self._at + step)
            self._at += step
            known = np.concatenate([self._behind, *parts])
            self._behind = known[max(0, len(known) - round(BEHIND * self.rate)) :]

    def _decode(self, at: int, last: int) -> list[np.ndarray]:
        parts = []
        while at < last:
            wanted = min(last - at, max(1, VALUES // self.channels))
            samples = self._sound.read(wanted, dtype="int16" if self._exact else "float32", always_2d=True)
            with np.errstate(invalid="ignore"):  # of infinite samples, which are refused later
                parts.append(samples[:, 0] if self.channels == 1 else samples.mean(axis=1))
            at += len(samples)
            if len(samples) < wanted:
                raise AudioError(
                    f"{self._name}: cannot be decoded: the header promises {self.frames} samples, "
                    f"the data ends after {at}"
                )
        return parts

    def _count(self) -> int:
        """How many samples can be decoded."""
        count = 0
        try:
            while decoded := len(self._sound.read(max(1, VALUES // self.channels), dtype="int16")):
                count += decoded
        except soundfile.SoundFileError as error:
            raise AudioError(f"{self._name}: cannot be decoded: {reason(error)}") from error
        if self._one_way:
            self._rewind()
        return count


class _OneWay(soundfile.SoundFile):
    """Read from its start on: soundfile seeks after every read, which not every decoder can."""

    def seekable(self) -> bool:
        return False


def reason(error: Exception) -> str:
    """What libsndfile says, without the file's name; the message of any other error."""
    return getattr(error, "error_string", None) or str(error)


def _encoded(path: Path) -> bytes | str:
    """As soundfile takes it: names need not be UTF-8."""
    return str(path) if os.name == "nt" else os.fsencode(path)
