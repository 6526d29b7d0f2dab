"""Stage 4: embed the test segments, score the trials and search the recordings, compute the results."""

import json
import os
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from kwskit import __version__
from kwskit.batch import Encoded
from kwskit.data.records import write_records
from kwskit.data.store.packed_store import PackedStore
from kwskit.data.store.packing import pack_manifest
from kwskit.data.word_folder import words_from_folder
from kwskit.evaluation.scorer import format_table, score_file_results, write_results
from kwskit.evaluation.segment_results import segment_results
from kwskit.evaluation.trials import wsj_trials
from kwskit.stages.score_task import ScoreTask, digest
from kwskit.stages.search_task import SEARCH, SearchTask
from kwskit.stages.shared_work import TRAINED, UNTRAINED, SharedWork, run_on_first
from kwskit.stages.showcase import write_showcase
from kwskit.systems.model_directory import WEIGHTS, Model
from kwskit.text_file import read_text

HUMAN = "human"
ALL_PAIRS = "all_pairs"  # every recording with every typed word
EVALUATION = "evaluation.txt"  # the tasks of a corpus, one a line
Task = ScoreTask | SearchTask


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
    run_on_first(exp, device, lambda work: _score_tasks(exp, TRAINED, work, tasks))
    return [task.path(exp, TRAINED) for task in tasks]


def is_scored(data: Path, exp: Path, lists: Sequence[str]) -> bool:
    """Whether the score files of the trained model and all ``lists`` are there and up to date."""
    weights = exp / "model" / WEIGHTS
    if not weights.exists():
        return False
    model_id = f"{TRAINED}:{digest(weights)}"
    tasks = [ScoreTask.named(data, name) for name in lists]
    return all(task.is_done(task.path(exp, TRAINED), model_id) for task in tasks)


def score(data: Path, exp: Path, words_dir: Path | None = None, device: str | None = None) -> Path:
    """Score the tasks of ``data`` with the model of ``exp`` and with an untrained one, or with that of ``exp/before``.

    The tasks are those of ``data/evaluation.txt`` where it exists, else all ``trials/test_*.tsv``. Writes
    ``scores/<trained|untrained|before>/<task>``, ``embeddings.npz`` and ``results.json``. Score files of the same model
    and task are kept. What a system cannot do (segments or spoken queries, with one that judges pairs) is left out, and
    so are searches of more than ten minutes of sound with the untrained model.

    Parameters
    ----------
    data, exp : folders of the run
    words_dir : recordings of people to score too: a folder a word, or a TSV with ``word`` and ``path``
    device : where to embed

    Raises
    ------
    FileNotFoundError
        When there is no task, or a task's file is missing.

    Started by ``torchrun``, all processes encode and search, and the first one scores and writes.
    """
    run_on_first(exp, device, lambda work: _score(data, exp, words_dir, work))
    return exp / "results.json"


def _score(data: Path, exp: Path, words_dir: Path | None, work: SharedWork) -> None:
    tasks = _tasks_of(data)
    if words_dir is not None:
        tasks.append(_human_task(words_dir, exp))
    results = []
    for model_name in work.names:
        able = [task for task in tasks if _is_wanted(task, model_name, work.model(model_name))]
        _score_tasks(exp, model_name, work, able)
        results += [_results(task, exp, model_name) for task in able]
    store = _showcase_store(data, tasks)
    if store is not None:
        write_showcase(exp / "embeddings.npz", PackedStore.open(store), work.model(TRAINED))
    write_results(exp / "results.json", results, _facts(exp, data))
    print(format_table(results))


def _tasks_of(data: Path) -> list[Task]:
    """What is to be scored; a search that another one is calibrated on comes before it."""
    listed = data / EVALUATION
    if listed.is_file():
        names = read_text(listed).split()
    else:
        names = sorted(path.stem for path in (data / "trials").glob("test_*.tsv"))
    if not names:
        raise FileNotFoundError(f"{data / 'trials'} holds no test_*.tsv: run stage 1 first")
    tasks: dict[str, Task] = {}
    for name in names:
        task = SearchTask(name, data) if name.startswith(SEARCH) else ScoreTask.named(data, name)
        if isinstance(task, SearchTask) and task.dev is not None:
            tasks.setdefault(task.dev, SearchTask(task.dev, data))
        tasks.setdefault(name, task)
    return list(tasks.values())


def _is_wanted(task: Task, model_name: str, model: Model) -> bool:
    if isinstance(task, SearchTask) and task.is_long and model_name == UNTRAINED:
        return False
    refusal = task.refusal(model)
    if refusal and model_name == TRAINED:
        print(f"{task.name} is left out: {refusal}")
    return not refusal


def _results(task: Task, exp: Path, model_name: str) -> dict[str, Any]:
    """The entry of results.json."""
    if isinstance(task, SearchTask):
        return task.results(exp, model_name)
    path = task.path(exp, model_name)
    if task.needs_embeddings:
        return segment_results(path)
    left_out = PackedStore.open(task.store).rejected
    found = score_file_results(path, trials=task.source, left_out=left_out)
    return {"model": model_name, "trials_name": task.name, **found}


def _showcase_store(data: Path, tasks: Sequence[Task]) -> Path | None:
    """Whose segments the report shows: those of the test set, or else of the first task that has a store."""
    stores = [data / "store" / "test", *(task.store for task in tasks if isinstance(task, ScoreTask))]
    return next((store for store in stores if store.is_dir()), None)


def _score_tasks(exp: Path, model_name: str, work: SharedWork, tasks: Sequence[Task]) -> None:
    """Write score files of the ``tasks``; each store is encoded once, and not at all when nothing is to do."""
    model, model_id = work.model(model_name), f"{model_name}:{digest(work.folder(model_name) / WEIGHTS)}"
    audio: dict[Path, Encoded] = {}
    for task in tasks:
        path = task.path(exp, model_name)
        if task.is_done(path, model_id):
            continue
        if isinstance(task, SearchTask):
            task.write(path, model_id, work.share(model_name, task.detections))
            continue
        if task.store not in audio:
            audio[task.store] = work.encode(model_name, task.store)
        task.score(path, model_id, model, PackedStore.open(task.store), audio[task.store])


def _human_task(words_dir: Path, exp: Path) -> ScoreTask:
    """Pack people's recordings and pair every one with every typed word."""
    folder = exp / HUMAN
    pack_manifest(words_from_folder(words_dir, on_bad="skip"), folder / "store", on_bad="skip")
    store = PackedStore.open(folder / "store")
    words = [store.words[i] for i in store.word_ids]
    trials = wsj_trials(store.utt_ids.to_pylist(), words, negatives=len(words))  # all other words
    write_records(folder / "trials.tsv", "trials", trials, {"protocol": ALL_PAIRS})
    return ScoreTask(HUMAN, folder / "trials.tsv", folder / "store")


def _facts(exp: Path, data: Path) -> dict[str, object]:
    return {
        "command": os.environ.get("KWSKIT_COMMAND", f"kwskit score --data {data} --exp {exp}"),
        "data": data.name,
        "kwskit": __version__,
        "torch": torch.__version__,
        "python": platform.python_version(),
        "plugins": json.loads((exp / "plugins.json").read_text("utf-8")),
    }
