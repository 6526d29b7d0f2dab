"""Trials of a closed set of keywords: every recording with every keyword, as recognisers of commands are tried."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from kwskit.data.records import OPTIONAL, TRIALS


def closed_set_trials(utt_ids: Sequence[str], spoken: Sequence[str], typed: Sequence[str]) -> pa.Table:
    """Every utterance with every typed word, a target where it is the spoken one.

    The group of a trial is its typed word: AP and EER of a group say how well that keyword is told from everything
    else that was said. (How a spoken word fares is a row of the confusion matrix.)

    Parameters
    ----------
    utt_ids : N utterance ids
    spoken : N words; an utterance of none of the ``typed`` is a non-target of all
    typed : the keywords, in the order of tables and matrices

    Returns
    -------
    N x W trials (``enrol_text``, ``utt_id``, ``target``, ``group``), an utterance's together

    Raises
    ------
    ValueError
        When the lengths differ, a typed word or an utterance id is there twice, there are fewer than two typed words,
        or one of them is never spoken.
    """
    if len(utt_ids) != len(spoken):
        raise ValueError(f"{len(utt_ids)} utterance ids but {len(spoken)} spoken words")
    for what, names in (("keyword", typed), ("utterance", utt_ids)):
        if len(set(names)) < len(names):
            twice = Counter(names).most_common(1)[0][0]
            raise ValueError(f"{what} '{twice}' is there twice")
    if len(typed) < 2:
        raise ValueError(f"a closed set has two keywords at least, not {len(typed)}")
    heard = set(spoken)
    never = [word for word in typed if word not in heard]
    if never:
        raise ValueError(f"no recording of the keyword '{never[0]}' ({len(never)} such keywords of {len(typed)})")
    place = {word: number for number, word in enumerate(typed)}
    said = np.array([place.get(word, -1) for word in spoken])
    columns = np.tile(np.arange(len(typed)), len(utt_ids))
    texts = pa.array(typed, pa.string()).take(pa.array(columns))
    rows = pa.array(np.repeat(np.arange(len(utt_ids)), len(typed)))
    target = (columns == np.repeat(said, len(typed))).astype(np.int8)
    schema = pa.schema(TRIALS | {"group": OPTIONAL["group"]})
    return pa.table([texts, pa.array(utt_ids, pa.string()).take(rows), pa.array(target), texts], schema=schema)
