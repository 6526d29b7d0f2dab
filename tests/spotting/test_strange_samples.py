"""What a caller may hand over by mistake."""

import numpy as np
import pytest

from kwskit.spotting.spotter import Spotter

SECOND = np.zeros(16_000)


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        (np.full(16_000, np.nan, np.float32), "NaN or infinity"),
        (SECOND - np.inf, "NaN or infinity"),
        (SECOND + 8000, r"samples reach 8000; float ones lie within \[-1, 1\]"),
        (SECOND.reshape(2, -1), "samples are one channel"),
        (SECOND.astype(np.int32), "samples are int16, or float"),
        (SECOND.astype(complex), "samples are int16, or float"),
        (np.array(["a"]), "samples are int16, or float"),
        (None, "samples are one channel"),
        (b"a.wav", "samples are one channel"),
    ],
    ids=range(9),
)
def test_samples_that_are_none_are_refused(sung_model, samples, message):
    spotter = Spotter(sung_model)
    spotter.enrol("tiger", threshold=3.0)
    for use in (spotter.spot, lambda one: spotter.enrol("x", examples=[one]), lambda one: spotter.score(one, "tiger")):
        with pytest.raises(ValueError, match=message):
            use(samples)
    stream = spotter.listen()
    with pytest.raises(ValueError, match=message):
        stream.push(samples)
    assert stream.push(SECOND) == []  # the stream goes on


def test_a_threshold_is_a_number(sung_model):
    spotter = Spotter(sung_model)
    with pytest.raises(ValueError, match="a threshold is a number"):
        spotter.enrol("tiger", threshold=float("nan"))
    assert not spotter.keywords
    spotter.enrol("tiger", threshold=3.0)
    with pytest.raises(ValueError, match="a threshold is a number"):
        spotter.listen(float("nan"))
