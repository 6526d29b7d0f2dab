"""sherpa-onnx's keyword spotter, enrolled by typing, with a model folder of its releases."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import sherpa_onnx
from numpy.typing import NDArray
from sentencepiece import SentencePieceProcessor

from peers.peer import PeerSettings, PeerUnavailable, folder_of
from peers.settings_sweep import SettingsSweep

RATE = 16_000
PARTS = ("encoder", "decoder", "joiner")
HOLDS = (
    "a keyword-spotting model for English of sherpa-onnx's releases (encoder*.onnx, decoder*.onnx, joiner*.onnx, "
    "tokens.txt, bpe.model), such as sherpa-onnx-kws-zipformer-gigaspeech-3.3M-2024-01-01"
)


class SherpaPeer(SettingsSweep):
    """Its transducer and keyword search at several ``keywords_threshold``."""

    settings = (0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.8)
    usual = 0.25

    def __init__(self, settings: PeerSettings, sweep: bool):
        super().__init__(sweep)
        folder = folder_of("sherpa-onnx", settings.sherpa, "--sherpa", HOLDS)
        self._files = {name: _smallest(folder, f"{name}*.onnx") for name in PARTS}
        self._files["tokens"] = _smallest(folder, "tokens.txt")
        self._pieces = SentencePieceProcessor(model_file=_smallest(folder, "bpe.model"))

    def engine(self, keywords: Sequence[str], setting: float) -> "SherpaEngine":
        return SherpaEngine(self._files, keyword_lines(keywords, self._pieces, Path(self._files["tokens"])), setting)


class SherpaEngine:
    """A spotter of the package and its stream.

    Parameters
    ----------
    files : of its models
    lines : keywords in its notation, and their names
    threshold : ``keywords_threshold``
    """

    def __init__(self, files: dict[str, str], lines: dict[str, str], threshold: float):
        self._names = {line.rpartition("@")[2]: keyword for keyword, line in lines.items()}
        with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as listed:
            listed.writelines(f"{line}\n" for line in lines.values())
            listed.flush()
            self._spotter = sherpa_onnx.KeywordSpotter(
                **files, keywords_file=listed.name, num_threads=1, keywords_threshold=threshold
            )
        self.reset()

    def hear(self, block: NDArray[np.int16]) -> list[str]:
        self._stream.accept_waveform(RATE, block.astype(np.float32) / 32768)
        found = []
        while self._spotter.is_ready(self._stream):
            self._spotter.decode_stream(self._stream)
            if name := self._spotter.get_result(self._stream):
                found.append(self._names[name])
                self._spotter.reset_stream(self._stream)
        return found

    def reset(self) -> None:
        self._stream = self._spotter.create_stream()


def keyword_lines(keywords: Sequence[str], pieces: SentencePieceProcessor, tokens: Path) -> dict[str, str]:
    """Each keyword in the package's notation: pieces of its capitals, ``▁HE Y ▁COMPUTER @hey_computer``.

    Raises
    ------
    PeerUnavailable
        When the model has no token for a piece.
    """
    known = {line.split(" ")[0] for line in tokens.read_text(encoding="utf-8").splitlines()}
    lines = {}
    for keyword in keywords:
        own = pieces.encode(keyword.upper(), out_type=str)
        if unknown := [piece for piece in own if piece not in known]:
            raise PeerUnavailable(f"sherpa-onnx: '{keyword}': {tokens} lacks {', '.join(unknown)}")
        lines[keyword] = f"{' '.join(own)} @{keyword.replace(' ', '_')}"
    return lines


def _smallest(folder: Path, pattern: str) -> str:
    """The smallest file of a pattern: int8 where there are both, as its documents have it on a CPU."""
    found = sorted(folder.glob(pattern), key=lambda path: path.stat().st_size)
    if not found:
        raise PeerUnavailable(f"sherpa-onnx: {folder} has no {pattern}; it holds {HOLDS}")
    return str(found[0])
