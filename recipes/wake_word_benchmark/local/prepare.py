#!/usr/bin/env python3
"""Stage 1 of recipes/wake_word_benchmark: noisy recordings with keywords in them, and the keywords by themselves.

search/wake_word: hours of noise, background speech and pauses, in which every recording of a keyword is heard once;
trials/test_keywords: the keywords' recordings as they are, each tried with every keyword (where there are two or more).
"""

import argparse
import os
import sys
from dataclasses import asdict
from pathlib import Path

from kwskit.corpora.corpus_error import CorpusError
from kwskit.corpora.preparation import Preparation
from kwskit.corpora.wake_word_preparation import WakeWordSettings, prepare_wake_words
from kwskit.records import RecordError

SIZES = {"full": 24.0, "tiny": 0.05}  # hours
NO_NOISE = "none"


def main(argv: list[str] | None = None) -> None:
    """Parse and prepare."""
    args = _parser().parse_args(argv)
    data = Path(args.data or Path(__file__).parents[1] / "data" / args.size)
    try:
        prepare(data, args)
    except (CorpusError, RecordError, OSError, ValueError) as error:
        sys.exit(f"prepare: {error}")


def prepare(data: Path, args: argparse.Namespace) -> None:
    """Write the noisy recordings, their search, the keywords' manifest and trials into ``data``."""
    hours = SIZES[args.size] if args.hours is None else args.hours
    settings = WakeWordSettings(hours, args.speech, args.snr, args.seed)
    corpus = Path(args.corpus or data)
    background = _named("--background", args.background, data / "LibriSpeech/test-clean")
    noise = None if args.noise == NO_NOISE else _named("--noise", args.noise, data / "demand")
    folders = {"corpus": corpus, "background": background, "noise": noise}
    told = {name: folder and str(folder.absolute()) for name, folder in folders.items()}
    preparation = Preparation(data, asdict(settings) | told, args.strict)
    if not preparation.is_done():
        prepare_wake_words(preparation, corpus, background, noise, settings, args.jobs)
        preparation.finish()


def _named(flag: str, given: str | None, fetched: Path) -> Path:
    """The folder that was given, else where stage 0 fetches one to."""
    if given is None and not fetched.is_dir():
        raise CorpusError(f"{fetched} is not there: fetch it with stage 0, or name any folder of audio: {flag} DIR")
    return Path(given) if given is not None else fetched


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=SIZES, default="full", help="default of --hours: 24, or 0.05 for tiny")
    parser.add_argument("--data", help="where all goes; default: recipes/wake_word_benchmark/data/<size>")
    parser.add_argument("--corpus", help="folder with a folder of recordings for each keyword; default: --data")
    parser.add_argument("--background", help="folder of speech; default: LibriSpeech/test-clean in --data")
    parser.add_argument("--noise", help=f"folder of noise, or {NO_NOISE}; default: demand in --data")
    parser.add_argument("--hours", type=float, help="of background; default: by --size")
    parser.add_argument("--speech", type=float, default=0.2, help="share of the background that is no pause")
    parser.add_argument("--snr", type=float, default=10.0, help="of keywords and speech over noise, in dB")
    parser.add_argument("--seed", type=int, default=7, help="of all that is drawn; default: %(default)s")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes; default: one a core")
    parser.add_argument("--strict", action="store_true", help="stop at what cannot be used, instead of leaving it out")
    return parser


if __name__ == "__main__":
    main()
