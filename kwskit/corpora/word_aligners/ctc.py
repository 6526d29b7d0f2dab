"""CTC networks as word aligners."""

from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from kwskit.corpora.alignments.forced_alignment import UtteranceAligner
from kwskit.registry import register


@register("word_aligner", "ctc")
class CtcAligner(UtteranceAligner):
    """Words placed by the letters of a CTC network (Kürzinger et al. 2020), in the network's own frames. Needs torch.

    Parameters
    ----------
    model : bundle of ``torchaudio.pipelines``, downloaded where it is missing, or a TorchScript file with
        ``<file>.labels.txt`` beside it
    device : where the network runs, such as ``cpu``; None is a GPU where there is one

    Raises
    ------
    CorpusError
        As of :func:`~kwskit.corpora.alignments.ctc_model.load_ctc_model`.
    ValueError
        When torch cannot compute on ``device``.
    """

    name = "ctc"

    def __init__(self, model: str = "WAV2VEC2_ASR_BASE_960H", device: str | None = None):
        # This file is imported to list the aligners; torch only to use this one.
        from kwskit.corpora.alignments.ctc_model import load_ctc_model
        from kwskit.devices import usable_device

        self._model = load_ctc_model(model, str(usable_device(device)))
        self._made_with = (model, device)

    def __reduce__(self) -> tuple[Callable[..., "CtcAligner"], tuple[str, str | None]]:
        """What has weights is not pickled: another process loads them, once."""
        return _loaded, self._made_with

    def spells(self, words: Sequence[str]) -> bool:
        """Whether every word has a letter that the network knows."""
        return self._model.spells(words)

    def place(self, samples: NDArray[np.int16], words: Sequence[str]) -> list[tuple[float, float, float | None]] | None:
        """Start and stop in seconds, and mean probability of the letters, of each word in (samples,) at 16 kHz."""
        return self._model.place(samples, words)


@lru_cache(1)
def _loaded(model: str, device: str | None) -> CtcAligner:
    return CtcAligner(model, device)
