"""What recordings bring a keyword: people's wake words, typed, and adapted by none, 1, 3, 10 and 30 of their recordings.

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
from functools import partial
from pathlib import Path
from typing import Any

from people.figure import as_json
from people.halves import contributor, wake_word_half
from people.score_files import plain_name
from people.wake_misses import wake_misses
from people.wake_streams import noises_of, wake_search, wake_speech, wake_word_files
from wake_words import hear, results

from kwskit.adapt.adapt_keyword import adapt_keyword
from kwskit.atomic_write import atomic_write
from kwskit.speech_model.open_model import open_model
from kwskit.spotting.spotter import Spotter

TYPED = -1  # recordings of a keyword that is not adapted at all
FA_PER_HOUR = 0.5
RESAMPLES = 1000


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


def keyword_file(model: str, job: tuple[str, Sequence[Path], Path]) -> None:
    """Write an adapted keyword to its file, if it is not there."""
    text, recordings, path = job
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    adapt_keyword(Spotter.load(model), text, recordings, fa_per_hour=FA_PER_HOUR).save(path)


def measured(
    options: argparse.Namespace, name: str, judged: Mapping[str, Sequence[Path]], recordings: Mapping[str, list[Path]]
) -> list[dict[str, Any]]:
    """A row of figures for each condition and number of ``recordings`` that are given; ``judged`` are all others."""
    speech = wake_speech(options.speech, options.half, None, options.jobs, judged)
    digest = open_model(options.model).digest[:10]
    folder = options.out / "keywords" / digest / name
    counts = [count for count in options.counts if count == 0 or any(len(own) >= count for own in recordings.values())]
    jobs = [
        (text, recordings.get(text, [])[:count], folder / str(count) / f"{plain_name(text)}.kw")
        for count in counts
        for text in speech.keywords
    ]
    with ProcessPoolExecutor(options.jobs) as pool:
        list(pool.map(partial(keyword_file, options.model), jobs))
    rows = []
    for condition, noises in {"clean": [], f"{options.snr:g} dB": noises_of(options.speech, options.jobs)}.items():
        data = options.out / "streams" / options.half / name / plain_name(condition)
        search = wake_search(data, speech, noises, options.snr, options.seed, options.jobs)
        for count in [TYPED, *counts]:
            files = {text: str(path) for text, _, path in jobs if path.parent.name == str(count)}
            job = {"kind": "kwskit", "model": options.model, "fa_per_hour": FA_PER_HOUR, "files": files}
            path = data / "detections" / digest / str(count) / "detections.tsv"
            if not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                hear(job, search, data, path, options.jobs)
            misses = wake_misses(search, path, RESAMPLES, options.seed, (FA_PER_HOUR,))
            own = results(search, path)
            facts = {"streams": condition, "who": name, "recordings": count}
            rows.append(facts | {"miss": own["miss"], "fa_per_hour": own["fa_per_hour"], **misses})
    return rows


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """A Markdown table, misses in percent."""
    rate = f"{FA_PER_HOUR:g}"
    lines = [
        f"| who | streams | recordings | missed at {rate}/h | by keyword | at its own threshold | false alarms/h |"
    ]
    lines += ["|---|---|---|---:|---|---:|---:|"]
    for row in rows:
        each = {text: own["miss_at"][rate].value for text, own in row["by_keyword"].items()}
        by = ", ".join(f"{text} {100 * value:.0f}" for text, value in each.items())
        count = "typed" if row["recordings"] == TYPED else str(row["recordings"])
        cells = [row["who"], row["streams"], count, row["miss_at"][rate].percent(), by]
        lines.append(f"| {' | '.join(cells)} | {100 * row['miss']:.1f} | {row['fa_per_hour']:.2f} |")
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
