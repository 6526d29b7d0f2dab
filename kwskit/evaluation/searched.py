"""A search as its files tell it: recordings, queries, occurrences, and what a model detected."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from kwskit.data.records import HEADER_LINES, RecordError, read_records
from kwskit.evaluation.occurrence_matching import REPEATED, matched_occurrences, occurrences_around
from kwskit.evaluation.term_detection import TermDetection


@dataclass(frozen=True)
class Search:
    """What is searched, for what, and where it is.

    Attributes
    ----------
    folder : with recordings.tsv, queries.tsv and occurrences.tsv
    recordings, queries, occurrences : the tables; facts : of the three files together
    """

    folder: Path
    recordings: pa.Table
    queries: pa.Table
    occurrences: pa.Table
    facts: dict[str, str]

    @classmethod
    def read(cls, folder: Path) -> "Search":
        """The search of a folder.

        Raises
        ------
        RecordError
            When a file is missing or broken, a name is there twice, a query has neither a text nor an utterance or
            both, a time is no stretch, or an occurrence is of an unknown query or recording.
        """
        found, facts = {}, {}
        for kind in ("recordings", "occurrences", "queries"):
            found[kind], more = read_records(folder / f"{kind}.tsv", kind)
            facts.update(more)
        search = cls(folder, found["recordings"], found["queries"], found["occurrences"], facts)
        for kind, name in (("recordings", "recording"), ("queries", "query")):
            names = found[kind][name]
            codes = names.combine_chunks().dictionary_encode().indices.to_numpy(zero_copy_only=False)
            again = np.ones(len(names), bool)
            again[np.unique(codes, return_index=True)[1]] = False
            _refuse(folder / f"{kind}.tsv", again, f"this {name} is there already")
        for kind in ("recordings", "occurrences"):
            start, stop = (found[kind][name].to_numpy() for name in ("start", "stop"))
            wrong = ~(np.isfinite(start) & np.isfinite(stop) & (start >= 0) & (start < stop))
            _refuse(folder / f"{kind}.tsv", wrong, "expected 0 <= start < stop, in seconds")
        typed, spoken = (pc.equal(found["queries"][name], "") for name in ("text", "utt_id"))
        _refuse(folder / "queries.tsv", pc.equal(typed, spoken), "a query has either a text or an utt_id")
        search.check(folder / "occurrences.tsv", found["occurrences"])
        return search

    def check(self, path: Path, table: pa.Table) -> None:
        """Refuse rows of ``table``, read from ``path``, that are of unknown queries or recordings.

        Raises
        ------
        RecordError
            Naming the first.
        """
        for name, known in (("query", self.queries), ("recording", self.recordings)):
            unknown = pc.invert(pc.is_in(table[name], known[name].combine_chunks()))
            _refuse(path, unknown, f"this {name} is not in {self.folder}")

    @cached_property
    def seconds(self) -> float:
        """Of all recordings together."""
        return float(pc.sum(pc.subtract(self.recordings["stop"], self.recordings["start"])).as_py() or 0.0)

    @cached_property
    def other_hours(self) -> float:
        """Hours of the recordings without the stretches where any query is: false alarms are counted by them."""
        covered = 0.0
        order = [("recording", "ascending"), ("start", "ascending")]
        inside, end = "", 0.0
        for row in self.occurrences.sort_by(order).to_pylist():
            if row["recording"] != inside:
                inside, end = row["recording"], 0.0
            covered += max(0.0, row["stop"] - max(row["start"], end))
            end = max(end, row["stop"])
        return (self.seconds - covered) / 3600

    @cached_property
    def true(self) -> NDArray[np.int64]:
        """(Q,) occurrences of each query."""
        return np.bincount(self._numbers(self.occurrences), minlength=len(self.queries))

    def detected(self, path: Path) -> TermDetection:
        """The detections of the file ``path``, matched with the occurrences.

        By :func:`matched_occurrences`; where the search has the fact ``late``, by :func:`occurrences_around` with it.

        Raises
        ------
        RecordError
            When the file is broken, or not of this search; when no query occurs, or ``late`` is no number.
        """
        table, _ = read_records(path, "detections")
        self.check(path, table)
        late = self.facts.get("late")
        try:
            found = (
                matched_occurrences(self.occurrences, table)
                if late is None
                else occurrences_around(self.occurrences, table, float(late))
            )
            table, hit = table.filter(pa.array(found != REPEATED)), found[found != REPEATED] >= 0
            return TermDetection(self._numbers(table), table["score"].to_numpy(), hit, self.true, self.seconds)
        except ValueError as error:
            raise RecordError(f"{path}: {error}") from error

    def _numbers(self, table: pa.Table) -> NDArray[np.int64]:
        numbers = pc.index_in(table["query"], self.queries["query"].combine_chunks())
        return np.asarray(numbers.combine_chunks().to_numpy(zero_copy_only=False), np.int64)


def _refuse(path: Path, wrong: "pa.ChunkedArray | NDArray[np.bool_]", reason: str) -> None:
    rows = np.flatnonzero(np.asarray(wrong))
    if len(rows):
        more = f" (and {len(rows) - 1:,} more like it)" if len(rows) > 1 else ""
        raise RecordError(f"{path}: line {rows[0] + HEADER_LINES + 1}: {reason}{more}")
