"""A background as arrays in a row, for a browser."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kwskit.constants import SAMPLE_RATE
from kwskit.spotting.background import Background
from kwskit.spotting.expected_duration import WINDOWS
from kwskit.spotting.keyword_queries import nearest_window


def packed_background(background: Background) -> tuple[dict[str, Any], bytes]:
    """What the page has to know of a background, and its arrays.

    Windows of a length stand together, and the codes of a part: so neighbours are alike, and gzip takes an eighth less.
    Numbers of 16 bits are their high bytes, then their low ones.
    """
    codes, said = background.codes, background.said
    arrays: dict[str, NDArray[Any]] = {"axes": codes.axes, "origin": codes.origin, "centres": codes.centres}
    arrays |= _windows(background)
    heard = background.phonemes
    if heard is not None:
        begin = np.rint(heard.begin * SAMPLE_RATE).astype(np.int32)
        arrays |= {"costs": heard.costs, "begin": begin, "first": heard.first.astype(np.int32)}
    about = {
        "frame": None if heard is None else heard.frame,
        "seconds": background.seconds,
        "part": codes.centres.shape[2],
        "said": {
            "start": said.start.tolist(),
            "stop": said.stop.tolist(),
            "pronunciations": [list(one) for one in said.pronunciations],
        },
        "columns": [{"name": name, "type": str(one.dtype), "length": one.size} for name, one in arrays.items()],
    }
    return about, b"".join(map(_bytes, arrays.values()))


def _windows(background: Background) -> dict[str, NDArray[Any]]:
    kind = nearest_window(background.stop - background.start)
    arrays: dict[str, NDArray[Any]] = {}
    for k in range(len(WINDOWS)):
        rows = np.flatnonzero(kind == k)
        start, stop = (np.rint(one[rows] * SAMPLE_RATE) for one in (background.start, background.stop))
        arrays |= {
            f"step{k}": np.diff(start, prepend=0).astype(np.int32),
            f"samples{k}": (stop - start).astype(np.int32),
            f"codes{k}": background.codes.codes[rows].T,
            f"mean{k}": background.mean[rows],
            f"deviation{k}": background.deviation[rows],
        }
    return arrays


def _bytes(array: NDArray[Any]) -> bytes:
    flat = np.ascontiguousarray(array).reshape(-1).astype(array.dtype.newbyteorder("<"))
    if array.dtype != np.float16:
        return flat.tobytes()
    return flat.view(np.uint8).reshape(-1, 2)[:, ::-1].T.tobytes()
