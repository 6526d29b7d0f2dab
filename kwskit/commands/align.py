"""``kwskit align``."""

import argparse
import os
from pathlib import Path

HELP = "find the words of a corpus that has transcripts but no alignments"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Tell ``parser`` what the command takes."""
    parser.add_argument("--corpus", type=Path, required=True, help="folder of audio files")
    parser.add_argument("--transcripts", type=Path, help="file or folder (default: in the corpus)")
    parser.add_argument("--to", type=Path, required=True, help="folder of the alignments")
    aligners = {"ctc": "torchaudio", "pocketsphinx": "English; pip install 'kwskit[align]'", "mfa": "conda"}
    told = "; ".join(f"{name} ({what})" for name, what in aligners.items())
    parser.add_argument("--with", dest="aligner", choices=aligners, required=True, help=told)
    parser.add_argument("--model", help="ctc: a bundle of torchaudio or a TorchScript file; mfa: acoustic model")
    parser.add_argument("--dictionary", help="mfa: pronunciations")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="mfa: processes (default: all cores)")
    parser.add_argument("--device", help="ctc: cpu, cuda … (default: cuda where there is one)")
    parser.add_argument("--strict", action="store_true", help="fail where something cannot be aligned")


def run(options: argparse.Namespace) -> None:
    """Run it."""
    from kwskit.corpora.alignments.forced_alignment import align_corpus

    o = options
    transcripts = o.transcripts or o.corpus
    align_corpus(o.corpus, transcripts, o.to, o.aligner, o.model, o.dictionary, o.jobs, o.device, o.strict)
