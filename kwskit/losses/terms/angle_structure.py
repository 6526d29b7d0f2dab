"""RPL-A over all triples of points, exactly, in the memory of a few rows."""

import torch
from torch import Tensor

from kwskit.losses.terms.chunked_sum import CHUNK_VALUES_ELSEWHERE
from kwskit.losses.terms.relational_loss import squared_distances

# On a CPU a core's cache is full earlier than chunked_sum's, since some ten arrays are in use at once.
CPU_CHUNK_VALUES = 2**18


def angle_structure(audio: Tensor, text: Tensor, apart: Tensor) -> Tensor:
    """Sum over i, j, k of Huber(cos angle(a_i, a_j, a_k) - cos angle(t_i, t_j, t_k)), j the vertex.

    Angles come from inner products, so a triple costs no d: <x_i - x_j, x_k - x_j> = G_ik - G_ij - G_jk + G_jj.
    The result can be differentiated once.

    Parameters
    ----------
    audio, text : (M, d) points; apart : (M, M) bool, symmetric, False for edges to leave out
    """
    audio_gram, audio_inverse = _edges(audio, apart)
    text_gram, text_inverse = _edges(text, apart)
    learning = torch.is_grad_enabled()
    total = _angle_huber(
        audio_gram,
        audio_inverse,
        text_gram,
        text_inverse,
        learning and audio.requires_grad,
        learning and text.requires_grad,
    )[0]
    # A modality without a single edge has no structure to compare.
    return total * ((audio_inverse.detach() > 0).any() & (text_inverse.detach() > 0).any())


def _edges(x: Tensor, apart: Tensor) -> tuple[Tensor, Tensor]:
    """Inner products (M, M) of centred points and inverse distances (M, M), 0 for edges left out or of length 0."""
    x = x - x.detach().mean(0)
    squares = squared_distances(x, x)
    apart = apart & (squares.detach() > 0)
    return x @ x.T, squares.masked_fill(~apart, 1.0).rsqrt().masked_fill(~apart, 0.0)


@torch.library.custom_op("kwskit::angle_huber", mutates_args=())
def _angle_huber(
    audio_gram: Tensor,
    audio_inverse: Tensor,
    text_gram: Tensor,
    text_inverse: Tensor,
    audio_learns: bool,
    text_learns: bool,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """The sum and its gradients by the four matrices, in one sweep; an operator, so that the compiler leaves it be.

    With q_jk = r_jk (G_jj - G_jk) the cosine at vertex j is r_ij (q_jk + r_jk (G_ik - G_ij)). It is symmetric in
    i and k: a block of i meets only k from its first row on, and what lies beyond the block counts twice.
    """
    audio = _Modality(audio_gram, audio_inverse, audio_learns)
    text = _Modality(text_gram, text_inverse, text_learns)
    count = len(audio_gram)
    budget = CPU_CHUNK_VALUES if audio_gram.device.type == "cpu" else CHUNK_VALUES_ELSEWHERE
    block = max(1, budget // max(1, count * count))
    total = audio_gram.new_zeros(())
    for start in range(0, count, block):
        audio.angles(start, block)
        text.angles(start, block)
        difference = audio.cosine.sub_(text.cosine)
        slope = difference.clamp(-1, 1)
        # Huber(x) = slope (x - slope / 2), with slope = clamp(x, -1, 1).
        huber = difference.sub_(slope, alpha=0.5).mul_(slope)
        total += 2 * huber.sum() - huber[..., :block].sum()
        slope[..., :block] *= 0.5
        audio.add_gradient(slope)
        text.add_gradient(slope)
    return total, *audio.gradients(2.0), *text.gradients(-2.0)


class _Modality:
    """Angles of one modality's points and the gradient by its matrices, block by block."""

    def __init__(self, gram: Tensor, inverse: Tensor, learns: bool):
        self.gram, self.inverse, self.learns = gram, inverse, learns
        self.gap_to_vertex = gram.diagonal()[:, None] - gram
        self.scaled_gap = inverse * self.gap_to_vertex
        if learns:
            self.by_gram, self.by_inverse, self.by_scaled_gap = (torch.zeros_like(gram) for _ in range(3))

    def angles(self, start: int, block: int) -> None:
        """Cosines (block, j, k) of the block's i, all vertices j, and k from the block on."""
        self.i, self.k = slice(start, start + block), slice(start, None)
        edge = self.inverse[self.i, :, None]
        self.gap = self.gram[self.i, None, self.k] - self.gram[self.i, :, None]
        self.inner = torch.addcmul(self.scaled_gap[:, self.k], self.inverse[:, self.k], self.gap)
        self.cosine = self.inner * edge

    def add_gradient(self, slope: Tensor) -> None:
        """Pass ``slope`` (block, j, k), the gradient by the block's cosines, on to the matrices."""
        if not self.learns:
            return
        self.by_inverse[self.i] += self.inner.mul_(slope).sum(2)
        by_inner = slope * self.inverse[self.i, :, None]
        self.by_scaled_gap[:, self.k] += by_inner.sum(0)
        self.by_inverse[:, self.k] += self.gap.mul_(by_inner).sum(0)
        by_gap = by_inner.mul_(self.inverse[:, self.k])
        self.by_gram[self.i, self.k] += by_gap.sum(1)
        self.by_gram[self.i] -= by_gap.sum(2)

    def gradients(self, factor: float) -> tuple[Tensor, Tensor]:
        """Gradients by the Gram matrix and the inverse distances, (M, M) each; empty where nothing learns."""
        if not self.learns:
            return self.gram.new_empty(0), self.gram.new_empty(0)
        self.by_inverse += self.by_scaled_gap * self.gap_to_vertex
        by_gap_to_vertex = self.by_scaled_gap.mul_(self.inverse)
        self.by_gram -= by_gap_to_vertex
        self.by_gram.diagonal().add_(by_gap_to_vertex.sum(1))
        return self.by_gram.mul_(factor), self.by_inverse.mul_(factor)


@_angle_huber.register_fake
def _(audio_gram, audio_inverse, text_gram, text_inverse, audio_learns, text_learns):
    gradients = [
        torch.empty_like(matrix) if learns else matrix.new_empty(0)
        for matrix, learns in (
            (audio_gram, audio_learns),
            (audio_inverse, audio_learns),
            (text_gram, text_learns),
            (text_inverse, text_learns),
        )
    ]
    return audio_gram.new_empty(()), *gradients


def _keep(ctx, inputs, output):
    ctx.learns = inputs[4:]
    ctx.save_for_backward(*output[1:])


def _backward(ctx, outer, *_):
    audio_learns, text_learns = ctx.learns
    gradients = [
        outer * gradient if learns else None
        for gradient, learns in zip(
            ctx.saved_tensors, (audio_learns, audio_learns, text_learns, text_learns), strict=True
        )
    ]
    return *gradients, None, None


_angle_huber.register_autograd(_backward, setup_context=_keep)
