"""How well models know what people say: recordings of digits, words and phrases, and wake words among other speech.

    python tools/bench/people --model NAME=DIR [--model NAME=DIR ...] --speech FOLDER --half dev --out OUT
    python tools/bench/people --model NAME=DIR --speech FOLDER --half test --out OUT --only digits,librispeech

A model is a directory that training or `kwskit export` wrote. FOLDER holds

- digits/: ``{digit}_{speaker}_{index}.wav``;
- librispeech_words/: flac/ and words.tsv (file, start, end, word, probability), as a recogniser heard them. It ends
  words too early, so they are cut by forced alignment of what it heard, see people/aligned_words.py;
- speech/common_voice, speech/speechocean762, speech/LibriSpeech: sentences of those who are held back from training,
  by kwskit.corpora.held_back; a part that is not there is left out;
- speech/common_voice_untranscribed/, music/: hours of sound without text, in which false alarms are counted; what
  packaged thresholds are set by is left out of it, by the same module;
- wake_words/<word>/ and wake_words/_other/; noise/.

Half of the people, ``dev``, is there to choose models by; look at ``test`` once they are chosen. What the parts
measure is told in people/digit_test.py, people/text_test.py and people/wake_misses.py; wake words are heard by
PocketSphinx too. OUT gets results.json, results.md and errors.md, where the models err.
Intervals hold 95 % of the resamples of speakers; with two models and more, the first is compared with each other one
in the same resamples.
"""

import argparse
import json
import shlex
import sys
import time
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from kwskit.atomic_write import atomic_write
from kwskit.constants import SAMPLE_RATE
from kwskit.corpora.word_aligners.pocketsphinx import PocketSphinxAligner
from kwskit.speech_model.open_model import open_model
from kwskit.text.lexicon import read_lexicon
from people.alarms import alarm_test
from people.aligned_words import aligned_words
from people.clip import Clip, some, sounds_of
from people.comparison import comparisons
from people.digit_test import DigitTest
from people.digits import digit_clips
from people.figure import as_json
from people.halves import HALVES
from people.matching import SCORES, text_scores
from people.near_phrases import near_phrase_test
from people.score_files import plain_name, write_trial_scores
from people.sentences import sentence_tests
from people.spoken_words import SpokenWord, phrase_clips, spoken_words, vocabulary_of, word_clips
from people.steadiness import steadiness_test
from people.tables import error_tables, result_tables
from people.text_test import TextTest
from people.wake_spotters import wake_results

PARTS = ("digits", "librispeech", "phrases", "near", "sentences", "alarms", "steadiness", "wake")
CUT = {"librispeech", "phrases", "near"}  # parts of words cut from utterances
PHRASES = (2, 3, 4)  # words
ALIGNED, RECOGNISED = "aligned", "recognised"  # times of words


def typed_tests(options: argparse.Namespace) -> dict[tuple[str, ...], tuple[Any, list]]:
    """Tests by their place in the results, with the sounds of their clips."""
    found = {}

    def add(place: tuple[str, ...], clips: list[Clip], test: Callable[..., Any], **more: Any) -> None:
        clips = some(clips, options.clips)
        sounds = sounds_of(clips)
        seconds = [len(pcm) / SAMPLE_RATE for pcm in sounds]
        found[place] = test(clips, seconds, options.resamples, options.seed, **more), sounds

    if "digits" in options.only:
        add(("digits",), digit_clips(options.speech, options.half), DigitTest)
    if {"librispeech", "phrases"} & set(options.only):
        words = timed_words(options.speech, options.half, options.times)
        if "librispeech" in options.only:
            known = words_of_lexicon(options.vocabulary)
            add(("librispeech",), word_clips(options.speech, words), TextTest, vocabulary=known)
        others = vocabulary_of(words)
        for length in PHRASES if "phrases" in options.only else ():
            add(("phrases", str(length)), phrase_clips(options.speech, words, length), TextTest, words=others)
    return found


@cache
def timed_words(speech: Path, half: str, times: str) -> list[SpokenWord]:
    """The words of the half's readers, and when they are said."""
    words = spoken_words(speech, half)
    return aligned_words(speech, words, PocketSphinxAligner()) if times == ALIGNED else words


def words_of_lexicon(lexicon: Path | None) -> set[str] | None:
    """The words of a lexicon, which is its first column."""
    if lexicon is None:
        return None
    return set(read_lexicon(lexicon))


