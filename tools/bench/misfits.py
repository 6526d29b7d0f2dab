"""How well the score of an alignment by PocketSphinx (pip install pocketsphinx) tells text that does not fit its audio.

    python tools/bench/misfits.py --corpus FOLDER [--count 120]

FOLDER holds transcribed recordings (text.tsv, or *.trans.txt). Those drawn are aligned with their own text, with the
text of the next one drawn, and with the first half of the own and the first half of the next one's. Printed are, of
each, the share for which the aligner finds no path, quantiles of the mean scores, and the share that is left out.
"""

import argparse
import random
from pathlib import Path

import numpy as np

from kwskit.corpora.alignment_scores import LEAST, TINY
from kwskit.corpora.alignments.forced_alignment import spoken_utterances
from kwskit.corpora.findings import Findings
from kwskit.corpora.word_aligners.pocketsphinx import PocketSphinxAligner
from kwskit.data.audio import read_segment

QUANTILES = (0.01, 0.05, 0.5, 0.95, 0.99)


def main() -> None:
    """Draw, align, count."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--count", type=int, default=120, help="recordings (default: %(default)s)")
    parser.add_argument("--least", type=float, default=LEAST, help="score that is kept (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    spoken = spoken_utterances(options.corpus, options.corpus, Findings())
    spoken.sort(key=lambda one: one.utterance)
    random.Random(options.seed).shuffle(spoken)
    spoken = spoken[: options.count]
    model = PocketSphinxAligner()
    scores: dict[str, list[float]] = {"own text": [], "another's text": [], "half of each": []}
    for one, other in zip(spoken, [*spoken[1:], spoken[0]], strict=True):
        samples = read_segment(one.path)
        halves = one.words[: len(one.words) // 2] + other.words[: max(1, len(other.words) // 2)]
        for kind, words in zip(scores, (one.words, other.words, halves), strict=True):
            if model.spells(words):
                placed = model.place(samples, words)
                logs = [] if placed is None else [np.log(max(score or 0.0, TINY)) for *_, score in placed]
                scores[kind].append(float(np.exp(np.mean(logs))) if logs else np.nan)
    heads = ["", "tried", "no path, %", *(f"{100 * q:g} % below" for q in QUANTILES), "left out in all, %"]
    print(f"| {' | '.join(heads)} |\n|---|{'---:|' * (len(heads) - 1)}")
    for kind, found in scores.items():
        values = np.array(found)
        known = values[~np.isnan(values)]
        quantiles = [f"{q:.3f}" for q in np.quantile(known, QUANTILES)] if len(known) else ["-"] * len(QUANTILES)
        left_out = 100 * (1 - (known >= options.least).sum() / len(values))
        row = [kind, str(len(values)), f"{100 * np.isnan(values).mean():.1f}", *quantiles, f"{left_out:.1f}"]
        print(f"| {' | '.join(row)} |")


if __name__ == "__main__":
    main()
