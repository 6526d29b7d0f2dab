"""kwskit: open-vocabulary keyword spotting enrolled by typing."""

from typing import TYPE_CHECKING, Any

from kwskit import torchaudio_extension

if TYPE_CHECKING:
    from kwskit.spotting.spotter import Spotter

__all__ = ["Spotter", "__version__"]
__version__ = "0.1.0"

torchaudio_extension.install()


def __getattr__(name: str) -> Any:
    """Import what few programs use only when it is asked for, so that ``import kwskit`` stays light."""
    if name == "Spotter":
        from kwskit.spotting.spotter import Spotter

        return Spotter
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
