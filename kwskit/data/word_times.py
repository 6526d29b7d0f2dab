"""When each word of the utterances of a store is said."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kwskit.constants import SAMPLE_RATE
from kwskit.data.records import RecordError, read_records
from kwskit.data.store.packed_store import PackedStore


class WordTimes:
    """The words of each utterance of a store, in their order (ours).

    Attributes
    ----------
    words : the vocabulary, sorted
    first : (S + 1,) int64; utterance s has the words ``first[s]`` to before ``first[s + 1]``
    word_ids : (W,) int32, places in ``words``
    start, stop : (W,) int64, samples from where the utterance begins
    """

    def __init__(self, words: list[str], first: np.ndarray, word_ids: np.ndarray, start: np.ndarray, stop: np.ndarray):
        self.words, self.first, self.word_ids, self.start, self.stop = words, first, word_ids, start, stop

    @classmethod
    def read(cls, path: Path, store: PackedStore) -> "WordTimes":
        """The words of a ``words`` file, of the utterances that ``store`` has.

        Raises
        ------
        RecordError
            When the file cannot be used, a word ends after its utterance or is no stretch of it, or the words of an
            utterance are not in the order in which they begin.
        """
        table = read_records(path, "words")[0]
        row = pc.index_in(table["utt_id"].cast(pa.large_string()), value_set=store.utt_ids)
        known = pc.is_valid(row)
        table, rows = table.filter(known), np.asarray(row.filter(known), np.int64)
        order = np.argsort(rows, kind="stable")
        table, rows = table.take(pa.array(order)), rows[order]
        with np.errstate(invalid="ignore"):  # what is no number becomes no stretch
            start, stop = (np.rint(table[name].to_numpy() * SAMPLE_RATE).astype(np.int64) for name in ("start", "stop"))
        wrong = ~((start >= 0) & (start < stop) & (stop <= store.num_samples[rows] + 1))
        wrong[1:] |= (rows[1:] == rows[:-1]) & (start[1:] < start[:-1])
        if wrong.any():
            one = table.slice(int(np.argmax(wrong)), 1).to_pylist()[0]
            raise RecordError(
                f"{path}: {one['utt_id']}: '{one['word']}' from {one['start']:g} to {one['stop']:g} s: words are "
                "stretches of their utterance, in the order in which they begin"
            )
        coded = table["word"].combine_chunks().dictionary_encode()
        words = coded.dictionary.to_pylist()
        rank = np.argsort(np.argsort(words)) if words else np.zeros(0, np.int64)
        ids = rank[coded.indices.to_numpy()].astype(np.int32) if words else np.zeros(0, np.int32)
        first = np.searchsorted(rows, np.arange(len(store) + 1))
        return cls(sorted(words), first, ids, start, stop)
