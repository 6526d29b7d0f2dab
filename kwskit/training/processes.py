"""The processes that train together."""

import os
from dataclasses import dataclass

import torch
import torch.distributed


@dataclass(frozen=True)
class Processes:
    """This process among those that ``torchrun`` started; alone otherwise.

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
        """Meet the others (NCCL on GPUs, gloo on CPUs).

        Parameters
        ----------
        device : default: the GPU of this process's local rank where there is one, else the CPU
        """
        rank, world_size = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
        if device is None:
            device = "cuda" if torch.cuda.is_available() else "cpu"
        if world_size > 1:
            if device == "cuda":
                device = f"cuda:{os.environ['LOCAL_RANK']}"
                torch.cuda.set_device(device)
            torch.distributed.init_process_group("gloo" if device == "cpu" else "nccl")
        return cls(rank, world_size, device)

    def __str__(self) -> str:
        return self.device if self.world_size == 1 else f"{self.world_size} processes"

    @property
    def first(self) -> bool:
        """Whether this process writes files and speaks."""
        return self.rank == 0

    def share(self, keywords: int) -> int:
        """This process's part of a batch's keywords.

        Raises
        ------
        ValueError
            When they cannot be shared evenly.
        """
        if keywords % self.world_size:
            raise ValueError(f"training.keywords {keywords} cannot be shared evenly by {self.world_size} processes")
        return keywords // self.world_size

    def leave(self) -> None:
        """Wait for the others, then part."""
        if self.world_size > 1:
            torch.distributed.barrier()
            torch.distributed.destroy_process_group()
