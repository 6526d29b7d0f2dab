"""What weights begin as: torch's own, or those of the framework that some papers' code is written in."""

import torch
from torch import nn

INITIALISATIONS = ("torch", "keras")
EMBEDDING_LIMIT = 0.05


def initialise(module: nn.Module, how: str) -> None:
    """Draw the weights of ``module`` and all that is in it anew, as ``how`` says; ``torch`` leaves them.

    ``keras`` is what Keras gives its layers (compared with those of Keras 3.15): kernels of dense layers, convolutions
    and recurrent inputs are uniform within ``sqrt(6 / (fan_in + fan_out))`` (Glorot and Bengio 2010, eq. 16), where the
    gates of a recurrent layer count together; recurrent kernels orthogonal, all gates of a layer as one matrix (Saxe et
    al. 2014); lookups uniform within 0.05; biases 0, but that of an LSTM's forget gate, which is 1 (Jozefowicz et al.
    2015). Torch has smaller kernels and biases drawn at random. Losses are left as they are, for they have starts of
    their own, and so are the children that a module names in ``pretrained``. Other parameters, such as those of
    normalisations, begin alike in both frameworks.

    Parameters
    ----------
    module : changed in place, with torch's global randomness
    how : ``torch`` or ``keras``

    Raises
    ------
    ValueError
        For another name.
    """
    if how not in INITIALISATIONS:
        raise ValueError(f"weights begin as those of {' or '.join(INITIALISATIONS)}, not {how!r}")
    if how == "keras":
        with torch.no_grad():
            _as_keras(module)


def _as_keras(module: nn.Module) -> None:
    if isinstance(module, nn.Linear | nn.Conv1d | nn.Conv2d | nn.ConvTranspose1d):
        nn.init.xavier_uniform_(module.weight)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
    elif isinstance(module, nn.Embedding):
        nn.init.uniform_(module.weight, -EMBEDDING_LIMIT, EMBEDDING_LIMIT)
    elif isinstance(module, nn.GRU | nn.LSTM):
        for name, parameter in module.named_parameters():
            if name.startswith("weight_hh"):
                nn.init.orthogonal_(parameter)
            elif name.startswith("weight"):
                nn.init.xavier_uniform_(parameter)
            else:
                nn.init.zeros_(parameter)
                # Torch adds two biases, Keras has one; the gates are in, forget, cell and out.
                if isinstance(module, nn.LSTM) and name.startswith("bias_ih"):
                    parameter[module.hidden_size : 2 * module.hidden_size] = 1.0
    left = {"losses", *getattr(module, "pretrained", ())}
    for name, child in module.named_children():
        if name not in left:
            _as_keras(child)
