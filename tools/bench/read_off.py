"""How well a model with a CTC head reads phonemes off one, two and three recordings of a word, by people.

Recordings are those of single words in ``wake_words`` of the folder that ``tools/bench/people`` takes. Told are the
share of phonemes that are wrong in the likeliest reading that is heard, and how often a word's own readings, and those
of other words, fit: at most ``OTHER`` a phoneme less likely than what is likeliest (``kwskit check --example``).
"""

import argparse
from pathlib import Path

import numpy as np
from people.halves import HALVES, wake_word_half
from rapidfuzz.distance import Levenshtein

from kwskit.check.heard_phonemes import OTHER, heard_phonemes
from kwskit.data.audio import AudioError
from kwskit.spotting.sound import blocks_of
from kwskit.spotting.spoken_example import said_in
from kwskit.spotting.spotter import Spotter
from kwskit.text.pronunciation import stressless

WORDS = ("amelia", "android", "athena", "computer")
OTHERS = ("banana", "kitchen", "nova", "seven", "tomorrow")  # that are compared, too


def main() -> None:
    """Read, and tell."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="english-phonemes", help="model (default %(default)s)")
    parser.add_argument("--speech", type=Path, required=True, metavar="FOLDER", help="folder with wake_words/")
    parser.add_argument("--half", choices=HALVES, default="dev", help="half of the people (default %(default)s)")
    options = parser.parse_args()
    spotter = Spotter.load(options.model)
    tokenizer = spotter.model.tokenizer
    own = {word: [stressless(one) for one in spotter.reader.read(word).pronunciations] for word in (*WORDS, *OTHERS)}
    known = {tuple(tokenizer.ids_of([one], "")[0]): one for readings in own.values() for one in readings}
    recordings: dict[str, list] = {}
    for word in WORDS:
        for path in sorted((options.speech / "wake_words" / word).glob("**/*.wav")):
            if wake_word_half(path) == options.half:
                try:
                    recordings.setdefault(word, []).append(said_in(np.concatenate([*blocks_of(path)])))
                except (AudioError, ValueError) as error:
                    print(f"left out: {error}")
    print(f"| recordings | times | phonemes wrong, % | own word fits, % | another fits, % |\n{'|---:' * 5}|")
    for count in (1, 2, 3):
        wrong: list[float] = []
        fits: list[bool] = []
        others: list[bool] = []
        for word, said in recordings.items():
            for at in range(0, len(said) - count + 1, count):
                try:
                    found = heard_phonemes(spotter.model, said[at : at + count], known, [word] * count).readings
                except ValueError:  # not a phoneme is heard in one
                    wrong.append(1.0)
                    fits.append(False)
                    continue
                heard = next(one.phonemes for one in found if one.heard)
                wrong.append(min(Levenshtein.distance(heard, one) / len(one) for one in own[word]))
                best = {}
                for one in (one for one in found if one.known):
                    best[one.phonemes] = (found[0].fit - one.fit) / count / len(one.phonemes) <= OTHER
                for other, readings in own.items():
                    (fits if other == word else others).append(any(best[one] for one in readings))
        shares = " | ".join(f"{100 * np.mean(one):.0f}" for one in (wrong, fits, others))
        print(f"| {count} | {len(wrong)} | {shares} |", flush=True)


if __name__ == "__main__":
    main()
