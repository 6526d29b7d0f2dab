"""Words and phrases cut out of whole utterances: a manifest for trainings that hear words by themselves."""

import numpy as np
import pyarrow as pa

from kwskit.data.records import MANIFEST

PHRASE = 2, 4  # words
SHARE = 0.35  # of the words with which a phrase begins
LONGEST = 2.5  # s of a word or phrase
SHORTEST = 0.05


def words_and_phrases(utterances: pa.Table, words: pa.Table, seed: int) -> pa.Table:
    """A manifest of every word, and of phrases of two to four words that begin at one word in three (ours).

    Parameters
    ----------
    utterances, words : as :func:`~kwskit.corpora.whole_utterances.whole_utterances` gives them
    seed : of which phrases are taken
    """
    of = {row["utt_id"]: row for row in utterances.to_pylist()}
    rng = np.random.default_rng(seed)
    rows = []
    spoken = words.to_pylist()
    for k, word in enumerate(spoken):
        counts = [1]
        if rng.random() < SHARE:
            counts.append(int(rng.integers(PHRASE[0], PHRASE[1] + 1)))
        for count in counts:
            own = spoken[k : k + count]
            seconds = own[-1]["stop"] - word["start"]
            if len(own) < count or own[-1]["utt_id"] != word["utt_id"] or not SHORTEST <= seconds <= LONGEST:
                continue
            whole = of[word["utt_id"]]
            name = f"{word['utt_id']}-{k}" + (f"-{count}" if count > 1 else "")
            text = " ".join(one["word"] for one in own)
            start = whole["start"] + word["start"]
            rows.append((name, whole["path"], start, start + seconds, text, whole["speaker"], whole["split"]))
    columns = zip(*rows, strict=True) if rows else ([] for _ in MANIFEST)
    return pa.table([list(column) for column in columns], schema=pa.schema(MANIFEST))
