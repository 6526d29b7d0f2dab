"""``kwskit transcribe``."""

import argparse

from kwskit.commands.usage import UsageError, local_folder
from kwskit.data.address import is_address, located
from kwskit.task_pool import add_executor

HELP = "write down what is said in a folder of recordings, so that it becomes a corpus"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Tell ``parser`` what the command takes."""
    parser.add_argument("folder", type=located, help="recordings, searched deep: a folder, or its address")
    parser.add_argument(
        "--out", type=local_folder, help="folder that text.tsv is written to (default: beside the recordings)"
    )
    parser.add_argument(
        "--model",
        default="base.en",
        help="Whisper model: a name, downloaded at its first use, or a directory (default: %(default)s); "
        "pip install 'kwskit[asr]'",
    )
    parser.add_argument("--language", default="en", help="code of what is spoken (default: %(default)s)")
    parser.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda"), help="default: %(default)s")
    add_executor(parser)
    parser.add_argument("--strict", action="store_true", help="fail where something cannot be transcribed")


def run(options: argparse.Namespace) -> None:
    """Run it."""
    from kwskit.corpora.transcribing import transcribe_folder
    from kwskit.corpora.whisper_model import WhisperModel
    from kwskit.errors import CorpusError

    if is_address(options.folder) and options.out is None:
        raise UsageError("the table of recordings at an address is written to this machine: name a folder (--out)")
    to = options.out or options.folder
    recogniser = WhisperModel(options.model, options.language, options.device)
    findings = transcribe_folder(options.folder, to, recogniser)
    if len(findings) and options.strict:
        raise CorpusError(f"{len(findings):,} recordings have no text, and this is --strict: {findings.summary()}")
    if len(findings):
        lines = findings.summary().replace("\n", "\n  ")
        print(f"without text:\n  {lines}")
    print(f"transcribe: {to / 'text.tsv'}: as a recogniser hears it, which nobody has checked")
