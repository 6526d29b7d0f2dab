"""Learning-rate schedules that torch does not have."""

from torch import Tensor
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler


class Halving(LRScheduler):
    """Constant, and halved after each equal part of the training.

    ADML (section 4.1) trains 100 epochs and halves every 20: five parts, the last at a sixteenth. Said in parts, the
    schedule is the same for a training of any length; ``torch.optim.lr_scheduler.StepLR`` says it in epochs.

    Parameters
    ----------
    optimizer : its rates are those of the first part
    total_steps : steps of the whole training, at least 1
    parts : parts of one rate
    gamma : factor between them
    """

    def __init__(self, optimizer: Optimizer, total_steps: int, parts: int = 5, gamma: float = 0.5):
        if total_steps < 1 or parts < 1:
            raise ValueError(f"total_steps and parts must be at least 1, not {total_steps} and {parts}")
        self.total_steps, self.parts, self.gamma = total_steps, parts, gamma
        super().__init__(optimizer)

    def get_lr(self) -> list[float | Tensor]:
        part = min(self.last_epoch * self.parts // self.total_steps, self.parts - 1)
        return [rate * self.gamma**part for rate in self.base_lrs]
