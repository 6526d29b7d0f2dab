"""The losses of an epoch, looked at now and then."""

import math
from collections.abc import Mapping

import torch
from torch import Tensor

from kwskit.losses.base import Loss


class NonFiniteLoss(RuntimeError):
    """A loss became NaN or infinite; the message names the losses and the batch's utterances."""


class LossWatch:
    """Keeps the losses of a device's steps there until :meth:`look` fetches them, all at once.

    To read a value is to wait for all the work that the device has been given. Nothing is lost by waiting longer: the
    step whose loss was not finite is named exactly.
    """

    def __init__(self) -> None:
        self.names: list[str] = []
        self._sums: Tensor | None = None
        self._unseen: list[tuple[int, int, list[str], Tensor]] = []
        self.latest: dict[str, float] = {}
        self.means: dict[str, float] = {}

    def add(self, epoch: int, batch: int, utt_id: list[str], losses: Mapping[str, Tensor]) -> None:
        """Take in a step: the ``batch`` of an ``epoch``, both from 1, its utterances and its losses, scalars."""
        self.names = list(losses)
        values = torch.stack([value.detach() for value in losses.values()])
        self._sums = values if self._sums is None else self._sums + values
        self._unseen.append((epoch, batch, utt_id, values))

    def look(self) -> None:
        """Fetch what is new: ``latest`` losses, and ``means`` over the epoch, by name.

        Raises
        ------
        NonFiniteLoss
            When one of the steps since the last look had a loss that is NaN or infinite.
        """
        if not self._unseen or self._sums is None:
            return
        unseen, self._unseen = self._unseen, []
        *rows, sums = torch.stack([*(values for *_, values in unseen), self._sums]).cpu().tolist()
        for (epoch, batch, utt_id, _), row in zip(unseen, rows, strict=True):
            if not all(map(math.isfinite, row)):
                values = ", ".join(f"{name} {value:g}" for name, value in zip(self.names, row, strict=True))
                raise NonFiniteLoss(
                    f"the loss is not finite in epoch {epoch}, batch {batch} ({values}).\n"
                    f"Utterances of the batch: {' '.join(utt_id)}\n"
                    "The last checkpoint is from before this batch. Look at these utterances, or lower the learning "
                    "rate."
                )
        self.latest = dict(zip(self.names, rows[-1], strict=True))
        self.means = {name: total / unseen[-1][1] for name, total in zip(self.names, sums, strict=True)}

    def clear(self) -> None:
        """Begin an epoch."""
        self._sums, self._unseen = None, []

    def state(self) -> dict[str, Tensor]:
        """The sums of the epoch by name, for a checkpoint."""
        return {} if self._sums is None else dict(zip(self.names, self._sums.clone(), strict=True))

    def restore(self, state: Mapping[str, Tensor], device: torch.device | str) -> None:
        """Go on from :meth:`state`."""
        self.names = list(state)
        self._sums = torch.stack(list(state.values())).to(device) if state else None


def fetched_metrics(losses: Mapping[str, Loss], more: Mapping[str, Tensor]) -> dict[str, float]:
    """What ``losses`` tell of their last step besides their values, ``loss.metric``, and ``more``, fetched at once."""
    metrics = {f"{name}.{key}": value for name, loss in losses.items() for key, value in loss.metrics.items()}
    metrics |= more
    if not metrics:
        return {}
    values = torch.stack([value.detach().float() for value in metrics.values()]).tolist()
    return dict(zip(metrics, values, strict=True))
