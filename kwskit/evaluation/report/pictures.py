"""Which plots a report shows: each a dict of ``title``, ``note`` and ``svg``."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from kwskit.evaluation.report.gradient_shares import GRADIENT
from kwskit.evaluation.report.plots import affinity_plot, det_plot, learning_curve, score_histogram, token_centres
from kwskit.evaluation.report.run_folder import RunFolder
from kwskit.evaluation.report.tables import percent

Picture = dict[str, str]
MAX_AFFINITIES = 9
CHANCE = ".chance"


def learning_curves(run: RunFolder) -> list[Picture]:
    """One plot for the total, for each loss and for the validation AP, from whatever of the two logs is there.

    Norms of gradients have a table of their own; chance is a line in the plots of what it is the chance of.
    """
    epochs, steps = run.epochs or {}, run.steps or {}
    names = [name for name in steps if name != "step" and GRADIENT not in name and not name.endswith(CHANCE)]
    names += [name for column in epochs if (name := column.removeprefix("train_")) != column and name not in names]
    pictures: list[Picture] = []
    for name in names:
        log, column = (steps, name) if name in steps else (epochs, f"train_{name}")
        values = log[column]
        label = f"Learning curve of the loss {name}: from {values[0]:.3g} to {values[-1]:.3g}"
        known = steps.get(f"{name.partition('.')[0]}{CHANCE}") if ".cross_entropy_" in name else None
        chance = None if known is None else known[-1]
        svg = learning_curve(f"curve{len(pictures)}", label, log["step"], values, chance=chance)
        # A single batch is noisy; what the last epoch reached is the mean of its steps where it is known.
        last = epochs.get(f"train_{name}", values)[-1]
        pictures.append({"title": name, "note": f"last {last:.3g}", "svg": svg})
    if "valid_ap" in epochs:
        values = epochs["valid_ap"]
        best = f"best {np.nanmax(values) * 100:.1f} %" if np.isfinite(values).any() else ""
        label = f"Learning curve of the AP on the development words: {best}"
        svg = learning_curve("valid-ap", label, epochs["step"], values, percent=True)
        pictures.append({"title": "AP, development words", "note": best, "svg": svg})
    return pictures


def det_curves(results: Sequence[dict[str, Any]]) -> list[Picture]:
    """One plot for each trial list, all models in it."""
    pictures: list[Picture] = []
    for protocol, entries in _by_trials([result for result in results if result.get("det")]).items():
        rates = ", ".join(f"{entry['model']} EER {percent(entry['eer'])} %" for entry in entries)
        svg = det_plot(f"det{len(pictures)}", f"DET curve, protocol {protocol}: {rates}", entries)
        pictures.append({"title": protocol, "note": f"EER {percent(entries[0]['eer']).split(' ')[0]} %", "svg": svg})
    return pictures


def histograms(results: Sequence[dict[str, Any]]) -> list[Picture]:
    """One plot for each trial list, of the model that results.json tells first of it."""
    pictures: list[Picture] = []
    for protocol, entries in _by_trials([result for result in results if result.get("histogram")]).items():
        entry = entries[0]
        label = (
            f"Histograms of the {entry['model']} model's scores, protocol {protocol}: the typed word and other words"
        )
        svg = score_histogram(f"scores{len(pictures)}", label, entry["histogram"], entry.get("eer_threshold"))
        pictures.append({"title": protocol, "note": f"{entry['model']} model", "svg": svg})
    return pictures


def affinities(run: RunFolder) -> list[Picture]:
    """One matrix for each word that embeddings.npz holds one of."""
    arrays = run.embeddings or {}
    pictures: list[Picture] = []
    for k, word in enumerate(arrays.get("affinity_words", [])[:MAX_AFFINITIES]):
        affinity, tokens = np.asarray(arrays[f"affinity_{k}"], float), [str(t) for t in arrays[f"affinity_tokens_{k}"]]
        forward, steps = int((np.diff(token_centres(affinity)) > 0).sum()), len(tokens) - 1
        note = f"{forward} of {steps} steps go forward"
        label = f"Affinity of {word}, phonemes {' '.join(tokens)}: {note}"
        pictures.append(
            {"title": str(word), "note": note, "svg": affinity_plot(f"affinity{k}", label, affinity, tokens)}
        )
    return pictures


def _by_trials(results: Sequence[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Entries of each trial list, in their order; a second list of a protocol goes by both names."""
    lists: dict[str, list[dict[str, Any]]] = {}
    for result in results:
        lists.setdefault(result["trials_name"], []).append(result)
    named: dict[str, list[dict[str, Any]]] = {}
    for name, entries in lists.items():
        protocol = str(entries[0]["protocol"])
        named[f"{protocol}, {name}" if protocol in named else protocol] = entries
    return named
