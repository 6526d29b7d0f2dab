#!/usr/bin/env python3
"""Stage 1: manifests and trials. Speakers and words of dev and test are in no training."""

import argparse
from pathlib import Path

import numpy as np
import pyarrow as pa
import soundfile

from kwskit.corpora.findings import Findings
from kwskit.corpora.open_vocabulary import PARTS, hold_out_words, speaker_parts
from kwskit.corpora.preparation import Preparation
from kwskit.corpora.stage_one import StageOne, settings
from kwskit.corpora.typed_trials import draw_wsj_trials
from kwskit.errors import CorpusError

RECIPE = Path(__file__).parent
SHARES = {"dev": 0.15, "test": 0.15}  # of the speakers
HELD_OUT = {"dev": 10, "test": 15}  # words
NEGATIVES = 9  # other words that each test recording is tried with


def read_corpus(corpus: Path, findings: Findings) -> pa.Table:
    """A row for each recording: this is what your corpus needs of its own.

    ``start`` and ``stop`` are in seconds: a long recording may have a row for each of its words. ``split`` is filled in
    later. What cannot be used becomes a finding, which is counted and listed.
    """
    rows = []
    for path in sorted(corpus.glob("recordings/*/*.wav")):
        word, dash, _ = path.stem.rpartition("-")
        if not dash:
            findings.add("recordings that are not WORD-TAKE.wav", str(path))
            continue
        speaker = path.parent.name
        try:
            seconds = soundfile.info(path).duration
        except soundfile.LibsndfileError as error:
            findings.add("recordings that cannot be read", str(error))
            continue
        rows.append(
            {
                "utt_id": f"{speaker}-{path.stem}",
                "path": str(path),
                "start": 0.0,
                "stop": seconds,
                "word": word,
                "speaker": speaker,
            }
        )
    if not rows:
        raise CorpusError(f"{corpus}: expected recordings/SPEAKER/WORD-TAKE.wav there")
    return pa.Table.from_pylist(rows)


def prepare(args: argparse.Namespace) -> None:
    """Write manifests and trials."""
    preparation = Preparation(args.data, settings(args), args.strict)
    if preparation.is_done():
        return
    table = read_corpus(args.corpus, preparation.findings)
    parts = speaker_parts(table["speaker"], SHARES, args.seed)
    parts = hold_out_words(table["word"], parts, HELD_OUT, args.seed)
    for split in PARTS:
        own = preparation.manifest(split, table.filter(pa.array(np.equal(parts, PARTS.index(split)))))
        if split != "train":
            trials = draw_wsj_trials(preparation, split, own, NEGATIVES, args.seed)
            if split == "test":
                preparation.evaluate(trials)
    preparation.finish()


def main(argv: list[str] | None = None) -> None:
    """Parse and prepare."""
    parser = StageOne(RECIPE, __doc__)
    parser.add_argument(
        "--corpus",
        type=Path,
        metavar="DIR",
        help="folder that holds recordings/ (default: the folder of --data, where stage 0 makes it)",
    )
    parser.run(prepare, argv)


if __name__ == "__main__":
    main()
