"""Wake words as each spotter hears them in the same streams."""

import argparse
import hashlib
import importlib.util
import json
import sys
from collections.abc import Mapping
from typing import Any

from wake_words import hear, results

from kwskit.evaluation.searched import Search
from kwskit.speech_model.open_model import open_model
from people.score_files import plain_name
from people.wake_misses import wake_misses
from people.wake_streams import noises_of, wake_search, wake_speech

POCKETSPHINX, CLEAN = "PocketSphinx", "clean"
FA_PER_HOUR, KWS_THRESHOLD = 0.5, 1e-20  # that the spotters' own thresholds are asked for


def wake_results(directories: Mapping[str, str], options: argparse.Namespace) -> dict[str, dict[str, Any]]:
    """Figures by spotter and condition: clean, and over noise.

    Parameters
    ----------
    directories : of the models, by name
    options : of the command; detections in ``options.out`` of the same streams by the same spotter are used again
    """
    sounds = wake_speech(options.speech, options.half, options.clips, options.jobs)
    conditions = {CLEAN: [], f"{options.snr:g} dB": noises_of(options.speech, options.jobs)}
    result: dict[str, dict[str, Any]] = {}
    for condition, noises in conditions.items():
        if condition != CLEAN and not noises:
            continue
        data = options.out / "streams" / options.half / plain_name(condition)
        search = wake_search(data, sounds, noises, options.snr, options.seed, options.jobs)
        for name, (job, version) in spotters(directories, options.without).items():
            path = data / "detections" / f"{plain_name(name)}_{_digest(job, version, search)}" / "detections.tsv"
            if not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                hear(job, search, data, path, options.jobs)
            own = results(search, path)
            result.setdefault(name, {})[condition] = {
                **wake_misses(search, path, options.resamples, options.seed),
                "own_threshold": {name: own[name] for name in ("miss", "fa_per_hour")},
            }
    return result


def spotters(directories: Mapping[str, str], without: list[str]) -> dict[str, tuple[dict[str, Any], str]]:
    """What each is built of, as wake_words.py has it, and what tells its version."""
    found: dict[str, tuple[dict[str, Any], str]] = {
        name: ({"kind": "kwskit", "model": model, "fa_per_hour": FA_PER_HOUR}, open_model(model).digest)
        for name, model in directories.items()
    }
    if "pocketsphinx" not in without:
        if importlib.util.find_spec("pocketsphinx"):
            found[POCKETSPHINX] = {"kind": "pocketsphinx", "kws_threshold": KWS_THRESHOLD}, ""
        else:
            print("pocketsphinx is not installed: left out", file=sys.stderr)
    return found


def _digest(job: dict[str, Any], version: str, search: Search) -> str:
    """Of a spotter and what it hears: the names of streams tell what is in them."""
    heard = [job, version, search.recordings["path"].to_pylist(), search.queries["text"].to_pylist()]
    return hashlib.sha256(json.dumps(heard).encode()).hexdigest()[:10]
