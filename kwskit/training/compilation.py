"""Parts of a system run through the compiler while they train."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from kwskit.systems.system import System

# The other parts are few large kernels, or recurrent, which the compiler leaves to the GPU's library.
PARTS = ("acoustic_encoder", "audio_pooler")


def compile_parts(system: System, backend: str | Callable[..., Any] = "inductor") -> None:
    """Let the compiler fuse the parts of ``system`` that are many small operations; their names and weights stay.

    Time varies from batch to batch and is compiled as such: a second compilation would cost more than all steps of its
    length. Evaluation, whose batches have any size, runs the parts as they are.

    Parameters
    ----------
    system : changed in place
    backend : of ``torch.compile``
    """
    # The way back is taken once more for each loss whose gradient is measured: it must not give away what it reads.
    torch._functorch.config.donated_buffer = False
    for name in PARTS:
        part = getattr(system, name, None)
        if isinstance(part, nn.Module):
            _compile(part, backend)


def _compile(part: nn.Module, backend: str | Callable[..., Any]) -> None:
    plain, compiled = part.forward, torch.compile(part.forward, backend=backend)

    def forward(*inputs: Tensor) -> Any:
        if not part.training:
            return plain(*inputs)
        for x in inputs:
            if x.dim() > 1:  # (N, T, ...)
                torch._dynamo.maybe_mark_dynamic(x, 1)
        return compiled(*inputs)

    part.forward = forward  # type: ignore[method-assign]
