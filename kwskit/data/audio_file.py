"""An audio file that is open, and what its header may say."""

import os
import re
from math import gcd
from pathlib import Path
from typing import BinaryIO

import numpy as np
import soundfile

from kwskit.constants import SAMPLE_RATE
from kwskit.errors import AudioError

# Rates in Hz that make sense. At 16 kHz, sound of a lower one would be far longer than its file.
RATES = (1_000, 768_000)
# A rate in Hz that shares no factor with 16 kHz needs a filter as long as itself.
ODDEST_RATE = 50_000
# Values (samples of all channels) decoded at once: a header may promise more than there is memory for.
VALUES = 1 << 22
# Sizes of so many bytes and more stand in the headers of files whose writer could not go back to mend them.
OPEN_ENDED = 0x7FF00000
# What libsndfile's log says of a file that is shorter than its header promises.
_BYTES = re.compile(r"^\s*(?:data|SSND|Data Size|riff)\s*: (\d+) \(should be (\d+)\)", re.MULTILINE)
_FRAMES = re.compile(r"frame count (\d+) does not match value from 'ds64' chunk of (\d+)")
# In an MP3's first frame, before a table of contents that gives its exact length.
_CONTENTS = (b"Xing", b"Info", b"VBRI")


class AudioFile:
    """A file that soundfile reads, as mono; to be used in a ``with`` statement.

    Nothing is allocated on the word of a header: samples are decoded as long as there are some.

    Parameters
    ----------
    path : of the file, or a file open for reading, which messages call by its ``str``

    Attributes
    ----------
    rate : in Hz; channels : their number; frames : samples of a channel

    Raises
    ------
    AudioError
        When the file cannot be read, is empty, shorter than its header promises, or has a rate that makes no sense.
    """

    def __init__(self, path: str | Path | BinaryIO):
        self._path = Path(path) if isinstance(path, str | Path) else path
        head = _head(self._path)
        try:
            self._sound = soundfile.SoundFile(_name(self._path) if isinstance(self._path, Path) else self._path)
        except soundfile.SoundFileError as error:
            raise AudioError(f"{path}: not readable as audio: {reason(error)}") from error
        except TypeError as error:  # soundfile wants to be told the format of what is called .raw
            raise AudioError(f"{path}: a file of this name has no header; convert it to WAV or FLAC") from error
        try:
            self.rate: int = self._sound.samplerate
            self.channels: int = self._sound.channels
            # Without a table of contents the length of an MP3 is a guess.
            guessed = self._sound.format == "MP3" and not any(sign in head for sign in _CONTENTS)
            self.frames: int = self._count() if guessed else self._sound.frames
            self._check()
        except BaseException:
            self._sound.close()
            raise

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
        sound = self._sound
        if last <= first:
            return np.zeros(0, np.float32)
        exact = self.rate == SAMPLE_RATE and self.channels == 1 and sound.subtype == "PCM_16"
        parts, at = [], first
        try:
            sound.seek(first)
            while at < last:
                wanted = min(last - at, max(1, VALUES // self.channels))
                samples = sound.read(wanted, dtype="int16" if exact else "float32", always_2d=True)
                with np.errstate(invalid="ignore"):  # of infinite samples, which are refused later
                    parts.append(samples[:, 0] if self.channels == 1 else samples.mean(axis=1))
                at += len(samples)
                if len(samples) < wanted:
                    raise AudioError(
                        f"{self._path}: cannot be decoded: the header promises {self.frames} samples, "
                        f"the data ends after {at}"
                    )
        except soundfile.SoundFileError as error:
            raise AudioError(f"{self._path}: cannot be decoded: {reason(error)}") from error
        return np.concatenate(parts)

    def __enter__(self) -> "AudioFile":
        return self

    def __exit__(self, *_: object) -> None:
        self._sound.close()

    def _count(self) -> int:
        """How many samples can be decoded."""
        count = 0
        try:
            while decoded := len(self._sound.read(VALUES // self.channels, dtype="int16")):
                count += decoded
        except soundfile.SoundFileError as error:
            raise AudioError(f"{self._path}: cannot be decoded: {reason(error)}") from error
        return count

    def _check(self) -> None:
        rate, told = self.rate, self._sound.extra_info
        if self.frames <= 0:
            raise AudioError(f"{self._path}: holds no samples")
        if not RATES[0] <= rate <= RATES[1]:
            raise AudioError(
                f"{self._path}: the header gives a rate of {rate:,} Hz; {RATES[0]:,} to {RATES[1]:,} Hz can be read"
            )
        if rate // gcd(rate, SAMPLE_RATE) > ODDEST_RATE:
            raise AudioError(f"{self._path}: a rate of {rate:,} Hz cannot be resampled to {SAMPLE_RATE:,} Hz")
        for promised, present in _BYTES.findall(told):
            if int(present) < int(promised) < OPEN_ENDED:
                raise AudioError(f"{self._path}: cut short: the header promises {promised} bytes, there are {present}")
        for present, promised in _FRAMES.findall(told):
            if int(present) < int(promised):
                raise AudioError(
                    f"{self._path}: cut short: the header promises {promised} samples, there are {present}"
                )


def reason(error: Exception) -> str:
    """What libsndfile says, without the file's name; the message of any other error."""
    return getattr(error, "error_string", None) or str(error)


def _head(file: Path | BinaryIO) -> bytes:
    """The first bytes of a regular file's audio, an ID3 tag skipped."""
    if isinstance(file, Path):
        try:
            if not file.is_file():  # a pipe would be waited for
                raise AudioError(f"{file}: no such audio file")
            if file.stat().st_size == 0:
                raise AudioError(f"{file}: the file is empty (0 bytes)")
            with file.open("rb") as opened:
                return _head(opened)
        except OSError as error:
            raise AudioError(f"{file}: cannot be read: {error.strerror}") from error
    file.seek(0)
    head = file.read(1024)
    if head[:3] == b"ID3":
        file.seek(10 + sum(byte << 7 * place for byte, place in zip(head[6:10], (3, 2, 1, 0), strict=False)))
        head = file.read(1024)
    file.seek(0)
    return head


def _name(path: Path) -> bytes | str:
    """As soundfile takes it: names need not be UTF-8."""
    return str(path) if os.name == "nt" else os.fsencode(path)
