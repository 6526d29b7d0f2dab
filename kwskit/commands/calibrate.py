"""``kwskit calibrate``."""

import argparse
import json
import sys
from pathlib import Path

TOLD = "set thresholds by one's own recordings in which no keyword is said"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Tell ``parser`` what the command takes."""
    parser.add_argument("model", type=Path, metavar="MODEL", help="directory of a trained or exported model")
    parser.add_argument("recordings", nargs="+", metavar="AUDIO", help="files in which no keyword is said")
    parser.add_argument("--to", type=Path, metavar="FILE", help="where the background goes (default: into the model)")
    parser.add_argument("--keyword", action="append", default=[], metavar="TEXT", help="tell how its threshold changes")
    parser.add_argument("--fa-per-hour", type=float, default=0.5, help="false alarms of a keyword (default 0.5)")
    parser.add_argument("--device", default="cpu", help="of torch, for a trained model")


def run(options: argparse.Namespace) -> None:
    """Run it."""
    from kwskit.spotting.background import FILE, BackgroundError
    from kwskit.spotting.open_model import open_model
    from kwskit.spotting.spotter import Spotter

    try:
        spotter = Spotter.load(options.model, device=options.device)
    except BackgroundError as error:  # it is about to be replaced
        print(f"kwskit calibrate: {error}", file=sys.stderr)
        spotter = Spotter(open_model(options.model, options.device))
    before = [spotter.enrol(text, fa_per_hour=options.fa_per_hour) for text in options.keyword]
    background = spotter.calibrate(options.recordings)
    target = options.to or options.model / FILE
    background.save(target)
    print(f"{background.seconds / 60:.1f} minutes of background in {target}", file=sys.stderr)
    table = sys.stdout.isatty()
    if table and before:
        print(f"{'before':>8}  {'now':>8}  keyword")
    for old in before:
        now = spotter.keywords[old.name]
        if table:
            print(f"{old.threshold:>8.2f}  {now.threshold:>8.2f}  {old.name} ({now.told_by})")
        else:
            told = {"keyword": old.name, "before": round(old.threshold, 3), "threshold": round(now.threshold, 3)}
            print(json.dumps(told | {"told_by": now.told_by, "fa_per_hour": options.fa_per_hour}, ensure_ascii=False))
