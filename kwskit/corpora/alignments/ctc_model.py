"""Acoustic models that align by connectionist temporal classification."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from kwskit.aligners.dynamic_programming.ctc_viterbi import ctc_feasible, ctc_viterbi
from kwskit.constants import SAMPLE_RATE
from kwskit.errors import CorpusError
from kwskit.text_file import read_text

BLANK = 0  # in torchaudio's bundles, and here
SEPARATOR, ANYTHING = "|", "*"


class CtcModel:
    """A network that hears letters, and their names.

    Parameters
    ----------
    network :
        takes (1, samples) float32 at 16 kHz and gives (1, frames, labels), logits or log-probabilities, alone or
        first in a tuple
    labels : name of each output; the first is the blank, ``|`` stands between words, ``*`` for anything
    device : where the network runs
    """

    def __init__(self, network: nn.Module, labels: Sequence[str], device: str = "cpu"):
        self.network, self.labels, self.device = network.to(device).eval(), list(labels), device
        self._ids = {label: index for index, label in enumerate(labels)}

    @torch.inference_mode()
    def log_probs(self, samples: np.ndarray) -> Tensor:
        """(frames, labels) float32 on the CPU of int16 (samples,)."""
        given = self.network(torch.from_numpy(samples)[None].to(self.device, torch.float32) / 32768)
        logits = given if isinstance(given, Tensor) else given[0]
        if logits.ndim != 3 or logits.shape[2] != len(self.labels):
            raise CorpusError(
                f"the aligner's model gives {tuple(logits.shape)}; expected (1, frames, {len(self.labels)}), as many "
                "as there are labels"
            )
        return logits[0].float().log_softmax(-1).cpu()

    def spell(self, words: Sequence[str]) -> list[list[int]] | None:
        """Ids of the letters of each word, unknown letters left out; None when a word has no letter that is known."""
        spelt = []
        for word in words:
            ids = [self._id(char) for char in word]
            known = [i for i in ids if i is not None and i != BLANK]
            if not known and ANYTHING in self._ids:
                known = [self._ids[ANYTHING]]
            if not known:
                return None
            spelt.append(known)
        return spelt

    def spells(self, words: Sequence[str]) -> bool:
        """Whether every word has a letter that is known."""
        return self.spell(words) is not None

    def place(self, samples: np.ndarray, words: Sequence[str]) -> list[tuple[float, float, float | None]] | None:
        """Start and stop in seconds, and mean probability, of each word in int16 (samples,); None as of :meth:`align`.

        Raises
        ------
        CorpusError
            As of :meth:`log_probs`.
        """
        spelt = self.spell(words)
        log_probs = self.log_probs(samples)
        found = None if spelt is None else self.align(log_probs, spelt)
        if found is None:
            return None
        frame = len(samples) / SAMPLE_RATE / len(log_probs)
        return [(start * frame, stop * frame, score) for start, stop, score in found]

    def align(self, log_probs: Tensor, words: Sequence[Sequence[int]]) -> list[tuple[int, int, float]] | None:
        """First frame, frame after the last, and mean probability of each word of (frames, labels).

        None when there are fewer frames than letters. A CTC network names a letter in a few frames, often one: words
        begin and end with their letters' peaks, some hundredths of a second inside what a human would mark.
        """
        separator = [self._ids[SEPARATOR]] if SEPARATOR in self._ids else []
        tokens: list[int] = []
        ends = []
        for word in words:
            tokens += [*(separator if tokens else []), *word]
            ends.append(len(tokens))
        spans = token_spans(log_probs, tokens)
        if spans is None:
            return None
        found = []
        for word, end in zip(words, ends, strict=True):
            own = spans[end - len(word) : end]
            found.append((own[0][0], own[-1][1], sum(score for *_, score in own) / len(own)))
        return found

    def _id(self, char: str) -> int | None:
        for form in (char, char.lower(), char.upper()):
            if form in self._ids:
                return self._ids[form]
        return None


def load_ctc_model(name: str, device: str = "cpu") -> CtcModel:
    """A bundle of ``torchaudio.pipelines``, or a TorchScript file with ``<file>.labels.txt`` beside it.

    Bundles with letters are ``WAV2VEC2_ASR_BASE_960H`` (MIT; 360 MB) and its like, and ``MMS_FA`` (1,100 languages in
    Latin letters; CC-BY-NC-4.0; 1.2 GB). torchaudio takes their weights from the folder of ``torch.hub``, and downloads
    them there where they are not at hand. The labels' file has one label a line, the blank first.

    Raises
    ------
    CorpusError
        When there is no such file or bundle, or its weights cannot be had.
    """
    path = Path(name)
    if path.is_file():
        beside = path.with_suffix(".labels.txt")
        try:
            labels = read_text(beside).splitlines()
            return CtcModel(torch.jit.load(str(path), map_location="cpu"), labels, device)
        except OSError as error:
            raise CorpusError(f"{beside}: expected the labels of {path.name}, one a line: {error.strerror}") from error
        except (RuntimeError, ValueError) as error:
            raise CorpusError(f"{path}: is no TorchScript model: {str(error).splitlines()[0]}") from error
    from torchaudio import pipelines

    bundle = getattr(pipelines, name, None)
    if bundle is None or not hasattr(bundle, "get_labels"):
        known = [*(each for each in sorted(dir(pipelines)) if "_ASR_" in each), "MMS_FA"]
        raise CorpusError(f"{name}: neither a TorchScript file nor a bundle of torchaudio: {', '.join(known)}")
    try:
        return CtcModel(bundle.get_model(), bundle.get_labels(), device)
    except (OSError, RuntimeError) as error:
        raise CorpusError(
            f"{name}: its weights are not in {torch.hub.get_dir()} and cannot be downloaded: {error}"
        ) from error


def token_spans(log_probs: Tensor, tokens: Sequence[int]) -> list[tuple[int, int, float]] | None:
    """First frame, frame after the last, and mean probability of each token; None where they do not fit.

    By ``torchaudio.functional.forced_align`` where its compiled extension loads: it needs the torch and torchaudio
    builds of one CUDA version, there is none for CPU torch. Elsewhere by this package's own Viterbi search, which finds
    the same path, slower.
    """
    frames, target = len(log_probs), torch.tensor([list(tokens)])
    lengths = torch.tensor([frames]), torch.tensor([len(tokens)])
    if not tokens or not ctc_feasible(target, lengths[1], lengths[0])[0]:
        return None
    if has_forced_align():
        from torchaudio.functional import forced_align, merge_tokens

        path, scores = forced_align(log_probs[None], target.int(), blank=BLANK)
        merged = merge_tokens(path[0], scores[0].exp(), BLANK)
        return [(span.start, span.end, span.score) for span in merged]
    states = ctc_viterbi(log_probs[None], lengths[0], target, lengths[1], BLANK)[0][0].numpy()
    owners = (states - 1) // 2  # states 2u + 1 are token u, even ones blanks
    spans = []
    for index, token in enumerate(tokens):
        own = np.flatnonzero((owners == index) & (states % 2 == 1))
        probability = log_probs[torch.from_numpy(own), token].exp().mean().item()
        spans.append((int(own[0]), int(own[-1]) + 1, probability))
    return spans


@lru_cache(maxsize=1)
def has_forced_align() -> bool:
    """Whether torchaudio's forced alignment works here."""
    try:
        from torchaudio.functional import forced_align

        forced_align(torch.zeros(1, 2, 2), torch.ones(1, 1, dtype=torch.int32))
    except (ImportError, RuntimeError, AttributeError, OSError):
        return False
    return True
