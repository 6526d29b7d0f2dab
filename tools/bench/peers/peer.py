"""What the comparison asks of a spotter, and of the package that it is of."""

import importlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from spotters.spotter_face import KeywordDetection

MOMENT = 0.1  # s before it is told in which a detection is placed whose package does not say when it was


class PeerUnavailable(RuntimeError):
    """A peer cannot be measured here; the message says what would let it."""


@dataclass(frozen=True)
class PeerSettings:
    """What peers are built of.

    Attributes
    ----------
    model : of kwskit
    fa_per_hour : that kwskit's thresholds are asked for
    kws_threshold : of PocketSphinx
    sherpa, vosk, porcupine, openwakeword : folders of what is no part of these packages
    """

    model: str = "english"
    fa_per_hour: float = 0.5
    kws_threshold: float = 1e-20
    sherpa: Path | None = None
    vosk: Path | None = None
    porcupine: Path | None = None
    openwakeword: Path | None = None


class Peer(Protocol):
    """A spotter of one package: built, given its keywords, and then pushed one recording after another.

    It is built of :class:`PeerSettings` and of ``sweep``: whether it tells all that it could detect, with a score by
    which a threshold accepts it (higher is surer), or what a user gets.

    Attributes
    ----------
    detects : whether its detections are of typed keywords; otherwise it is measured for its cost alone
    """

    detects: bool

    def enrol(self, keywords: Sequence[str]) -> None:
        """Take keywords, once.

        Raises
        ------
        PeerUnavailable
            When it cannot hear one of them.
        """
        ...

    def push(self, block: NDArray[np.int16]) -> Sequence[KeywordDetection]:
        """What is known after ``block`` (samples,), int16 at 16 kHz, in seconds of the recording."""
        ...

    def finish(self) -> Sequence[KeywordDetection]:
        """What is known as the recording ends; the next push begins another one."""
        ...


class PeerPackage(NamedTuple):
    """Where the adapter of a package is, and what the package is called."""

    place: str
    distribution: str
    thresholds: str  # whose the threshold of its own is


PEERS = {
    "kwskit": PeerPackage("kwskit_peer:KwskitPeer", "kwskit", "each keyword's of enrolment, for --fa-per-hour"),
    "PocketSphinx": PeerPackage("pocketsphinx_peer:PocketSphinxPeer", "pocketsphinx", "one --kws-threshold for all"),
    "sherpa-onnx": PeerPackage("sherpa_peer:SherpaPeer", "sherpa-onnx", "keywords_threshold 0.25, its default"),
    "Vosk": PeerPackage("vosk_peer:VoskPeer", "vosk", "whatever its grammar recognises"),
    "Porcupine": PeerPackage("porcupine_peer:PorcupinePeer", "pvporcupine", "sensitivity 0.5, its default"),
    "openWakeWord": PeerPackage("openwakeword_peer:OpenWakeWordPeer", "pyopen-wakeword", "0.5, its default"),
    "livekit-wakeword": PeerPackage("livekit_peer:LiveKitPeer", "livekit-wakeword", ""),
}


@contextmanager
def packaged(name: str) -> Iterator[None]:
    """Turn a missing package of the peer ``name`` into what to install.

    Raises
    ------
    PeerUnavailable
        In the place of ImportError.
    """
    try:
        yield
    except ImportError as error:
        raise PeerUnavailable(f"{name}: pip install {PEERS[name].distribution} ({error})") from error


def build(name: str, settings: PeerSettings, sweep: bool) -> Peer:
    """The peer of a name of ``PEERS``, without keywords.

    Raises
    ------
    PeerUnavailable
        When its package, or what it needs besides, is not here.
    """
    module, _, peer = PEERS[name].place.partition(":")
    with packaged(name):
        return getattr(importlib.import_module(f"peers.{module}"), peer)(settings, sweep)


def folder_of(name: str, given: Path | None, flag: str, what: str) -> Path:
    """``given``, where it is a folder.

    Raises
    ------
    PeerUnavailable
        Otherwise, with the flag, and what the folder has to hold.
    """
    if given is None:
        raise PeerUnavailable(f"{name}: {flag} FOLDER of {what}")
    if not given.is_dir():
        raise PeerUnavailable(f"{name}: {flag} {given}: no such folder; it holds {what}")
    return given
