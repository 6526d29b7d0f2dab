"""Let torchaudio import where its compiled extension does not fit the installed torch.

torchaudio's wheel is built for one CUDA version. Under CPU torch, or another CUDA version, loading its
extension raises, and with it ``import torchaudio`` and ``import speechbrain``; yet everything kwskit
needs (resampling, mel filters) is pure torch. An import hook around ``torchaudio._extension`` turns that
failure into "extension absent", a state torchaudio supports, and says so once. It costs nothing until
torchaudio is imported, and nothing at all where the extension loads.
"""

import logging
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

MODULE = "torchaudio._extension"
logger = logging.getLogger(__name__)


class _ExtensionLoader(Loader):
    def __init__(self, loader: Loader):
        self.loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self.loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        try:
            self.loader.exec_module(module)
        except (OSError, RuntimeError, ImportError) as error:
            logger.info("torchaudio runs without its compiled extension, which does not fit this torch: %s", error)
            module.__dict__.update(
                _IS_TORCHAUDIO_EXT_AVAILABLE=False, _IS_ALIGN_AVAILABLE=False, fail_if_no_align=_needs_extension
            )


class _ExtensionFinder(MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != MODULE:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = _ExtensionLoader(spec.loader)
        return spec


def _needs_extension(function):
    def refuse(*_args, **_kwargs):
        raise RuntimeError(
            f"{function.__name__} needs torchaudio's compiled extension, which does not fit the installed torch; "
            "install the torch and torchaudio builds of one CUDA version"
        )

    return refuse


def install() -> None:
    """Put the hook in place, once."""
    if not any(isinstance(finder, _ExtensionFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _ExtensionFinder())
