"""How large a model is."""

from torch import nn

from kwskit.systems.dual_encoder import DualEncoder


def parameter_counts(system: DualEncoder) -> tuple[int, int]:
    """Numbers of parameters of the audio and of the text side, front end and pooler included, losses not.

    A network that the front end has from a package counts too.
    """
    network = getattr(system.frontend, "network", None)
    borrowed = () if network is None else (network,)
    return (
        _count(system.frontend, *borrowed, system.acoustic_encoder, system.audio_pooler),
        _count(system.text_encoder, system.text_pooler),
    )


def _count(*modules: nn.Module) -> int:
    return sum(parameter.numel() for module in modules for parameter in module.parameters())
