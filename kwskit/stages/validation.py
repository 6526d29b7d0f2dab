"""What decides which epoch's model is the best: the dev words."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from kwskit.data.store import PackedStore
from kwskit.evaluation.metrics import average_precision
from kwskit.evaluation.word_discrimination import acoustic_pairs
from kwskit.records import read_records
from kwskit.systems.scoring import TrialScorer, encode_store
from kwskit.systems.system import System

DEV_TRIALS = "dev_wsj"


def trials_validation(data: Path, tokenizer: Any) -> Callable[[System], float]:
    """Average precision of typed dev words against dev segments."""
    trials, _ = read_records(data / "trials" / f"{DEV_TRIALS}.tsv", "trials")
    dev = TrialScorer(PackedStore.open(data / "store" / "dev"), trials, tokenizer)
    targets = trials["target"].to_numpy()
    return lambda system: average_precision(targets, dev.scores(system))


def segments_validation(data: Path, tokenizer: Any) -> Callable[[System], float]:
    """Average precision of dev segments against each other, for systems whose losses see no text."""
    store = PackedStore.open(data / "store" / "dev")
    return lambda system: acoustic_pairs(encode_store(system, store).frames[:, 0], store.word_ids).average_precision


VALIDATIONS = {"trials": trials_validation, "segments": segments_validation}
