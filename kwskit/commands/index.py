"""``kwskit index``."""

import argparse
import sys
from pathlib import Path

from kwskit.commands import MODEL
from kwskit.commands.usage import add_device, count
from kwskit.task_pool import add_executor

HELP = "make recordings searchable, or add some to an index"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Tell ``parser`` what the command takes."""
    parser.add_argument(
        "recordings", nargs="+", metavar="RECORDING", help="audio files, or folders of them, or their addresses"
    )
    text = "folder of the index, or an address of the vector engine; an index that is there already is added to"
    parser.add_argument("--out", required=True, metavar="INDEX", help=text)
    parser.add_argument("--model", metavar="MODEL", help=f"{MODEL}; an index that is there remembers its own")
    add_device(parser)
    text = "lengths of the windows of a new index, in seconds (default 0.3,0.5,0.8,1.2,1.8)"
    parser.add_argument("--windows", metavar="SECONDS,...", help=text)
    text = (
        "overlap of neighbouring windows of a new index, as a share of their length (default: they start 0.04 s apart)"
    )
    parser.add_argument("--overlap", metavar="SHARE", help=text)
    text = "number of processes that embed recordings (default: this one, which computes with several threads)"
    parser.add_argument("--jobs", type=count, default=1, metavar="N", help=text)
    add_executor(parser)
    text = "files that are no longer in these folders are taken out of the index"
    parser.add_argument("--remove-missing", action="store_true", help=text)


def run(options: argparse.Namespace) -> None:
    """Run it."""
    from kwskit.data.audio_folder import passed_over
    from kwskit.index.audio_files import require_paths
    from kwskit.index.speech_index import DEFAULTS, SpeechIndex
    from kwskit.search.search_settings import SearchSettings

    require_paths(options.recordings)  # before an index is made for nothing
    wanted = {name: value for name in ("windows", "overlap") if (value := getattr(options, name))}
    closest = {"hop": "0"} if options.overlap else {}
    settings = SearchSettings.of(DEFAULTS.facts() | closest | wanted)
    index = SpeechIndex.open_or_create(options.out, options.model, settings, options.device)
    if wanted and index.about.settings != settings.facts():
        raise ValueError(f"{options.out} was made with {index.about.settings}; other windows need a new index")
    added = index.add(options.recordings, options.remove_missing, progress=True, jobs=options.jobs)
    for path, reason in added.refused.items():
        print(f"not indexed: {reason if path in reason else f'{path}: {reason}'}", file=sys.stderr)
    if added.passed_over:
        print(f"not indexed: {passed_over(map(Path, added.passed_over))}", file=sys.stderr)
    print(f"{index.place}: {added.summary()}; {len(index.files)} files, {index.seconds / 3600:.2f} h in the index")
    left_out = len(added.refused) + len(added.passed_over)
    if left_out:
        count = left_out + len(added.indexed) + len(added.replaced) + added.skipped
        raise ValueError(f"{left_out} of {count} recordings could not be indexed")
