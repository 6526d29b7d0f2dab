"""How LibriPhrase's rows become trials: three published readings, which give figures that are not comparable.

A row of the CSVs has an anchor and a comparison, each a segment with its text, and says whether both have one text.
Every protocol has an easy and a hard list, by the type of its negatives.

``phonmatchnet`` (Lee and Cho 2023, ``dataset/libriphrase.py``)
    Each negative row gives four trials: the anchor's speech with its own text (1) and with the comparison's (0), the
    comparison's speech with its own text (1) and with the anchor's (0). The positive rows are not used. Half of the
    trials are targets. The code shuffles them before it averages over batches, hence the drawn order.
``mmkws`` (Ai et al. 2024, ``dataloaders/libriphrase_test.py``)
    Each positive row and each negative row of the list's type gives two trials, with the row's target: the anchor's
    speech with the comparison's text, and the comparison's speech with the anchor's text.
``clap_ipa`` (Zhu et al. 2024, ``evaluate/libriphrase_eval.py``)
    The same rows give one trial: the anchor's text is typed, the comparison is heard (their ``p2s`` score; their
    ``s2p`` is the other direction, and ``s2s`` compares speech with speech).

The same speech meets the same text in several rows, and the papers count it each time: the lists keep their repeats.
"""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kwskit.corpora.libriphrase.phrase_pairs import EASY, HARD, POSITIVE
from kwskit.data.records import TRIALS

PROTOCOLS = ("phonmatchnet", "mmkws", "clap_ipa")
NEGATIVES = {"easy": EASY, "hard": HARD}

# (speech, text, target): names of the row's columns, or a number.
_TRIALS: dict[str, Sequence[tuple[str, str, str | int]]] = {
    "phonmatchnet": (
        ("anchor", "anchor_text", 1),
        ("anchor", "comparison_text", 0),
        ("comparison", "comparison_text", 1),
        ("comparison", "anchor_text", 0),
    ),
    "mmkws": (("anchor", "comparison_text", "target"), ("comparison", "anchor_text", "target")),
    "clap_ipa": (("comparison", "anchor_text", "target"),),
}


def libriphrase_protocol(pairs: pa.Table, protocol: str, negatives: str, seed: int = 0) -> tuple[pa.Table, dict]:
    """The trials of one list, and the facts of its header.

    Parameters
    ----------
    pairs : columns of :data:`kwskit.corpora.libriphrase.phrase_pairs.PAIRS`, where ``anchor`` and ``comparison`` are
        utt_ids
    protocol : one of ``PROTOCOLS``; negatives : ``easy`` or ``hard``
    seed : of the order of ``phonmatchnet``

    Returns
    -------
    trials (``enrol_text``, ``utt_id``, ``target``), those of a row together except in ``phonmatchnet``

    Raises
    ------
    ValueError
        For another protocol or other negatives.
    """
    if protocol not in _TRIALS or negatives not in NEGATIVES:
        raise ValueError(
            f"LibriPhrase has the protocols {', '.join(PROTOCOLS)}, easy and hard, not {protocol} {negatives}"
        )
    wanted = [NEGATIVES[negatives]] if protocol == "phonmatchnet" else [NEGATIVES[negatives], POSITIVE]
    rows = pairs.filter(pc.is_in(pairs["type"], pa.array(wanted))).combine_chunks()
    kinds = _TRIALS[protocol]
    parts = []
    for speech, text, target in kinds:
        label = pa.repeat(pa.scalar(target, pa.int8()), len(rows)) if isinstance(target, int) else rows[target]
        parts.append(pa.table([rows[text], rows[speech], label], schema=pa.schema(TRIALS)))
    order = np.arange(len(rows) * len(kinds)).reshape(len(kinds), len(rows)).T.ravel()  # row by row
    facts: dict[str, object] = {"protocol": f"{protocol}_{negatives}", "repeats": "kept"}
    if protocol == "phonmatchnet":
        order = np.random.default_rng(seed).permutation(order)
        facts |= {"compat": "phonmatchnet", "seed": seed}
    return pa.concat_tables(parts).take(pa.array(order)), facts
