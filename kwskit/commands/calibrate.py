"""``kwskit calibrate``."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kwskit.commands import MODEL, TYPED
from kwskit.commands.usage import UsageError, add_device, add_lexicon, add_rate

if TYPE_CHECKING:
    from kwskit.spotting.keyword import Keyword
    from kwskit.spotting.spotter import Spotter

HELP = "set thresholds by recordings of your own in which no keyword is said"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Tell ``parser`` what the command takes."""
    text = "files, or folders of them, in which no keyword is said; a model may come before, in the place of --model"
    parser.add_argument("recordings", nargs="*", metavar="AUDIO", help=text)
    text = (
        "folder of kwskit spot --keep, or of the page, in the place of recordings: thresholds by what was judged there"
    )
    parser.add_argument("--from", dest="kept", type=Path, metavar="DIR", help=text)
    parser.add_argument("--model", metavar="MODEL", help=MODEL)
    text = "file that the background is written to (default: background.npz in the model's directory, if it is yours)"
    parser.add_argument("--to", type=Path, metavar="FILE", help=text)
    text = f"keyword whose threshold is shown before and after: {TYPED} (repeatable)"
    parser.add_argument("--keyword", action="append", default=[], metavar="TEXT", help=text)
    text = "keyword that kwskit adapt has written, likewise (repeatable)"
    parser.add_argument("--keyword-file", type=Path, action="append", default=[], metavar="FILE.kw", help=text)
    add_lexicon(parser)
    add_rate(parser)
    add_device(parser)


def run(options: argparse.Namespace) -> None:
    """Run it."""
    from kwskit.data.audio import AudioError
    from kwskit.speech_model.model_source import ModelSource
    from kwskit.speech_model.open_model import open_model
    from kwskit.spotting.background_file import FILE
    from kwskit.spotting.peak_estimates import BackgroundError
    from kwskit.spotting.sound import blocks_of
    from kwskit.spotting.spotter import Spotter

    if options.kept is not None:
        _of_kept(options)
        return
    if not options.recordings:
        raise UsageError("say what to calibrate with: recordings, or --from DIR")
    model, named = _model_and_recordings(options)
    recordings, passed_over = _files(named)
    source = ModelSource.find(model)
    if options.to is None and source.shared:
        raise UsageError(
            f"{source.model_id} is of the package or of the Hub, and its directory stays as it is: say where the "
            "background goes (--to FILE), and give that file to kwskit spot and kwskit check (--background FILE)"
        )
    try:
        spotter = Spotter.load(source, device=options.device, lexicon=options.lexicon)
    except BackgroundError as error:  # it is about to be replaced
        print(f"kwskit calibrate: {error}", file=sys.stderr)
        spotter = Spotter(open_model(source, options.device), lexicon=options.lexicon)
    before = _enrolled(spotter, options)
    recorder, unread = spotter.recorder(), 0
    for recording in recordings:
        try:
            recorder.record(blocks_of(recording))
        except AudioError as error:
            print(f"kwskit calibrate: {error}", file=sys.stderr)
            unread += 1
    if unread == len(recordings):
        raise ValueError("no recording can be used")
    if objection := recorder.sound.objection():
        raise ValueError(f"{objection}; no background was written")
    if doubt := recorder.sound.doubt():
        print(f"kwskit calibrate: {doubt}", file=sys.stderr)
    background = recorder.background()
    target = options.to or source.for_spotting(options.device) / FILE
    background.save(target)
    print(f"{background.seconds / 60:.1f} minutes of background in {target}", file=sys.stderr)
    if before:
        spotter = Spotter(spotter.model, background, lexicon=options.lexicon)
        now = [(one.threshold, one.threshold_source) for one in _enrolled(spotter, options)]
        _print(before, now, options.fa_per_hour)
    if unread or passed_over:
        count = len(recordings) + passed_over
        raise ValueError(f"{unread + passed_over} of {count} recordings could not be used to their end")


def _of_kept(options: argparse.Namespace) -> None:
    """Thresholds by what was kept and judged; nothing is written."""
    from kwskit.spotting.kept.kept_folder import KeptFolder
    from kwskit.spotting.kept.kept_threshold import kept_threshold
    from kwskit.spotting.kept.near import scorer_of
    from kwskit.spotting.spotter import Spotter

    if options.recordings or options.to is not None:
        raise UsageError("--from gives thresholds and no background: it goes without recordings and without --to")
    if not options.keyword and not options.keyword_file:
        raise UsageError("say of which keywords: --keyword or --keyword-file")
    folder = KeptFolder(options.kept)
    spotter = Spotter.load(options.model, device=options.device, lexicon=options.lexicon)
    before = _enrolled(spotter, options)
    now = []
    for keyword in before:
        found = kept_threshold(folder, scorer_of(spotter, keyword), keyword.name, options.fa_per_hour)
        print(f"{keyword.name}: --threshold {found.threshold.value:.2f}: {found.text()}", file=sys.stderr)
        now.append((found.threshold.value, found.threshold.threshold_source))
    _print(before, now, options.fa_per_hour)


def _enrolled(spotter: "Spotter", options: argparse.Namespace) -> "list[Keyword]":
    from kwskit.text.typed_keyword import typed_keywords

    rate = options.fa_per_hour
    typed = [spotter.enrol(text, fa_per_hour=rate) for text in map(str, typed_keywords(options.keyword))]
    return typed + [spotter.enrol(file=file, fa_per_hour=rate) for file in options.keyword_file]


def _print(before: "Sequence[Keyword]", now: Sequence[tuple[float, str]], fa_per_hour: float) -> None:
    """Each keyword with its threshold before, that of ``now``, and how that is known."""
    table = sys.stdout.isatty()
    if table:
        print(f"{'before':>8}  {'now':>8}  keyword")
    for old, (threshold, source) in zip(before, now, strict=True):
        if table:
            print(f"{old.threshold:>8.2f}  {threshold:>8.2f}  {old.name} ({source})")
            continue
        facts = {
            "keyword": old.name,
            "typed": old.typed,
            "before": round(old.threshold, 3),
            "threshold": round(threshold, 3),
            "told_by": source,
            "fa_per_hour": fa_per_hour,
        }
        print(json.dumps(facts, ensure_ascii=False))


def _model_and_recordings(options: argparse.Namespace) -> tuple[str | None, list[str]]:
    """The first is a model, where no --model is given, if it is a packaged name, or a directory of a model."""
    from kwskit.data.audio_folder import audio_below
    from kwskit.speech_model.packaged_models import MARKS, names

    first, *others = options.recordings
    if options.model is None and others:
        directory = Path(first)
        marked = any((directory / mark).is_file() for mark in MARKS)
        if first in names() or marked or (directory.is_dir() and not audio_below(directory).files):
            return first, others
    return options.model, options.recordings


def _files(named: list[str]) -> tuple[list[str], int]:
    """Recordings, those of folders too, and how many of folders are of kinds that are not read."""
    from kwskit.data.audio_folder import audio_below

    files, passed_over = [], 0
    for name in named:
        if not Path(name).is_dir():
            files.append(name)
            continue
        below = audio_below(name)
        files += map(str, below.files)
        passed_over += len(below.passed_over) + len(below.closed)
        if below.summary():
            print(f"kwskit calibrate: {below.summary()}", file=sys.stderr)
        if not below.files:
            raise ValueError(f"{name}: holds no audio files that can be read, nor a model")
    return files, passed_over
