"""Where a model goes wrong: the pairs of words it confuses, its worst misses and its worst false alarms."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from kwskit.data.records import RecordError
from kwskit.evaluation.scored_trials import ScoredTrials


def confusions(path: str | Path, spoken: Mapping[str, str], count: int = 20) -> dict[str, Any]:
    """The worst errors of a score file, ready for JSON.

    Parameters
    ----------
    path : a score file
    spoken : the word spoken in each utterance, by utterance id (from a manifest)
    count : length of each list, at most

    Returns
    -------
    ``threshold``, that of the (nearest) equal error rate; ``pairs``, typed and spoken words that differ, the most
    often accepted at the threshold first, equals by their mean score: ``{typed, spoken, trials, accepted, score}``;
    ``misses``, the targets with the lowest scores: ``{typed, spoken, utt_id, score, best, best_score}`` with the
    best other word tried against the utterance (None without one); ``false_alarms``, the non-targets with the
    highest: ``{typed, spoken, utt_id, score}``

    Raises
    ------
    RecordError
        As :func:`kwskit.evaluation.scorer.score_file_results`, and when an utterance is not in ``spoken``.
    """
    scored = ScoredTrials.read(path)
    curve = scored.curve()
    threshold = float(curve.thresholds[curve.nearest_crossing])
    scored = scored.distinct()
    utt_ids = scored.utt_ids.to_pylist()
    unknown = [utt for utt in utt_ids if utt not in spoken]
    if unknown:
        raise RecordError(f"{path}: the word of utterance '{unknown[0]}' is not known ({len(unknown)} such utterances)")
    heard = pa.array([spoken[utt] for utt in utt_ids], pa.string()).dictionary_encode()
    said = heard.indices.to_numpy()[scored.utterances]  # (T,) word spoken in each trial's utterance
    typed_words, said_words = scored.vocabulary.to_pylist(), heard.dictionary.to_pylist()

    def trial(row: int) -> dict[str, Any]:
        return {
            "typed": typed_words[scored.words[row]],
            "spoken": said_words[said[row]],
            "utt_id": utt_ids[scored.utterances[row]],
            "score": float(scored.scores[row]),
        }

    targets, others = np.flatnonzero(scored.targets == 1), np.flatnonzero(scored.targets == 0)
    worst_misses = targets[np.argsort(scored.scores[targets], kind="stable")[:count]]
    worst_alarms = others[np.argsort(-scored.scores[others], kind="stable")[:count]]
    misses = []
    for row in worst_misses:
        rivals = others[scored.utterances[others] == scored.utterances[row]]
        best = trial(rivals[scored.scores[rivals].argmax()]) if len(rivals) else {"typed": None, "score": None}
        misses.append({**trial(row), "best": best["typed"], "best_score": best["score"]})
    # Each pair of words once, with the number of its trials, of those accepted and the sum of the scores.
    keys, rows = np.unique(scored.words[others].astype(np.int64) * len(said_words) + said[others], return_inverse=True)
    trials, total = np.bincount(rows), np.bincount(rows, scored.scores[others])
    accepted = np.bincount(rows, scored.scores[others] >= threshold).astype(np.int64)
    pairs = []
    for pair in np.lexsort([-total / trials, -accepted])[:count]:
        words = {
            "typed": typed_words[keys[pair] // len(said_words)],
            "spoken": said_words[keys[pair] % len(said_words)],
        }
        counted = {"trials": int(trials[pair]), "accepted": int(accepted[pair])}
        pairs.append({**words, **counted, "score": float(total[pair] / trials[pair])})
    return {
        "threshold": threshold,
        "pairs": pairs,
        "misses": misses,
        "false_alarms": [trial(row) for row in worst_alarms],
    }
