"""How well keyword spotters detect typed wake words, beside each other: kwskit and PocketSphinx's keyphrase search.

    pip install pocketsphinx
    python tools/bench/wake_words.py --model exp/onnx --wake-words DIR --background DIR --noise DIR --out FOLDER
    python tools/bench/wake_words.py --model exp/onnx --data "10 dB=recipes/wake_word_benchmark/data" --out FOLDER

``--wake-words`` has a folder of recordings for each keyword, named after it; they are laid into hours of background
speech as recipes/wake_word_benchmark does it, clean and, with ``--noise``, over noise. ``--data`` takes what that
recipe's stage 1 has made instead. Every spotter hears the same streams once and tells all that it could detect with
scores; misses are then read at the same false alarms of a keyword an hour, each keyword at its own threshold. In the
last columns are the hits as a user gets them: kwskit's at the thresholds that it sets at enrolment for
``--fa-per-hour``, and PocketSphinx's at one ``--kws-threshold``.

A score of PocketSphinx is the logarithm of the highest ``kws_threshold`` at which it still detects: one pass sweeps
them all, but for what its restart after a detection changes. What is there in FOLDER is not heard again.
"""

import argparse
import importlib.util
import json
import multiprocessing
import shlex
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from kwskit.atomic_write import atomic_write
from kwskit.corpora.preparation import Preparation
from kwskit.corpora.wake_words.preparation import SEARCH, WakeWordSettings, prepare_wake_words
from kwskit.data.audio import read_blocks
from kwskit.data.progress import Progress
from kwskit.data.records import DETECTIONS, write_records
from kwskit.evaluation.searched import Search

RATES = (0.1, 0.5, 1.0, 2.0, 5.0)  # false alarms of a keyword an hour
BLOCK = 10.0  # s that are pushed at once
OWN = "own.tsv"  # detections at the spotter's own thresholds
_detector: Any = None  # of a process that hears


def conditions(options: argparse.Namespace) -> dict[str, Path]:
    """Name and folder of every set of streams; those from folders of recordings are mixed where they are missing."""
    found = {name or Path(folder).name: Path(folder) for name, _, folder in (d.rpartition("=") for d in options.data)}
    if options.wake_words:
        for name, noise in {"clean": None, f"{options.snr:g} dB": options.noise}.items():
            if name != "clean" and noise is None:
                continue
            data = options.out / "streams" / name.replace(" ", "")
            settings = WakeWordSettings(options.hours, options.speech, options.snr, options.seed)
            folders = {"wake_words": options.wake_words, "background": options.background, "noise": noise}
            preparation = Preparation(data, asdict(settings) | {k: v and str(v.absolute()) for k, v in folders.items()})
            if not preparation.is_done():
                prepare_wake_words(preparation, options.wake_words, options.background, noise, settings, options.jobs)
                preparation.finish()
            found[name] = data
    return found


def spotters(options: argparse.Namespace) -> dict[str, dict[str, Any]]:
    """What each is built of, by the name in the table."""
    found: dict[str, dict[str, Any]] = {}
    for given in options.model:
        name, _, model = given.rpartition("=")
        found[f"kwskit, {name or model}"] = {"kind": "kwskit", "model": model, "fa_per_hour": options.fa_per_hour}
    if "pocketsphinx" in options.without:
        return found
    if importlib.util.find_spec("pocketsphinx"):
        found["PocketSphinx"] = {"kind": "pocketsphinx", "kws_threshold": options.kws_threshold}
    else:
        print("pocketsphinx is not installed: left out", file=sys.stderr)
    return found


def hear(job: dict[str, Any], search: Search, data: Path, path: Path, jobs: int) -> None:
    """Write what a spotter detects in the streams of ``search``: everything to ``path``, and what it accepts to OWN."""
    keywords = search.queries["text"].to_pylist()
    if job["kind"] == "pocketsphinx":
        from spotters.pocketsphinx_spotter import not_in_dictionary

        if unknown := not_in_dictionary(keywords):
            raise SystemExit(
                f"PocketSphinx's dictionary lacks words of {', '.join(unknown)}: a folder is named after what is said, "
                "with _ between words"
            )
    rows = search.recordings.to_pylist()
    queries = dict(zip(keywords, search.queries["query"].to_pylist(), strict=True))
    found: dict[Path, list[tuple]] = {path: [], path.with_name(OWN): []}
    stretches = [(str(data / row["path"]), row["start"], row["stop"]) for row in rows]
    with Progress(len(rows), f"{path.parent.name} hears", "recordings") as progress:
        for row, both in zip(rows, _all_heard(job, keywords, stretches, jobs), strict=True):
            for columns, message in zip(found.values(), both, strict=True):
                columns += [(queries[one.keyword], row["recording"], *one[1:]) for one in message]
            progress.advance(1)
    for file, columns in reversed(found.items()):
        rows = [dict(zip(DETECTIONS, one, strict=True)) for one in columns]
        write_records(file, "detections", pa.Table.from_pylist(rows, pa.schema(DETECTIONS)))


