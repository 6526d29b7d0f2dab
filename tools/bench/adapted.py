"""What recordings bring a keyword: people's wake words, typed, and adapted by none, 1, 3, 10 and 30 of them.

    python tools/bench/adapted.py --model english-phonemes --speech people/ --half test --out FOLDER

``--speech`` is the folder of people's recordings that tools/bench/people measures by, whose streams these are: the
half's wake words laid into all its other speech, clean and over noise. ``kwskit adapt`` gets recordings of the dev
half, the first of a fixed order, and voices; the keyword is then looked for in the half. Who is judged in dev is nobody
whose recording was given. Misses are read at the same false alarms of a keyword an hour, each keyword at its own
threshold, as tools/bench/people reads them; beside them are those at the threshold that the keyword sets itself.

``--own`` gives of the recordings of each person who gave as many as that, in the half that is judged, and judges by the
others of this person alone. What is there in FOLDER is not made again.
"""

import argparse
import hashlib
import json
import shlex
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from people.figure import as_json
from people.halves import contributor, wake_word_half
from people.score_files import plain_name
from people.wake_misses import wake_misses
from people.wake_streams import noises_of, wake_search, wake_speech, wake_word_files
from wake_words import OWN, hear

from kwskit.adapt.adapt_keyword import adapt_keyword
from kwskit.atomic_write import atomic_write
from kwskit.data.records import read_records
from kwskit.evaluation.occurrence_matching import occurrences_around
from kwskit.evaluation.searched import Search
from kwskit.speech_model.open_model import open_model
from kwskit.spotting.spotter import Spotter

TYPED = -1  # recordings of a keyword that is not adapted at all
FA_PER_HOUR, ALL = 0.5, 1e6  # an hour; the latter has every detection count
RESAMPLES = 1000
KeywordJob = tuple[str, Sequence[Path], Path]  # text, recordings, file


def in_order(files: Sequence[Path]) -> list[Path]:
    """``files`` in an order that nothing but their names decides."""
    return sorted(files, key=lambda file: hashlib.blake2b(file.name.encode()).hexdigest())


def given(files: Mapping[str, Sequence[Path]], most: int) -> dict[str, list[Path]]:
    """The recordings of each keyword that may be given: the first of the dev half's."""
    return {
        text: in_order([file for file in own if wake_word_half(file) == "dev"])[:most] for text, own in files.items()
    }


def of_one_person(files: Mapping[str, Sequence[Path]], half: str, least: int) -> dict[str, dict[str, list[Path]]]:
    """The recordings of each keyword by each person of the half who gave more than twice ``least`` of it."""
    found: dict[str, dict[str, list[Path]]] = {}
    for text, own in files.items():
        by: dict[str, list[Path]] = defaultdict(list)
        for file in in_order([file for file in own if wake_word_half(file) == half]):
            by[contributor(file)].append(file)
        for person, some in by.items():
            if len(some) > 2 * least:
                found.setdefault(person, {})[text] = some
    return found


def keyword_file(model: str, job: KeywordJob) -> None:
    """Write an adapted keyword to its file, if it is not there."""
    text, recordings, path = job
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    adapt_keyword(Spotter.load(model), text, recordings, fa_per_hour=FA_PER_HOUR).save(path)


def measured(
    options: argparse.Namespace, who: str, judged: Mapping[str, Sequence[Path]], recordings: Mapping[str, list[Path]]
) -> list[dict[str, Any]]:
    """A row of figures for each condition and number of ``recordings`` that are given; ``judged`` are all others."""
    speech = wake_speech(options.speech, options.half, None, options.jobs, judged)
    digest = open_model(options.model).digest[:10]
    jobs: dict[tuple[str, int], KeywordJob] = {}
    for text in speech.keywords:
        for count in options.counts:
            some = recordings.get(text, [])[:count]
            path = options.out / "keywords" / digest / who / str(len(some)) / f"{plain_name(text)}.kw"
            jobs[text, count] = text, some, path
    with ProcessPoolExecutor(options.jobs) as pool:
        list(pool.map(partial(keyword_file, options.model), {str(job[2]): job for job in jobs.values()}.values()))
    files = {label(*key): str(path) for key, (_, _, path) in jobs.items()}
    spotter = {"kind": "kwskit", "model": options.model, "fa_per_hour": FA_PER_HOUR, "files": files}
    rows = []
    for condition, noises in {"clean": [], f"{options.snr:g} dB": noises_of(options.speech, options.jobs)}.items():
        data = options.out / "streams" / options.half / who / plain_name(condition)
        search = wake_search(data, speech, noises, options.snr, options.seed, options.jobs)
        path = data / "detections" / hashlib.sha256(json.dumps([spotter, digest]).encode()).hexdigest()[:10] / "all.tsv"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            hear(spotter, for_counts(search, [TYPED, *options.counts]), data, path, options.jobs)
        own = [{"streams": condition, "who": who, "recordings": count} for count in (TYPED, *options.counts)]
        for row in own:
            row |= figures(for_counts(search, [row["recordings"]]), path, options.seed)
            # The same recordings are drawn for both.
            row["less_typed"] = {name: row[name] - own[0][name] for name in ("miss", "own_miss")}
        rows += own
    return rows


