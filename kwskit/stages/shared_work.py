"""Work that all processes share at the wish of the first, who scores and writes."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

from kwskit import collectives
from kwskit.batch import Encoded
from kwskit.data.store.packed_store import PackedStore
from kwskit.processes import Processes
from kwskit.systems.model_directory import Model, load_model, untrained_model
from kwskit.systems.scoring import encode_store_together

TRAINED, UNTRAINED, BEFORE = "trained", "untrained", "before"

Found = TypeVar("Found")


class SharedWork:
    """Encodes stores and searches recordings, each process its share.

    Of those that :func:`run_on_first` brings together, the first process calls :meth:`encode` and :meth:`share`
    whenever it likes. So what is to be done is decided by one process, from the files that it sees.

    Parameters
    ----------
    exp : folder of the run, with the trained model; a run that trained another one on has that in ``before/``
    device : where to work
    """

    def __init__(self, exp: Path, device: str):
        self.exp, self.device = exp, device
        self._models: dict[str, Model] = {}

    @property
    def names(self) -> tuple[str, str]:
        """The models to be compared: the ``trained`` one, and what it was ``before`` or else an ``untrained`` one."""
        return TRAINED, BEFORE if self.folder(BEFORE).is_dir() else UNTRAINED

    def folder(self, name: str) -> Path:
        """The directory of the model ``name``; for an untrained one, of that which it is like."""
        return self.exp / "before/model" if name == BEFORE else self.exp / "model"

    def model(self, name: str) -> Model:
        """The ``trained`` model of the run, that which it was ``before``, or an ``untrained`` one like it."""
        if name not in self._models:
            place = self.folder(name)
            untrained = name == UNTRAINED
            self._models[name] = untrained_model(place, 0, self.device) if untrained else load_model(place, self.device)
        return self._models[name]

    def encode(self, name: str, store: Path) -> Encoded:
        """Every segment of the packed ``store``, by the model ``name``; for the first process."""
        return self.share(name, partial(_encoded, store))

    def share(self, name: str, work: Callable[[Model], Found | None]) -> Found:
        """What ``work`` gives the first process for the model ``name``; all processes do it, by their rank.

        Parameters
        ----------
        name : one of :attr:`names`
        work : a function that pickles; it gives the others None
        """
        collectives.broadcast_from_first((name, work))
        found = work(self.model(name))
        assert found is not None
        return found


def run_on_first(exp: Path, device: str | None, lead: Callable[[SharedWork], object]) -> None:
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
            collectives.broadcast_from_first(None)
            return
        while (wish := collectives.broadcast_from_first(None)) is not None:
            name, share = wish
            share(work.model(name))


def _encoded(store: Path, model: Model) -> Encoded | None:
    return encode_store_together(model.system, PackedStore.open(store))
