"""Stage 4: embed the test segments, score the trials, compute the results."""

import hashlib
import json
import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import torch

from kwskit import __version__
from kwskit.batch import Encoded
from kwskit.data.packing import pack_manifest
from kwskit.data.store import PackedStore
from kwskit.data.word_folder import words_from_folder
from kwskit.evaluation.scorer import format_table, score_file_results, write_results
from kwskit.evaluation.trials import wsj_trials
from kwskit.records import RecordError, read_records, write_records
from kwskit.stages.showcase import write_showcase
from kwskit.systems.model_directory import WEIGHTS, Model, load_model, untrained_model
from kwskit.systems.scoring import TrialScorer, encode_store

HUMAN = "human"
ALL_PAIRS = "all_pairs"  # every recording with every typed word


@dataclass(frozen=True)
class _Task:
    """One trial list and the store its utterances are in."""

    name: str
    trials: Path
    store: Path


def score_trials(data: Path, exp: Path, lists: Sequence[str], device: str | None = None) -> list[Path]:
    """Score trial lists of ``data`` with the model of ``exp``; returns the score files, nothing else is made.

    Score files of the same model and trials are kept.

    Parameters
    ----------
    data, exp : folders of the run
    lists : names of trial lists, ``trials/<name>.tsv``
    device : where to embed

    Raises
    ------
    FileNotFoundError
        When a trial list is missing.
    """
    tasks = _tasks(data, lists)
    model = load_model(exp / "model", device or _default_device())
    return _score_tasks(exp, "trained", model, tasks)


def is_scored(data: Path, exp: Path, lists: Sequence[str]) -> bool:
    """Whether the score files of the trained model and all ``lists`` are there and up to date."""
    weights = exp / "model" / WEIGHTS
    if not weights.exists():
        return False
    model = f"trained:{_digest(weights)}"
    return all(
        _is_done(exp / "scores" / "trained" / f"{task.name}.tsv", {"model": model, "trials": _digest(task.trials)})
        for task in _tasks(data, lists)
    )


def score(data: Path, exp: Path, words_dir: Path | None = None, device: str | None = None) -> Path:
    """Score the test trials of ``data`` with the model of ``exp`` and with an untrained one.

    Writes ``scores/<trained|untrained>/<trials>.tsv``, ``embeddings.npz`` and ``results.json``. Score
    files of the same model and trials are kept.

    Parameters
    ----------
    data, exp : folders of the run
    words_dir : recordings of people to score too: a folder a word, or a TSV with ``word`` and ``path``
    device : where to embed

    Raises
    ------
    FileNotFoundError
        When there is no test trial list.
    """
    device = device or _default_device()
    tasks = _tasks(data)
    if words_dir is not None:
        tasks.append(_human_task(words_dir, exp))
    trained = load_model(exp / "model", device)
    models = {"trained": trained, "untrained": untrained_model(exp / "model", seed=0, device=device)}
    results = []
    for model_name, model in models.items():
        for task, path in zip(tasks, _score_tasks(exp, model_name, model, tasks), strict=True):
            results.append(
                {"model": model_name, "trials_name": task.name, **score_file_results(path, trials=task.trials)}
            )
    write_showcase(exp / "embeddings.npz", PackedStore.open(data / "store" / "test"), trained)
    write_results(exp / "results.json", results, _facts(exp, data))
    print(format_table(results))
    return exp / "results.json"


def _tasks(data: Path, lists: Sequence[str] | None = None) -> list[_Task]:
    """The trial lists called ``lists``, or all of the test set; ``<store>_<protocol>`` is over ``store/<store>``."""
    folder = data / "trials"
    names = sorted(path.stem for path in folder.glob("test_*.tsv")) if lists is None else list(lists)
    missing = [name for name in names if not (folder / f"{name}.tsv").exists()]
    if missing or not names:
        raise FileNotFoundError(f"{folder} holds no {missing[0] if missing else 'test_*'}.tsv: run stage 1 first")
    return [_Task(name, folder / f"{name}.tsv", data / "store" / name.rpartition("_")[0]) for name in names]


def _score_tasks(exp: Path, model_name: str, model: Model, tasks: Sequence[_Task]) -> list[Path]:
    """Score files of the ``tasks``; each store is embedded once, and not at all when nothing is to do."""
    told = {"model": f"{model_name}:{_digest(exp / 'model' / WEIGHTS)}"}
    audio: dict[Path, Encoded] = {}
    paths = []
    for task in tasks:
        path = exp / "scores" / model_name / f"{task.name}.tsv"
        told["trials"] = _digest(task.trials)
        if not _is_done(path, told):
            store = PackedStore.open(task.store)
            if task.store not in audio:
                audio[task.store] = encode_store(model.system, store)
            _score_task(path, task, store, model, audio[task.store], told)
        paths.append(path)
    return paths


def _score_task(
    path: Path, task: _Task, store: PackedStore, model: Model, audio: Encoded, told: dict[str, str]
) -> None:
    trials, facts = read_records(task.trials, "trials")
    scores = TrialScorer(store, trials, model.tokenizer).scores(model.system, audio)
    write_records(path, "scores", trials.append_column("score", pa.array(scores)), {**facts, **told})
    print(f"{len(trials):,} trials scored: {path}")


def _is_done(path: Path, told: dict[str, str]) -> bool:
    try:
        _, facts = read_records(path, "scores")
    except RecordError:
        return False
    return all(facts.get(key) == value for key, value in told.items())


def _human_task(words_dir: Path, exp: Path) -> _Task:
    """Pack people's recordings and pair every one with every typed word."""
    folder = exp / HUMAN
    pack_manifest(words_from_folder(words_dir, on_bad="skip"), folder / "store", on_bad="skip")
    store = PackedStore.open(folder / "store")
    words = [store.words[i] for i in store.word_ids]
    trials = wsj_trials(store.utt_ids.to_pylist(), words, negatives=len(words))  # all other words
    write_records(folder / "trials.tsv", "trials", trials, {"protocol": ALL_PAIRS})
    return _Task(HUMAN, folder / "trials.tsv", folder / "store")


def _default_device() -> str:
    return "cuda" if torch.cuda.is_available() else "cpu"


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def _facts(exp: Path, data: Path) -> dict[str, object]:
    return {
        "command": os.environ.get("KWSKIT_COMMAND", f"kwskit score --data {data} --exp {exp}"),
        "data": data.name,
        "kwskit": __version__,
        "torch": torch.__version__,
        "python": platform.python_version(),
        "plugins": json.loads((exp / "plugins.json").read_text("utf-8")),
    }
