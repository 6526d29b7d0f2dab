"""A microphone that the server listens to."""

import base64
import json

import numpy as np
import pytest
from websockets.exceptions import ConnectionClosed

from kwskit.data.audio import read_segment
from kwskit.spotting.spotter import Spotter


def test_a_microphone_is_heard_as_a_file(listen, port, spotter, recording):
    pcm = read_segment(recording)
    with listen(port, "rocket") as connection:
        messages = []
        for at in range(0, len(pcm), 3_000):
            connection.send(pcm[at : at + 3_000].astype("<i2").tobytes())
            messages.append(json.loads(connection.recv(10)))
        connection.send("end")
        messages.append(json.loads(connection.recv(10)))
        with pytest.raises(ConnectionClosed):
            connection.recv(10)
    assert messages[-1]["seconds"] == pytest.approx(8.5)
    columns = [
        np.concatenate([np.frombuffer(base64.b64decode(one[key]), kind) for one in messages])
        for key, kind in (("start", "<f8"), ("stop", "<f8"), ("scores", "<f4"))
    ]
    found = sorted(zip(*(column.tolist() for column in columns), strict=True))
    own = Spotter(spotter.model, spotter.background)
    own.enrol("rocket")
    stream, expected = own.listen(), []
    for hear in (lambda: stream.push(pcm), stream.finish):
        hear()
        expected += zip(*stream.windows, stream.scores[1][:, 0], strict=True)
    expected.sort()
    assert [one[:2] for one in found] == [one[:2] for one in expected]
    np.testing.assert_allclose([one[2] for one in found], [one[2] for one in expected], atol=1e-3)


def last_words(connection):
    """What a websocket is told before it is closed."""
    try:
        return json.loads(connection.recv(10))["error"]
    except ConnectionClosed as closed:
        return closed.rcvd.reason or str(closed.rcvd.code)


@pytest.mark.parametrize("sent", [b"odd", "hello", b"\0" * 9_000])
def test_what_no_microphone_sends_ends_it(listen, strict, sent):
    with listen(strict, "rocket") as connection:
        connection.send(sent)
        result = last_words(connection)
    assert "16-bit" in result or "limit of 8000 bytes" in result


def test_microphones_are_bounded(listen, strict):
    for texts in (["🎉"], ["a", "b", "c"], [" "]):
        with listen(strict, *texts) as connection:
            assert last_words(connection)
    with listen(strict, "rocket") as connection:
        connection.send(b"\0\0" * 400)
        connection.recv(10)
        with listen(strict, "rocket") as other:
            assert "Other microphones" in last_words(other)
        assert "while" in last_words(connection)  # idle
    with listen(strict, "rocket") as connection:
        for _ in range(5):
            connection.send(b"\0\0" * 3_200)
            connection.recv(10)
        assert "minutes" in last_words(connection)
