"""``kwskit export``."""

import argparse
import json
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kwskit.commands.usage import UsageError

if TYPE_CHECKING:
    from kwskit.export.clips import Clips
    from kwskit.export.export_model import Report
    from kwskit.speech_model.model_source import ModelSource

HELP = "write a trained model as ONNX graphs, which run without torch, or as a folder that spots in a browser"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Tell ``parser`` what the command takes."""
    text = "model: a directory that training wrote (exp/model), a packaged name, or owner/name of the Hugging Face Hub"
    parser.add_argument("model", metavar="MODEL", help=text)
    text = "format to write (default onnx); web takes an exported model, such as a packaged one"
    parser.add_argument("--format", choices=["onnx", "web"], default="onnx", help=text)
    text = "directory to write (default: MODEL-onnx, in the current folder for a model called by its name)"
    parser.add_argument("--to", type=Path, metavar="DIR", help=text)
    text = "a model in 8-bit numbers, smaller and faster, is written to DIR-int8, too"
    parser.add_argument("--int8", action="store_true", help=text)
    text = "folder of recordings of speech that the models are compared on"
    parser.add_argument("--clips", type=Path, metavar="FOLDER", help=text)
    parser.add_argument("--data", type=Path, metavar="DIR", help="folder of a corpus that the models are scored on")
    text = "name of the trials of the corpus (default dev_wsj)"
    parser.add_argument("--trials", metavar="NAME", default="dev_wsj", help=text)
    text = "npm's package onnxruntime-web, unpacked, for web (default: fetched from npm)"
    parser.add_argument("--ort", type=Path, metavar="FOLDER", help=text)


def run(options: argparse.Namespace) -> None:
    """Run it."""
    from kwskit.speech_model.model_source import ModelSource

    source = ModelSource.find(options.model)
    beside = Path((source.name or source.directory.name).rpartition("/")[2]) if source.shared else source.directory
    beside = beside.absolute()
    target = options.to or beside.with_name(f"{beside.name}-{options.format}")
    if options.format == "web":
        _write_web(options, source, target)
    else:
        _write_onnx(options, source, target)


def _write_web(options: argparse.Namespace, source: "ModelSource", target: Path) -> None:
    refused = {"--int8": options.int8, "--clips": options.clips, "--data": options.data}
    for flag, given in refused.items():
        if given:
            raise UsageError(f"{flag} is for --format onnx: the page runs a model that has been exported so")
    from kwskit.export.web.export_web import export_web

    size = export_web(source, target, options.ort)
    if sys.stdout.isatty():
        print(f"a visitor loads {size / 1e6:.1f} MB")
    else:
        print(json.dumps({"model": "web", "directory": str(target), "bytes": size, "rtf": {}, "ap": None}))
    print(f"written: {target}", file=sys.stderr)


def _write_onnx(options: argparse.Namespace, source: "ModelSource", target: Path) -> None:
    if options.ort is not None:
        raise UsageError("--ort is for --format web")
    try:
        from kwskit.export.export_model import export_model
        from kwskit.export.trial_precision import TrialPrecision
    except ImportError as error:
        if error.name != "onnx":
            raise
        raise ImportError("to export, the package onnx is needed: pip install 'kwskit[export]'") from error
    trials = None if options.data is None else partial(TrialPrecision, options.data, options.trials)
    report = export_model(source.directory, target, _clips(options), options.int8, trials)
    for row in _rows(report) if sys.stdout.isatty() else ():
        print(row)
    if not sys.stdout.isatty():
        for line in _records(report):
            print(json.dumps(line, ensure_ascii=False))
    for made in report.exported:
        print(f"written: {made.directory}", file=sys.stderr)


def _clips(options: argparse.Namespace) -> "Clips":
    from kwskit.data.store.packed_store import PackedStore
    from kwskit.export.clips import Clips

    if options.clips is not None:
        return Clips.of_folder(options.clips)
    if options.data is not None:
        return Clips.of_store(PackedStore.open(options.data / "store" / options.trials.rpartition("_")[0]))
    print("no --clips and no --data: the models are compared on made signals only, on no speech", file=sys.stderr)
    return Clips.made()


def _records(report: "Report") -> Iterator[dict[str, Any]]:
    profile = report.profile
    yield {
        "model": "torch",
        "parameters": {"audio": profile.audio, "text": profile.text},
        "macs": {"window of 1 s": profile.window_macs, "second of a stream": profile.stream_macs},
        "rtf": report.factors,
        "ap": report.average_precision,
    }
    for made in report.exported:
        yield {
            "model": made.precision,
            "directory": str(made.directory),
            "bytes": made.size,
            "compared_on": report.compared_on,
            "cosines": {
                name: {"worst": agreement.worst, "mean": agreement.mean} for name, agreement in made.agreements.items()
            },
            "rtf": made.factors,
            "ap": made.average_precision,
        }


def _rows(report: "Report") -> Iterator[str]:
    yield from report.profile.lines()
    yield f"compared on {report.compared_on}"
    names = list(report.factors)
    yield f"{'model':<8}  {'MB':>6}  {'worst cosine':>12}  {'AP':>6}  " + "  ".join(f"RTF {name}" for name in names)
    for name, bytes_, worst, ap, factors in (
        ("torch", None, None, report.average_precision, report.factors),
        *(
            (
                made.precision,
                made.size,
                min(found.worst for found in made.agreements.values()),
                made.average_precision,
                made.factors,
            )
            for made in report.exported
        ),
    ):
        columns = [
            "" if bytes_ is None else f"{bytes_ / 1e6:.2f}",
            "" if worst is None else f"{worst:.6f}",
            "" if ap is None else f"{ap:.2%}",
        ]
        rates = "  ".join(f"{factors[what]:>{len(what) + 4}.4f}" for what in names)
        yield f"{name:<8}  {columns[0]:>6}  {columns[1]:>12}  {columns[2]:>6}  {rates}"
