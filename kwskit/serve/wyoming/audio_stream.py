"""One stream of a satellite's sound."""

from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

from wyoming.wake import Detection

from kwskit.constants import SAMPLE_RATE
from kwskit.serve.refusal import Refusal
from kwskit.serve.wyoming.pcm_format import PcmFormat
from kwskit.spotting.hit import Hit
from kwskit.spotting.spotting_stream import SpottingStream
from kwskit.spotting.stream_resampler import StreamResampler

BLOCK_SECONDS = 1.0  # of one piece of work, so that no satellite waits long for another
REMEMBERED = 20.0  # s of chunks whose times are known; hits are told sooner
APART = 0.01  # s between chunks whose times are remembered


class AudioStream:
    """What lies between a satellite's ``audio-start`` and ``audio-stop``; chunks may change their format on the way.

    Parameters
    ----------
    stream : hears the keywords
    begin : ms of the satellite's clock at which the stream begins, for chunks without a time

    Attributes
    ----------
    detected : whether a keyword has been heard
    """

    def __init__(self, stream: SpottingStream, begin: int = 0):
        self._stream, self._begin = stream, begin
        self._format: PcmFormat | None = None
        self._resampler: StreamResampler | None = None
        self._seconds = 0.0
        self._chunks: deque[tuple[float, int]] = deque()  # second of the stream, ms of the satellite's clock
        self.detected = False

    def chunk(self, data: dict[str, Any], audio: bytes) -> list[Callable[[], list[Detection]]]:
        """Pieces of work that return what is certain after a chunk; to be done in their order.

        Parameters
        ----------
        data : ``rate`` in Hz, ``width`` in bytes, ``channels``, and perhaps ``timestamp`` in ms
        audio : samples, interleaved

        Raises
        ------
        Refusal
            When that is no format, or the samples are not of it, or the time is none.
        """
        own = PcmFormat.of(data)
        resampler = self._resampler if own == self._format else _resampler(own.rate)
        blocks = own.blocks(audio, BLOCK_SECONDS)
        self._remember(given_time(data))
        pieces: list[Callable[[], list[Detection]]] = []
        if own != self._format:
            pieces.append(partial(self._change, resampler))
            self._format = own
        self._seconds += len(audio) // (own.width * own.channels) / own.rate
        return pieces + [partial(self._push, own, block) for block in blocks]

    def finish(self) -> list[Detection]:
        """What waited for the stream to go on."""
        return self._change(None) + self._detections(self._stream.finish())

    def _change(self, resampler: StreamResampler | None) -> list[Detection]:
        """What the samples complete that the resampler of a rate so far still had."""
        rest = [] if self._resampler is None else self._stream.push(self._resampler.finish())
        self._resampler = resampler
        return self._detections(rest)

    def _push(self, own: PcmFormat, block: bytes) -> list[Detection]:
        pcm = own.mono(block)
        at_16_khz = pcm if self._resampler is None else self._resampler.push(pcm)
        return self._detections(self._stream.push(at_16_khz))

    def _detections(self, hits: list[Hit]) -> list[Detection]:
        self.detected |= bool(hits)
        return [Detection(name=hit.keyword, timestamp=self._time(hit.end)) for hit in hits]

    def _remember(self, time: int | None) -> None:
        """When the chunk begins that comes next."""
        if not self._chunks or self._seconds >= self._chunks[-1][0] + APART:
            computed = self._begin + round(1000 * self._seconds)
            self._chunks.append((self._seconds, computed if time is None else time))
        while len(self._chunks) > 1 and self._chunks[1][0] < self._seconds - REMEMBERED:
            self._chunks.popleft()

    def _time(self, second: float) -> int:
        """When the chunk began in which ``second`` lies, in ms."""
        times = [time for begin, time in self._chunks if begin < second]
        return times[-1] if times else self._chunks[0][1]


def given_time(data: dict[str, Any]) -> int | None:
    """``timestamp`` of an event in ms, if it has one.

    Raises
    ------
    Refusal
        When that is no number.
    """
    time = data.get("timestamp")
    if time is None:
        return None
    if isinstance(time, bool) or not isinstance(time, int | float) or not abs(time) < 2**63:
        raise Refusal(400, f"timestamp of an event is a number of milliseconds, not {repr(time)[:40]}.")
    return round(time)


def _resampler(rate: int) -> StreamResampler | None:
    try:
        return None if rate == SAMPLE_RATE else StreamResampler(rate)
    except ValueError as error:
        raise Refusal(400, f"{error}.") from error
