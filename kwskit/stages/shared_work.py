"""Work that all processes share at the wish of the first, who scores and writes."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

from kwskit import collectives
from kwskit.batch import Encoded
from kwskit.data.store import PackedStore
from kwskit.processes import Processes
from kwskit.systems.model_directory import Model, load_model, untrained_model
from kwskit.systems.scoring import encode_store_together

TRAINED, UNTRAINED = "trained", "untrained"

Found = TypeVar("Found")


class SharedWork:
    """Encodes stores and searches recordings, each process its share.

    Of those that :func:`led_by_first` brings together, the first process calls :meth:`encode` and :meth:`share`
    whenever it likes. So what is to be done is decided by one process, from the files that it sees.

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


def led_by_first(exp: Path, device: str | None, lead: Callable[[SharedWork], object]) -> None:
    """Have the first process ``lead``, and the others do with it what it wishes until ``lead`` is through.

    Parameters
    ----------
    exp : folder of the run, with the trained model
    device : as :meth:`Processes.join <kwskit.processes.Processes.join>` takes it
    lead : what the first process does; a process that is alone is the first
    """
    with Processes.join(device) as processes:
        work = SharedWork(exp, processes.device)
        if processes.first:
            lead(work)
            collectives.told_by_first(None)
            return
        while (wish := collectives.told_by_first(None)) is not None:
            name, share = wish
            share(work.model(name))


def _encoded(store: Path, model: Model) -> Encoded | None:
    return encode_store_together(model.system, PackedStore.open(store))
