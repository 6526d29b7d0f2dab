"""Where torch computes."""

import torch


def usable_device(name: str | torch.device | None = None) -> torch.device:
    """The device ``name``, such as ``cpu``, ``cuda`` or ``cuda:1``, tried; None is a GPU where there is one.

    Raises
    ------
    ValueError
        When torch cannot compute there: there is no such device, or this torch is built without it.
    """
    name = name or ("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = next(iter(str(error).splitlines()), "").rstrip(".") or type(error).__name__
        message = f"--device {name}: torch cannot compute there ({reason}); --device cpu always works"
        raise ValueError(message) from error
    return device
