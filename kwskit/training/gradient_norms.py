"""How strongly each loss pulls at each encoder."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from kwskit import collectives

ENCODERS = {"acoustic": "acoustic_encoder", "text": "text_encoder"}


def gradient_norms(losses: Mapping[str, Tensor], system: nn.Module, scaler: torch.GradScaler) -> dict[str, Tensor]:
    """Norm of each loss's gradient by the parameters of each encoder, as ``loss.gradient_acoustic``, scalars (ours).

    By the parameters, not by the encoders' outputs: that is what the optimizer steps by, it tells pulls of single
    frames that cancel from one that all frames share, and its average over processes is that of one process with the
    whole batch, whatever a loss gathers. It costs one way back through the graph for each loss. ``.grad`` stays as it
    is. Of an adversary it is the reversed gradient, which is what the encoders get. A loss that an encoder does not
    feed has 0 there; an encoder that is frozen, or not there, has no entry.

    Parameters
    ----------
    losses : weighted values by name, in the same order in all processes; their graph is kept for the step
    system : with the encoders
    scaler : what multiplies the step's loss, so that half precision does not lose small gradients; norms are those of
        the losses without it, and not finite where the step is skipped for it
    """
    groups = {
        side: [p for p in part.parameters() if p.requires_grad]
        for side, name in ENCODERS.items()
        if isinstance(part := getattr(system, name, None), nn.Module)
    }
    groups = {side: parameters for side, parameters in groups.items() if parameters}
    parameters = [p for group in groups.values() for p in group]
    sizes = [sum(p.numel() for p in group) for group in groups.values()]
    norms: dict[str, Tensor] = {}
    for name, loss in losses.items() if parameters else ():
        gradients: tuple[Tensor | None, ...] = (None,) * len(parameters)
        scale = scaler.scale(torch.ones_like(loss))
        if loss.requires_grad:
            gradients = torch.autograd.grad(loss, parameters, scale, retain_graph=True, allow_unused=True)
        whole = torch.cat(
            [(torch.zeros_like(p) if g is None else g).flatten() for p, g in zip(parameters, gradients, strict=True)]
        )
        for side, own in zip(groups, collectives.mean(whole / scale).split(sizes), strict=True):
            norms[f"{name}.gradient_{side}"] = torch.linalg.vector_norm(own)
    return norms
