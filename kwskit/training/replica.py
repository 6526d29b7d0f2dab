"""The system as one of several replicas that train together."""

import warnings
from collections.abc import Iterable

import torch.distributed
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from kwskit import collectives
from kwskit.encoders.blocks.shared_batch_norm import share_batch_norm
from kwskit.systems.system import System


def replica(system: System, sync_batch_norm: bool = True) -> nn.Module:
    """``system``, its gradients averaged over the processes; itself when this process is alone.

    Every process computes the losses of the whole batch (:func:`~kwskit.gathered_embeddings.whole_batch`) and backwards
    follows its own utterances W times, so that the average is the gradient of one process with the whole batch. Parts
    that no loss asks for, such as an aligner without losses of tokens, may go without a gradient.

    Parameters
    ----------
    system : its stock batch normalisations are replaced, its weights made those of the first process
    sync_batch_norm : batch normalisation takes its statistics over all processes
    """
    if collectives.world_size() == 1:
        return system
    if sync_batch_norm:
        share_batch_norm(system)
    # A convolution of one frame gives its gradient in another layout than its weights; a copy of a few kilobytes.
    warnings.filterwarnings("ignore", message="Grad strides do not match bucket view strides")
    return DistributedDataParallel(
        system, find_unused_parameters=True, gradient_as_bucket_view=True, broadcast_buffers=False
    )


def share_buffers(system: nn.Module) -> None:
    """Give all processes the running statistics of the first, which is what checkpoints keep."""
    if collectives.world_size() > 1:
        for buffer in system.buffers():
            torch.distributed.broadcast(buffer, src=0)


def check_same_place(place: Iterable[int], folder: str) -> None:
    """Refuse to go on when processes would resume from different places.

    Raises
    ------
    RuntimeError
        When ``place``, the numbers that say where training resumes, differs between processes.
    """
    everyone = collectives.exchanged(list(place)).tolist()
    if any(other != everyone[0] for other in everyone):
        raise RuntimeError(
            f"the processes found different checkpoints in {folder} (epoch, batch: {everyone}): "
            "--exp must be a folder that all machines share"
        )
