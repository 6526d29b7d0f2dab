"""Names that no dictionary has: how many are heard by the reader's guesses, the right reading, or a recording.

The names of ``names.tsv`` and how they are said were written down before any guess was looked at. Each is spoken by the
voices of :mod:`name_voices`, in several takes, clean and in pink noise at 10 dB, and listened for at the thresholds
that enrolment sets. The first take of each voice is the example, and is not listened to.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from name_voices import TAKES, VOICES, spoken_names
from numpy.typing import NDArray

from kwskit.check.example_readings import example_readings
from kwskit.constants import SAMPLE_RATE
from kwskit.spotting.keyword import Keyword
from kwskit.spotting.spotter import Spotter
from kwskit.text.pronunciation import stressless

NAMES = Path(__file__).with_name("names.tsv")
NOISES = {"clean": 40.0, "noise": 10.0}  # dB by which a name is louder
AROUND = 1.0  # s of noise before it and after it
RESAMPLES = 4000
FIRST, OTHER, SAME = "1 best guess", "another voice", "the same voice"


def main() -> None:
    """Speak, listen, tell."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="english-phonemes", help="model (default %(default)s)")
    parser.add_argument("--festival", default="festival", metavar="COMMAND", help="Festival (default %(default)s)")
    parser.add_argument("--fa-per-hour", type=float, default=0.5, metavar="RATE", help="of thresholds (default 0.5)")
    parser.add_argument("--seed", type=int, default=0, help="seed of voices, noise and resampling (default 0)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="file for what was heard, a row an utterance")
    options = parser.parse_args()
    names = [line.split("\t") for line in NAMES.read_text("utf-8").splitlines() if not line.startswith("#")][1:]
    spoken = spoken_names([said.split() for *_, said in names], options.festival, options.seed)
    spotter = Spotter.load(options.model)
    rng, rows = np.random.default_rng(options.seed), []
    for number, (name, kind, said) in enumerate(names):
        own = {(voice, take): spoken[number, voice, take] for voice in VOICES for take in range(len(TAKES))}
        rows += name_rows(spotter, name, said, own, options.fa_per_hour, rng)
        for row in rows[-len(VOICES) * (len(TAKES) - 1) * len(NOISES) :]:
            row["kind"] = kind
        print(f"{number + 1} of {len(names)}: {name}", file=sys.stderr)
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1), "utf-8")
    print("\n".join(table(rows, options.seed)))


def name_rows(
    spotter: Spotter,
    name: str,
    said: str,
    spoken: Mapping[tuple[str, int], NDArray[np.int16]],
    fa_per_hour: float,
    rng: np.random.Generator,
) -> list[dict]:
    """What is heard of a name in each utterance, by each way to enrol it."""
    guesses = spotter.reader.read(name).pronunciations
    examples = {voice: in_noise(spoken[voice, 0], NOISES["clean"], rng) for voice in VOICES}
    chosen = {voice: example_readings(spotter, name, [pcm]).typed for voice, pcm in examples.items()}
    given: dict[str, dict] = {
        FIRST: {"text": f"{name}={' '.join(guesses[0])}"},
        "n best guesses": {"text": name},
        "right reading": {"text": f"{name}={said}"},
    }
    for voice in VOICES:
        given[f"example {voice}"] = {"examples": [examples[voice]]}
        given[f"guesses and example {voice}"] = {"text": name, "examples": [examples[voice]]}
        given[f"chosen {voice}"] = {"text": chosen[voice]}
    known: dict[str, Keyword] = {}
    for way, how in given.items():
        known[way] = spotter.enrol(how.get("text"), examples=how.get("examples", ()), name=way, fa_per_hour=fa_per_hour)
        spotter.forget(way)
    right = stressless(tuple(said.split()))
    places = [k for k, one in enumerate(guesses) if stressless(one) == right]
    rows = []
    for (voice, take), pcm in spoken.items():
        if take == 0:
            continue
        other = next(one for one in VOICES if one != voice)
        for noise, level in NOISES.items():
            scores = spotter.listen_for(list(known.values()), np.inf).best_scores([in_noise(pcm, level, rng)])
            heard = dict(zip(known, (scores >= [one.threshold for one in known.values()]).tolist(), strict=True))
            ways = {way: heard[way] for way in (FIRST, "n best guesses", "right reading")}
            for whose, speaker in ((OTHER, other), (SAME, voice)):
                ways[f"one example, {whose}"] = heard[f"example {speaker}"]
                ways[f"n best guesses and one example, {whose}"] = heard[f"guesses and example {speaker}"]
                ways[f"the guess that one example chooses, {whose}"] = heard[f"chosen {speaker}"]
            place = places[0] + 1 if places else 0
            rows.append(
                {"name": name, "voice": voice, "take": take, "noise": noise, "right_guess": place, "heard": ways}
            )
    return rows


