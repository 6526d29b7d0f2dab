"""A trained model as a directory that runs without torch."""

import hashlib
import shutil
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from kwskit import __version__, registry
from kwskit.export.agreement import LEAST, Agreement, Comparison, check
from kwskit.export.atomic_directories import atomic_directories
from kwskit.export.card import card
from kwskit.export.clips import Clips
from kwskit.export.graphs import graphs, write_graph
from kwskit.export.profile import Profile, real_time_factors, size
from kwskit.export.quantised_model import quantise_model
from kwskit.export.report import Exported, Report
from kwskit.export.steps import print_step
from kwskit.export.trial_precision import TrialPrecision
from kwskit.hparams import plain_value
from kwskit.speech_model.onnx_manifest import FILE, OnnxManifest
from kwskit.speech_model.onnx_model import AUDIO, OnnxModel
from kwskit.speech_model.own_lexicon import require_own_lexicon
from kwskit.speech_model.torch_model import TorchModel
from kwskit.spotting.background_file import FILE as BACKGROUND
from kwskit.spotting.background_file import read_background
from kwskit.systems.model_directory import CARD, PARTS

CALIBRATION = 60  # clips that tell ranges


def export_model(
    source: Path,
    target: Path,
    clips: Clips,
    int8: bool = False,
    precision: Callable[[Any], TrialPrecision] | None = None,
) -> Report:
    """Export the model of ``source`` to ``target`` and, with ``int8``, also to ``target`` with ``-int8`` added.

    Parameters
    ----------
    source : directory that training has written
    target : directory; one that an export has written is replaced
    clips : what the models are compared on; every second one also tells the ranges of 8-bit numbers
    precision : the trials to score, for the tokenizer that it is given

    Raises
    ------
    ModelError
        When ``source`` holds no model with an embedding of speech, or a lexicon that it does not read.
    ExportError
        When outputs differ by more than their precision allows.
    BackgroundError
        When the background of ``source`` cannot be used, or was recorded with another model.
    FileExistsError
        When something else is at ``target``.
    """
    model = TorchModel(source)
    require_own_lexicon(source, model.tokenizer)
    trials = None if precision is None else precision(model.tokenizer)
    targets = [target, *([target.with_name(f"{target.name}-int8")] if int8 else [])]
    with atomic_directories(targets, FILE) as partials:
        first = partials[0]
        print_step("writing graphs")
        for name, graph in graphs(model.system, model.tokenizer.size).items():
            write_graph(graph, first / name)
        profile = Profile.of(model.system, first)
        if model.system.composed:  # a word is embedded by the other graphs, one after another
            (first / AUDIO).unlink()
        _describe(model, source, first, "float32")
        print_step(f"comparing on {clips.source}")
        comparison = Comparison(model, clips.pcm)
        found = [_checked(comparison, first, "float32")]
        if int8:
            describe = partial(_describe, model, source, precision="int8")
            quantise_model(first, partials[1], describe, comparison, clips.pcm[::2][:CALIBRATION])
            found.append(_checked(comparison, partials[1], "int8"))
        print_step("measuring")
        factors = {"torch": real_time_factors(model)}
        factors |= {name: real_time_factors(OnnxModel(at)) for name, at in zip(LEAST, partials, strict=False)}
        scored: dict[str, float] = {}
        if trials is not None:
            print_step(f"scoring {trials.name}")
            scored = {"torch": trials.of(model.system)}
            scored |= {name: trials.of(OnnxModel(at)) for name, at in zip(LEAST, partials, strict=False)}
        report = Report(
            profile,
            clips.source,
            factors["torch"],
            scored.get("torch"),
            [
                Exported(to, name, size(at), agreed, factors[name], scored.get(name))
                for to, at, name, agreed in zip(targets, partials, LEAST, found, strict=False)
            ],
        )
        for at, made in zip(partials, report.exported, strict=True):
            text = card(OnnxManifest.read(at), report, made, None if trials is None else trials.name)
            (at / CARD).write_text(text, "utf-8")
    return report


def _describe(model: TorchModel, source: Path, directory: Path, precision: str) -> None:
    """Write the manifest of ``directory``, and the files of the model that are not graphs."""
    text = (source / PARTS).read_text("utf-8")
    node = plain_value(text, "tokenizer")
    name = str(node.tag.value).partition(":")[2]
    arguments = dict(node) if isinstance(node, Mapping) else {}
    for argument in getattr(registry.get("tokenizer", name).cls, "files", ()):
        if arguments.get(argument) is not None:
            shutil.copyfile(source / arguments[argument], directory / arguments[argument])
    digest = model.digest if precision == "float32" else _digest(f"{model.digest} {precision}".encode())[:16]
    # Not of the background, for kwskit calibrate replaces it.
    own = {path.name: path for path in directory.iterdir() if path.name not in (FILE, BACKGROUND)}
    hashes = {name: _digest(own[name].read_bytes()) for name in sorted(own)}
    shape = model.stream
    OnnxManifest(
        model.name,
        digest,
        model.dim,
        shape,
        precision,
        name,
        arguments,
        hashes,
        model.digest,
        __version__,
        composed=model.system.composed,
        blank=model.blank,
    ).write(directory)
    if (source / BACKGROUND).is_file():
        background = read_background(source / BACKGROUND)
        background.require_model(model)
        background.with_digest(digest).save(directory / BACKGROUND)


def _checked(comparison: Comparison, directory: Path, precision: str) -> dict[str, Agreement]:
    found = comparison.all(OnnxModel(directory))
    check(found, precision)
    return found


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
