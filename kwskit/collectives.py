"""What processes that work together tell each other; alone, a process hears only itself.

Collectives must be called by all processes in the same order. Numbers and objects go from host to host, so that nobody
waits for a device; tensors go from device to device.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, TypeVar, cast

import torch
import torch.distributed as dist
from torch import Tensor

T = TypeVar("T")

# A step's collective that takes longer has lost somebody; what one process does alone, while the others wait, may take
# long (scoring). Who dies is noticed at once in both cases, by the broken connection.
PATIENCE, LONG_PATIENCE = timedelta(minutes=10), timedelta(days=1)

# torch 2.13 has the first name, and warns of the second.
_gather_into = getattr(dist, "all_gather_single", None) or dist.all_gather_into_tensor

_waiting_room: dist.ProcessGroup | None = None


def join(device_type: str) -> None:
    """Meet the other processes that ``torchrun`` started: NCCL between GPUs, gloo between hosts."""
    global _waiting_room
    backend = "cpu:gloo,cuda:nccl" if device_type == "cuda" else "gloo"
    dist.init_process_group(backend, timeout=PATIENCE)
    _waiting_room = dist.new_group(backend="gloo", timeout=LONG_PATIENCE)


def leave() -> None:
    """Wait for the others, then part."""
    global _waiting_room
    broadcast_from_first(None)  # what the first still had to do is done
    exchanged([rank()])
    _waiting_room = None
    dist.destroy_process_group()


def world_size() -> int:
    """How many processes work together; 1 when alone."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def rank() -> int:
    """This process's number, from 0."""
    return dist.get_rank() if world_size() > 1 else 0


def exchanged(numbers: Sequence[int]) -> Tensor:
    """(W, n) int64 on the CPU: the ``n`` numbers of each of W processes."""
    own = torch.tensor([list(numbers)], dtype=torch.int64)
    if world_size() == 1:
        return own
    everyone = own.new_empty(world_size(), own.shape[1])
    _gather_into(everyone, own)
    return everyone


def broadcast_from_first(value: T) -> T:
    """The first process's ``value``, any object that pickles; the others' are ignored."""
    if world_size() == 1:
        return value
    message: list[Any] = [value]
    dist.broadcast_object_list(message, src=0, group=_waiting_room)
    return cast(T, message[0])


def collected_by_first(value: T) -> list[T]:
    """The values of all processes, in order, at the first process; an empty list elsewhere."""
    if world_size() == 1:
        return [value]
    messages: list[Any] | None = [None] * world_size() if rank() == 0 else None
    dist.gather_object(value, messages, dst=0, group=_waiting_room)
    return [] if messages is None else messages


def whole(x: Tensor) -> Tensor:
    """(W * N, ...) the rows of ``x`` (N, ...) of all processes, for a value that all of them compute alike from it.

    Since every process then has the same gradient by all rows, backwards each takes that of its own rows, W times: when
    gradients are averaged over the processes, as DistributedDataParallel does, they are those of one process
    with all rows. Nothing is sent on the way back.
    """
    return x if world_size() == 1 else _whole(x)


def everyones(x: Tensor) -> Tensor:
    """(W, ...) the ``x`` of all processes, for values that differ between them: gradients are summed over them."""
    return x.unsqueeze(0) if world_size() == 1 else _everyones(x.unsqueeze(0))


def mean(x: Tensor) -> Tensor:
    """``x``, of one shape everywhere, averaged over the processes; without a gradient. Alone, ``x`` itself."""
    if world_size() == 1:
        return x
    total = x.detach().clone(memory_format=torch.contiguous_format)
    dist.all_reduce(total)
    return total / world_size()


# Operators of their own, so that the compiler leaves them as they are and in their place.
@torch.library.custom_op("kwskit::whole", mutates_args=())
def _whole(x: Tensor) -> Tensor:
    return _all_gathered(x)


@torch.library.custom_op("kwskit::everyones", mutates_args=())
def _everyones(x: Tensor) -> Tensor:
    return _all_gathered(x)


@torch.library.custom_op("kwskit::own_of_sum", mutates_args=())
def _own_of_sum(x: Tensor) -> Tensor:
    """This process's rows of the sum of ``x`` (W * n, ...) over the processes."""
    total = x.clone(memory_format=torch.contiguous_format)
    dist.all_reduce(total)
    return _own_rows(total).clone()


def _all_gathered(x: Tensor) -> Tensor:
    everyone = x.new_empty(world_size() * x.shape[0], *x.shape[1:])
    _gather_into(everyone, x.contiguous())
    return everyone


def _own_rows(x: Tensor) -> Tensor:
    count = x.shape[0] // world_size()
    return x.narrow(0, rank() * count, count)


def _gathered_shape(x: Tensor) -> Tensor:
    return x.new_empty(world_size() * x.shape[0], *x.shape[1:])


_whole.register_fake(_gathered_shape)
_everyones.register_fake(_gathered_shape)
_own_of_sum.register_fake(lambda x: x.new_empty(x.shape[0] // world_size(), *x.shape[1:]))
_whole.register_autograd(lambda _, gradient: _own_rows(gradient) * world_size())
_everyones.register_autograd(lambda _, gradient: _own_of_sum(gradient))
