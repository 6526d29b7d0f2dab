"""Utterances whose text does not fit their sound, by the scores of their alignment (ours)."""

import numpy as np
import pyarrow as pa

from kwskit.corpora.alignments.alignment_csv import SCORE
from kwskit.corpora.findings import Findings

# Of PocketSphinx' scores: tools/bench/misfits.py tells how well it tells.
LEAST = 0.02
TINY = 1e-6  # what a score of 0 counts as: scores are written to so many digits


def without_misfits(aligned: pa.Table, findings: Findings, least: float = LEAST) -> pa.Table:
    """``aligned`` without the utterances whose words' scores have a geometric mean below ``least``.

    Words without a score do not count; an utterance without any, and an alignment without scores, stay.

    Parameters
    ----------
    aligned : what :func:`~kwskit.corpora.alignments.read.read_alignments` gave
    findings : takes the utterances that are left out, each with its mean
    least : smallest mean score that is kept
    """
    if SCORE not in aligned.column_names or not len(aligned):
        return aligned
    coded = aligned["utterance"].combine_chunks().dictionary_encode()
    rows = coded.indices.to_numpy(zero_copy_only=False)
    scores = aligned[SCORE].to_numpy(zero_copy_only=False).astype(float)
    known = np.isfinite(scores)
    logs = np.log(np.maximum(scores, TINY), where=known, out=np.zeros(len(scores)))
    count = np.bincount(rows, known, len(coded.dictionary))
    mean = np.exp(np.bincount(rows, logs, len(coded.dictionary)) / np.maximum(count, 1))
    misfit = (count > 0) & (mean < least)
    names = coded.dictionary.to_pylist()
    lines = (f"{names[i]}: mean score {mean[i]:.4f}, at least {least:g} is wanted" for i in np.flatnonzero(misfit))
    findings.add_all("utterances whose text does not fit their audio", lines)
    return aligned.filter(pa.array(~misfit[rows]))
