"""Proxy multi-similarity loss."""

from typing import Any

import torch
from torch import Tensor

from kwskit.arguments import NonNegativeFloat
from kwskit.losses.terms.else_msp import extended_logsumexp
from kwskit.losses.terms.proxy_pairs import ProxyPairs
from kwskit.registry import register


@register("loss", "proxy_ms")
class ProxyMS(ProxyPairs):
    """Proxy-MS: multi-similarity with text as proxies, ELSE on both sides (Wang et al. 2019; ADML Table 1).

    With S the cosine, P_i the proxies of the label of i and N_i the others, the mean over i of
    1/alpha log(1 + sum_{j in P_i} exp(alpha (lam - S_ij))) + 1/beta log(1 + sum_{k in N_i} exp(beta (S_ik - lam))).
    The proxy form is a reconstruction; the constants are those of Wang et al. 2019's code.

    Parameters
    ----------
    alpha, beta : scales of positive and negative pairs, > 0; lam : margin, a cosine
    mine_eps : keep negatives with S + mine_eps above the lowest positive, and positives with S - mine_eps below the
        highest negative; an anchor left without either counts 0 (Wang et al. 2019, eq. 11-12, who have 0.1).
        Default no mining
    anchor : ``audio`` (text rows are proxies) or ``text``
    level : ``phn`` or ``utt``
    weight : factor of this loss in the total
    """

    def __init__(self, mine_eps: NonNegativeFloat | None = None, **shared: Any):
        super().__init__(**shared)
        self.mine_eps = mine_eps

    def anchor_terms(self, similarity: Tensor, same: Tensor) -> Tensor:
        positive, negative = same, ~same
        if self.mine_eps is not None:
            positive, negative = _mined(similarity.detach(), same, self.mine_eps)
        pull, push = self.alpha * (self.lam - similarity), self.beta * (similarity - self.lam)
        return extended_logsumexp(pull, positive) / self.alpha + extended_logsumexp(push, negative) / self.beta


def _mined(similarity: Tensor, same: Tensor, eps: float) -> tuple[Tensor, Tensor]:
    """The positives and negatives, (R, M) bool each, that are near enough to each other to teach something."""
    lowest = similarity.masked_fill(~same, torch.inf).amin(1, keepdim=True)
    highest = similarity.masked_fill(same, -torch.inf).amax(1, keepdim=True)
    negative = ~same & (similarity + eps > lowest)
    positive = same & (similarity - eps < highest)
    left = positive.any(1, keepdim=True) & negative.any(1, keepdim=True)
    return positive & left, negative & left