def _all_heard(
    job: dict[str, Any], keywords: Sequence[str], stretches: Sequence[tuple[str, float, float]], jobs: int
) -> Iterator[tuple[list[Any], list[Any]]]:
    if jobs <= 1:
        _start(job, keywords)
        yield from map(_heard, stretches)
        return
    with ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn"), _start, (job, keywords)) as pool:
        yield from pool.map(_heard, stretches)


def _start(job: dict[str, Any], keywords: Sequence[str]) -> None:
    global _detector
    if job["kind"] == "kwskit":
        from spotters.kwskit_detector import KwskitDetector

        _detector = KwskitDetector(job["model"], keywords, job["fa_per_hour"], job.get("files", {}))
    else:
        from spotters.pocketsphinx_detector import PocketSphinxDetector

        _detector = PocketSphinxDetector(keywords, job["kws_threshold"])


def _heard(stretch: tuple[str, float, float]) -> tuple[list[Any], list[Any]]:
    return _detector.hear(read_blocks(*stretch, block=BLOCK))


def results(search: Search, path: Path) -> dict[str, Any]:
    """Mean misses of the keywords at ``RATES``; and misses and false alarms an hour of what the spotter accepts."""
    found, own, hours = search.detected(path), search.detected(path.with_name(OWN)), search.other_hours
    misses = {f"{rate:g}": found.misses_at(rate, hours) for rate in RATES}
    names = search.queries["query"].to_pylist()
    by_keyword = {
        names[query]: {
            "spoken": int(found.true[query]),
            "miss_at": {rate: float(values[k]) for rate, values in misses.items()},
            "miss": 1 - int((own.hit & (own.query == query)).sum()) / int(found.true[query]),
            "fa_per_hour": int((~own.hit & (own.query == query)).sum()) / hours,
        }
        for k, query in enumerate(found.measured.tolist())
    }
    means: dict[str, Any] = {
        name: float(np.mean([each[name] for each in by_keyword.values()])) for name in ("miss", "fa_per_hour")
    }
    means |= {"miss_at": {rate: float(values.mean()) for rate, values in misses.items()}}
    return {"hours": hours, "spoken": int(found.true.sum()), **means, "keywords": by_keyword}


def table(rows: list[dict[str, Any]]) -> str:
    """A Markdown table, misses in percent."""
    heads = ["streams", "hours", "spoken", "spotter", *(f"miss at {rate:g}/h" for rate in RATES)]
    heads += ["at enrolment's thresholds: miss", "false alarms of a keyword/h"]
    lines = [f"| {' | '.join(heads)} |", "|---|---:|---:|---|" + "---:|" * (len(RATES) + 2)]
    for row in rows:
        misses = [f"{100 * miss:.1f}" for miss in (*row["miss_at"].values(), row["miss"])]
        cells = [row["streams"], f"{row['hours']:.2f}", str(row["spoken"]), row["spotter"], *misses]
        lines.append(f"| {' | '.join(cells)} | {row['fa_per_hour']:.2f} |")
    return "\n".join(lines)


def main() -> None:
    """Parse, mix, hear, count."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", action="append", default=[], help="[NAME=]DIR of kwskit, trained or exported")
    parser.add_argument("--without", action="append", default=[], choices=["pocketsphinx"])
    parser.add_argument("--data", action="append", default=[], help="[NAME=]DIR that the recipe's stage 1 has made")
    parser.add_argument("--wake-words", type=Path, help="folder with a folder of recordings for each keyword")
    parser.add_argument("--background", type=Path, help="folder of other speech, needed with --wake-words")
    parser.add_argument("--noise", type=Path, help="folder of noise")
    parser.add_argument("--hours", type=float, default=1.0, help="of background")
    parser.add_argument("--speech", type=float, default=1.0, help="share of the background that is no pause")
    parser.add_argument("--snr", type=float, default=10.0, help="of speech over noise, in dB")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--fa-per-hour", type=float, default=0.5, help="that kwskit's own thresholds are asked for")
    parser.add_argument("--kws-threshold", type=float, default=1e-20, help="of PocketSphinx, in the last columns")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--out", type=Path, required=True, help="folder of streams, detections and results.json")
    options = parser.parse_args()
    if bool(options.wake_words) != bool(options.background) or not (options.wake_words or options.data):
        parser.error("either --data, or --wake-words and --background")
    rows = []
    for streams, data in conditions(options).items():
        search = Search.read(data / "search" / SEARCH)
        for name, job in spotters(options).items():
            path = options.out / "scores" / streams.replace(" ", "") / _plain(name) / f"search_{SEARCH}.tsv"
            if not path.exists():
                hear(job, search, data, path, options.jobs)
            rows.append({"streams": streams, "spotter": name, **results(search, path)})
    print(f"python tools/bench/wake_words.py {shlex.join(sys.argv[1:])}\n", file=sys.stderr)
    print(table(rows))
    with atomic_write(options.out / "results.json") as partial:
        partial.write_text(json.dumps(rows, indent=1) + "\n")


def _plain(name: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "-_." else "_" for letter in name)


if __name__ == "__main__":
    main()
