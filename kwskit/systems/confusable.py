"""Texts that sound almost like others."""

import torch
import torch.nn.functional as F
from torch import Tensor

MOST_EDITS = 3
FIRST_PHONEME = 4  # after padding, unknown, start and end


def confusable_tokens(
    tokens: Tensor,
    lens: Tensor,
    num_tokens: int,
    generator: torch.Generator | None = None,
    allowed: Tensor | None = None,
    most: int = MOST_EDITS,
) -> tuple[Tensor, Tensor]:
    """Each text with a few tokens replaced by others or with others put in beside them (Nishu et al. 2024).

    The edits are at different tokens and their number, places and kinds are uniform; so is the new token among the
    allowed ones that differ from the token at the place and its two neighbours. No text comes back as it was.
    Beside tokens that are not allowed themselves, such as a boundary of words, something is put in and nothing
    replaced.

    Parameters
    ----------
    tokens : (N, T) int64; lens : (N,) int64, at least 1
    num_tokens : size of the token inventory
    generator : source of randomness; torch's own by default
    most : edits of a text, 1 to 3: their number is uniform in 1 to ``most``
    allowed : (A,) ids of new tokens, four or more. By default all but 0 to 3 (padding, unknown, start, end) and the
        last (the boundary of words)

    Returns
    -------
    tuple
        tokens (N, T + most), padded with 0, and their number (N,)

    Raises
    ------
    ValueError
        When fewer than four ids are allowed, or ``most`` is out of range.
    """
    if not 1 <= most <= MOST_EDITS:
        raise ValueError(f"most={most}: a near miss differs in 1 to {MOST_EDITS} edits")
    device, (count, width) = tokens.device, tokens.shape
    if allowed is None:
        allowed = torch.arange(FIRST_PHONEME, num_tokens - 1, device=device)
    if len(allowed) < 4:
        raise ValueError(f"at least 4 ids must be allowed, so that one differs from 3 neighbours; got {len(allowed)}")

    def chance(*shape: int) -> Tensor:
        return torch.rand(*shape, generator=generator, device=device)

    at_most = min(most, width)
    place = torch.arange(width, device=device)
    ranked = chance(count, width).masked_fill(place >= lens[:, None], -1.0).topk(at_most, dim=1).indices
    edits = torch.minimum((chance(count) * most).long() + 1, lens)
    # From the last place to the first, so that what is put in moves no place still to be edited.
    places = (
        ranked.masked_fill(torch.arange(at_most, device=device) >= edits[:, None], -1).sort(1, descending=True).values
    )

    out = tokens.new_zeros(count, width + most)
    out[:, :width] = tokens.masked_fill(place >= lens[:, None], 0)
    new_lens = lens.clone()
    spot = torch.arange(width + most, device=device)
    for at in places.unbind(1):
        edited, at = at >= 0, at.clamp(min=0)[:, None]
        # No token is id -1: the neighbour of an end forbids nothing.
        near = F.pad(out, (1, 1), value=-1).gather(1, torch.cat((at, at + 1, at + 2), 1))
        near[:, 2].masked_fill_(at.squeeze(1) + 1 >= new_lens, -1)
        taken = (allowed[:, None] == near[:, None, :]).any(2)
        new = allowed[chance(count, len(allowed)).masked_fill(taken, -1.0).argmax(1)][:, None]
        kind = (chance(count) * 2).long()
        kind = torch.where(torch.isin(near[:, 1], allowed), kind, 1)
        put_in = edited & (kind == 1)
        slot = at + (put_in & (chance(count) < 0.5)).long()[:, None]  # before or after the place
        shifted = out.gather(1, (spot - (put_in[:, None] & (spot > slot)).long()).clamp(min=0))
        out = torch.where((spot == slot) & edited[:, None], new, shifted)
        new_lens = new_lens + put_in
    return out, new_lens
