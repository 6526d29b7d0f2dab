"""Keyword spotters of several packages in one stream: misses, false alarms, delay, cost.

    pip install '.[train,voices,peers]'
    python tools/bench/peers --speech FOLDER --out OUT                # people's wake words among other speech
    python tools/bench/peers --out OUT                                # voices', where no recordings are at hand
    python tools/bench/peers --speech FOLDER --keyword computer --sherpa MODEL --vosk MODEL --out OUT

All hear the same streams in chunks of 80 ms, each in a process of its own, pinned to one core, twice: once telling
all that they could detect, for the misses at so many false alarms of a keyword an hour, each keyword at the threshold
that is best for it; and once as a user has them, at the threshold that enrolment or the package sets, for misses,
false alarms, delay from the end of the word (by its energy) until it is told, processor time for a second of sound,
and the highest memory of the process. Who needs a package, a model or a key that is not here is left out, and the
table says what it needs. Porcupine's key is read from PICOVOICE_ACCESS_KEY.

FOLDER is laid out as for tools/bench/people; the half is of its people.
"""

import argparse
import json
import os
import shlex
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from measurement_process import in_process
from people.halves import HALVES

from peers.hearing import hear
from peers.peer import PEERS, PeerSettings

PROCESS = (str(Path(__file__).parent), "--job")


def compared(options: argparse.Namespace) -> dict[str, Any]:
    """All figures, some of them :class:`people.figure.ResampledFigure`."""
    from people.wake_streams import noises_of, wake_search

    from peers.figures import at_own_threshold, curve, table_of, word_ends
    from peers.machine import machine_facts, versions
    from peers.material import peoples, voices

    if options.speech:
        sounds = peoples(options.speech, options.half, options.keyword, options.clips, options.jobs)
        noises = noises_of(options.speech, options.jobs) if options.snr is not None else []
        what = f"People's wake words ({options.half} half)"
    else:
        sounds, noises = voices(options.out / "voices", options.keyword, options.clips, options.seed), []
        what = "Voices' words"
    what += f" over noise, {options.snr:g} dB" if noises else ""
    search = wake_search(options.out / "streams", sounds, noises, options.snr or 0.0, options.seed, options.jobs)
    rows = search.recordings.to_pylist()
    texts = search.queries["text"].to_pylist()
    settings = {name: getattr(options, name) for name in asdict(PeerSettings())}
    job = {
        "settings": {name: str(value) if isinstance(value, Path) else value for name, value in settings.items()},
        "keywords": texts,
        "core": options.core,
        "stretches": [[row["recording"], str(search.folder / row["path"]), row["start"], row["stop"]] for row in rows],
    }
    ends = word_ends(search)
    version = versions(PEERS[name].distribution for name in options.only)
    peers: dict[str, Any] = {}
    left_out: dict[str, str] = {}
    for name in options.only:
        own = in_process(PROCESS, job | {"name": name, "sweep": False})
        if "unavailable" in own:
            left_out[name] = own["unavailable"]
            print(f"left out: {own['unavailable']}", file=sys.stderr)
            continue
        found: dict[str, Any] = {
            "version": version[PEERS[name].distribution],
            "rtf": own["cpu"] / own["seconds"],
            "memory": own["memory"],
        }
        if own["detects"]:
            all_found = in_process(PROCESS, job | {"name": name, "sweep": True})
            path = options.out / "detections" / f"{name}.tsv"
            found["threshold"] = PEERS[name].thresholds
            found["own"] = at_own_threshold(search, table_of(own["detections"]), ends, options.resamples, options.seed)
            found["curve"] = curve(search, table_of(all_found["detections"]), path, options.resamples, options.seed)
        peers[name] = found
        print(f"{name}: RTF {found['rtf']:.4f}", file=sys.stderr)
    spoken = dict(zip(texts, search.true.tolist(), strict=True))
    return {
        "machine": machine_facts(),
        "sound": {"what": what, "hours": search.other_hours, "spoken": spoken, "seconds": search.seconds},
        "peers": peers,
        "left_out": left_out,
    }


def main() -> None:
    """Parse, mix, hear, count."""
    settings = PeerSettings()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, help="folder of streams, detections, results.json and results.md")
    parser.add_argument("--speech", type=Path, help="folder of people's speech; default: words and phrases of voices")
    parser.add_argument(
        "--half", choices=HALVES, default="dev", help="of its people: test is for figures that are told"
    )
    parser.add_argument("--keyword", action="append", default=[], help="of those that are said; default: all")
    parser.add_argument("--snr", type=float, help="dB of speech over the folder's noise; default: clean")
    parser.add_argument("--only", default=",".join(PEERS), help=f"of {','.join(PEERS)} (default: all)")
    parser.add_argument("--model", default=settings.model, help="of kwskit: a packaged name, or a directory")
    parser.add_argument("--fa-per-hour", type=float, default=settings.fa_per_hour, help="asked of kwskit's thresholds")
    parser.add_argument("--kws-threshold", type=float, default=settings.kws_threshold, help="of PocketSphinx")
    parser.add_argument("--sherpa", type=Path, help="folder of a keyword-spotting model of sherpa-onnx")
    parser.add_argument("--vosk", type=Path, help="folder of a model of Vosk")
    parser.add_argument("--porcupine", type=Path, help="folder of .ppn files of the console")
    parser.add_argument("--openwakeword", type=Path, help="folder of a head of each keyword, hey_computer.tflite")
    parser.add_argument("--clips", type=int, help="of a kind at most, for trying it out")
    parser.add_argument("--core", type=int, default=_last_core(), help="that all are pinned to; default: the last one")
    parser.add_argument("--jobs", type=int, default=1, help="processes that decode and mix")
    parser.add_argument("--resamples", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--job", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.job:
        print(json.dumps(hear(json.loads(options.job))))
        return
    if options.out is None:
        parser.error("--out FOLDER takes the results")
    options.only = options.only.split(",")
    if unknown := set(options.only) - set(PEERS):
        parser.error(f"--only {','.join(sorted(unknown))}: there are {', '.join(PEERS)}")
    try:
        facts = compared(options)
    except (FileNotFoundError, RuntimeError, ValueError) as error:
        raise SystemExit(str(error)) from error
    write_results(facts, options.out)


def write_results(facts: dict[str, Any], out: Path) -> None:
    """Print the table, and write it and all figures with the command."""
    from people.figure import as_json

    from kwskit.atomic_write import atomic_write
    from peers.tables import comparison_table

    command = f"python tools/bench/peers {shlex.join(sys.argv[1:])}"
    table = comparison_table(facts)
    for name, text in (
        ("results.json", json.dumps(as_json({"command": command, **facts}), indent=1) + "\n"),
        ("results.md", f"    {command}\n\n{table}\n"),
    ):
        with atomic_write(out / name) as partial:
            partial.write_text(text, encoding="utf-8")
    print(table)


def _last_core() -> int:
    return max(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0
