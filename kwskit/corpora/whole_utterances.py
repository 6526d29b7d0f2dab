"""Aligned utterances as they are trained on whole: stretches of running speech, and when their words are said."""

from collections.abc import Callable

import numpy as np
import pyarrow as pa

from kwskit.corpora.findings import Findings
from kwskit.corpora.segments import usable_words
from kwskit.data.records import MANIFEST, WORDS

LONGEST = 6.0  # s of a stretch
PAUSE = 0.6  # s between words at which a stretch ends
BEFORE, AFTER = 0.1, 0.2  # s around the words of a stretch, where no other word is


def whole_utterances(
    aligned: pa.Table,
    utterances: pa.Table,
    findings: Findings,
    leave_out: Callable[[str], bool] = lambda word: False,
) -> tuple[pa.Table, pa.Table]:
    """Stretches of running speech in which every word is known: a manifest of them, and their ``words`` (ours).

    A stretch ends where a word is unknown, unusable or left out, at a long pause, and after six seconds. Around its
    words is up to 0.1 s before them and 0.2 s after, but nothing of a neighbouring word; nothing at all where a
    neighbour's times are not known. Its utt_id is ``<utterance>_<position>`` of its first word; its word is what is
    said in it.

    Parameters
    ----------
    aligned, utterances, findings : as of :func:`~kwskit.corpora.segments.word_segments`; utterances that ``aligned``
        has and ``utterances`` lacks are passed over
    leave_out : whether a word is not to be trained on

    Raises
    ------
    CorpusError
        When ``utterances`` lacks a column, or no utterance has an alignment.
    """
    words = usable_words(aligned, utterances, findings, only_known=True)
    coded = words.word.dictionary_encode()
    out = np.array([leave_out(word) for word in coded.dictionary.to_pylist()], bool)[coded.indices.to_numpy()]
    same = words.row[1:] == words.row[:-1]
    pause = words.start[1:] - words.stop[:-1]
    follows = same & (np.diff(words.position) == 1) & (pause <= PAUSE) & ~out[1:] & ~out[:-1]
    # Where sound may begin and end: no other word of the utterance is heard in a stretch, nor one that has no times.
    before = np.maximum(words.start - BEFORE, 0.0)
    before[1:] = np.where(same, np.clip(words.stop[:-1], before[1:], words.start[1:]), before[1:])
    position = np.where(np.append(False, same)[: len(out)], np.append(-1, words.position)[: len(out)], -1)
    before = np.where(words.position - position == 1, before, words.start)
    seconds = words.utterances["seconds"].to_numpy()[words.row]
    after = np.minimum(words.stop + AFTER, seconds)
    after[:-1] = np.where(same, np.clip(words.start[1:], words.stop[:-1], after[:-1]), after[:-1])
    after[:-1] = np.where(same & (np.diff(words.position) != 1), words.stop[:-1], after[:-1])
    firsts = [0] if len(out) else []
    for k in range(1, len(out)):
        if not follows[k - 1] or words.stop[k] - words.start[firsts[-1]] > LONGEST:
            firsts.append(k)
    first = np.array([k for k in firsts if not out[k]], np.int64)
    ends = np.append(np.array(firsts[1:], np.int64), len(out))[: len(firsts)]
    behind = np.array([end for k, end in zip(firsts, ends, strict=True) if not out[k]], np.int64)

    texts = words.word.to_pylist()
    of = pa.array(words.row[first])
    names = [
        f"{name}_{position}"
        for name, position in zip(
            words.utterances["utterance"].take(of).to_pylist(), words.position[first].tolist(), strict=True
        )
    ]
    begins = np.round(before[first], 6)
    manifest = {
        "utt_id": names,
        "path": words.utterances["path"].take(of),
        "start": begins,
        "stop": np.round(after[np.maximum(behind - 1, 0)], 6),
        "word": [" ".join(texts[a:b]) for a, b in zip(first, behind, strict=True)],
        "speaker": words.utterances["speaker"].take(of),
        "split": words.utterances["split"].take(of),
    }
    counts = behind - first
    inside = np.concatenate([np.arange(a, b) for a, b in zip(first, behind, strict=True)] or [np.zeros(0, np.int64)])
    spoken = {
        "utt_id": pa.array(names, pa.string()).take(pa.array(np.repeat(np.arange(len(names)), counts))),
        "word": words.word.take(pa.array(inside)),
        "start": np.round(words.start[inside] - np.repeat(begins, counts), 6),
        "stop": np.round(words.stop[inside] - np.repeat(begins, counts), 6),
    }
    return pa.table(manifest).cast(pa.schema(MANIFEST)), pa.table(spoken).cast(pa.schema(WORDS))
