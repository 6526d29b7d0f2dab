"""The windows of an index that are nearest to a query: all are compared, or those of the nearest partitions."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kwskit.index.tables import NearestWindows

# Below so many windows of a length, a query is compared with each of them.
INDEXED_FROM = 50_000
# Partitions are a quarter of the square root of the windows: making them takes as long as these times those.
PARTITIONS = 0.25
PROBED = 32  # partitions that a query looks into; of three queries at once or more, fewer each
LEAST_PROBED = 12
OUTGROWN = 4  # partitions are made anew when there are so many times the windows that they were made for
# Of k-means for the partitions: windows of each partition that it looks at, and rounds.
SAMPLES, ROUNDS = 64, 12
COLUMNS = ("file", "start", "stop", "deviation")


def partitions(count: int) -> int:
    """How many partitions ``count`` windows have: a query looks into ``PROBED`` of them."""
    return max(1, round(PARTITIONS * count**0.5))


def make_partitions(table: Any) -> None:
    """Make the partitions of a table, whose index is named after the number of windows that they were made for.

    A table of fewer than ``INDEXED_FROM`` windows has none, and one that has not outgrown its own keeps them.
    """
    from lancedb.index import IvfSq

    count = table.count_rows()
    before = [index.name for index in table.list_indices()]
    if count < INDEXED_FROM or any(count < OUTGROWN * int(name.rpartition("_")[2]) for name in before):
        return
    kind = IvfSq(distance_type="dot", num_partitions=partitions(count), sample_rate=SAMPLES, max_iterations=ROUNDS)
    table.create_index("row", config=kind, name=f"made_for_{count}")
    for name in before:
        table.drop_index(name)


def nearest_windows(tables: Sequence[Any], queries: NDArray[np.float32], most: int) -> NearestWindows:
    """The ``most`` windows of each of ``tables`` that score highest with each of ``queries`` (Q, columns)."""
    probed = max(min(PROBED, LEAST_PROBED), 2 * PROBED // max(2, len(queries)))
    jobs = [(table, query) for table in tables for query in queries]
    with ThreadPoolExecutor(max(1, len(jobs))) as pool:
        return NearestWindows.join(list(pool.map(lambda job: _nearest(job[0], job[1], probed, most), jobs)))


def _nearest(table: Any, query: NDArray[np.float32], probed: int, most: int) -> NearestWindows:
    wanted = table.search(query, vector_column_name="row").distance_type("dot").nprobes(probed).refine_factor(1)
    found = wanted.limit(most).select([*COLUMNS, "_distance"]).to_arrow()
    file, start, stop, deviation = (found[name].to_numpy() for name in COLUMNS)
    score = 1 - found["_distance"].to_numpy()  # what the engine calls the distance of an inner product
    return NearestWindows(file, start, stop, score, deviation, float(score.min()) if len(score) == most else -np.inf)