def in_noise(pcm: NDArray[np.int16], level: float, rng: np.random.Generator) -> NDArray[np.int16]:
    """``pcm`` (samples,) in pink noise, ``AROUND`` longer on both sides and ``level`` dB weaker."""
    around = round(AROUND * SAMPLE_RATE)
    clean = np.pad(pcm.astype(np.float64), around)
    spectrum = np.fft.rfft(rng.normal(size=len(clean)))
    noise = np.fft.irfft(spectrum / np.sqrt(np.maximum(np.arange(len(spectrum)), 1)), len(clean))
    power = np.mean(np.square(pcm, dtype=np.float64))
    noise *= np.sqrt(power / np.mean(np.square(noise)) * 10 ** (-level / 10))
    return np.clip(np.rint(clean + noise), -32768, 32767).astype(np.int16)


def table(rows: Sequence[dict], seed: int) -> list[str]:
    """Per cent heard with intervals of 95 %, names resampled, and how much more than by the first guess."""
    names = list(dict.fromkeys(row["name"] for row in rows))
    draws = np.random.default_rng(seed).integers(0, len(names), (RESAMPLES, len(names)))
    places = {row["name"]: row["right_guess"] for row in rows}
    first, among = (sum(test(place) for place in places.values()) for test in (lambda k: k == 1, bool))
    lines = [
        f"{len(names)} names, {len(rows) // len(NOISES)} utterances: right is the first guess of {first}, one of the n "
        f"best of {among}.",
        "",
        "| enrolled by | " + " | ".join(f"{noise}, % heard | more than by {FIRST}" for noise in NOISES) + " |",
        "|---|" + "---:|---:|" * len(NOISES),
    ]
    for way in rows[0]["heard"]:
        cells = []
        for noise in NOISES:
            own = _by_name(rows, names, way, noise)
            more = own - _by_name(rows, names, FIRST, noise)
            cells += [_interval(own, draws), "" if way == FIRST else _interval(more, draws, "+")]
        lines.append(f"| {way} | {' | '.join(cells)} |")
    lines += ["", "| % heard, clean | " + " | ".join(GROUPS) + " |", "|---|" + "---:|" * len(GROUPS)]
    for way in rows[0]["heard"]:
        cells = []
        for test in GROUPS.values():
            heard = [row["heard"][way] for row in rows if row["noise"] == "clean" and test(row)]
            cells.append(f"{100 * np.mean(heard):.1f}" if heard else "")
        lines.append(f"| {way} | {' | '.join(cells)} |")
    return lines


GROUPS = {
    "invented": lambda row: row["kind"] == "invented",
    "person": lambda row: row["kind"] == "person",
    "place": lambda row: row["kind"] == "place",
    "the first guess is right": lambda row: row["right_guess"] == 1,
    "another guess is": lambda row: row["right_guess"] > 1,
    "none is": lambda row: row["right_guess"] == 0,
    "joe": lambda row: row["voice"] == "joe",
    "ked": lambda row: row["voice"] == "ked",
}


def _by_name(rows: Sequence[dict], names: Sequence[str], way: str, noise: str) -> NDArray[np.float64]:
    """(names,) per cent heard; every name has as many utterances."""
    heard = [[row["heard"][way] for row in rows if (row["name"], row["noise"]) == (name, noise)] for name in names]
    return 100 * np.mean(heard, axis=1)


def _interval(values: NDArray[np.float64], draws: NDArray[np.int64], sign: str = "") -> str:
    low, high = np.percentile(values[draws].mean(1), [2.5, 97.5])
    return f"{values.mean():{sign}.1f} ({low:{sign}.1f} to {high:{sign}.1f})"


if __name__ == "__main__":
    main()
