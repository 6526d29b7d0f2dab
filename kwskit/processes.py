"""The processes that train or score together."""

import os
from dataclasses import dataclass
from types import TracebackType

import torch
import torch.distributed

from kwskit import collectives
from kwskit.devices import usable_device


@dataclass(frozen=True)
class Processes:
    """This process among those that ``torchrun`` started; alone otherwise.

    As a context it ends with :meth:`leave`, unless an error ended it: then this process leaves at once, and
    the others learn of it by their broken connection, or from ``torchrun``.

    Attributes
    ----------
    rank, world_size : its number and how many there are
    device : where it computes
    """

    rank: int
    world_size: int
    device: str

    @classmethod
    def join(cls, device: str | None = None) -> "Processes":
        """Meet the others.

        Parameters
        ----------
        device : ``cpu`` or ``cuda``; default: the GPU of this process's local rank where there is one, else, for a
            process that is alone, the CPU

        Raises
        ------
        ValueError
            For a device that is not here, or when several processes lack a GPU each and were not sent to the CPU.
        """
        rank, world_size = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
        if world_size == 1:
            return cls(rank, world_size, str(usable_device(device)))
        if device != "cpu":
            gpus, wanted = torch.cuda.device_count(), int(os.environ.get("LOCAL_WORLD_SIZE", 1))
            if gpus < wanted:
                raise ValueError(
                    f"{wanted} processes for the {gpus} GPUs of this machine: start one for each (run.sh --ngpu N), "
                    "or stay on the CPU (--device cpu; run.sh --ngpu 0 --nproc N)"
                )
            device = f"cuda:{os.environ['LOCAL_RANK']}"
            torch.cuda.set_device(device)
        collectives.join(torch.device(device).type)
        return cls(rank, world_size, device)

    def __str__(self) -> str:
        return self.device if self.world_size == 1 else f"{self.world_size} processes"

    @property
    def first(self) -> bool:
        """Whether this process writes files and speaks."""
        return self.rank == 0

    def leave(self) -> None:
        """Wait for the others, then part."""
        if self.world_size > 1:
            collectives.leave()

    def __enter__(self) -> "Processes":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is None:
            self.leave()
        elif self.world_size > 1 and isinstance(error, RuntimeError) and _is_broken_connection(error):
            raise RuntimeError(
                f"process {self.rank} of {self.world_size} lost another, which has told why it ended ({error})"
            ) from error


def _is_broken_connection(error: RuntimeError) -> bool:
    return isinstance(error, torch.distributed.DistError) or "gloo" in str(error) or "NCCL" in str(error)
