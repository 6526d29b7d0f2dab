"""A pretended accelerator: tensors that say they are elsewhere, and a host that may not wait for them."""

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map

from kwskit.losses.terms import angle_structure

ELSEWHERE = "meta"

# What a GPU can only answer after all earlier work: values for Python, or sizes that depend on values.
WAITING = {
    "_local_scalar_dense",
    "nonzero",
    "masked_select",
    "_unique",
    "_unique2",
    "unique_dim",
    "unique_consecutive",
    "unique_dim_consecutive",
    "bincount",
    "equal",
    "is_nonzero",
    "_linalg_check_errors",
}


class HostWaits(AssertionError):
    """The host waited for the device, or the two were mixed."""


class RemoteTensor(Tensor):
    """A tensor whose values lie elsewhere: on the device ``meta``, as far as Python can see."""

    values: Tensor

    @staticmethod
    def __new__(cls, values: Tensor) -> "RemoteTensor":
        remote = Tensor._make_wrapper_subclass(
            cls,
            values.shape,
            strides=values.stride(),
            storage_offset=values.storage_offset(),
            dtype=values.dtype,
            device=ELSEWHERE,
        )
        remote.values = values
        return remote

    @classmethod
    def __torch_dispatch__(cls, function, types, arguments=(), options=None):
        raise HostWaits(f"{function} outside of the pretended device's mode")


class PretendedDevice(TorchDispatchMode):
    """Computes on the CPU what is asked of the device, and refuses everything that would make the host wait.

    Refused are reads of values, shapes that depend on values, copies to the host, copies from it that block, and
    operations on tensors of both sides, which a GPU refuses too or copies for.

    Parameters
    ----------
    watching : refuse; else only pretend

    Attributes
    ----------
    operations : how many the device was asked for
    """

    def __init__(self, watching: bool = True) -> None:
        super().__init__()
        self.watching, self.operations = watching, 0

    def __torch_dispatch__(self, function, types, arguments=(), options=None):
        options = dict(options or {})
        if function is torch.ops.kwskit.angle_huber.default:
            with self:  # look inside
                return angle_structure._angle_huber._init_fn(*arguments, **options)
        name = function.overloadpacket.__name__
        tensors = [x for x in tree_leaves((arguments, options)) if isinstance(x, Tensor)]
        remote = [x for x in tensors if isinstance(x, RemoteTensor)]
        asked_for = options.get("device")
        if asked_for is not None:
            options["device"] = torch.device("cpu")
        stays = torch.device(asked_for).type == ELSEWHERE if asked_for is not None else bool(remote)
        if not self.watching:
            pass
        elif remote:
            self._check(function, name, tensors, remote, arguments, stays)
        elif stays and tensors and not options.get("non_blocking"):
            raise HostWaits(f"{function} copies to the device and waits for it")
        self.operations += stays
        out = function(*tree_map(_bare, arguments), **tree_map(_bare, options))
        if not stays:
            return out
        return tree_map(lambda x: _again(x, remote) if isinstance(x, Tensor) else x, out)

    @staticmethod
    def _check(function, name, tensors, remote, arguments, stays) -> None:
        if name in WAITING or (name == "repeat_interleave" and "self_Tensor" not in str(function)):
            raise HostWaits(f"{function} makes the host wait for the device")
        if not stays:
            raise HostWaits(f"{function} copies from the device")
        strangers = [x for x in tensors if not isinstance(x, RemoteTensor) and x.dim()]
        if strangers:
            raise HostWaits(f"{function} of {len(remote)} tensors on the device and {len(strangers)} on the host")
        if name.startswith("index") and any(
            isinstance(x, Tensor) and x.dtype in (torch.bool, torch.uint8) for x in tree_leaves(arguments[1:2])
        ):
            raise HostWaits(f"{function} by a mask makes the host wait for the number of its entries")


def _bare(x):
    return x.values if isinstance(x, RemoteTensor) else x


def _again(x: Tensor, remote: list[RemoteTensor]) -> Tensor:
    """``x`` as a tensor of the device; the same one where an operation was in place."""
    return next((known for known in remote if known.values is x), RemoteTensor(x))
