"""Typed words, and words somebody has spoken, as queries of any system."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from kwskit.batch import Encoded
from kwskit.constants import SAMPLE_RATE
from kwskit.data.evaluation_batches import as_wav, evaluation_batches
from kwskit.data.store.packed_store import PackedStore
from kwskit.spotting.cohort import cohort_words, normalised, one_a_word
from kwskit.spotting.windows.listener import EncodedWindows
from kwskit.systems.enrolment import Enrolment
from kwskit.systems.system import System

COHORT, COHORT_OF_PAIRS = 300, 20


def window_encoder(system: System) -> Callable[[NDArray[np.int16]], Encoded]:
    """What turns windows (N, samples) int16 into what ``system``, in evaluation mode from now on, keeps of them."""
    device = next(system.eval().parameters()).device

    @torch.inference_mode()
    def encode(pcm: NDArray[np.int16]) -> Encoded:
        lens = torch.full((len(pcm),), pcm.shape[1], device=device)
        return system.encode_audio(as_wav(torch.from_numpy(pcm.copy()).to(device)), lens)

    return encode


class TypedQueries:
    """Queries enrolled by typing.

    Parameters
    ----------
    system, tokenizer : the model
    texts : the queries
    cohort : other words to normalise by; 0 for none, None as :class:`SearchSettings` has it

    Raises
    ------
    kwskit.text.g2p.UnpronounceableText
        For a query with no pronounceable letter.
    """

    def __init__(self, system: System, tokenizer: Any, texts: Sequence[str], cohort: int | None = None):
        self.texts = list(texts)
        if cohort is None:
            cohort = COHORT if keeps_one_embedding(system) else COHORT_OF_PAIRS
        self.enrolment = Enrolment(system, tokenizer, [*self.texts, *cohort_words(cohort, self.texts)])

    def __len__(self) -> int:
        return len(self.texts)

    def scores(self, windows: EncodedWindows[Encoded]) -> NDArray[np.float32]:
        found = self.enrolment.scores(windows.kept).float().cpu().numpy()
        own, cohort = found[:, : len(self)], found[:, len(self) :]
        return normalised(own, cohort) if cohort.shape[1] else own


class SpokenQueries:
    """Queries by example: utterances of a store, normalised by its utterances of other words, one a word.

    Parameters
    ----------
    system : one that keeps one embedding of an utterance
    store : where the examples are
    utt_ids : the queries
    cohort : utterances to normalise by, at most; 0 for none, None for 300

    Raises
    ------
    ValueError
        When the system judges pairs of speech and text, or the store has fewer than two other words for the cohort.
    KeyError
        When the store lacks an utterance.
    """

    def __init__(self, system: System, store: PackedStore, utt_ids: Sequence[str], cohort: int | None = None):
        if not keeps_one_embedding(system):
            raise ValueError(
                f"{type(system).__name__} judges speech against text: it cannot search for spoken queries; "
                "type them, or take a dual encoder"
            )
        self.system = system
        rows = store.indices_of(list(utt_ids))
        most = COHORT if cohort is None else cohort
        others = one_a_word(store.word_ids.tolist(), set(store.word_ids[rows].tolist()), most)
        if cohort != 0 and len(others) < 2:
            raise ValueError(f"{store.path} has no other words to normalise the scores of spoken queries by: cohort=0")
        self.count = len(rows)
        self.encoded = _encoded(system, store, np.concatenate([rows, np.array(others, np.int64)]))

    def __len__(self) -> int:
        return self.count

    def scores(self, windows: EncodedWindows[Encoded]) -> NDArray[np.float32]:
        with torch.inference_mode():
            found = self.system.score(windows.kept, self.encoded).float().cpu().numpy()
        own, cohort = found[:, : len(self)], found[:, len(self) :]
        return normalised(own, cohort) if cohort.shape[1] else own


def keeps_one_embedding(system: System) -> bool:
    """Whether ``system`` keeps one embedding of an utterance, comparable with any other, rather than its frames."""
    device = next(system.parameters()).device
    noise = torch.randn(1, SAMPLE_RATE, generator=torch.Generator().manual_seed(0)).mul_(0.01)
    with torch.inference_mode():
        return system.encode_audio(noise.to(device), torch.tensor([SAMPLE_RATE], device=device)).frames.shape[1] == 1


def _encoded(system: System, store: PackedStore, rows: np.ndarray) -> Encoded:
    """The utterances ``rows`` (N,), in this order; a row may be there twice."""
    device = next(system.parameters()).device
    distinct, place = np.unique(rows, return_inverse=True)
    parts, order = [], []
    with torch.inference_mode():
        for batch in evaluation_batches(store, distinct):
            parts.append(system.encode_audio(batch.wav.to(device), batch.wav_lens.to(device)))
            order.append(batch.rows)
    position = np.argsort(np.concatenate(order), kind="stable")  # of each distinct row
    return Encoded.join(parts).take(torch.from_numpy(position[place]).to(device))
