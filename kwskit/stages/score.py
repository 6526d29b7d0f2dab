"""Stage 4: embed the test segments, score the trials, compute the results."""

import json
import os
import platform
from collections.abc import Sequence
from pathlib import Path

import torch

from kwskit import __version__
from kwskit.batch import Encoded
from kwskit.data.packing import pack_manifest
from kwskit.data.store import PackedStore
from kwskit.data.word_folder import words_from_folder
from kwskit.evaluation.scorer import format_table, score_file_results, write_results
from kwskit.evaluation.trials import wsj_trials
from kwskit.records import write_records
from kwskit.stages.score_task import ScoreTask, digest
from kwskit.stages.showcase import write_showcase
from kwskit.systems.model_directory import WEIGHTS, Model, load_model, untrained_model
from kwskit.systems.scoring import encode_store

TRAINED = "trained"
HUMAN = "human"
ALL_PAIRS = "all_pairs"  # every recording with every typed word


def score_trials(data: Path, exp: Path, lists: Sequence[str], device: str | None = None) -> list[Path]:
    """Score with the model of ``exp`` what ``lists`` names; returns the score files, nothing else is made.

    Score files of the same model and trials are kept.

    Parameters
    ----------
    data, exp : folders of the run
    lists : names as :meth:`ScoreTask.named` reads them
    device : where to embed

    Raises
    ------
    FileNotFoundError
        When a trial list is missing.
    """
    tasks = [ScoreTask.named(data, name) for name in lists]
    model = load_model(exp / "model", device or _default_device())
    return _score_tasks(exp, TRAINED, model, tasks)


def is_scored(data: Path, exp: Path, lists: Sequence[str]) -> bool:
    """Whether the score files of the trained model and all ``lists`` are there and up to date."""
    weights = exp / "model" / WEIGHTS
    if not weights.exists():
        return False
    told = f"{TRAINED}:{digest(weights)}"
    tasks = [ScoreTask.named(data, name) for name in lists]
    return all(task.is_done(task.path(exp, TRAINED), told) for task in tasks)


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
    names = sorted(path.stem for path in (data / "trials").glob("test_*.tsv"))
    if not names:
        raise FileNotFoundError(f"{data / 'trials'} holds no test_*.tsv: run stage 1 first")
    tasks = [ScoreTask.named(data, name) for name in names]
    if words_dir is not None:
        tasks.append(_human_task(words_dir, exp))
    trained = load_model(exp / "model", device)
    models = {TRAINED: trained, "untrained": untrained_model(exp / "model", seed=0, device=device)}
    results = []
    for model_name, model in models.items():
        for task, path in zip(tasks, _score_tasks(exp, model_name, model, tasks), strict=True):
            results.append(
                {"model": model_name, "trials_name": task.name, **score_file_results(path, trials=task.source)}
            )
    write_showcase(exp / "embeddings.npz", PackedStore.open(data / "store" / "test"), trained)
    write_results(exp / "results.json", results, _facts(exp, data))
    print(format_table(results))
    return exp / "results.json"


def _score_tasks(exp: Path, model_name: str, model: Model, tasks: Sequence[ScoreTask]) -> list[Path]:
    """Score files of the ``tasks``; each store is encoded once, and not at all when nothing is to do."""
    told = f"{model_name}:{digest(exp / 'model' / WEIGHTS)}"
    paths = [task.path(exp, model_name) for task in tasks]
    audio: dict[Path, Encoded] = {}
    for task, path in zip(tasks, paths, strict=True):
        if not task.is_done(path, told):
            store = PackedStore.open(task.store)
            if task.store not in audio:
                audio[task.store] = encode_store(model.system, store)
            task.score(path, told, model, store, audio[task.store])
    return paths


def _human_task(words_dir: Path, exp: Path) -> ScoreTask:
    """Pack people's recordings and pair every one with every typed word."""
    folder = exp / HUMAN
    pack_manifest(words_from_folder(words_dir, on_bad="skip"), folder / "store", on_bad="skip")
    store = PackedStore.open(folder / "store")
    words = [store.words[i] for i in store.word_ids]
    trials = wsj_trials(store.utt_ids.to_pylist(), words, negatives=len(words))  # all other words
    write_records(folder / "trials.tsv", "trials", trials, {"protocol": ALL_PAIRS})
    return ScoreTask(HUMAN, folder / "trials.tsv", folder / "store")


def _default_device() -> str:
    return "cuda" if torch.cuda.is_available() else "cpu"


def _facts(exp: Path, data: Path) -> dict[str, object]:
    return {
        "command": os.environ.get("KWSKIT_COMMAND", f"kwskit score --data {data} --exp {exp}"),
        "data": data.name,
        "kwskit": __version__,
        "torch": torch.__version__,
        "python": platform.python_version(),
        "plugins": json.loads((exp / "plugins.json").read_text("utf-8")),
    }
