"""The score of every trial, as the toolkit keeps scores."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from kwskit.data.records import write_records


def write_trial_scores(folder: Path, part: str, test: Any, scores: NDArray[np.float32]) -> list[Path]:
    """Write ``<folder>/<part>_<list>.tsv`` for every list of a test; ``kwskit table`` and others read them.

    Parameters
    ----------
    test : with ``clips``, ``texts`` and ``lists``
    scores : (clips, texts)
    """
    paths = []
    folder.mkdir(parents=True, exist_ok=True)
    for name, trials in test.lists.items():
        table = pa.table(
            {
                "enrol_text": pa.array(test.texts, pa.string()).take(pa.array(trials.texts)),
                "utt_id": pa.array([clip.name for clip in test.clips], pa.string()).take(pa.array(trials.clips)),
                "target": pa.array(trials.targets, pa.int8()),
                "score": pa.array(scores[trials.clips, trials.texts].astype(np.float64)),
            }
        )
        paths.append(folder / (f"{part}.tsv" if name == part else f"{part}_{name}.tsv"))
        write_records(paths[-1], "scores", table)
    return paths


def plain_name(name: str) -> str:
    """For a file or folder."""
    return "".join(letter if letter.isalnum() or letter in "-_." else "_" for letter in name)
