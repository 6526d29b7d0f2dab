"""``kwskit align``."""

import argparse
import os
from pathlib import Path

from kwskit.commands.usage import count

HELP = "find the words of a corpus that has transcripts but no alignments"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Tell ``parser`` what the command takes."""
    parser.add_argument("--corpus", type=Path, required=True, help="folder of audio files")
    text = "file or folder of the transcripts (default: the folder of the corpus)"
    parser.add_argument("--transcripts", type=Path, help=text)
    parser.add_argument("--to", type=Path, required=True, help="folder that the alignments are written into")
    aligners = {
        "ctc": "a CTC network of torchaudio",
        "pocketsphinx": "for English; pip install 'kwskit[align]'",
        "mfa": "the Montreal Forced Aligner, from conda",
    }
    text = "aligner: " + "; ".join(f"{name} ({what})" for name, what in aligners.items())
    parser.add_argument("--with", dest="aligner", choices=aligners, required=True, help=text)
    text = "model of the aligner: for ctc a bundle of torchaudio or a TorchScript file, for mfa an acoustic model"
    parser.add_argument("--model", help=text)
    parser.add_argument("--dictionary", help="pronunciations for mfa: the name of a dictionary, or a file")
    text = "number of processes of mfa (default: one a core)"
    parser.add_argument("--jobs", type=count, default=os.cpu_count(), help=text)
    text = "device that ctc computes on: cpu, cuda, cuda:1 … (default: cuda where there is one)"
    parser.add_argument("--device", help=text)
    parser.add_argument("--strict", action="store_true", help="utterances that cannot be aligned make the command fail")


def run(options: argparse.Namespace) -> None:
    """Run it."""
    from kwskit.corpora.alignments.forced_alignment import align_corpus

    o = options
    transcripts = o.transcripts or o.corpus
    align_corpus(o.corpus, transcripts, o.to, o.aligner, o.model, o.dictionary, o.jobs, o.device, o.strict)
