"""The dice of augmentation."""

import torch
from torch import Tensor


class Chance:
    """Per-utterance random numbers, drawn on the CPU, so that no decision makes a GPU wait.

    Parameters
    ----------
    generator : source of all randomness; one on another device gives the seed of a CPU generator; None is torch's own
    """

    def __init__(self, generator: torch.Generator | None):
        if generator is not None and generator.device.type != "cpu":
            seed = torch.randint(2**62, (1,), generator=generator, device=generator.device).item()
            generator = torch.Generator().manual_seed(int(seed))
        self.generator = generator

    def uniform(self, count: int, low: float, high: float) -> Tensor:
        """(count,) float32 between ``low`` and ``high``."""
        return torch.rand(count, generator=self.generator) * (high - low) + low

    def log_uniform(self, count: int, low: float, high: float) -> Tensor:
        """(count,) float32 between ``low`` and ``high``, every octave as likely as any other."""
        return low * (high / low) ** torch.rand(count, generator=self.generator)

    def integers(self, count: int, high: int) -> Tensor:
        """(count,) int64 from 0 to ``high`` - 1."""
        return torch.randint(high, (count,), generator=self.generator)

    def chosen(self, count: int, prob: float) -> Tensor:
        """Those of ``count`` utterances that get an effect, each with probability ``prob``: (R,) int64, ascending."""
        return torch.nonzero(torch.rand(count, generator=self.generator) < prob).flatten()


def check_range(name: str, low: float, high: float, least: float = float("-inf")) -> tuple[float, float]:
    """``(low, high)``, when they are in order and not below ``least``.

    Raises
    ------
    ValueError
        When they are not.
    """
    if not least <= low <= high:
        raise ValueError(f"{name}: {low} to {high} is no range" + (f" at or above {least}" if low < least else ""))
    return low, high
