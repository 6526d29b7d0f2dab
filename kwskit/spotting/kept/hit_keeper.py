"""What sets keywords off in a stream, and what nearly does, cut out and kept."""

import logging
import secrets
import time
from collections.abc import Callable, Generator, Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kwskit.constants import SAMPLE_RATE
from kwskit.spotting.hit import Hit
from kwskit.spotting.hit_picker import REFRACTORY
from kwskit.spotting.kept.kept_clip import KeptClip
from kwskit.spotting.kept.kept_folder import KeptFolder
from kwskit.spotting.kept.near import near_level, scorer_of
from kwskit.spotting.kept.stretch import Peak, Stretch
from kwskit.spotting.keyword import Keyword
from kwskit.spotting.peak_picker import PeakPicker
from kwskit.spotting.sound import as_pcm
from kwskit.spotting.spotter import Spotter
from kwskit.spotting.spotting_stream import SpottingStream
from kwskit.spotting.stream_resampler import resampled_blocks

AROUND = 1.0  # s of a clip before and after the window
BEHIND = 4.0  # s between the centre of a window and when it is known, at most
REMEMBERED = 30.0  # s of sound, from which clips are cut
STRETCH = 600.0  # s

logger = logging.getLogger(__name__)


class Listened(NamedTuple):
    """A keyword that is listened for, what scores it, and the least score of what nearly sets it off."""

    keyword: Keyword
    scorer: str
    level: float


class HitKeeper:
    """Keeps the hits of one stream, and the highest windows that are near none and nearly reach the threshold.

    Where a clip cannot be written, listening goes on, and the log says so.

    Parameters
    ----------
    folder : where they are kept
    listened : keywords of the stream in its order, each with its threshold
    source : what is listened to
    """

    def __init__(self, folder: KeptFolder, listened: Sequence[Listened], source: str):
        self.folder, self.listened, self.source = folder, listened, source
        self._pickers = [PeakPicker(1, max(REFRACTORY, one.keyword.seconds)) for one in listened]
        self._sound: list[NDArray[np.int16]] = []
        self._first, self._received = 0, 0  # samples
        self._known = 0.0  # s
        self._waiting: list[tuple[Listened, float, float, float]] = []  # start, stop, score; their sound is to come
        self._began, self._logged = time.time(), 0  # the stretch that goes on
        self._peaks: list[Peak] = []
        self._full = False

    def push(self, pcm: ArrayLike, hits: Sequence[Hit], stream: SpottingStream, last: bool = False) -> None:
        """What ``stream`` has told of ``pcm`` (samples,), the next of its sound."""
        samples, heard = as_pcm(pcm), stream.heard
        self._sound.append(samples)
        self._received += len(samples)
        self._known = max(self._known, heard.seen, float(heard.known.max(initial=0.0)))
        for k, (one, picker) in enumerate(zip(self.listened, self._pickers, strict=True)):
            self._waiting += [(one, hit.start, hit.end, hit.score) for hit in hits if hit.keyword == one.keyword.name]
            near = (heard.score[:, k] >= one.level) & (heard.score[:, k] < np.inf)
            seen = np.inf if last else self._known - BEHIND
            peaks = picker.push(heard.start[near], heard.stop[near], heard.score[near, k : k + 1], seen)
            for start, stop, score in zip(peaks.start.tolist(), peaks.stop.tolist(), peaks.score.tolist(), strict=True):
                if score < one.keyword.threshold:  # what reaches it is a hit, or too close to one
                    self._waiting.append((one, start, stop, score))
        now = self._received / SAMPLE_RATE
        for peak in [peak for peak in self._waiting if last or peak[2] + AROUND <= now]:
            self._keep(*peak)
            self._waiting.remove(peak)
        while self._received - self._first - len(self._sound[0]) > REMEMBERED * SAMPLE_RATE:
            self._first += len(self._sound.pop(0))
        if last or (self._received - self._logged) / SAMPLE_RATE >= STRETCH:
            self._log()

    def finish(self, hits: Sequence[Hit], stream: SpottingStream) -> None:
        """What waited for the stream to go on: to be called after its own ``finish``."""
        self.push(np.zeros(0, np.int16), hits, stream, last=True)

    def _keep(self, one: Listened, start: float, stop: float, score: float) -> None:
        sound = np.concatenate(self._sound)
        first = max(self._first, round((start - AROUND) * SAMPLE_RATE))
        clip = sound[first - self._first : round((stop + AROUND) * SAMPLE_RATE) - self._first]
        begin, end = max(0.0, start - first / SAMPLE_RATE), min(stop - first / SAMPLE_RATE, len(clip) / SAMPLE_RATE)
        kept = KeptClip(
            id=secrets.token_hex(6),
            keyword=one.keyword.name,
            scorer=one.scorer,
            score=score,
            threshold=one.keyword.threshold,
            heard=time.time() - (self._received / SAMPLE_RATE - start),
            start=begin,
            stop=end,
            source=self.source,
        )
        self._peaks.append(Peak(kept.id, one.scorer, kept.score))
        if begin < end:  # else its sound is forgotten, for the scores about it stayed high for so long
            self._written(lambda: self.folder.add(clip, kept))

    def _log(self) -> None:
        seconds = (self._received - self._logged) / SAMPLE_RATE
        names = {one.scorer: one.keyword.name for one in self.listened}
        levels = {one.scorer: one.level for one in self.listened}
        if seconds > 0 and names:
            stretch = Stretch(self._began, seconds, names, levels, tuple(self._peaks))
            self._written(lambda: self.folder.log(stretch))
        self._began, self._logged, self._peaks = time.time(), self._received, []

    def _written(self, write: Callable[[], object]) -> None:
        try:
            write()
            self._full = False
        except OSError as error:
            if not self._full:
                logger.warning("%s: not kept: %s", self.folder.path, error)
            self._full = True


def listened_for(spotter: Spotter, keywords: Iterable[Keyword]) -> list[Listened]:
    """``keywords`` as a :class:`HitKeeper` takes them."""
    return [Listened(one, scorer_of(spotter, one), near_level(spotter, one)) for one in keywords]


def kept_hits(
    spotter: Spotter, folder: KeptFolder, blocks: Iterable[ArrayLike], rate: int, source: str
) -> Generator[Hit, None, None]:
    """The hits that :meth:`Spotter.stream` gives, each kept in ``folder`` with what is nearly one.

    What has been heard is kept, too, where somebody ends it or the sound breaks off.
    """
    keywords = list(spotter.keywords.values())
    stream = spotter.listen_for(keywords)
    keeper = HitKeeper(folder, listened_for(spotter, keywords), source)
    finished: list[Hit] = []
    try:
        for block in resampled_blocks(blocks, rate):
            hits = stream.push(block)
            keeper.push(block, hits, stream)
            yield from hits
    finally:
        finished = stream.finish()
        keeper.finish(finished, stream)
    yield from finished
