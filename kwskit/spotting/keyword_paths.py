"""Where keywords may be said, by the phonemes that a model hears: a search along streams of posteriors."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

NEVER = np.float32(-1e9)
DOUBT = 8.0  # by how much, in log-probability, one frame can speak against a phoneme


class KeywordPaths:
    """The best path of every pronunciation that ends at each frame of B streams, all at once (ours).

    A path goes through the phonemes of a pronunciation, with blanks between them as CTC has it (Graves et al. 2006),
    and may begin anywhere. A frame costs how much less likely its phoneme is than the most likely one, at most
    ``DOUBT``; a path's score is minus its cost over the number of phonemes, so that 0 is what the model would have
    written down itself, and every phoneme weighs alike.

    Parameters
    ----------
    pronunciations : P sequences of token ids, without word boundaries, each of at least one
    blank : id of the blank
    streams : B
    """

    def __init__(self, pronunciations: Sequence[Sequence[int]], blank: int, streams: int = 1):
        sizes = np.array([2 * len(one) - 1 for one in pronunciations], np.int64)
        self._last = np.cumsum(sizes) - 1
        first = self._last - sizes + 1
        self._label = np.full(int(sizes.sum()), blank, np.int64)
        skips = np.zeros(len(self._label), bool)  # from the phoneme before to this one, past the blank
        for at, one in zip(first.tolist(), pronunciations, strict=True):
            self._label[at : at + 2 * len(one) - 1 : 2] = one
            for k in range(1, len(one)):
                skips[at + 2 * k] = one[k] != one[k - 1]
        self._first = first
        self._no_skip = np.where(skips, np.float32(0), NEVER)
        self._no_step = np.zeros(len(self._label), np.float32)
        self._no_step[first] = NEVER
        self.lengths = ((sizes + 1) // 2).astype(np.float32)
        self._score = np.full((streams, len(self._label)), NEVER, np.float32)
        self._start = np.zeros((streams, len(self._label)), np.int32)
        self.frames = 0  # heard

    def restart(self, stream: int) -> None:
        """Let ``stream`` begin anew with the next frame: no path goes on from before."""
        self._score[stream] = NEVER

    def push(self, log_probs: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
        """Scores (T, B, P) of the paths that end at each frame, and the frames (T, B, P) at which these begin.

        Parameters
        ----------
        log_probs : (T, B, V) of the frames that come next
        """
        count, streams = log_probs.shape[:2]
        costs = np.maximum(log_probs - log_probs.max(2, keepdims=True), np.float32(-DOUBT))
        scores = np.empty((count, streams, len(self._last)), np.float32)
        starts = np.empty((count, streams, len(self._last)), np.int32)
        score, start = self._score, self._start
        for t in range(count):
            step, skip = np.empty_like(score), np.empty_like(score)
            step[:, 0], skip[:, :2] = NEVER, NEVER
            np.add(score[:, :-1], self._no_step[1:], out=step[:, 1:])
            np.add(score[:, :-2], self._no_skip[2:], out=skip[:, 2:])
            stay = score >= step
            best, begun = np.where(stay, score, step), start.copy()
            np.copyto(begun[:, 1:], start[:, :-1], where=~stay[:, 1:])
            skipped = skip > best
            np.copyto(best, skip, where=skipped)
            np.copyto(begun[:, 2:], start[:, :-2], where=skipped[:, 2:])
            best[:, self._first], begun[:, self._first] = 0, self.frames + t  # no path costs less than to begin now
            score, start = best + costs[t][:, self._label], begun
            scores[t], starts[t] = score[:, self._last], start[:, self._last]
        self._score, self._start = score, start
        self.frames += count
        scores /= self.lengths
        return scores, starts
