"""The card of an exported model."""

from kwskit import __version__
from kwskit.export.agreement import LEAST
from kwskit.export.report import Exported, Report
from kwskit.speech_model.onnx_manifest import OnnxManifest
from kwskit.stream_shape import StreamShape


def card(manifest: OnnxManifest, report: Report, made: Exported, trials: str | None) -> str:
    """Text of the README of an exported model.

    Parameters
    ----------
    manifest : of the model
    report : of the export
    made : what it says of this model
    trials : name of the trials that were scored, or None
    """
    lines = [
        f"# {manifest.name}, exported ({manifest.precision})",
        "",
        "Open-vocabulary keyword spotting enrolled by typing, as ONNX graphs, for `pip install kwskit` without torch.",
        "",
        "```python",
        "from kwskit import Spotter",
        "",
        'spotter = Spotter.load("this directory")',
        'spotter.enrol("hey nova")',
        'print(spotter.spot("meeting.wav"))',
        "```",
        "",
        "## Graphs",
        "",
        "- `audio.onnx`: `wav` (batch, samples) float32 in [-1, 1] at 16 kHz, `lens` (batch,) int64 in samples -> "
        f"`embeddings` (batch, {manifest.dim}) of length 1. The front end is inside; nothing beyond `lens` is "
        "heard.",
        "- `text.onnx`: `tokens` (batch, tokens) int64, `lens` (batch,) int64 -> `embeddings` "
        f"(batch, {manifest.dim}) of length 1. A score is the product of the two embeddings.",
        *_stream_lines(manifest.stream),
        "- `model.onnx.json`: tokenizer, and the SHA-256 of every file.",
        "",
        "## Cost",
        "",
        *(f"- {line}" for line in report.profile.lines()),
        f"- size: {made.size / 1e6:.2f} MB",
        *(
            f"- real-time factor on one core, {what}: {value:.4f} (torch: {report.factors[what]:.4f})"
            for what, value in made.factors.items()
        ),
        "",
        "## Agreement with the model that it was made of",
        "",
        f"Compared on {report.compared_on}; the worst cosine must be at least {LEAST[manifest.precision]}.",
        "",
        *(f"- {name}: {agreement}" for name, agreement in made.agreements.items()),
        *_precision_lines(report, made, trials),
        "",
        f"Exported by kwskit {__version__} from the model {manifest.source}.",
        "",
    ]
    return "\n".join(lines)


def _stream_lines(shape: StreamShape | None) -> list[str]:
    if shape is None:
        return []
    return [
        "- `features.onnx`: `wav` (1, samples) -> `features` (features, size); `frames.onnx`: `features` "
        "(1, features, size) -> `frames` (frames, size), each frame of a stream once; `pool.onnx`: `frames` "
        "(batch, frames, size) -> `embeddings`. `stream` in `model.onnx.json` tells how they fit together.",
    ]


def _precision_lines(report: Report, made: Exported, trials: str | None) -> list[str]:
    if trials is None or report.average_precision is None or made.average_precision is None:
        return []
    change = 100 * (made.average_precision - report.average_precision)
    return [
        f"- average precision on the trials {trials}: {made.average_precision:.2%}, {change:+.2f} points of the "
        f"{report.average_precision:.2%} before",
    ]