def figures(search: Search, path: Path, seed: int) -> dict[str, Any]:
    """Misses at ``FA_PER_HOUR``, and at the thresholds that keywords set themselves, with the false alarms of these."""
    found, accepted = (
        wake_misses(search, one, RESAMPLES, seed, (rate,))
        for one, rate in ((path, FA_PER_HOUR), (path.with_name(OWN), ALL))
    )
    return {
        "miss": found["miss_at"][f"{FA_PER_HOUR:g}"],
        "by_keyword": found["by_keyword"],
        "own_miss": accepted["miss_at"][f"{ALL:g}"],
        "own_fa_per_hour": false_alarms(search, path.with_name(OWN)),
    }


def label(text: str, count: int) -> str:
    """What a keyword is called that was given so many recordings."""
    return text if count == TYPED else f"{text}, {count}"


def for_counts(search: Search, counts: Sequence[int]) -> Search:
    """The same streams, in which each keyword is looked for once for each number of recordings."""
    queries, said = [], []
    for query, text, _ in zip(*(column.to_pylist() for column in search.queries.columns), strict=True):
        own = search.occurrences.filter(pc.equal(search.occurrences["query"], query)).to_pylist()
        for count in counts:
            name = label(text, count)
            queries.append({"query": name, "text": name, "utt_id": ""})
            said += [row | {"query": name} for row in own]
    tables = {"queries": queries, "occurrences": said}
    made = {name: pa.Table.from_pylist(rows, getattr(search, name).schema) for name, rows in tables.items()}
    return replace(search, **made)


def false_alarms(search: Search, path: Path) -> float:
    """Of a keyword an hour, in the mean of the keywords."""
    table, _ = read_records(path, "detections")
    count = 0
    for name in search.queries["query"].to_pylist():
        said, own = (part.filter(pc.equal(part["query"], name)) for part in (search.occurrences, table))
        count += int((occurrences_around(said, own, float(search.facts["late"])) == -1).sum())
    return count / search.other_hours / len(search.queries)


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """A Markdown table, misses in percent."""
    rate = f"{FA_PER_HOUR:g}"
    heads = ["who", "streams", "recordings", f"missed at {rate}/h", "less than typed", "by keyword"]
    heads += ["at its own threshold", "less than typed", "false alarms/h"]
    lines = [f"| {' | '.join(heads)} |", "|---|---|---|---:|---:|---|---:|---:|---:|"]
    for row in rows:
        each = {text: own["miss_at"][rate].value for text, own in row["by_keyword"].items()}
        by = ", ".join(f"{name.partition(', ')[0]} {100 * value:.0f}" for name, value in each.items())
        count = "typed" if row["recordings"] == TYPED else str(row["recordings"])
        less = row["less_typed"]
        cells = [row["who"], row["streams"], count, row["miss"].percent(), less["miss"].percent(), by]
        cells += [row["own_miss"].percent(), less["own_miss"].percent(), f"{row['own_fa_per_hour']:.2f}"]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Parse, adapt, hear, count."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="english-phonemes", help="packaged model or directory")
    parser.add_argument("--speech", type=Path, required=True, help="folder of people's recordings")
    parser.add_argument("--half", choices=["dev", "test"], default="dev")
    parser.add_argument("--counts", type=int, nargs="*", default=[0, 1, 3, 10, 30], help="recordings that are given")
    parser.add_argument("--own", action="store_true", help="give each person's own recordings")
    parser.add_argument("--snr", type=float, default=10.0, help="of speech over noise, in dB")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--out", type=Path, required=True, help="folder of streams, keywords and results.json")
    options = parser.parse_args()
    files, most = wake_word_files(options.speech), max(options.counts, default=0)
    rows = []
    if options.own:
        for person, own in of_one_person(files, options.half, most).items():
            others = {text: some[most:] for text, some in own.items()}
            rows += measured(options, person[:8], others, {text: some[:most] for text, some in own.items()})
    else:
        first = given(files, most)
        others = {text: [file for file in own if file not in first[text]] for text, own in files.items()}
        rows += measured(options, "others", others, first)
    print(f"python tools/bench/adapted.py {shlex.join(sys.argv[1:])}\n", file=sys.stderr)
    print(table(rows))
    with atomic_write(options.out / f"results_{'own' if options.own else 'others'}.json") as partial_file:
        partial_file.write_text(json.dumps(as_json(rows), indent=1) + "\n")


if __name__ == "__main__":
    main()
