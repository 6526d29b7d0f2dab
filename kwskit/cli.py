"""``kwskit …``: parses, calls, prints. What each command does lives in the package it calls."""

import argparse
import logging
import os
import sys
from pathlib import Path

from kwskit import __version__, registry


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns its exit status.

    Errors that a person can mend are told in one line; ``KWSKIT_DEBUG=1`` shows where they come from.
    """
    parser = _parser()
    options, rest = parser.parse_known_args(argv)
    logging.basicConfig(level=os.environ.get("KWSKIT_LOG", "WARNING"), format="%(levelname)s %(name)s: %(message)s")
    try:
        registry.load_entry_points()
        for plugin in options.plugin:
            registry.load_plugin(plugin)
        options.run(options, rest)
    except BrokenPipeError:
        return 1
    except KeyboardInterrupt:
        print(f"kwskit {options.command}: interrupted", file=sys.stderr)
        return 130
    except (ValueError, LookupError, OSError, RuntimeError, ImportError) as error:
        if os.environ.get("KWSKIT_DEBUG"):
            raise
        told = error.args[0] if isinstance(error, KeyError) else error  # a KeyError quotes its message
        print(f"kwskit {options.command}: {told}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="kwskit", description="Keyword spotting enrolled by typing.")
    parser.add_argument("--version", action="version", version=f"kwskit {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    command = _command(commands, "parts", _parts, "list the registered parts, with arguments, defaults and source")
    command.add_argument("kind", nargs="?", help=f"one of: {', '.join(registry.KINDS)}")
    command.add_argument("name", nargs="?", help="one part of that kind")
    command.add_argument("--markdown", action="store_true", help="the whole reference page, as docs/PARTS.md")

    command = _command(commands, "fetch", _fetch, "download public corpora: resumed, checked and unpacked")
    command.add_argument("names", nargs="*", metavar="NAME", help="what to fetch; --list names all")
    command.add_argument("--to", type=Path, help="folder that takes the corpora")
    command.add_argument("--list", action="store_true", help="list what can be fetched, with size and licence")
    command.add_argument("--keep", action="store_true", help="keep archives that have been unpacked")

    command = _command(commands, "align", _align, "find the words of a corpus that has transcripts but no alignments")
    command.add_argument("--corpus", type=Path, required=True, help="folder of audio files")
    command.add_argument("--transcripts", type=Path, help="file or folder (default: in the corpus)")
    command.add_argument("--to", type=Path, required=True, help="folder of the alignments")
    command.add_argument("--with", dest="aligner", choices=("ctc", "mfa"), required=True, help="torchaudio, or MFA")
    command.add_argument("--model", help="ctc: a bundle of torchaudio or a TorchScript file; mfa: acoustic model")
    command.add_argument("--dictionary", help="mfa: pronunciations")
    command.add_argument("--jobs", type=int, default=os.cpu_count(), help="mfa: processes (default: all cores)")
    command.add_argument("--device", help="ctc: cpu, cuda … (default: cuda where there is one)")
    command.add_argument("--strict", action="store_true", help="fail where something cannot be aligned")

    command = _command(commands, "pack", _pack, "stage 2: pack a corpus into memory-mapped stores and a lexicon")
    command.add_argument("--data", type=Path, required=True, help="folder with manifests/*.tsv")
    command.add_argument("--jobs", type=int, default=os.cpu_count(), help="processes (default: all cores)")
    command.add_argument("--strict", action="store_true", help="stop at bad segments (default: skip and report them)")

    command = _command(commands, "train", _train, "stage 3: train; any --a.b VALUE overrides the YAML")
    command.add_argument("--config", type=Path, required=True, help="the experiment's YAML")
    command.add_argument("--overlay", type=Path, action="append", default=[], help="YAML merged over it (repeatable)")
    command.add_argument("--data", type=Path, required=True)
    command.add_argument("--exp", type=Path, required=True, help="folder of the run")
    command.add_argument("--seed", type=int, help="overrides the YAML's seed")
    command.add_argument("--device", help="cpu, cuda, cuda:1 … (default: cuda where there is one)")

    command = _command(commands, "adopt", _adopt, "stage 3 without training: take a model trained elsewhere")
    command.add_argument("--model", type=Path, required=True, help="its directory")
    command.add_argument("--exp", type=Path, required=True, help="folder of the run")

    command = _command(commands, "score", _score, "stage 4: embed, score the trials, compute the results")
    command.add_argument("--data", type=Path, required=True)
    command.add_argument("--exp", type=Path, required=True)
    command.add_argument("--words-dir", type=Path, help="recordings to score too: a folder a word, or a TSV")
    command.add_argument("--device")
    told = "write the trained model's score file of this trial list and nothing else, e.g. test_wsj (repeatable)"
    command.add_argument("--only", action="append", metavar="TRIALS", help=told)

    command = _command(commands, "report", _report, "stage 5: tables and a page to look at")
    command.add_argument("--data", type=Path, required=True)
    command.add_argument("--exp", type=Path, required=True)

    command = _command(commands, "table", _table, "train and compare all rows of tables; --a.b VALUE as in train")
    command.add_argument("table", type=Path, nargs="+", help="a table's YAML")
    command.add_argument("--config", type=Path, required=True, help="the experiment that every row starts from")
    command.add_argument("--overlay", type=Path, action="append", default=[], help="YAML merged over it (repeatable)")
    command.add_argument("--data", type=Path, required=True)
    command.add_argument("--exp", type=Path, required=True, help="folder of the tables and of their runs")
    command.add_argument("--seeds", type=int, default=3, help="trainings of a row (default 3)")
    command.add_argument("--jobs", type=int, help="runs at a time (default: one on a GPU, else one a core)")
    command.add_argument("--gather-only", action="store_true", help="train nothing: tables of what is there")
    command.add_argument("--device", help="cpu, cuda, cuda:1 … (default: cuda where there is one)")
    return parser


def _command(commands: argparse._SubParsersAction, name: str, run: object, told: str) -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=told, description=told)
    command.add_argument("--plugin", type=Path, action="append", default=[], help="Python file that registers parts")
    command.set_defaults(run=run)
    return command


def _overrides(rest: list[str]) -> dict[str, str]:
    """``["--losses.phn.weight", "0.3"]`` or ``["--losses.phn.weight=0.3"]`` as a mapping."""
    found: dict[str, str] = {}
    words = iter(rest)
    for word in words:
        if not word.startswith("--"):
            raise ValueError(f"unexpected argument '{word}'; overrides look like --losses.phn.weight 0.3")
        key, equals, value = word[2:].partition("=")
        if not equals:
            following = next(words, None)
            if following is None:
                raise ValueError(f"--{key} needs a value")
            value = following
        found[key] = value
    return found


def _no_more(rest: list[str]) -> None:
    if rest:
        raise ValueError(f"unknown argument {rest[0]}")


def _parts(options: argparse.Namespace, rest: list[str]) -> None:
    _no_more(rest)
    if options.markdown:
        from kwskit.reference import reference_page

        print(reference_page(), end="")
        return
    if options.name:
        print(registry.describe(registry.get(options.kind, options.name)))
        return
    for part in registry.parts(options.kind):
        print(f"{f'!{part.kind}:{part.name}':<32} {part.summary}")


def _fetch(options: argparse.Namespace, rest: list[str]) -> None:
    from kwskit.corpora.fetch import fetch, listing

    _no_more(rest)
    if options.list:
        print(listing())
        return
    if not options.names or options.to is None:
        raise ValueError("say what to fetch and where to: kwskit fetch NAME... --to DIR; --list names what there is")
    fetch(options.names, options.to, options.keep)


def _align(options: argparse.Namespace, rest: list[str]) -> None:
    from kwskit.corpora.forced_alignment import align_corpus

    _no_more(rest)
    o = options
    transcripts = o.transcripts or o.corpus
    align_corpus(o.corpus, transcripts, o.to, o.aligner, o.model, o.dictionary, o.jobs, o.device, o.strict)


def _pack(options: argparse.Namespace, rest: list[str]) -> None:
    from kwskit.stages.pack import pack_corpus

    _no_more(rest)
    pack_corpus(options.data, options.jobs, "stop" if options.strict else "skip")


def _train(options: argparse.Namespace, rest: list[str]) -> None:
    from kwskit.stages.train import train

    overrides = _overrides(rest)
    if options.seed is not None:
        overrides["seed"] = str(options.seed)
    train(options.config, options.data, options.exp, options.overlay, overrides, options.device)


def _adopt(options: argparse.Namespace, rest: list[str]) -> None:
    from kwskit.stages.adopt import adopt_model

    _no_more(rest)
    adopt_model(options.model, options.exp)


def _score(options: argparse.Namespace, rest: list[str]) -> None:
    from kwskit.stages.score import score, score_trials

    _no_more(rest)
    if options.only:
        score_trials(options.data, options.exp, options.only, options.device)
    else:
        score(options.data, options.exp, options.words_dir, options.device)


def _table(options: argparse.Namespace, rest: list[str]) -> None:
    from kwskit.stages.table import make_tables
    from kwskit.stages.table_place import Workplace
    from kwskit.stages.table_plan import Base

    base = Base(options.config, tuple(options.overlay), _overrides(rest))
    plugins, device = tuple(options.plugin), options.device
    place = Workplace(options.data, options.exp, base, options.seeds, device, plugins)
    make_tables(options.table, place, options.jobs, options.gather_only)


def _report(options: argparse.Namespace, rest: list[str]) -> None:
    from kwskit.evaluation.report import write_report

    _no_more(rest)
    print(f"report: {write_report(options.exp, options.data)}")
