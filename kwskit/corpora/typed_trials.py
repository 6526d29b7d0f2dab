"""Typed words against the segments of a manifest: the trial lists that every recipe of words draws."""

from collections.abc import Collection, Mapping

import pyarrow as pa
import pyarrow.compute as pc

from kwskit.corpora.preparation import Preparation
from kwskit.evaluation.trials import WSJ, libriphrase_trials, wsj_trials
from kwskit.text.g2p import G2P

# Easy and hard lists compare every text with every other: a square of distances.
MOST_COMPARED = 8_000


def draw_wsj_trials(
    preparation: Preparation,
    split: str,
    manifest: pa.Table,
    negatives: int,
    seed: int,
    vocabulary: Collection[str] | None = None,
    facts: Mapping[str, object] | None = None,
) -> str:
    """Take ``<split>_wsj``, whose name is returned: every segment with its own text and ``negatives`` others.

    Where there are fewer other texts, it is all of them, and the list's header says how many.
    With ``vocabulary`` its trials have groups: ``iv``, segments whose text is in it, and ``oov``. The list's header has
    ``facts`` besides its own.

    Raises
    ------
    ValueError
        When all segments are of one text.
    """
    trials = wsj_trials(manifest["utt_id"].to_pylist(), manifest["word"].to_pylist(), negatives, seed)
    others = len(manifest["word"].unique()) - 1
    if others < negatives:
        print(f"{split}: {others} negatives a segment, not {negatives}: there are no more other texts")
    if vocabulary is not None:
        known = pc.is_in(manifest["word"], pa.array(sorted(vocabulary), pa.string()))
        groups = pc.if_else(known, "iv", "oov").combine_chunks()
        at = pc.index_in(trials["utt_id"].combine_chunks(), manifest["utt_id"].combine_chunks())
        trials = trials.append_column("group", groups.take(at))
    own = {"protocol": WSJ, "seed": seed, "negatives": min(negatives, others), **(facts or {})}
    preparation.trials(f"{split}_wsj", trials, own)
    return f"{split}_wsj"


def draw_easy_and_hard_trials(preparation: Preparation, split: str, manifest: pa.Table, seed: int) -> list[str]:
    """Take ``<split>_easy`` and ``<split>_hard``: every segment with its own text and one other, random or alike.

    Returns their names. They are left away, with a word about it, for more than ``MOST_COMPARED`` texts.

    Raises
    ------
    ValueError
        When a text has none beside it that sounds different.
    """
    texts = manifest["word"].unique().to_pylist()
    if len(texts) > MOST_COMPARED:
        print(f"{split}: no easy and hard lists, {len(texts):,} texts are more than {MOST_COMPARED:,}")
        return []
    g2p = G2P()
    said = {text: g2p.pronunciations(text) for text in texts}
    utt_ids, words = manifest["utt_id"].to_pylist(), manifest["word"].to_pylist()
    names = []
    for protocol, trials in libriphrase_trials(utt_ids, words, said, seed).items():
        names.append(f"{split}_{protocol.removeprefix('libriphrase_')}")
        preparation.trials(names[-1], trials, {"protocol": protocol, "seed": seed})
    return names
