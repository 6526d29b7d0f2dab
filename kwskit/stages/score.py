"""Stage 4: embed the test segments, score the trials, compute the results."""

import hashlib
import json
import os
import platform
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import torch

from kwskit import __version__
from kwskit.data.packing import pack_manifest
from kwskit.data.store import PackedStore
from kwskit.data.word_folder import words_from_folder
from kwskit.evaluation.scorer import format_table, score_file_results, write_results
from kwskit.evaluation.trials import wsj_trials
from kwskit.records import RecordError, read_records, write_records
from kwskit.stages.showcase import write_showcase
from kwskit.systems.model_directory import WEIGHTS, Model, load_model, untrained_model
from kwskit.systems.scoring import TrialScorer, embed_store

HUMAN = "human"
ALL_PAIRS = "all_pairs"  # every recording with every typed word


@dataclass(frozen=True)
class _Task:
    """One trial list and the store its utterances are in."""

    name: str
    trials: Path
    store: Path


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
    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    tasks = [_Task(path.stem, path, data / "store" / "test") for path in sorted((data / "trials").glob("test_*.tsv"))]
    if not tasks:
        raise FileNotFoundError(f"{data / 'trials'} holds no test_*.tsv: run stage 1 first")
    if words_dir is not None:
        tasks.append(_human_task(words_dir, exp))
    trained = load_model(exp / "model", device)
    models = {"trained": trained, "untrained": untrained_model(exp / "model", seed=0, device=device)}
    digest = _digest(exp / "model" / WEIGHTS)
    results = []
    for model_name, model in models.items():
        audio: dict[Path, torch.Tensor] = {}
        for task in tasks:
            path = exp / "scores" / model_name / f"{task.name}.tsv"
            told = {"model": f"{model_name}:{digest}", "trials": _digest(task.trials)}
            if not _is_done(path, told):
                store = PackedStore.open(task.store)
                if task.store not in audio:
                    audio[task.store] = embed_store(model.system, store)
                _score_task(path, task, store, model, audio[task.store], told)
            results.append(
                {"model": model_name, "trials_name": task.name, **score_file_results(path, trials=task.trials)}
            )
    write_showcase(exp / "embeddings.npz", PackedStore.open(data / "store" / "test"), trained)
    write_results(exp / "results.json", results, _facts(exp, data))
    print(format_table(results))
    return exp / "results.json"


def _score_task(
    path: Path, task: _Task, store: PackedStore, model: Model, audio: torch.Tensor, told: dict[str, str]
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
