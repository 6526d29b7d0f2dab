"""Trials of typed words against streams: several words of one voice, joined with short pauses (ours).

A stream is written as the ids of its utterances with a space between them, in the column ``utt_id``; its sound is put
together when it is scored, and needs no file.
"""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from kwskit.data.records import TRIALS

PROTOCOL = "kws_windows"
PAUSE = 0.1  # s between the words of a stream


def stream_trials(
    utt_ids: Sequence[str],
    words: Sequence[str],
    speakers: Sequence[str],
    streams: int,
    length: int = 3,
    negatives: int = 9,
    seed: int = 0,
) -> pa.Table:
    """Draw streams and try each with its own words and with others.

    Parameters
    ----------
    utt_ids, words, speakers : of N utterances
    streams : at most so many; every utterance is in one stream at most
    length : words of a stream, all different and of one voice
    negatives : words of the vocabulary that are not in a stream, drawn for each, as non-targets
    seed : of all draws

    Returns
    -------
    trials (``enrol_text``, ``utt_id``, ``target``), a stream's together, its own words first

    Raises
    ------
    ValueError
        When no voice has enough words for a stream, or the vocabulary has too few for the negatives.
    """
    rng = np.random.default_rng(seed)
    vocabulary = sorted(set(words))
    if len(vocabulary) < length + negatives:
        raise ValueError(f"{length} words of a stream and {negatives} others need more than {len(vocabulary)} words")
    by_speaker: dict[str, list[int]] = {}
    for row in rng.permutation(len(utt_ids)):
        by_speaker.setdefault(speakers[row], []).append(int(row))
    found = [stream for rows in by_speaker.values() for stream in _cut(rows, words, length)]
    if not found:
        raise ValueError(f"no voice speaks {length} different words")
    chosen = [found[k] for k in sorted(rng.permutation(len(found))[:streams])]
    typed, heard, target = [], [], []
    for stream in chosen:
        own = [words[row] for row in stream]
        others = [word for word in vocabulary if word not in own]
        drawn = [others[k] for k in rng.choice(len(others), negatives, replace=False)]
        typed += own + drawn
        heard += [" ".join(utt_ids[row] for row in stream)] * (length + negatives)
        target += [1] * length + [0] * negatives
    return pa.table([typed, heard, target], schema=pa.schema(TRIALS))


def _cut(rows: Sequence[int], words: Sequence[str], length: int) -> list[list[int]]:
    """``rows`` in stretches of ``length`` different words; what repeats a word or is left over is dropped."""
    streams: list[list[int]] = [[]]
    for row in rows:
        if words[row] in [words[other] for other in streams[-1]]:
            continue
        streams[-1].append(row)
        if len(streams[-1]) == length:
            streams.append([])
    return streams[:-1]
