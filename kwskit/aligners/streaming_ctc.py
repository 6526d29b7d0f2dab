"""CTC alignment of one keyword, frame by frame."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class TokenStart:
    """Where a path entered a token: what all paths that go on from there share.

    Attributes
    ----------
    time : the frame's number
    before : (d,) float64 sum of all frames before it
    previous : the start of the token before, None for the first
    """

    time: int
    before: Tensor
    previous: "TokenStart | None"


class StreamingCtc:
    """Viterbi search for one keyword in a stream (Jin et al. 2024): O(U) time a frame for U tokens.

    Every state keeps the score of its best path and a link to where that path's tokens began, with the running sum of
    the frames up to there; a token's embedding is the difference of two such sums over the
    frames between. Only links are copied from state to state, so neither time nor memory grow with the stream.

    Started once, it finds what :func:`~kwskit.aligners.ctc_viterbi.ctc_viterbi` finds in the frames so far. With
    ``restart`` a path may begin at any frame, and the score is the best over all beginnings. Sums of log-probabilities
    favour late beginnings; to compare beginnings fairly push log-probabilities less those of the frame's best
    class, which ``relative`` does (ours).

    Parameters
    ----------
    tokens : token ids of the keyword, at least one
    blank : id of the blank
    restart : whether a path may begin at every frame, or at the first only
    relative : take off every frame's largest log-probability
    """

    def __init__(self, tokens: Sequence[int], blank: int, restart: bool = True, relative: bool = False):
        if not tokens:
            raise ValueError("a keyword needs at least one token")
        self.restart, self.relative = restart, relative
        self.tokens = [int(token) for token in tokens]
        self._labels = [blank] * (2 * len(tokens) + 1)
        self._labels[1::2] = self.tokens
        self._skips = [
            state > 2 and state % 2 == 1 and label != self._labels[state - 2]
            for state, label in enumerate(self._labels)
        ]
        self.reset()

    def reset(self) -> None:
        """Forget the stream."""
        self.time = 0
        self._sum: Tensor | None = None
        self._scores = [-math.inf] * len(self._labels)
        self._starts: list[TokenStart | None] = [None] * len(self._labels)

    def push(self, log_probs: Tensor, frame: Tensor) -> tuple[float, Tensor | None]:
        """Hear one more frame.

        Parameters
        ----------
        log_probs : (V,) log-probabilities of the frame
        frame : (d,) its embedding

        Returns
        -------
        tuple
            log-probability of the best path that ends here, and its token embeddings (U, d) in the frame's dtype;
            -inf and None as long as there is none
        """
        if self._sum is None:
            self._sum = torch.zeros_like(frame, dtype=torch.float64)
        ground = float(log_probs.max()) if self.relative else 0.0
        emitted = log_probs[self._labels].tolist()
        old, links = self._scores, self._starts
        enter = 0.0 if self.restart or self.time == 0 else -math.inf
        scores, starts = [], []
        for state, emission in enumerate(emitted):
            best, origin = old[state], state
            if state > 0 and old[state - 1] > best:
                best, origin = old[state - 1], state - 1
            if self._skips[state] and old[state - 2] > best:
                best, origin = old[state - 2], state - 2
            link = links[origin]
            if state < 2 and enter > best:
                best, origin, link = enter, -1, None
            if state % 2 == 1 and origin != state and best > -math.inf:
                link = TokenStart(self.time, self._sum, link)
            scores.append(best + emission - ground)
            starts.append(link)
        self._scores, self._starts = scores, starts
        self._sum = self._sum + frame
        self.time += 1
        score = max(scores[-2:])
        return score, self._token_embeddings().to(frame) if score > -math.inf else None

    @property
    def starts(self) -> list[int]:
        """Frame numbers at which the best path's tokens begin; empty as long as there is no path."""
        link, found = self._best(), []
        while link is not None:
            found.append(link.time)
            link = link.previous
        return found[::-1]

    def _best(self) -> TokenStart | None:
        """Start of the last token of the best complete path."""
        if max(self._scores[-2:]) == -math.inf:
            return None
        return self._starts[-1] if self._scores[-1] >= self._scores[-2] else self._starts[-2]

    def _token_embeddings(self) -> Tensor:
        assert self._sum is not None
        link, until, end, found = self._best(), self._sum, self.time, []
        while link is not None:
            found.append((until - link.before) / (end - link.time))
            until, end, link = link.before, link.time, link.previous
        return torch.stack(found[::-1])
