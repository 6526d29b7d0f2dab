"""Means and variances of valid rows of all processes."""

from dataclasses import dataclass

import torch
from torch import Tensor

from kwskit import collectives


@dataclass
class Moments:
    """Statistics that batch normalisation takes of rows ``(M, C)``, float32 or wider.

    Attributes
    ----------
    count : scalar; number of valid rows
    mean, var : (C,); the variance is the mean squared deviation
    """

    count: Tensor
    mean: Tensor
    var: Tensor

    @classmethod
    def of(cls, rows: Tensor, valid: Tensor | None) -> "Moments":
        """Moments of the ``valid`` (M, 1) ``rows`` (M, C) of all processes, with gradient; 0 where there are none.

        Without ``valid`` all rows count.
        """
        values = _wide(rows)
        weight = 1.0 if valid is None else valid
        count = values.new_full((), len(rows)) if valid is None else valid.sum().to(values.dtype)
        mean = (values * weight).sum(0) / count.clamp(min=1)
        var = ((values - mean).square() * weight).sum(0) / count.clamp(min=1)
        return cls(count, mean, var)._of_all()

    @property
    def unbiased_var(self) -> Tensor:
        """(C,) variance as the running statistics keep it."""
        return self.var * (self.count / (self.count - 1).clamp(min=1))

    def normalised(self, rows: Tensor, weight: Tensor | None, bias: Tensor | None, eps: float) -> Tensor:
        """(M, C) ``rows`` with these moments taken off, scaled by ``weight`` (C,) and shifted by ``bias`` (C,)."""
        scale = torch.rsqrt(self.var + eps)
        result = (_wide(rows) - self.mean) * (scale if weight is None else weight * scale)
        return (result if bias is None else result + bias).to(rows.dtype)

    def _of_all(self) -> "Moments":
        # One exchange of own moments, joined as Chan et al. (1983) do: sums of squares would lose digits.
        own = torch.cat([self.count[None], self.mean, self.var])
        count, means, vars_ = collectives.everyones(own).split([1, len(self.mean), len(self.var)], 1)
        total = count.sum()
        share = count / total.clamp(min=1)
        mean = (share * means).sum(0)
        return Moments(total, mean, (share * (vars_ + (means - mean).square())).sum(0))


def _wide(rows: Tensor) -> Tensor:
    return rows if rows.dtype == torch.float64 else rows.float()
