"""One search to do: long recordings, and queries typed or spoken."""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kwskit.data.store import PackedStore
from kwskit.evaluation.search_results import best_threshold, search_results
from kwskit.evaluation.searched import Search
from kwskit.records import RecordError, read_records, write_records
from kwskit.spotting.queries import Queries, SpokenQueries, TypedQueries, keeps_one_embedding
from kwskit.spotting.search import search_recordings
from kwskit.spotting.search_settings import SearchSettings
from kwskit.systems.model_directory import Model

SEARCH = "search_"
LONG = 600.0  # s; an untrained model is not sent through longer searches


@dataclass(frozen=True)
class SearchTask:
    """A search of ``data/search/<name>``.

    Its facts may set :class:`SearchSettings`; ``store``, where spoken queries are; ``dev``, the name of the search that
    the decision threshold is calibrated on, or ``threshold``, that threshold; ``fa_per_hour``.

    Attributes
    ----------
    name : ``search_<name>``
    data : folder of the corpus
    """

    name: str
    data: Path

    @cached_property
    def folder(self) -> Path:
        """With the search's files."""
        return self.data / "search" / self.name.removeprefix(SEARCH)

    @cached_property
    def search(self) -> Search:
        """What is searched, for what."""
        if not self.folder.is_dir():
            raise FileNotFoundError(f"there is no {self.folder}: make it with stage 1")
        return Search.read(self.folder)

    @property
    def dev(self) -> str | None:
        """Name of the task whose results give the decision threshold."""
        name = self.search.facts.get("dev")
        return None if name is None else f"{SEARCH}{name}"

    @property
    def is_long(self) -> bool:
        """Whether it is too long to be done by an untrained model for comparison."""
        return self.search.seconds > LONG

    def path(self, exp: Path, model: str) -> Path:
        """Where the detections of ``model`` are."""
        return exp / "scores" / model / f"{self.name}.tsv"

    def is_done(self, path: Path, model: str) -> bool:
        """Whether the detections are of ``model`` (name and digest) and of the present search."""
        try:
            facts = read_records(path, "detections")[1]
        except RecordError:
            return False
        return all(facts.get(key) == value for key, value in self._told(model).items())

    def refusal(self, model: Model) -> str:
        """Why ``model`` cannot do it; empty when it can."""
        if pc.any(pc.not_equal(self.search.queries["utt_id"], "")).as_py() and not keeps_one_embedding(model.system):
            return f"{type(model.system).__name__} judges speech against text: it cannot search for spoken queries"
        return ""

    def score(self, path: Path, told: str, model: Model) -> None:
        """Search, and write the detections.

        Parameters
        ----------
        path : where; told : name and digest of the model

        Raises
        ------
        ValueError, KeyError, OSError
            When a setting, a query or a recording cannot be used; the message says which.
        """
        queries, settings = self.search.queries, SearchSettings.of(self.search.facts)
        spoken = np.asarray(pc.not_equal(queries["utt_id"], ""))
        parts = []
        for chosen, enrol in ((~spoken, self._typed), (spoken, self._spoken)):
            if chosen.any():
                mine = queries.filter(pa.array(chosen))
                names, recordings = mine["query"].to_pylist(), self.search.recordings
                enrolled = enrol(model, mine, settings.cohort)
                parts.append(search_recordings(model.system, enrolled, names, recordings, settings, self.data))
        table = pa.concat_tables(parts)
        write_records(path, "detections", table, {**self.search.facts, **settings.told(), **self._told(told)})
        hours = self.search.seconds / 3600
        print(f"{len(queries):,} queries searched in {hours:.2f} h: {len(table):,} detections: {path}")

    def results(self, exp: Path, model: str) -> dict[str, Any]:
        """The entry of results.json; the search that it is calibrated on must have been scored."""
        threshold: float | None = None
        told = self.search.facts.get("threshold")
        if self.dev is not None:
            dev = SearchTask(self.dev, self.data)
            threshold = best_threshold(dev.folder, dev.path(exp, model))
        elif told is not None:
            threshold = float(told)
        found = search_results(self.folder, self.path(exp, model), model, threshold)
        found["threshold_from"] = None if threshold is None else f"MTWV of {self.dev}" if self.dev else "given"
        return found

    def _typed(self, model: Model, queries: pa.Table, cohort: int | None) -> Queries:
        return TypedQueries(model.system, model.tokenizer, queries["text"].to_pylist(), cohort)

    def _spoken(self, model: Model, queries: pa.Table, cohort: int | None) -> Queries:
        name = self.search.facts.get("store")
        if name is None:
            raise RecordError(f"{self.folder / 'queries.tsv'}: line 1: spoken queries need the fact store=NAME")
        store = PackedStore.open(self.data / "store" / name)
        return SpokenQueries(model.system, store, queries["utt_id"].to_pylist(), cohort)

    def _told(self, model: str) -> dict[str, str]:
        whole = hashlib.sha256()
        for kind in ("recordings", "queries"):
            whole.update((self.folder / f"{kind}.tsv").read_bytes())
        return {"model": model, "search": whole.hexdigest()[:16]}
