"""Which loss pulls how strongly at which encoder, as a table."""

from collections.abc import Mapping

import numpy as np

from kwskit.evaluation.report.tables import Table, percent

GRADIENT = ".gradient_"  # between a loss and an encoder, in the columns of train/steps.tsv
IDLE = 0.01  # share of the gradients below which a loss hardly acts


def gradient_shares(steps: Mapping[str, np.ndarray] | None) -> tuple[Table, str] | None:
    """Each loss's share of the norms of all losses' gradients at each encoder, and what is wrong with them (ours).

    A share is a norm over the sum of all losses' norms at the same step; the average is over all steps that measured
    finite ones. A loss that an encoder never feeds has none there. The sentence names the losses whose average share is
    below 1 % at each encoder that they reach; it is empty where there is none of them.

    Parameters
    ----------
    steps : train/steps.tsv by column, NaN where nothing was measured; None where no gradient was
    """
    norms: dict[str, dict[str, np.ndarray]] = {}
    for column, values in (steps or {}).items():
        loss, mark, encoder = column.rpartition(GRADIENT)
        if mark:
            norms.setdefault(encoder, {})[loss] = values
    shares = {encoder: found for encoder, own in norms.items() if (found := _shares(own))}
    if not shares:
        return None
    columns = [f"{encoder} encoder, {when}" for encoder in shares for when in ("at first", "on average")]
    names = list(dict.fromkeys(loss for own in shares.values() for loss in own))
    rows = [[name, *(percent(x, 2) for own in shares.values() for x in own.get(name, (None, None)))] for name in names]
    table = Table("Shares of the losses in the gradients, percent", ["Loss", *columns], rows)
    idle = [name for name in names if all((own[name][1] or 0.0) < IDLE for own in shares.values() if name in own)]
    verb = "has" if len(idle) == 1 else "have"
    return table, f"{', '.join(idle)} {verb} less than {IDLE:.0%} of the gradients: a higher weight?" if idle else ""


def _shares(norms: Mapping[str, np.ndarray]) -> dict[str, tuple[float | None, float | None]]:
    """Share at first and on average by loss, both None where its norm is always 0; empty where nothing was measured."""
    table = np.stack(list(norms.values()))
    table = table[:, np.isfinite(table).all(0) & (table.sum(0) > 0)]
    if not table.shape[1]:
        return {}
    share = table / table.sum(0)
    return {
        name: (float(own[0]), float(own.mean())) if own.any() else (None, None)
        for name, own in zip(norms, share, strict=True)
    }