def measured(
    name: str, directory: str, tests: dict[tuple[str, ...], tuple[Any, list]], options: argparse.Namespace
) -> dict[str, Any]:
    """All figures of a model."""
    model = open_model(directory)
    facts: dict[str, Any] = {"directory": directory, "digest": model.digest}
    for place, (test, sounds) in tests.items():
        began = time.perf_counter()
        scores = text_scores(model, sounds, test.texts, options.scores)
        if options.trial_scores:
            write_trial_scores(options.out / "scores" / plain_name(name), "_".join(place), test, scores)
        inside = facts
        for part in place[:-1]:
            inside = inside.setdefault(part, {})
        inside[place[-1]] = test.measure(scores)
        print(f"{name}: {' '.join(place)} in {time.perf_counter() - began:.0f} s", file=sys.stderr)
    return facts


def main() -> None:
    """Parse, listen, count."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", action="append", required=True, help="[NAME=]DIR of kwskit, trained or exported")
    parser.add_argument("--speech", type=Path, required=True, help="folder of people's speech")
    parser.add_argument("--half", choices=HALVES, required=True)
    parser.add_argument("--out", type=Path, required=True, help="folder of the results")
    parser.add_argument("--only", default=",".join(PARTS), help=f"of {','.join(PARTS)} (default: all)")
    parser.add_argument("--without", action="append", default=[], choices=["pocketsphinx"], help="of the wake words")
    parser.add_argument("--vocabulary", type=Path, help="lexicon.tsv: words in training, told apart from others")
    parser.add_argument(
        "--times",
        choices=(ALIGNED, RECOGNISED),
        default=ALIGNED,
        help="where words are cut: by forced alignment (pip install pocketsphinx), or where the recogniser heard them",
    )
    parser.add_argument("--scores", choices=SCORES, default=SCORES[0], help="as they are, or normalised for spotting")
    parser.add_argument("--trial-scores", action="store_true", help="also write every trial's score")
    parser.add_argument("--clips", type=int, help="of a part at most, for trying it out")
    parser.add_argument("--snr", type=float, default=10.0, help="of wake words over noise, in dB")
    parser.add_argument("--jobs", type=int, default=1, help="processes that hear wake words")
    parser.add_argument("--resamples", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    options.only = options.only.split(",")
    if unknown := set(options.only) - set(PARTS):
        parser.error(f"--only {','.join(sorted(unknown))}: there are {', '.join(PARTS)}")
    if options.times == ALIGNED and CUT & set(options.only) and not find_spec("pocketsphinx"):
        parser.error("words are cut by forced alignment: pip install pocketsphinx, or --times recognised")
    directories = {name or directory: directory for name, _, directory in (m.rpartition("=") for m in options.model)}
    if len(directories) < len(options.model):
        parser.error("two models have one name: --model NAME=DIR")
    tests = typed_tests(options)
    models = {name: measured(name, directory, tests, options) for name, directory in directories.items()}
    if "near" in options.only:
        words = timed_words(options.speech, options.half, options.times)
        near = near_phrase_test(options.speech, words, options.clips, options.resamples, options.seed)
        for name, directory in directories.items():
            models[name]["near"] = near.measure(directory)
    if "sentences" in options.only:
        for corpus, test in sentence_tests(
            options.speech, options.half, options.clips, options.resamples, options.seed
        ).items():
            for name, directory in directories.items():
                models[name].setdefault("sentences", {})[corpus] = test.measure(directory)
    if "alarms" in options.only:
        alarms = alarm_test(options.speech, options.half, options.clips, options.resamples, options.seed)
        if alarms is not None:
            for name, directory in directories.items():
                models[name]["alarms"] = alarms.measure(directory)
    if "steadiness" in options.only:
        steadiness = steadiness_test(options.speech, options.half, options.clips)
        if steadiness is not None:
            for name, directory in directories.items():
                models[name]["steadiness"] = steadiness.measure(directory)
    if "wake" in options.only:
        for name, facts in wake_results(directories, options).items():
            models.setdefault(name, {})["wake"] = facts
    command = f"python tools/bench/people {shlex.join(sys.argv[1:])}"
    facts = {"command": command, "half": options.half, "models": models}
    facts["first_less"] = comparisons(models)
    tables = result_tables(models)
    write(options.out / "results.json", json.dumps(as_json(facts), indent=1) + "\n")
    write(options.out / "results.md", "\n\n".join([f"    {command}", *tables]) + "\n")
    write(options.out / "errors.md", "\n\n".join([f"    {command}", *error_tables(models)]) + "\n")
    print("\n\n".join(tables))


def write(path: Path, text: str) -> None:
    """A text file, whole or not at all."""
    with atomic_write(path) as partial:
        partial.write_text(text, encoding="utf-8")
