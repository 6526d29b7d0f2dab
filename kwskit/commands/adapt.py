"""``kwskit adapt``."""

import argparse
import json
import sys
from pathlib import Path

from kwskit.commands import MODEL, TYPED
from kwskit.commands.usage import add_device, add_lexicon, add_rate
from kwskit.extras import missing_extra

HELP = "adapt a keyword: spoken by every synthesis voice, and by recordings of yours, in minutes"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Tell ``parser`` what the command takes."""
    parser.add_argument("keyword", metavar="TEXT", help=f"keyword: {TYPED}")
    text = "recordings of somebody saying it, once each, files or folders; every fourth is held out"
    parser.add_argument("recordings", nargs="*", metavar="AUDIO", help=text)
    text = "recordings without it, such as false alarms, file or folder (repeatable); every fourth is held out"
    parser.add_argument("--other", action="append", default=[], metavar="AUDIO", help=text)
    text = "folder of kwskit spot --keep, or of the page: its clips of this keyword that were judged"
    parser.add_argument("--from", dest="kept", type=Path, metavar="DIR", help=text)
    text = "file that the keyword is written to, such as nova.kw"
    parser.add_argument("--to", type=Path, required=True, metavar="FILE", help=text)
    parser.add_argument("--model", metavar="MODEL", help=MODEL)
    add_lexicon(parser)
    add_rate(parser)
    text = "background that kwskit calibrate has written, half of which is trained with (default: the model's own)"
    parser.add_argument("--background", type=Path, metavar="FILE", help=text)
    text = "JSON in the place of lines, as when stdout is no terminal"
    parser.add_argument("--json", action="store_true", help=text)
    add_device(parser)


def run(options: argparse.Namespace) -> None:
    """Run it."""
    from kwskit.spotting.kept.kept_folder import KeptFolder
    from kwskit.spotting.spotter import Spotter

    try:
        from kwskit.adapt.adapt_keyword import adapt_keyword
        from kwskit.adapt.kept_recordings import NONE, kept_recordings
    except ModuleNotFoundError as error:
        raise missing_extra("voices", "voices need SciPy", error) from error

    kept = NONE
    if options.kept is not None:
        kept = kept_recordings(KeptFolder(options.kept), options.keyword)
        counts = f"{len(kept.said)} clips that were '{options.keyword}', {len(kept.not_said)} that were not"
        _tell(f"{options.kept}: {counts}" + (f"; {kept.unmarked} are not judged, left out" if kept.unmarked else ""))
    spotter = Spotter.load(options.model, device=options.device, background=options.background, lexicon=options.lexicon)
    own, others = _files(options.recordings), _files(options.other)
    rate = options.fa_per_hour
    adapted = adapt_keyword(spotter, options.keyword, own, others, kept=kept, fa_per_hour=rate, tell=_tell)
    adapted.save(options.to)
    _tell(f"{options.to}: {options.to.stat().st_size / 1000:.0f} kB; kwskit spot --keyword-file {options.to}")
    if options.json or not sys.stdout.isatty():
        facts = {"keyword": adapted.typed, "model": adapted.model, "file": str(options.to)} | adapted.card.as_json()
        print(json.dumps(facts, ensure_ascii=False))
    else:
        print("\n".join([adapted.typed, *adapted.card.lines()]))


def _files(named: list[str]) -> list[str]:
    """Recordings, and those of folders."""
    from kwskit.data.audio_folder import audio_files_below

    found: list[str] = []
    for name in named:
        below = [*map(str, audio_files_below(name))] if Path(name).is_dir() else [name]
        if not below:
            raise ValueError(f"{name}: holds no audio files that can be read")
        found += below
    return found


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
