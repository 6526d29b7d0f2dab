"""One search to do: long recordings, and queries typed or spoken."""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kwskit import collectives
from kwskit.batch import Encoded
from kwskit.data.records import RecordError, read_records, write_records
from kwskit.data.store.packed_store import PackedStore
from kwskit.evaluation.search_results import best_threshold, search_results
from kwskit.evaluation.searched import Search
from kwskit.search.search import Queries, search_recordings
from kwskit.search.search_settings import SearchSettings
from kwskit.search.system_queries import SpokenQueries, TypedQueries, keeps_one_embedding, window_encoder
from kwskit.spotting.windows.window_listener import WindowListener
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
        return all(facts.get(key) == value for key, value in self._facts(model).items())

    def refusal(self, model: Model) -> str:
        """Why ``model`` cannot do it; empty when it can."""
        if pc.any(pc.not_equal(self.search.queries["utt_id"], "")).as_py() and not keeps_one_embedding(model.system):
            return f"{type(model.system).__name__} judges speech against text: it cannot search for spoken queries"
        return ""

    def detections(self, model: Model) -> pa.Table | None:
        """Search, every process its share of the recordings; for the first process, to the others None.

        Raises
        ------
        ValueError, KeyError, OSError
            When a setting, a query or a recording cannot be used; the message says which.
        """
        queries, settings = self.search.queries, SearchSettings.of(self.search.facts)
        recordings = self.search.recordings
        mine = recordings.take(pa.array(range(collectives.rank(), len(recordings), collectives.world_size())))
        spoken = np.asarray(pc.not_equal(queries["utt_id"], ""))
        encode = window_encoder(model.system)
        parts = []

        def listen() -> WindowListener[Encoded]:
            return WindowListener(encode, settings.windows, settings.overlap)

        for chosen, enrol in ((~spoken, self._typed), (spoken, self._spoken)):
            if chosen.any():
                asked = queries.filter(pa.array(chosen))
                enrolled = enrol(model, asked, settings.cohort)
                names = asked["query"].to_pylist()
                parts.append(search_recordings(listen, enrolled, names, mine, settings, self.data))
        found = collectives.collected_by_first(pa.concat_tables(parts))
        return _in_order_of(recordings["recording"], pa.concat_tables(found)) if found else None

    def write(self, path: Path, model_id: str, detections: pa.Table) -> None:
        """Write the ``detections`` of the model ``told`` (name and digest)."""
        facts = self.search.facts
        settings = SearchSettings.of(facts).facts()
        write_records(path, "detections", detections, {**facts, **settings, **self._facts(model_id)})
        hours, queries = self.search.seconds / 3600, len(self.search.queries)
        print(f"{queries:,} queries searched in {hours:.2f} h: {len(detections):,} detections: {path}")

    def results(self, exp: Path, model: str) -> dict[str, Any]:
        """The entry of results.json; the search that it is calibrated on must have been scored."""
        threshold: float | None = None
        model_id = self.search.facts.get("threshold")
        if self.dev is not None:
            dev = SearchTask(self.dev, self.data)
            threshold = best_threshold(dev.folder, dev.path(exp, model))
        elif model_id is not None:
            threshold = float(model_id)
        found = search_results(self.folder, self.path(exp, model), model, threshold)
        found["threshold_from"] = None if threshold is None else f"MTWV of {self.dev}" if self.dev else "given"
        return found

    def _typed(self, model: Model, queries: pa.Table, cohort: int | None) -> Queries[Encoded]:
        return TypedQueries(model.system, model.tokenizer, queries["text"].to_pylist(), cohort)

    def _spoken(self, model: Model, queries: pa.Table, cohort: int | None) -> Queries[Encoded]:
        name = self.search.facts.get("store")
        if name is None:
            raise RecordError(f"{self.folder / 'queries.tsv'}: line 1: spoken queries need the fact store=NAME")
        store = PackedStore.open(self.data / "store" / name)
        return SpokenQueries(model.system, store, queries["utt_id"].to_pylist(), cohort)

    def _facts(self, model: str) -> dict[str, str]:
        whole = hashlib.sha256()
        for kind in ("recordings", "queries"):
            whole.update((self.folder / f"{kind}.tsv").read_bytes())
        return {"model": model, "search": whole.hexdigest()[:16]}


def _in_order_of(recordings: pa.ChunkedArray, detections: pa.Table) -> pa.Table:
    """``detections`` by recording, in the order of ``recordings``, and otherwise as they are."""
    place = pc.index_in(detections["recording"], recordings.combine_chunks()).to_numpy()
    return detections.take(pa.array(np.argsort(place, kind="stable")))
