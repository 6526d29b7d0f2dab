"""``kwskit align``."""

import argparse
from pathlib import Path

from kwskit.commands.usage import UsageError, count, local_folder
from kwskit.data.address import is_address, located
from kwskit.task_pool import add_executor

HELP = "find the words of a corpus that has transcripts but no alignments"
# What an aligner may be told; it is built with those that were given.
SETTINGS = ("model", "dictionary", "jobs", "device")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Tell ``parser`` what the command takes."""
    parser.add_argument("--corpus", type=located, required=True, help="folder of audio files, or its address")
    text = (
        "transcripts: a table with the columns audio_filename and text, lines of 'UTTERANCE WORDS', or a folder with "
        "*.trans.txt or UTTERANCE.txt (default: the folder of the corpus)"
    )
    parser.add_argument("--transcripts", type=Path, help=text)
    parser.add_argument("--to", type=local_folder, required=True, help="folder that the alignments are written into")
    # Listing all of them would import them before any command runs.
    text = (
        "aligner, one of kwskit parts word_aligner, such as ctc (a CTC network of torchaudio), pocketsphinx (for "
        "English; pip install 'kwskit[align]') or mfa (the Montreal Forced Aligner, from conda)"
    )
    parser.add_argument("--with", dest="aligner", metavar="NAME", required=True, help=text)
    text = "model of the aligner: for ctc a bundle of torchaudio or a TorchScript file, for mfa an acoustic model"
    parser.add_argument("--model", help=text)
    parser.add_argument("--dictionary", help="pronunciations for mfa: the name of a dictionary, or a file")
    parser.add_argument("--jobs", type=count, help="number of processes of mfa and pocketsphinx (default: one a core)")
    add_executor(parser)
    text = "device that ctc computes on: cpu, cuda, cuda:1 … (default: cuda where there is one)"
    parser.add_argument("--device", help=text)
    parser.add_argument("--strict", action="store_true", help="utterances that cannot be aligned make the command fail")


def run(options: argparse.Namespace) -> None:
    """Run it."""
    from kwskit import registry
    from kwskit.corpora.alignments.forced_alignment import align_corpus

    if is_address(options.corpus) and options.transcripts is None:
        raise UsageError("transcripts are read from this machine: name them (--transcripts)")
    given = {name: getattr(options, name) for name in SETTINGS if getattr(options, name) is not None}
    aligner = registry.build("word_aligner", options.aligner, **given)
    align_corpus(options.corpus, options.transcripts or options.corpus, options.to, aligner, options.strict)
