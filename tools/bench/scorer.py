"""Time of the scorer on a list of the WSJ protocol's size: reading, every metric, every interval.

Writes a score file of random scores with the shape of the protocol (18,000 utterances of 3,200 words, each with its
own word and 50 others: 918,000 trials), scores it in a fresh process as ``kwskit`` would, and compares with drawing
the same resamples one by one and giving each to scikit-learn (a few of them, extrapolated).

    python tools/bench/scorer.py --resamples 1000
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
from sklearn.metrics import average_precision_score

from kwskit.data.records import write_records
from kwskit.evaluation.bootstrap import resample_counts
from kwskit.evaluation.results_table import format_table
from kwskit.evaluation.scored_trials import ScoredTrials
from kwskit.evaluation.scorer import score_file_results
from kwskit.evaluation.trials import wsj_trials

NAIVE_RESAMPLES = 3
ALONE = """
import sys
from kwskit.evaluation.scorer import score_file_results
score_file_results(sys.argv[1], resamples=int(sys.argv[2]))
"""


def write_scores(path: Path, utterances: int, words: int, negatives: int) -> None:
    """Random scores, targets higher by a fixed amount."""
    rng = np.random.default_rng(0)
    spoken = [f"word{i:05d}" for i in rng.integers(words, size=utterances)]
    trials = wsj_trials([f"test-{i:06d}" for i in range(utterances)], spoken, negatives)
    scores = rng.normal(size=len(trials)) + 3.9 * trials["target"].to_numpy()
    write_records(path, "scores", trials.append_column("score", pa.array(scores)), {"protocol": "wsj", "seed": 0})


def naive_seconds(path: Path, resamples: int) -> float:
    """Time of the AP's interval alone when every resample is built and given to scikit-learn."""
    scored = ScoredTrials.read(path)
    start = time.perf_counter()
    for times in resample_counts(len(scored.vocabulary), NAIVE_RESAMPLES, 0).T:
        rows = np.repeat(np.arange(len(scored)), times[scored.words])
        average_precision_score(scored.targets[rows], scored.scores[rows])
    return (time.perf_counter() - start) / NAIVE_RESAMPLES * resamples


def main() -> None:
    """Make, score, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--utterances", type=int, default=18_000)
    parser.add_argument("--words", type=int, default=3_200)
    parser.add_argument("--negatives", type=int, default=50)
    parser.add_argument("--resamples", type=int, default=1_000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "random" / "bench_wsj.tsv"
        write_scores(path, arguments.utterances, arguments.words, arguments.negatives)
        start, cpu = time.perf_counter(), time.process_time()
        results = score_file_results(path, resamples=arguments.resamples)
        first, cpu = time.perf_counter() - start, time.process_time() - cpu
        start = time.perf_counter()
        score_file_results(path, resamples=arguments.resamples)
        again = time.perf_counter() - start
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", ALONE, path, str(arguments.resamples)], check=True)
        process = time.perf_counter() - start
        naive = naive_seconds(path, arguments.resamples)
    print(format_table([results]))
    print(f"{results['trials']:,} trials, {arguments.resamples:,} resamples of {results['words']:,} words")
    print(f"read, all metrics, all intervals: {first:.2f} s ({cpu:.2f} s of CPU time), once more {again:.2f} s")
    print(f"the same in a fresh process, start and imports included: {process:.2f} s")
    print(f"the AP's interval alone by scikit-learn: {naive:.0f} s, {naive / again:.0f} times as long")


if __name__ == "__main__":
    main()
