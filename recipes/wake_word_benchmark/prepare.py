#!/usr/bin/env python3
"""Stage 1 of recipes/wake_word_benchmark: noisy recordings with keywords in them, and the keywords by themselves.

search/wake_word: hours of noise, background speech and pauses, in which every recording of a keyword is heard once;
trials/test_keywords: the keywords' recordings as they are, each tried with every keyword (where there are two or more).
"""

import argparse
from dataclasses import asdict
from pathlib import Path

from kwskit.corpora.preparation import Preparation
from kwskit.corpora.stage_one import StageOne
from kwskit.corpora.wake_words.preparation import WakeWordSettings, prepare_wake_words
from kwskit.errors import CorpusError

RECIPE = Path(__file__).parent
SIZES = {"full": 24.0, "tiny": 0.05}  # hours
NO_NOISE = "none"


def main(argv: list[str] | None = None) -> None:
    """Parse and prepare."""
    _parser().run(prepare, argv)


def prepare(args: argparse.Namespace) -> None:
    """Write the noisy recordings, their search, the keywords' manifest and trials."""
    hours = SIZES[args.size] if args.hours is None else args.hours
    mixing = WakeWordSettings(hours, args.speech, args.snr, args.seed)
    data, corpus = args.data, args.corpus
    background = _named("--background", args.background, data / "LibriSpeech/test-clean")
    noise = None if args.noise == NO_NOISE else _named("--noise", args.noise, data / "demand")
    folders = {"corpus": corpus, "background": background, "noise": noise}
    facts = {name: folder and str(folder.absolute()) for name, folder in folders.items()}
    preparation = Preparation(data, asdict(mixing) | facts, args.strict)
    if not preparation.is_done():
        prepare_wake_words(preparation, corpus, background, noise, mixing, args.jobs)
        preparation.finish()


def _named(flag: str, given: str | None, fetched: Path) -> Path:
    """The folder that was given, else where stage 0 fetches one to."""
    if given is None and not fetched.is_dir():
        raise CorpusError(f"{fetched} is not there: fetch it with stage 0, or name any folder of audio: {flag} DIR")
    return Path(given) if given is not None else fetched


def _parser() -> StageOne:
    parser = StageOne(RECIPE, __doc__, sizes=list(SIZES))
    parser.add_argument(
        "--corpus",
        type=Path,
        metavar="DIR",
        help="folder with a folder of recordings for each keyword, named after it (default: what stage 0 fetches)",
    )
    parser.add_argument(
        "--background",
        metavar="DIR",
        help="folder of any speech (default: LibriSpeech test-clean, which stage 0 fetches)",
    )
    parser.add_argument(
        "--noise", metavar="DIR", help="folder of any noise, or none (default: DEMAND, which stage 0 fetches)"
    )
    parser.add_argument(
        "--hours", type=float, metavar="H", help="hours of background (default: 24; 0.05 with --size tiny)"
    )
    parser.add_argument(
        "--speech",
        type=float,
        default=0.2,
        metavar="SHARE",
        help="share of the background that is speech; the rest are pauses (default %(default)s)",
    )
    parser.add_argument(
        "--snr",
        type=float,
        default=10.0,
        metavar="DB",
        help="level of keywords and speech over the noise in dB (default %(default)s)",
    )
    return parser


if __name__ == "__main__":
    main()
