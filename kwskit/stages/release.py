"""The end of stage 3: a trained system becomes a model."""

import json
import platform
from collections.abc import Callable, Mapping
from pathlib import Path

import torch

from kwskit import __version__
from kwskit.atomic_write import atomic_write
from kwskit.spotting.background_file import FILE as BACKGROUND
from kwskit.stages.experiment import Experiment
from kwskit.systems.model_directory import WEIGHTS, save_model

RELEASED = "released.json"


def release(
    exp: Path, experiment: Experiment, epochs: int, best: Mapping[str, float], add_background: Callable[[Path], object]
) -> None:
    """Write ``exp/model``, all or nothing of it, and after how many epochs that was.

    Parameters
    ----------
    exp : folder of the run
    experiment : its system has the weights of the model
    epochs : epochs of training that have led to it
    best : ``epoch`` of the model and its ``ap`` on the dev words
    add_background : writes the background of a directory, where the system can spot
    """
    system = experiment.system
    add = add_background if system.can_spot else lambda _: None
    save_model(exp / "model", system, experiment.text, _card(experiment, best), add)
    with atomic_write(exp / "train" / RELEASED) as partial:
        partial.write_text(json.dumps({"epochs": epochs}) + "\n", "utf-8")


def is_released(exp: Path, experiment: Experiment, epochs: int) -> bool:
    """Whether ``exp/model`` is all there, and that of ``epochs`` epochs."""
    files = [WEIGHTS, BACKGROUND] if experiment.system.can_spot else [WEIGHTS]
    if not all((exp / "model" / name).is_file() for name in files):
        return False
    marker = exp / "train" / RELEASED
    return not marker.is_file() or json.loads(marker.read_text("utf-8")) == {"epochs": epochs}


def part_sizes(experiment: Experiment) -> dict[str, int]:
    """Numbers of parameters by part."""
    counts = {name: sum(p.numel() for p in part.parameters()) for name, part in experiment.system.named_children()}
    return {name: count for name, count in counts.items() if count}


def _card(experiment: Experiment, best: Mapping[str, float]) -> str:
    plan = experiment.plan
    share = f", of which it has {plan.init_share:.0%}" if plan.init_share else ""
    started = [] if plan.init is None else [f"- started from the weights of {plan.init}{share}"]
    counts = part_sizes(experiment).items()
    return "\n".join(
        [
            "# kwskit model",
            "",
            "Open-vocabulary keyword spotting enrolled by typing: a typed and a spoken word meet in one space.",
            "",
            *started,
            f"- {plan.keep} of training: epoch {best['epoch']}, validation AP {best['ap']:.2%} (dev {plan.validate})",
            f"- parameters: {', '.join(f'{name} {count:,}' for name, count in counts if name != 'losses')}",
            f"- seed {experiment.seed}, kwskit {__version__}, torch {torch.__version__}, "
            f"Python {platform.python_version()}",
            "",
            "```python",
            "from kwskit.systems.model_directory import load_model",
            'model = load_model("this directory")',
            "```",
            "",
        ]
    )
