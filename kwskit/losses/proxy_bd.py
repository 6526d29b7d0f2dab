"""Proxy binomial deviance."""

from torch import Tensor

from kwskit.losses.terms.else_msp import mean_softplus
from kwskit.losses.terms.proxy_pairs import ProxyPairs
from kwskit.registry import register


@register("loss", "proxy_bd")
class ProxyBD(ProxyPairs):
    """Proxy-BD: binomial deviance with text as proxies, MSP on both sides (Yi et al. 2014; ADML Table 1).

    With S the cosine, P_i the proxies of the label of i and N_i the others, the mean over i of
    1/|P_i| sum_{j in P_i} log(1 + exp(alpha (lam - S_ij))) + 1/|N_i| sum_{k in N_i} log(1 + exp(beta (S_ik - lam))).
    The proxy form is a reconstruction; the constants are those of Wang et al. 2019's code.

    Parameters
    ----------
    alpha, beta : scales of positive and negative pairs, > 0; lam : margin, a cosine
    anchor : ``audio`` (text rows are proxies) or ``text``
    level : ``phn`` or ``utt``
    weight : factor of this loss in the total
    """

    def anchor_terms(self, similarity: Tensor, same: Tensor) -> Tensor:
        pull, push = self.alpha * (self.lam - similarity), self.beta * (similarity - self.lam)
        return mean_softplus(pull, same) + mean_softplus(push, ~same)
