"""``kwskit align``."""

import argparse
from pathlib import Path

HELP = "find the words of a corpus that has transcripts but no alignments"
# What an aligner may be told; it is built with those that were given.
SETTINGS = ("model", "dictionary", "jobs", "device")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Tell ``parser`` what the command takes."""
    parser.add_argument("--corpus", type=Path, required=True, help="folder of audio files")
    parser.add_argument("--transcripts", type=Path, help="file or folder (default: in the corpus)")
    parser.add_argument("--to", type=Path, required=True, help="folder of the alignments")
    # Listing all of them would import them before any command runs.
    some = "such as ctc (torch), pocketsphinx (English; pip install 'kwskit[align]') or mfa (conda)"
    parser.add_argument(
        "--with", dest="aligner", metavar="NAME", required=True, help=f"one of kwskit parts word_aligner, {some}"
    )
    parser.add_argument("--model", help="ctc: a bundle of torchaudio or a TorchScript file; mfa: acoustic model")
    parser.add_argument("--dictionary", help="mfa: pronunciations")
    parser.add_argument("--jobs", type=int, help="mfa: processes (default: all cores)")
    parser.add_argument("--device", help="ctc: cpu, cuda … (default: cuda where there is one)")
    parser.add_argument("--strict", action="store_true", help="fail where something cannot be aligned")


def run(options: argparse.Namespace) -> None:
    """Run it."""
    from kwskit import registry
    from kwskit.corpora.alignments.forced_alignment import align_corpus

    given = {name: getattr(options, name) for name in SETTINGS if getattr(options, name) is not None}
    aligner = registry.build("word_aligner", options.aligner, **given)
    align_corpus(options.corpus, options.transcripts or options.corpus, options.to, aligner, options.strict)
