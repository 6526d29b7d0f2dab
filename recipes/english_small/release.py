#!/usr/bin/env python3
"""Make of a trained model what is shipped: weights in 16 bits, thresholds, 8-bit graphs, and a card.

    python recipes/english_small/release.py --exp EXP --data DATA --to kwskit/models/NAME --facts FACTS.json \\
        --background RECORDINGS --background MUSIC

Thresholds are set by recordings that training has not heard, --hours of them, drawn by --seed from the quarter of them
that no test hears (kwskit.corpora.held_back); without any, by four minutes of new synthetic sentences. --figures are
results.json of tools/bench/people, whose numbers come into the card with the command that measured them.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import safetensors.torch
import torch
from sources import training_sources

from kwskit.corpora.held_back import part_without_text
from kwskit.data.audio import probe
from kwskit.data.audio_folder import audio_below
from kwskit.speech_model.write_card import write_card
from kwskit.systems.model_directory import WEIGHTS
from kwskit.text_file import read_text

ROOT = Path(__file__).parents[2]
SENTENCES = {"hibari": 40, "flite": 40, "espeak": 20}  # about four minutes


def main() -> None:
    """Parse, convert, calibrate, export, describe."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--exp", type=Path, required=True, help="folder of the training run")
    parser.add_argument("--to", type=Path, required=True, help="directory of the model, named after it; replaced")
    parser.add_argument(
        "--data", type=Path, required=True, help="folder of its corpus, whose dev words tell 8-bit ranges"
    )
    parser.add_argument("--facts", type=Path, required=True, help="JSON of card.json's fields that nothing can count")
    parser.add_argument("--figures", type=Path, help="JSON list of figures for the card")
    text = (
        "folder of recordings that thresholds are set by; as much is taken of each, where it has so much (repeatable)"
    )
    parser.add_argument("--background", type=Path, action="append", default=[], metavar="DIR", help=text)
    text = "hours of each of them, one number for each --background in turn, or for all (default: 1)"
    parser.add_argument("--hours", type=float, nargs="+", default=[1.0], help=text)
    parser.add_argument("--seed", type=int, default=1011, help="seed of what thresholds are set by")
    args = parser.parse_args()
    readme = (args.to / "README.md").read_text("utf-8") if (args.to / "README.md").is_file() else None
    shutil.rmtree(args.to, ignore_errors=True)
    shutil.copytree(args.exp / "model", args.to)
    halve(args.to / WEIGHTS)
    (args.to / "background.npz").unlink(missing_ok=True)
    if readme is not None:
        (args.to / "README.md").write_text(readme, "utf-8")
    with tempfile.TemporaryDirectory() as folder:
        if args.background:
            hours = args.hours * len(args.background) if len(args.hours) == 1 else args.hours
            recordings = drawn(args.background, hours, args.seed)
        else:
            recordings = spoken_anew(Path(folder), args.seed)
        model = str(args.to.absolute())
        _kwskit("calibrate", "--model", model, *map(str, recordings), "--to", f"{model}/background.npz")
        to = f"{folder}/onnx"
        _kwskit("export", str(args.to.absolute()), "--to", to, "--int8", "--data", str(args.data.absolute()))
        shutil.copytree(Path(folder) / "onnx-int8", args.to / "onnx")
    # Where there are graphs, they are what spots: one background is enough.
    (args.to / "background.npz").unlink()
    (args.to / "onnx" / "README.md").unlink()
    facts = json.loads(read_text(args.facts)) | {"training": training_sources(args.data)}
    if args.figures is not None:
        facts["figures"] = json.loads(read_text(args.figures))
    write_card(args.to, facts)
    size = sum(path.stat().st_size for path in args.to.rglob("*") if path.is_file())
    print(f"{args.to}: {size / 1e6:.2f} MB")


def halve(path: Path) -> None:
    """Keep the weights of a file in 16 bits; what counts and what statistics are made of stays as it is."""
    weights = safetensors.torch.load_file(path)
    kept = {n: w if "running_" in n or not w.is_floating_point() else w.to(torch.float16) for n, w in weights.items()}
    safetensors.torch.save_file(kept, path)


def drawn(folders: Sequence[Path], hours: Sequence[float], seed: int) -> list[Path]:
    """Recordings of each of ``folders`` in a drawn order, the first of them until there are so many hours."""
    found = []
    for folder, wanted in zip(folders, hours, strict=True):
        files = [one for one in sorted(audio_below(folder).files) if part_without_text(one.stem) == "background"]
        for row in np.random.default_rng(seed).permutation(len(files)).tolist():
            if wanted <= 0:
                break
            found.append(files[row])
            wanted -= probe(files[row])[1] / 3600
    return found


def spoken_anew(folder: Path, seed: int) -> list[Path]:
    """New sentences, made in ``folder``."""
    prepare = [sys.executable, str(Path(__file__).with_name("prepare.py")), "--data", str(folder / "speech")]
    counts = [word for engine, count in SENTENCES.items() for word in (f"--{engine}", str(count))]
    subprocess.run([*prepare, "--seed", str(seed), "--kokoro", "0", "--words", "0", *counts], check=True)
    return sorted((folder / "speech" / "running" / "audio").glob("*.wav"))


def _kwskit(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "kwskit", *arguments], check=True, cwd=ROOT)


if __name__ == "__main__":
    main()
