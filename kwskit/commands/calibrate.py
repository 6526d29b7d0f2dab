"""``kwskit calibrate``."""

import argparse
import json
import sys
from pathlib import Path

from kwskit.commands import MODEL

HELP = "set thresholds by one's own recordings in which no keyword is said"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Tell ``parser`` what the command takes."""
    told = "files in which no keyword is said; a model may come before them, in the place of --model"
    parser.add_argument("recordings", nargs="+", metavar="AUDIO", help=told)
    parser.add_argument("--model", metavar="MODEL", help=MODEL)
    told = "where the background goes (default: into the directory of the model, if it is yours)"
    parser.add_argument("--to", type=Path, metavar="FILE", help=told)
    parser.add_argument("--keyword", action="append", default=[], metavar="TEXT", help="tell how its threshold changes")
    parser.add_argument("--fa-per-hour", type=float, default=0.5, help="false alarms of a keyword (default 0.5)")
    parser.add_argument("--device", default="cpu", help="of torch, for a trained model")


def run(options: argparse.Namespace) -> None:
    """Run it."""
    from kwskit.speech_model.model_source import ModelSource
    from kwskit.speech_model.open_model import open_model
    from kwskit.spotting.background import FILE, BackgroundError
    from kwskit.spotting.spotter import Spotter

    model, recordings = _model_and_recordings(options)
    source = ModelSource.find(model)
    if options.to is None and source.shared:
        raise ValueError(
            f"{source.told} is of the package or of the Hub, and its directory stays as it is: say where the "
            "background goes (--to FILE), and give that file to kwskit spot and kwskit check (--background FILE)"
        )
    try:
        spotter = Spotter.load(source, device=options.device)
    except BackgroundError as error:  # it is about to be replaced
        print(f"kwskit calibrate: {error}", file=sys.stderr)
        spotter = Spotter(open_model(source, options.device))
    before = [spotter.enrol(text, fa_per_hour=options.fa_per_hour) for text in options.keyword]
    background = spotter.calibrate(recordings)
    target = options.to or source.for_spotting(options.device) / FILE
    background.save(target)
    print(f"{background.seconds / 60:.1f} minutes of background in {target}", file=sys.stderr)
    table = sys.stdout.isatty()
    if table and before:
        print(f"{'before':>8}  {'now':>8}  keyword")
    for old in before:
        now = spotter.keywords[old.name]
        if table:
            print(f"{old.threshold:>8.2f}  {now.threshold:>8.2f}  {old.name} ({now.threshold_source})")
        else:
            told = {"keyword": old.name, "before": round(old.threshold, 3), "threshold": round(now.threshold, 3)}
            print(
                json.dumps(
                    told | {"told_by": now.threshold_source, "fa_per_hour": options.fa_per_hour}, ensure_ascii=False
                )
            )


def _model_and_recordings(options: argparse.Namespace) -> tuple[str | None, list[str]]:
    """What is not a file, where no --model is given, is the model: a directory or a packaged name."""
    from kwskit.speech_model.packaged_models import names

    first, *others = options.recordings
    if options.model is None and others and (Path(first).is_dir() or first in names()):
        return first, others
    return options.model, options.recordings
