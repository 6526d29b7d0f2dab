"""``kwskit spot``."""

import argparse
import sys
from collections.abc import Callable, Generator, Iterable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from kwskit.commands import MODEL, TYPED
from kwskit.commands.usage import (
    UsageError,
    add_device,
    add_keep,
    add_lexicon,
    add_rate,
    finite,
    kept_folder,
    listen_on_one_thread,
)
from kwskit.constants import SAMPLE_RATE

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from kwskit.spotting.hit import Hit
    from kwskit.spotting.kept.kept_folder import KeptFolder
    from kwskit.spotting.keyword import Keyword
    from kwskit.spotting.spotter import Spotter
    from kwskit.text.typed_keyword import TypedKeyword

    Listen = Callable[
        [Iterable[ArrayLike], int, str], Generator[Hit, None, None]
    ]  # blocks, their rate in Hz, and where from
    Wanted = tuple[list[TypedKeyword], list[tuple[str, str]]]  # what is typed; names with a recording of each

HELP = "hear keywords in recordings, in a pipe or at the microphone"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Tell ``parser`` what the command takes."""
    text = "audio files or pipes; - is stdin: a WAV or another audio file, or raw 16-bit mono PCM"
    parser.add_argument("recordings", nargs="*", metavar="AUDIO", help=text)
    add_keywords(parser)
    parser.add_argument("--mic", action="store_true", help="microphone in the place of recordings")
    text = "sample rate of raw PCM in a pipe (default: %(default)s)"
    parser.add_argument("--rate", type=int, default=SAMPLE_RATE, metavar="HZ", help=text)
    add_keep(parser)
    text = "print the parts of each score, too, where a model hears phonemes: embedding and phonemes"
    parser.add_argument("--explain", action="store_true", help=text)


def add_keywords(parser: argparse.ArgumentParser) -> None:
    """What keywords are listened for, and by which model: what :func:`spotter_for` takes."""
    parser.add_argument("--model", metavar="MODEL", help=MODEL)
    text = f"keyword to listen for: {TYPED} (repeatable)"
    parser.add_argument("--keyword", action="append", default=[], metavar="TEXT", help=text)
    parser.add_argument("--keywords-file", type=Path, metavar="FILE", help="text file of such keywords, one a line")
    text = "keyword that kwskit adapt has written (repeatable)"
    parser.add_argument("--keyword-file", type=Path, action="append", default=[], metavar="FILE.kw", help=text)
    text = "recording of somebody saying NAME, beside --keyword NAME or in its place (repeatable)"
    parser.add_argument("--example", action="append", default=[], metavar="NAME=AUDIO", help=text)
    add_lexicon(parser)
    add_rate(parser)
    parser.add_argument("--threshold", type=finite, help="threshold of all keywords, in the place of their own")
    text = "background that kwskit calibrate has written (default: the model's own)"
    parser.add_argument("--background", type=Path, metavar="FILE", help=text)
    add_device(parser)


def run(options: argparse.Namespace) -> None:
    """Run it."""
    listen_on_one_thread()
    from kwskit.spotting.hit_writer import HitWriter
    from kwskit.spotting.microphone import Microphone

    if options.mic == bool(options.recordings):
        raise UsageError("say what to listen to: recordings, - for stdin, or --mic")
    if "-" in options.recordings and sys.stdin is None:
        raise ValueError("stdin is closed: there is nothing to hear in -")
    wanted = wanted_keywords(options)
    microphone = Microphone() if options.mic else None  # before the model is loaded: there may be none
    folder = kept_folder(options)
    listen = _listening(spotter_for(wanted, options), folder)
    writer, unread = HitWriter(sys.stdout, options.explain), 0
    if microphone is not None:
        print("listening; Ctrl-C ends", file=sys.stderr)
        with closing(listen(microphone, microphone.rate, "microphone")) as hits:
            for hit in hits:
                writer.write(hit, "microphone")
    for recording in options.recordings:
        try:
            with closing(_hits(listen, recording, options.rate)) as hits:
                for hit in hits:
                    writer.write(hit, recording)
        except ValueError as error:
            print(f"kwskit spot: {error}", file=sys.stderr)
            unread += 1
    if unread:
        raise ValueError(f"{unread} of {len(options.recordings)} recordings could not be heard to their end")


def _listening(spotter: "Spotter", folder: "KeptFolder | None") -> "Listen":
    """What hears keywords in blocks of sound, and keeps what sets them off, where there is a folder for it."""
    if folder is None:
        return lambda blocks, rate, source: spotter.stream(blocks, rate)
    from kwskit.spotting.kept.hit_keeper import kept_hits

    return lambda blocks, rate, source: kept_hits(spotter, folder, blocks, rate, source)


def _hits(listen: "Listen", recording: str, rate: int) -> "Generator[Hit, None, None]":
    from kwskit.data.audio import read_blocks
    from kwskit.spotting.piped_sound import named_pipe, piped_sound

    if recording == "-":
        yield from listen(*piped_sound(sys.stdin.buffer, "stdin", rate), recording)
    elif Path(recording).is_fifo():
        with named_pipe(recording, rate) as piped:
            yield from listen(*piped, recording)
    else:
        yield from listen(read_blocks(recording), SAMPLE_RATE, recording)


def spotter_for(wanted: "Wanted", options: argparse.Namespace) -> "Spotter":
    """A spotter that has the keywords of :func:`wanted_keywords` enrolled; says of each how it is heard."""
    from kwskit.spotting.spotter import Spotter
    from kwskit.text.normal_form import distinct_keywords, normal_form

    typed, spoken = wanted
    files = {"background": options.background, "lexicon": options.lexicon}
    spotter = Spotter.load(options.model, device=options.device, **files)
    texts = {normal_form(one.text): str(one) for one in typed}
    given = {"threshold": options.threshold, "fa_per_hour": options.fa_per_hour}
    names = distinct_keywords([*(one.text for one in typed), *(name for name, _ in spoken)])
    for number, file in enumerate(options.keyword_file, 1):
        keyword = spotter.enrol(file=file, **given)
        _tell(keyword, spotter.background_minutes)
        same = [other for other in names if normal_form(other) == normal_form(keyword.name)]
        if same or len(spotter.keywords) < number:
            raise UsageError(f"--keyword-file {file}: '{keyword.name}' is given twice: type it or give its file")
    for name in names:
        examples = [path for other, path in spoken if normal_form(other) == normal_form(name)]
        keyword = spotter.enrol(texts.get(normal_form(name)), examples=examples, name=name, **given)
        _tell(keyword, spotter.background_minutes)
    return spotter


def wanted_keywords(options: argparse.Namespace) -> "Wanted":
    """Typed keywords, and examples: names and files; raises UsageError for none, and for examples without a name."""
    from kwskit.text.typed_keyword import keywords_file, typed_keywords

    typed = typed_keywords(options.keyword)
    if options.keywords_file is not None:
        typed = typed_keywords(map(str, [*typed, *keywords_file(options.keywords_file)]))
    spoken: list[tuple[str, str]] = []
    for example in options.example:
        name, equals, path = example.partition("=")
        if not (name and equals and path):
            raise UsageError(f"--example {example}: an example is NAME=AUDIO")
        spoken.append((name, path))
    if not typed and not spoken and not options.keyword_file:
        raise UsageError("say what to listen for: --keyword, --keywords-file, --keyword-file or --example")
    return typed, spoken


def _tell(keyword: "Keyword", minutes: float) -> None:
    print(f"{keyword.name}: {keyword.said_text()}; threshold {keyword.threshold_text(minutes)}", file=sys.stderr)
