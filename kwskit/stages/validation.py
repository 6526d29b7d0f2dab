"""What decides which epoch's model is the best: the dev words."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from kwskit import collectives
from kwskit.batch import Encoded
from kwskit.data.records import read_records
from kwskit.data.store.packed_store import PackedStore
from kwskit.evaluation.metrics import average_precision
from kwskit.evaluation.trials import without_utterances
from kwskit.evaluation.word_discrimination import acoustic_pairs
from kwskit.systems.scoring import TrialScorer, encode_store_together
from kwskit.systems.system import System

DEV_TRIALS = "dev_wsj"


def trials_validation(data: Path, tokenizer: Any) -> Callable[[System], float]:
    """Average precision of typed dev words against dev segments, which all processes encode and the first scores."""
    listed, _ = read_records(data / "trials" / f"{DEV_TRIALS}.tsv", "trials")
    store = PackedStore.open(data / "store" / "dev")
    trials = without_utterances(listed, store.rejected)
    dev = TrialScorer(store, trials, tokenizer)
    targets = trials["target"].to_numpy()
    return _validation(dev.store, lambda system, audio: average_precision(targets, dev.scores(system, audio)))


def segments_validation(data: Path, tokenizer: Any) -> Callable[[System], float]:
    """Average precision of dev segments against each other, for systems whose losses see no text."""
    store = PackedStore.open(data / "store" / "dev")
    return _validation(store, lambda _, audio: acoustic_pairs(audio.frames[:, 0], store.word_ids).average_precision)


def _validation(store: PackedStore, judge: Callable[[System, Encoded], float]) -> Callable[[System], float]:
    def validate(system: System) -> float:
        audio = encode_store_together(system, store)
        return collectives.broadcast_from_first(0.0 if audio is None else judge(system, audio))

    return validate


VALIDATIONS = {"trials": trials_validation, "segments": segments_validation}
