"""What spotting in a browser has to know of a model, and of how Python spots."""

from typing import Any

from kwskit.constants import SAMPLE_RATE
from kwskit.errors import ExportError
from kwskit.export.web.phoneme_facts import phoneme_facts
from kwskit.speech_model.onnx_model import OnnxModel
from kwskit.spotting import FA_PER_HOUR
from kwskit.spotting.background import RANKED
from kwskit.spotting.calibration import PHRASE_SHARE
from kwskit.spotting.cohort import cohort_words
from kwskit.spotting.cohort_embeddings import COHORT
from kwskit.spotting.expected_duration import BASE, FEWEST, LONGEST, PER_PHONEME, SHORTEST, WINDOWS
from kwskit.spotting.false_alarm_rate import COUNTED, SHAPES, TAIL
from kwskit.spotting.hit_picker import PATIENCE, REFRACTORY
from kwskit.spotting.score_smoothing import NEAR
from kwskit.spotting.spotting_stream import step_of
from kwskit.spotting.windows.frame_listener import FrameListener
from kwskit.spotting.windows.listening import HOP, knows_streams
from kwskit.stream_shape import FLOOR_SECONDS, StreamShape
from kwskit.text.phoneme_tokenizer import PhonemeTokenizer


def spotting_facts(model: OnnxModel) -> dict[str, Any]:
    """What ``spotter.json`` says of ``model``, of its words and of how keywords are spotted.

    Raises
    ------
    ExportError
        When the model does what the page cannot: hear each window by itself, or read letters.
    """
    tokenizer, shape = model.tokenizer, model.stream
    if shape is None or not knows_streams(model) or model.manifest.network is not None:
        raise ExportError(f"{model.name} does not hear the frames of a stream by its own graphs, as the page has to")
    if not isinstance(tokenizer, PhonemeTokenizer):
        raise ExportError(f"{model.name} reads letters, and the page phonemes: export a model with !tokenizer:phoneme")
    return {
        "name": model.name,
        "digest": model.digest,
        "dim": model.dim,
        "stream": _stream(shape),
        "tokenizer": {
            "symbols": tokenizer.symbols,
            "stress": tokenizer.stress,
            "most": tokenizer.g2p.max_pronunciations,
        },
        "phonemes": None if model.blank is None else phoneme_facts(model.blank),
        "cohort": [tokenizer.encode(word) for word in cohort_words(COHORT)],
        "spotting": {
            "rate": SAMPLE_RATE,
            "step": step_of(shape),
            "windows": WINDOWS,
            "lengths": _lengths(model),
            "near": NEAR,
            "base": BASE,
            "per_phoneme": PER_PHONEME,
            "shortest": SHORTEST,
            "longest": LONGEST,
            "fewest": FEWEST,
            "patience": PATIENCE,
            "refractory": REFRACTORY,
            "fa_per_hour": FA_PER_HOUR,
            "ranked": RANKED,
            "counted": COUNTED,
            "tail": TAIL,
            "shapes": SHAPES,
            "phrase_share": PHRASE_SHARE,
        },
    }


def _stream(shape: StreamShape) -> dict[str, Any]:
    names = ("window", "hop", "floor", "stride", "past", "per_step", "size", "ahead", "silence", "span")
    found = {name: getattr(shape, name) for name in names}
    floor_features = round(FLOOR_SECONDS * SAMPLE_RATE / shape.hop)
    return {**found, "floor_features": floor_features, "frame_seconds": shape.frame_seconds, "rate": SAMPLE_RATE}


def _lengths(model: OnnxModel) -> list[dict[str, int]]:
    """Frames of a window of each of ``WINDOWS``, and from one to the next."""
    cutters = [FrameListener(model, [length], hop=HOP).cutter for length in WINDOWS]
    found = [{"size": cutter.sizes[0], "hop": cutter.hops[0]} for cutter in cutters]
    if len({one["size"] for one in found}) < len(found):
        raise ExportError(f"{model.name} has frames so long that windows of several lengths are one: export another")
    return found
