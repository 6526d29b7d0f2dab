"""Modality classifier of adversarial learning."""

from torch import Tensor, nn


class ModalityClassifier(nn.Module):
    """Fully connected layers that tell audio (0) from text (1) embeddings (ADML section 3.3).

    132,098 parameters at the defaults, 66,306 with one hidden layer; ADML's "two fully connected layers
    with 256 hidden nodes" allows both readings.

    Parameters
    ----------
    dim : size of an embedding
    hidden_size : nodes of a hidden layer
    hidden_layers : number of hidden layers, at least 1
    """

    def __init__(self, dim: int = 256, hidden_size: int = 256, hidden_layers: int = 2):
        super().__init__()
        if hidden_layers < 1:
            raise ValueError(f"hidden_layers must be at least 1, not {hidden_layers}")
        layers: list[nn.Module] = []
        for size in [dim] + [hidden_size] * (hidden_layers - 1):
            layers += [nn.Linear(size, hidden_size), nn.ReLU()]
        self.layers = nn.Sequential(*layers, nn.Linear(hidden_size, 2))

    def forward(self, x: Tensor) -> Tensor:
        """(M, 2) logits of audio and text for embeddings ``x`` (M, dim)."""
        return self.layers(x)
