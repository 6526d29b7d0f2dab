"""Work that all processes share at the wish of the first, who scores and writes."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

from kwskit import collectives
from kwskit.batch import Encoded
from kwskit.data.store import PackedStore
from kwskit.systems.model_directory import Model, load_model, untrained_model
from kwskit.systems.scoring import encode_store_together

TRAINED, UNTRAINED = "trained", "untrained"

Found = TypeVar("Found")


class SharedWork:
    """Encodes stores and searches recordings, each process its share.

    The first process calls :meth:`encode` and :meth:`share` whenever it likes, inside a ``with`` block that lets the
    others go in the end; the others :meth:`serve`. So what is to be done is decided by one process, from the files that
    it sees. A process that is alone is the first.

    Parameters
    ----------
    exp : folder of the run, with the trained model
    device : where to work
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
        return self.share(name, partial(_encoded, store))

    def share(self, name: str, work: Callable[[Model], Found | None]) -> Found:
        """What ``work`` gives the first process for the model ``name``; all processes do it, by their rank.

        Parameters
        ----------
        name : ``trained`` or ``untrained``
        work : a function that pickles; it gives the others None
        """
        collectives.told_by_first((name, work))
        found = work(self.model(name))
        assert found is not None
        return found

    def serve(self) -> None:
        """Do with the first process what it wishes, until it lets go."""
        while (wish := collectives.told_by_first(None)) is not None:
            name, work = wish
            work(self.model(name))

    def __enter__(self) -> "SharedWork":
        return self

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if error is None:
            collectives.told_by_first(None)


def _encoded(store: Path, model: Model) -> Encoded | None:
    return encode_store_together(model.system, PackedStore.open(store))
