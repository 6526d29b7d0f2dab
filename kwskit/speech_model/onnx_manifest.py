"""``model.onnx.json``: what an exported model says of itself."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from kwskit import registry
from kwskit.errors import ModelError
from kwskit.stream_shape import StreamShape

FILE = "model.onnx.json"
NETWORK = "speech_embedding"
VERSION = 1
MOST_DIMENSIONS = 1 << 16
LARGEST = 1 << 24  # bytes of the file; the pieces of a large subword tokenizer take a hundredth of it


@dataclass(frozen=True)
class OnnxManifest:
    """What an exported model says of itself; the file is written and read as JSON.

    Attributes
    ----------
    name, digest, dim, stream : as :class:`~kwskit.speech_model.speech_model.SpeechModel` has them
    precision : ``float32`` or ``int8``
    tokenizer, arguments : name in the registry, and arguments; those that are files, by their name in the directory
    files : SHA-256 of the other files of the directory, by name
    source : digest of the model that was exported
    kwskit : version that exported it
    network : of a package, that makes the frames: ``speech_embedding``, of an earlier kwskit; None where
        ``frames.onnx`` does
    blank : id of CTC's blank where ``phonemes.onnx`` tells phonemes of the frames of a stream, else None
    composed : whether a word is embedded by the graphs of a stream, one after another, rather than by ``audio.onnx``
    """

    name: str
    digest: str
    dim: int
    stream: StreamShape | None
    precision: str
    tokenizer: str
    arguments: Mapping[str, Any]
    files: Mapping[str, str]
    source: str
    kwskit: str
    network: str | None = None
    composed: bool = False
    blank: int | None = None

    @classmethod
    def read(cls, directory: Path) -> "OnnxManifest":
        """The manifest of ``directory``.

        Raises
        ------
        ModelError
            When it is missing, no JSON, of a later version, or lacks something.
        """
        path = directory / FILE
        try:
            if path.stat().st_size > LARGEST:
                raise ModelError(f"{path}: {path.stat().st_size:,} bytes are too many for it")
            found = json.loads(path.read_text("utf-8"))
        except OSError as error:
            raise ModelError(f"{path}: cannot be read ({error.strerror}); is this an exported model?") from error
        except (ValueError, RecursionError) as error:
            raise error if isinstance(error, ModelError) else ModelError(f"{path}: is no JSON: {error}") from error
        if not isinstance(found, dict) or found.get("version") != VERSION:
            version = found.get("version") if isinstance(found, dict) else None
            raise ModelError(f"{path}: version {version!r}; this kwskit reads version {VERSION}")
        values = {name: _field(path, found, name, kind) for name, kind in _KINDS.items()}
        if not 0 < values["dim"] <= MOST_DIMENSIONS:
            raise ModelError(f"{path}: 'dim' lies in 1 to {MOST_DIMENSIONS:,}, not {values['dim']}")
        if (network := found.get("network")) not in (None, NETWORK):
            raise ModelError(f"{path}: 'network' is {NETWORK} or null, not {network!r:.60}")
        shape = values.pop("stream")
        try:
            stream = None if shape is None else StreamShape(**shape)
        except (TypeError, ValueError) as error:
            raise ModelError(f"{path}: 'stream': {error}") from error
        if network is not None and stream is None:
            raise ModelError(f"{path}: 'network' makes the frames of a stream, but 'stream' is null")
        composed = found.get("composed", network is not None)
        if not isinstance(composed, bool) or (composed and stream is None):
            raise ModelError(f"{path}: 'composed' is true or false, and false where 'stream' is null")
        blank = found.get("blank")
        if blank is not None and (not isinstance(blank, int) or isinstance(blank, bool) or blank < 0 or stream is None):
            raise ModelError(f"{path}: 'blank' is an id, and null where 'stream' is null, not {blank!r:.60}")
        return cls(**values, stream=stream, network=network, composed=composed, blank=blank)

    def write(self, directory: Path) -> None:
        """Write it into ``directory``."""
        text = json.dumps({"version": VERSION, **asdict(self)}, indent=1, ensure_ascii=False)
        (directory / FILE).write_text(text + "\n", "utf-8")

    def content(self, directory: Path, name: str) -> bytes:
        """The bytes of the file ``name``.

        Raises
        ------
        ModelError
            When the manifest does not list it, it is missing, or it is not what was exported.
        """
        path = directory / name
        if name not in self.files or Path(name).name != name:
            raise ModelError(f"{directory / FILE}: 'files' does not list {name}")
        try:
            if not path.is_file():  # a pipe would be waited for
                raise FileNotFoundError(2, "no such file", str(path))
            content = path.read_bytes()
        except OSError as error:
            raise ModelError(f"{path}: cannot be read: {error.strerror}") from error
        if hashlib.sha256(content).hexdigest() != self.files[name]:
            raise ModelError(f"{path}: is damaged: its SHA-256 is not that of {FILE}; copy or export the model anew")
        return content

    def built_tokenizer(self, directory: Path) -> Any:
        """The tokenizer.

        Raises
        ------
        ModelError
            When it is unknown, refuses its arguments, or names a file that is not the directory's.
        """
        try:
            arguments = dict(self.arguments)
            for name in getattr(registry.get("tokenizer", self.tokenizer).cls, "files", ()):
                if arguments.get(name) is not None:
                    self.content(directory, str(arguments[name]))
                    arguments[name] = str(directory / str(arguments[name]))
            return registry.build("tokenizer", self.tokenizer, **arguments)
        except ModelError:
            raise
        except (ValueError, TypeError, AttributeError, LookupError) as error:
            raise ModelError(f"{directory / FILE}: tokenizer '{self.tokenizer}': {error}") from error


_KINDS: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("name", "digest", "precision", "tokenizer", "source", "kwskit"), (str,)),
    "dim": (int,),
    "stream": (dict, type(None)),
    "arguments": (dict,),
    "files": (dict,),
}


def _field(path: Path, found: dict[str, Any], name: str, kind: tuple[type, ...]) -> Any:
    if name not in found:
        raise ModelError(f"{path}: '{name}' is missing")
    if not isinstance(found[name], kind) or isinstance(found[name], bool):
        raise ModelError(f"{path}: '{name}' must be {kind[0].__name__}, not {found[name]!r:.60}")
    return found[name]
