"""What a run left behind, read for the report."""

import json
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from kwskit.data.records import read_records
from kwskit.evaluation.trials import WSJ

WAKE_WORD = "wake_word"  # the protocol of searches after Picovoice's benchmark
WAKE_WORDS_ALONE = "wake_word_keywords"  # of trials of the recordings that are in them
TRAINED, UNTRAINED, BEFORE = "trained", "untrained", "before"
SPLITS = ("train", "dev", "test")
KINDS = (None, "search", "segments")  # of results; trials have no kind


class ReportError(ValueError):
    """A run folder that no report can be made from; the message names the file and what it lacks."""


class RunFolder:
    """The files of one run. What is optional and absent reads as None; what is there and broken raises.

    Parameters
    ----------
    exp : folder with results.json, scores/, train/, embeddings.npz, config.yaml and plugins.json
    data : folder with manifests/ and store/

    Raises
    ------
    ReportError
        On reading a file that is not what its name says; results.json is the one that must exist.
    """

    def __init__(self, exp: str | Path, data: str | Path):
        self.exp, self.data = Path(exp), Path(data)

    @cached_property
    def summary(self) -> dict[str, Any]:
        """results.json: ``results`` (a list), and where known ``human`` and ``run``."""
        path = self.exp / "results.json"
        summary = self._json(path)
        if summary is None:
            raise ReportError(f"{path}: there is no such file; stage 4 (embed and score) writes it")
        results = summary.get("results") if isinstance(summary, dict) else None
        if not isinstance(results, list) or not results:
            raise ReportError(f"{path}: field 'results' must be a list with at least one scored trial list")
        for number, result in enumerate(results):
            fields = ("metrics",) if isinstance(result, dict) and result.get("kind") else ("ap", "eer")
            for field in ("model", "protocol", "trials_name", *fields):
                if not isinstance(result, dict) or field not in result:
                    raise ReportError(f"{path}: results[{number}] lacks the field '{field}'")
        return summary

    @property
    def results(self) -> list[dict[str, Any]]:
        """One entry a model and task: trials first, of them the WSJ protocol, and of a protocol the trained model.

        Behind all come the trials of wake words by themselves, beside the search for them.
        A search that serves to calibrate another one comes after it.
        """
        dev = {
            f"search_{result.get('facts', {}).get('dev')}" for result in self.summary["results"] if result.get("kind")
        }
        return sorted(
            self.summary["results"],
            key=lambda result: (
                result["protocol"] == WAKE_WORDS_ALONE,
                KINDS.index(result.get("kind")) if result.get("kind") in KINDS else len(KINDS),
                result["protocol"] != WSJ,
                result["trials_name"] in dev,
                result["model"] != TRAINED,
            ),
        )

    @property
    def main(self) -> dict[str, Any]:
        """The entry the report is about: the trained model's first."""
        return max(self.results, key=lambda result: result["model"] == TRAINED)

    @cached_property
    def epochs(self) -> dict[str, np.ndarray] | None:
        """train/epochs.tsv by column."""
        return self._curves(self.exp / "train" / "epochs.tsv")

    @cached_property
    def steps(self) -> dict[str, np.ndarray] | None:
        """train/steps.tsv by column."""
        return self._curves(self.exp / "train" / "steps.tsv")

    @cached_property
    def embeddings(self) -> dict[str, np.ndarray] | None:
        """embeddings.npz by array name."""
        return self._arrays(self.exp / "embeddings.npz")

    @cached_property
    def augmentation(self) -> dict[str, np.ndarray] | None:
        """train/augmentation.npz by array name."""
        return self._arrays(self.exp / "train" / "augmentation.npz")

    @cached_property
    def config(self) -> str | None:
        """Text of config.yaml."""
        path = self.exp / "config.yaml"
        return path.read_text(encoding="utf-8") if path.is_file() else None

    @cached_property
    def card(self) -> str | None:
        """Text of the released model's card, model/README.md."""
        path = self.exp / "model" / "README.md"
        return path.read_text(encoding="utf-8") if path.is_file() else None

    @cached_property
    def plugins(self) -> list[dict[str, Any]]:
        """plugins.json: name, path and sha256 of each plugin; empty without plugins."""
        return self._json(self.exp / "plugins.json") or []

    def scores(self, model: str, trials_name: str) -> pa.Table | None:
        """Score file of ``model`` on a trial list."""
        path = self.scores_path(model, trials_name)
        return read_records(path, "scores")[0] if path.is_file() else None

    def scores_path(self, model: str, trials_name: str) -> Path:
        """Where that score file lies."""
        return self.exp / "scores" / model / f"{trials_name}.tsv"

    @cached_property
    def splits(self) -> list[dict[str, Any]] | None:
        """For each manifest its segments, words, speakers, hours, and the words and speakers shared with train."""
        found, train = [], None
        for split in SPLITS:
            path = self.data / "manifests" / f"{split}.tsv"
            if not path.is_file():
                continue
            table, _ = read_records(path, "manifest")
            words, speakers = pc.unique(table["word"]), pc.unique(table["speaker"])
            if split == "train":
                train = words, speakers
            shared: list[int | None] = [None, None]
            if train and split != "train":
                shared = [pc.sum(pc.is_in(a, b)).as_py() or 0 for a, b in zip((words, speakers), train, strict=True)]
            found.append(
                {
                    "split": split,
                    "segments": len(table),
                    "words": len(words),
                    "speakers": len(speakers),
                    "hours": (pc.sum(pc.subtract(table["stop"], table["start"])).as_py() or 0.0) / 3600,
                    "words_shared": shared[0],
                    "speakers_shared": shared[1],
                }
            )
        return found or None

    def _arrays(self, path: Path) -> dict[str, np.ndarray] | None:
        if not path.is_file():
            return None
        try:
            with np.load(path, allow_pickle=False) as arrays:
                return {name: arrays[name] for name in arrays.files}
        except (OSError, ValueError) as error:
            raise ReportError(f"{path}: is not a NumPy archive of plain arrays: {error}") from error

    def _json(self, path: Path) -> Any:
        if not path.is_file():
            return None
        try:
            return json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise ReportError(f"{path}: is not JSON: {error}") from error

    def _curves(self, path: Path) -> dict[str, np.ndarray] | None:
        if not path.is_file() or path.stat().st_size == 0:
            return None
        parsing = pyarrow.csv.ParseOptions(delimiter="\t", quote_char=False)
        nulls = pyarrow.csv.ConvertOptions(null_values=["", "nan", "NaN"])
        try:
            table = pyarrow.csv.read_csv(path, parse_options=parsing, convert_options=nulls)
            columns = {name: table[name].cast(pa.float64()).to_numpy() for name in table.column_names}
        except pa.ArrowInvalid as error:
            raise ReportError(f"{path}: is not a table of numbers with a header: {error}") from error
        if "step" not in columns:
            raise ReportError(f"{path}: line 1: needs the column step; it has {', '.join(columns)}")
        return columns if len(table) else None
