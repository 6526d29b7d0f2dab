"""A score file, checked and numbered, ready for metrics."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from kwskit.data.records import HEADER_LINES, TRIALS, RecordError, read_records
from kwskit.evaluation.operating_points import OperatingPoints
from kwskit.evaluation.trials import without_utterances

REPEATS, KEPT = "repeats", "kept"
"""The fact ``repeats=kept`` of a trial list: a trial may be listed several times, and counts each time."""


@dataclass(frozen=True)
class ScoredTrials:
    """Trials with their scores.

    Attributes
    ----------
    path : the score file; facts : of its first line
    vocabulary, utt_ids : the typed words and the utterances, in order of first appearance
    words, utterances : (T,) int32, each trial's place in them
    targets : (T,) int8, 0 or 1; scores : (T,) float64
    groups : (T,) text of the column ``group``, or None without it
    """

    path: Path
    facts: dict[str, str]
    vocabulary: pa.Array
    utt_ids: pa.Array
    words: NDArray[np.int32]
    utterances: NDArray[np.int32]
    targets: NDArray[np.int8]
    scores: NDArray[np.float64]
    groups: pa.Array | None

    @classmethod
    def read(cls, path: str | Path, trials: str | Path | None = None, left_out: Collection[str] = ()) -> "ScoredTrials":
        """Read a score file and, with ``trials``, make sure that it scores that trial list and nothing else.

        Trials of the utterances ``left_out`` cannot be scored, and are not missed.

        Raises
        ------
        RecordError
            As :func:`read_records`, and when the file has no trial or no protocol, a trial occurs twice (unless
            the header says ``repeats=kept``; the target of a repeated trial never differs), a target is not 0 or
            1, a score is not finite, or the trials differ from those of ``trials``.
        """
        path = Path(path)
        table, facts = read_records(path, "scores")
        if len(table) == 0:
            raise RecordError(f"{path}: holds no trial, only its header")
        if not facts.get("protocol"):
            raise RecordError(f"{path}: line 1: no protocol=NAME among the facts; every result is told with it")
        typed, spoken = (table[name].combine_chunks().dictionary_encode() for name in ("enrol_text", "utt_id"))
        scored = cls(
            path,
            facts,
            typed.dictionary,
            spoken.dictionary,
            typed.indices.to_numpy(),
            spoken.indices.to_numpy(),
            table["target"].to_numpy(),
            table["score"].to_numpy(),
            table["group"].combine_chunks() if "group" in table.column_names else None,
        )
        scored._check()
        if trials is not None:
            listed = without_utterances(read_records(trials, "trials")[0], left_out)
            scored.rows_of(listed, Path(trials))
        return scored

    def __len__(self) -> int:
        return len(self.scores)

    def select(self, mask: NDArray[np.bool_]) -> "ScoredTrials":
        """The trials where ``mask`` (T,) holds, with words and utterances numbered anew."""
        kept, words = np.unique(self.words[mask], return_inverse=True)
        heard, utterances = np.unique(self.utterances[mask], return_inverse=True)
        return replace(
            self,
            vocabulary=self.vocabulary.take(pa.array(kept)),
            utt_ids=self.utt_ids.take(pa.array(heard)),
            words=words.astype(np.int32),
            utterances=utterances.astype(np.int32),
            targets=self.targets[mask],
            scores=self.scores[mask],
            groups=None if self.groups is None else self.groups.filter(pa.array(mask)),
        )

    def distinct(self) -> "ScoredTrials":
        """Every trial once, as first listed: what a choice among the typed words is made from."""
        first = np.unique(self._keys(), return_index=True)[1]
        if len(first) == len(self):
            return self
        mask = np.zeros(len(self), bool)
        mask[first] = True
        return self.select(mask)

    def _keys(self) -> NDArray[np.int64]:
        """(T,) one number for each pair of typed word and utterance."""
        return self.words.astype(np.int64) * len(self.utt_ids) + self.utterances

    def curve(self) -> OperatingPoints:
        """The sweep of the threshold over these trials.

        Raises
        ------
        RecordError
            When there is no target or no non-target.
        """
        try:
            return OperatingPoints.of(self.targets, self.scores)
        except ValueError as error:
            raise RecordError(f"{self.path}: {error}") from error

    def describe(self, row: int) -> str:
        """A trial in words, for messages."""
        return f"'{self.vocabulary[self.words[row]]}' against utterance '{self.utt_ids[self.utterances[row]]}'"

    def _check(self) -> None:
        odd = np.flatnonzero((self.targets != 0) & (self.targets != 1))
        if len(odd):
            raise RecordError(f"{_line(self.path, odd[0])}: column 'target' is 0 or 1, not {self.targets[odd[0]]}")
        odd = np.flatnonzero(~np.isfinite(self.scores))
        if len(odd):
            raise RecordError(
                f"{_line(self.path, odd[0])}: column 'score' is {self.scores[odd[0]]}, not a finite number "
                f"({self.describe(odd[0])}; {len(odd)} such scores in all)"
            )
        keys = self._keys()
        order = np.argsort(keys, kind="stable")
        again = np.append(False, keys[order][1:] == keys[order][:-1])
        if not again.any():
            return
        firsts = np.empty(len(keys), np.int64)  # row where each row's trial is listed first
        firsts[order] = order[np.maximum.accumulate(np.where(again, 0, np.arange(len(keys))))]
        odd = np.flatnonzero(self.targets != self.targets[firsts])
        if len(odd):
            raise RecordError(
                f"{_line(self.path, odd[0])}: the target of {self.describe(odd[0])} is {self.targets[odd[0]]}; line "
                f"{firsts[odd[0]] + HEADER_LINES + 1} has the other ({len(odd)} such trials in all)"
            )
        if self.facts.get(REPEATS) != KEPT:
            row = int(order[again].min())
            raise RecordError(
                f"{_line(self.path, row)}: the trial {self.describe(row)} is already on line "
                f"{firsts[row] + HEADER_LINES + 1} ({again.sum()} repeated trials in all)"
            )

    def rows_of(self, listed: pa.Table, source: Path) -> NDArray[np.int64]:
        """Row of each trial of the table ``listed``, which came from ``source`` and must hold the same trials.

        A trial that is listed several times must be scored as often; its first row is paired with the first, and so on.

        Raises
        ------
        RecordError
            Naming the first trial that has no score, or another target, or that is not in ``listed``.
        """
        words, utterances = (
            pc.fill_null(pc.index_in(listed[name], values), -1).to_numpy().astype(np.int64)
            for name, values in (("enrol_text", self.vocabulary), ("utt_id", self.utt_ids))
        )
        wanted = np.where((words < 0) | (utterances < 0), -1, words * len(self.utt_ids) + utterances)
        wanted, keys = _numbered(wanted, self._keys())
        if np.array_equal(keys, wanted):  # the usual case: scores were written in the list's order
            rows = np.arange(len(keys))
        else:
            order = np.argsort(keys)
            rows = order[np.searchsorted(keys, wanted, sorter=order).clip(max=len(keys) - 1)]
        missing = np.flatnonzero(keys[rows] != wanted)
        if len(missing):
            word, utterance = (listed[name][int(missing[0])] for name in ("enrol_text", "utt_id"))
            raise RecordError(
                f"{self.path}: no score of '{word}' against utterance '{utterance}' ({_line(source, missing[0])}); "
                f"{len(missing)} of {len(listed)} trials have none"
            )
        other = np.flatnonzero(listed["target"].to_numpy() != self.targets[rows])
        if len(other):
            row = rows[other[0]]
            raise RecordError(
                f"{_line(self.path, row)}: the target of {self.describe(row)} is {self.targets[row]}; "
                f"{_line(source, other[0])} has the other"
            )
        listed_too = np.zeros(len(self), bool)
        listed_too[rows] = True
        extra = np.flatnonzero(~listed_too)
        if len(extra):
            raise RecordError(f"{_line(self.path, extra[0])}: {self.describe(extra[0])} is no trial of {source}")
        return rows

    def table(self) -> pa.Table:
        """The trials as the columns of a trial list."""
        columns = [self.vocabulary.take(pa.array(self.words)), self.utt_ids.take(pa.array(self.utterances))]
        return pa.table([*columns, pa.array(self.targets)], schema=pa.schema(TRIALS))


def _numbered(*lists: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """``lists`` of keys with a number for each (key, how many of it came before); negative keys stay negative."""
    before = [_times_before(keys) for keys in lists]
    most = max(int(times.max(initial=0)) for times in before) + 1
    return [np.where(keys < 0, keys, keys * most + times) for keys, times in zip(lists, before, strict=True)]


def _times_before(keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """(N,) how often each row's key stands in the rows before it."""
    order = np.argsort(keys, kind="stable")
    new = np.append(True, keys[order][1:] != keys[order][:-1])[: len(keys)]
    place = np.arange(len(keys))
    times = np.empty(len(keys), np.int64)
    times[order] = place - np.maximum.accumulate(np.where(new, place, 0))
    return times


def _line(path: Path, row: int) -> str:
    return f"{path}: line {row + HEADER_LINES + 1}"
