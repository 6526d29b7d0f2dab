"""Stores encoded by all processes, at the wish of the first, who scores and writes."""

from pathlib import Path

from kwskit import collectives
from kwskit.batch import Encoded
from kwskit.data.store import PackedStore
from kwskit.systems.model_directory import Model, load_model, untrained_model
from kwskit.systems.scoring import encode_store_together

TRAINED, UNTRAINED = "trained", "untrained"


class SharedEncoding:
    """Encodes whole stores, each process its share.

    The first process calls :meth:`encode` whenever it likes, inside a ``with`` block that lets the others go in the
    end; the others :meth:`serve`. So what is to be encoded is decided by one process, from the files that
    it sees. A process that is alone is the first.

    Parameters
    ----------
    exp : folder of the run, with the trained model
    device : where to encode
    """

    def __init__(self, exp: Path, device: str):
        self.exp, self.device = exp, device
        self._models: dict[str, Model] = {}

    def model(self, name: str) -> Model:
        """The ``trained`` model of the run, or an ``untrained`` one like it."""
        if name not in self._models:
            make = {TRAINED: load_model, UNTRAINED: lambda *place: untrained_model(place[0], 0, place[1])}[name]
            self._models[name] = make(self.exp / "model", self.device)
        return self._models[name]

    def encode(self, name: str, store: Path) -> Encoded:
        """Every segment of the packed ``store``, by the model ``name``; for the first process."""
        encoded = self._encode(*collectives.told_by_first((name, store)))
        assert encoded is not None
        return encoded

    def serve(self) -> None:
        """Encode with the first process what it wishes, until it lets go."""
        while (wish := collectives.told_by_first(None)) is not None:
            self._encode(*wish)

    def __enter__(self) -> "SharedEncoding":
        return self

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if error is None:
            collectives.told_by_first(None)

    def _encode(self, name: str, store: Path) -> Encoded | None:
        return encode_store_together(self.model(name).system, PackedStore.open(store))
