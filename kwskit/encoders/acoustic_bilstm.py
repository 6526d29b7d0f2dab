"""Bidirectional LSTM acoustic encoder."""

from torch import Tensor, nn

from kwskit.arguments import Dropout, PositiveInt
from kwskit.batch import length_mask
from kwskit.encoders.blocks.bidirectional_lstm import BidirectionalLstm
from kwskit.registry import register


@register("encoder", "bilstm")
class AcousticBiLstm(BidirectionalLstm):
    """Bidirectional LSTM and a linear layer for each frame: ``(N, T, F), (N,) -> (N, T, dim), (N,)``.

    JMCL's acoustic encoder is three layers of 256 units a direction with ``dim: null`` and ``!pooler:ends``,
    which joins the final states of both directions before the linear layer. No subsampling; padding never
    matters and comes out as 0.

    Parameters
    ----------
    num_features : F, size of an input frame
    hidden : units of one direction
    layers : bidirectional layers
    dropout : between layers, in training
    dim : size of an output frame; null leaves the linear layer out, and frames are both directions' states
    """

    def __init__(
        self,
        num_features: PositiveInt = 40,
        hidden: PositiveInt = 256,
        layers: PositiveInt = 3,
        dropout: Dropout = 0.2,
        dim: PositiveInt | None = 256,
    ):
        super().__init__()
        self.num_features = num_features
        self.dim = 2 * hidden if dim is None else dim
        self.add_lstms(num_features, hidden, layers, dropout)
        self.project = nn.Linear(2 * hidden, dim) if dim is not None else None

    def forward(self, feats: Tensor, lens: Tensor) -> tuple[Tensor, Tensor]:
        mask = length_mask(lens, feats.shape[1]).unsqueeze(-1)
        frames = self.recur(feats.masked_fill(~mask, 0.0), lens)
        frames = frames if self.project is None else self.project(frames)
        return frames.masked_fill(~mask, 0.0), lens
