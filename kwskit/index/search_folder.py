"""The queries of a term detection task, searched for in an index."""

import os
from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from kwskit.data.progress import Progress
from kwskit.data.records import DETECTIONS
from kwskit.errors import SpeechIndexError
from kwskit.evaluation.searched import Search
from kwskit.index.speech_index import SpeechIndex
from kwskit.index.tables import Found

TOP = 1000  # hits of a query


def detections(index: SpeechIndex, folder: Path, top: int = TOP) -> pa.Table:
    """What ``index`` finds of the search that ``folder`` holds: a table of detections, for ``kwskit report``'s scorer.

    Hits outside of the recordings' stretches are left out. Times are seconds from a recording's ``start``.

    Parameters
    ----------
    index : of the recordings that the search names, at least
    folder : with recordings.tsv, queries.tsv, occurrences.tsv
    top : hits of a query, at most

    Raises
    ------
    kwskit.data.records.RecordError
        When the search is broken.
    SpeechIndexError
        When a recording is not in the index.
    kwskit.errors.UnpronounceableText
        When a query has no pronounceable letter.
    """
    search = Search.read(folder)
    stretches: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in search.recordings.to_pylist():
        stretches[os.path.abspath(folder / row["path"])].append(row)
    missing = sorted(stretches.keys() - set(index.files))
    if missing:
        raise SpeechIndexError(f"{index.place}: {missing[0]} is not in the index ({len(missing)} recordings are not)")
    find = _finder(index, search, folder, top)
    rows = []
    with Progress(len(search.queries), "searching", "queries") as progress:
        for query in search.queries.to_pylist():
            for hit in find(query):
                middle = (hit.start + hit.stop) / 2
                for one in stretches.get(hit.path, ()):
                    if one["start"] <= middle < one["stop"]:
                        times = {"start": max(0.0, hit.start - one["start"]), "stop": hit.stop - one["start"]}
                        rows.append(
                            {"query": query["query"], "recording": one["recording"], **times, "score": hit.score}
                        )
            progress.advance(1)
    return pa.Table.from_pylist(rows, schema=pa.schema(DETECTIONS))


def _finder(index: SpeechIndex, search: Search, folder: Path, top: int) -> Callable[[Mapping[str, Any]], list[Found]]:
    spoken = search.facts.get("store")
    if spoken is None:
        return lambda query: index.search(query["text"], top)
    # Stores are training's: reading one imports torch.
    from kwskit.data.store.packed_store import PackedStore

    store = PackedStore.open(folder.parents[1] / "store" / spoken)  # data/search/NAME, data/store/NAME

    def find(query: Mapping[str, Any]) -> list[Found]:
        if query["text"]:
            return index.search(query["text"], top)
        return index.search_example(store.read(store.index_of(query["utt_id"])), top)

    return find
