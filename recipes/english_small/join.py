#!/usr/bin/env python3
"""Make one model of two: one that hears phonemes in a stream, and one that embeds words.

    python recipes/english_small/join.py --phonemes EXP/model --words kwskit/models/english --to EXP

Both rest on the same frozen speech embedding, which what comes out runs once. It is built as the first is, whose YAML
has parts for the words, which its training leaves as they are (hparams/english_phonemes.yaml), and is a run's folder
for release.py.
"""

import argparse
import sys
from pathlib import Path

import safetensors.torch
import torch

from kwskit.hparams import build_hparams
from kwskit.systems.model_directory import PARTS, WEIGHTS, save_model
from kwskit.text_file import read_text

OF_PHONEMES = {name: name for name in ("acoustic_encoder", "aligner")}
OF_WORDS = {
    "acoustic_encoder": "audio_pooler.encoder",
    "audio_pooler": "audio_pooler.pooler",
    "text_encoder": "text_encoder",
    "text_pooler": "text_pooler",
}


def main(argv: list[str] | None = None) -> None:
    """Parse, join, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--phonemes", type=Path, required=True, metavar="MODEL", help="model that hears phonemes")
    parser.add_argument("--words", type=Path, required=True, metavar="MODEL", help="model that embeds words")
    parser.add_argument("--to", type=Path, required=True, metavar="EXP", help="folder that the model is written into")
    args = parser.parse_args(argv)
    found = _parts(args.phonemes, OF_PHONEMES) | _parts(args.words, OF_WORDS)
    config = args.phonemes / PARTS
    text = read_text(config)
    system = build_hparams(text, config)["system"]
    wanted = {name: one for name, one in system.state_dict().items() if not name.startswith("losses.")}
    for name in sorted(wanted.keys() | found.keys()):
        if name not in wanted or name not in found or wanted[name].shape != found[name].shape:
            sys.exit(f"join: '{name}' does not go from the two models to {config}: they are built otherwise")
    system.load_state_dict(found, strict=False)
    save_model(args.to / "model", system, text, f"# Phonemes of {args.phonemes}, words of {args.words}\n")
    print(f"{args.to / 'model'}: {sum(one.numel() for one in found.values()):,} numbers")


def _parts(model: Path, names: dict[str, str]) -> dict[str, torch.Tensor]:
    """The weights of a model's parts, under the names that these parts have in the other."""
    if not (model / WEIGHTS).is_file():
        sys.exit(f"join: {model}: no model, such as stage 3 writes when it is done")
    weights = safetensors.torch.load_file(model / WEIGHTS)
    return {
        f"{names[part]}.{rest}": one.float() if one.is_floating_point() else one
        for name, one in weights.items()
        for part, _, rest in [name.partition(".")]
        if part in names
    }


if __name__ == "__main__":
    main()
