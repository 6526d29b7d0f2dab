"""Which detection found which occurrence."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

REPEATED = -2  # the place of a detection of what another one has found
TOLERANCE = 0.5  # s between the centres of a detection and of what it finds (NIST STD 2006, OpenKWS)


def matched_occurrences(occurrences: pa.Table, detections: pa.Table, tolerance: float = TOLERANCE) -> NDArray[np.int64]:
    """(D,) the row of the occurrence that each detection finds; -1 for a false alarm.

    A detection may find an occurrence of its query in its recording when their centres are at most ``tolerance``
    seconds apart. The pair that overlaps best, as a share of what both cover, is matched first, then the best of
    the rest, and so on: an occurrence is found once. The scores play no part, as in NIST's scoring.

    Parameters
    ----------
    occurrences, detections : tables with ``query``, ``recording``, ``start`` and ``stop``
    """
    found = np.full(len(detections), -1, np.int64)
    if not len(occurrences) or not len(detections):
        return found
    place = _places(occurrences, detections)
    ref, det = (np.stack([table["start"].to_numpy(), table["stop"].to_numpy()]) for table in (occurrences, detections))
    centre = ref.mean(0), det.mean(0)
    order = np.lexsort((centre[0], place[0]))
    # Places and centres on one axis, places further apart than any tolerance reaches.
    apart = max(float(centre[0].max()), float(centre[1].max())) + 2 * tolerance + 1
    axis = (place[0] * apart + centre[0])[order]
    at = place[1] * apart + centre[1]
    first = np.searchsorted(axis, at - tolerance - 1e-6)
    last = np.searchsorted(axis, at + tolerance + 1e-6, side="right")
    count = np.maximum(last - first, 0)
    d = np.repeat(np.arange(len(detections)), count)
    r = order[np.arange(len(d)) - np.repeat(np.cumsum(count) - count, count) + np.repeat(first, count)]
    distance = np.abs(centre[0][r] - centre[1][d])
    near = (place[0][r] == place[1][d]) & (distance <= tolerance + 1e-9)  # 1e-9 forgives 1.1 - 0.6 > 0.5
    d, r, distance = d[near], r[near], distance[near]
    both = np.minimum(ref[1][r], det[1][d]) - np.maximum(ref[0][r], det[0][d])
    either = np.maximum(ref[1][r], det[1][d]) - np.minimum(ref[0][r], det[0][d])
    share = np.maximum(both, 0) / np.maximum(either, 1e-12)
    taken = np.zeros(len(occurrences), bool)
    for pair in np.lexsort((r, d, distance, -share)):
        if found[d[pair]] < 0 and not taken[r[pair]]:
            found[d[pair]], taken[r[pair]] = r[pair], True
    return found


def occurrences_around(occurrences: pa.Table, detections: pa.Table, late: float) -> NDArray[np.int64]:
    """(D,) the row of the occurrence that each detection is in; -1 for a false alarm, ``REPEATED`` for others there.

    A detection is in an occurrence of its query when its centre is, or at most ``late`` seconds behind its end. The
    one with the highest score finds it; more of them are neither hits nor false alarms. So Picovoice's wake word
    benchmark counts, whose occurrences are whole recordings of a keyword, with silence before and after it. Where
    occurrences overlap, a detection is in the one that begins last.

    Parameters
    ----------
    occurrences, detections : tables with ``query``, ``recording``, ``start`` and ``stop``; and ``score``
    """
    found = np.full(len(detections), -1, np.int64)
    if not len(occurrences) or not len(detections):
        return found
    place = _places(occurrences, detections)
    start, stop = (occurrences[name].to_numpy() for name in ("start", "stop"))
    centre = (detections["start"].to_numpy() + detections["stop"].to_numpy()) / 2
    order = np.lexsort((start, place[0]))
    # Places and times on one axis, places further apart than any time.
    apart = max(float(start.max()), float(centre.max())) + 1
    before = np.searchsorted((place[0] * apart + start)[order], place[1] * apart + centre + 1e-9, side="right") - 1
    row = order[np.maximum(before, 0)]
    inside = (before >= 0) & (place[0][row] == place[1]) & (centre <= stop[row] + late + 1e-9)
    found[inside] = row[inside]
    ranked = np.lexsort((-detections["score"].to_numpy(), found))
    again = np.append(False, found[ranked][1:] == found[ranked][:-1]) & (found[ranked] >= 0)
    found[ranked[again]] = REPEATED
    return found


def _places(*tables: pa.Table) -> list[NDArray[np.int64]]:
    """The number of the (query, recording) of each row, the same in all tables."""
    columns = []
    for name in ("query", "recording"):
        whole = pa.concat_arrays([table[name].combine_chunks() for table in tables]).dictionary_encode()
        columns.append(whole.indices.to_numpy().astype(np.int64))
    place = columns[0] * (columns[1].max() + 1) + columns[1]
    _, place = np.unique(place, return_inverse=True)
    return np.split(place.astype(np.int64), np.cumsum([len(table) for table in tables])[:-1])
