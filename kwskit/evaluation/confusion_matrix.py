"""Which typed word scores best for which spoken one, where every utterance is tried with every word."""

from typing import Any

import numpy as np

from kwskit.evaluation.scored_trials import ScoredTrials

MOST_WORDS = 50  # beyond that nobody reads a matrix


def confusion_matrix(scored: ScoredTrials) -> dict[str, Any] | None:
    """The confusion matrix of a closed set, ready for JSON; None where the trials are no closed set.

    A closed set tries every utterance with every typed word, of which there are 2 to ``MOST_WORDS``. An utterance
    counts in the row of the word spoken (its target; of several the first) and in the column of the typed word that
    scores best. A tie for the first place between n words counts 1/n for each, as in
    :func:`kwskit.evaluation.metrics.top1_of_trials`: the diagonal over the sum of all rows is the top-1 accuracy.

    Returns
    -------
    ``words`` (W), in the order of the trial list; ``counts`` (W, W), rows spoken, columns typed; and ``other`` (W),
    the row of all utterances of which no typed word is spoken, where there are any
    """
    words, utterances = len(scored.vocabulary), len(scored.utt_ids)
    if not 2 <= words <= MOST_WORDS or len(scored) != words * utterances:
        return None
    scores, targets = np.empty((utterances, words)), np.empty((utterances, words), np.int8)
    scores[scored.utterances, scored.words] = scored.scores
    targets[scored.utterances, scored.words] = scored.targets
    best = scores == scores.max(axis=1, keepdims=True)
    share = best / best.sum(axis=1, keepdims=True)
    spoken = np.where(targets.any(axis=1), targets.argmax(axis=1), words)
    counts = np.zeros((words + 1, words))
    np.add.at(counts, spoken, share)
    rows = [[int(count) if count.is_integer() else count for count in row] for row in counts.tolist()]
    matrix = {"words": scored.vocabulary.to_pylist(), "counts": rows[:words]}
    return matrix | ({"other": rows[words]} if (spoken == words).any() else {})
