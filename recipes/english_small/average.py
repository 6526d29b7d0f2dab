#!/usr/bin/env python3
"""Average the weights of trainings that began with the same model, which differ by their seeds (Wortsman et al. 2022).

    python recipes/english_small/average.py EXP EXP [EXP ...] --to EXP

What comes out is a run's folder for release.py. Runs of one recipe differ by many points where few errors decide, such
as wake words at a low rate; their average has the luck of none.
"""

import argparse
import shutil
import sys
from pathlib import Path

import safetensors.torch
import torch

from kwskit.systems.model_directory import PARTS, WEIGHTS


def main(argv: list[str] | None = None) -> None:
    """Parse, check that they are of one kind, average."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path, nargs="+", metavar="EXP", help="folders of finished runs")
    parser.add_argument("--to", type=Path, required=True, metavar="EXP", help="folder that the model is written into")
    args = parser.parse_args(argv)
    models = [run / "model" for run in args.runs]
    to = args.to / "model"
    for model in models:
        if not (model / WEIGHTS).is_file():
            sys.exit(f"average: {model}: no model, such as stage 3 writes when it is done")
        if (model / PARTS).read_text("utf-8") != (models[0] / PARTS).read_text("utf-8"):
            sys.exit(f"average: {model} is built otherwise than {models[0]}: their {PARTS} differ")
    if to.exists():
        sys.exit(f"average: {to} is there already")
    weights = [safetensors.torch.load_file(model / WEIGHTS) for model in models]
    mean = {
        name: torch.stack([own[name].double() for own in weights]).mean(0).to(one.dtype)
        if one.is_floating_point()
        else one
        for name, one in weights[0].items()
    }
    shutil.copytree(models[0], to)
    safetensors.torch.save_file(mean, to / WEIGHTS)
    print(f"average of {len(weights)} models in {to}")


if __name__ == "__main__":
    main()
