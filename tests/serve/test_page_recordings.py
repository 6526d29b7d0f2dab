"""Recordings that the page is given: heard, refused, bounded, and forgotten."""

import base64
import contextlib
import io
import socket
import time
from urllib.parse import quote

import numpy as np
import pytest
import soundfile

from kwskit.data.audio import read_segment
from kwskit.serve.limits import Limits
from kwskit.serve.page import Page
from kwskit.spotting.hit_picker import HitPicker
from tests.serve.page_requests import asked, refusal, spot, wav


def windows(messages, names):
    """Starts, stops, when they are known (n,), and scores (n, Q), of all messages."""
    read = {
        key: np.concatenate([np.frombuffer(base64.b64decode(one[key]), kind) for one in messages])
        for key, kind in {"start": "<f8", "stop": "<f8", "known": "<f8", "scores": "<f4"}.items()
    }
    return read["start"], read["stop"], read["known"], read["scores"].reshape(len(read["start"]), len(names))


def test_a_file_is_heard_as_by_the_spotter(port, spotter, recording):
    names = ["rocket", "lemon"]
    first, *messages = spot(port, recording.read_bytes(), names)
    assert first["total"] == pytest.approx(8.5)
    assert messages[-1]["seconds"] == pytest.approx(8.5)
    start, stop, known, scores = windows(messages, names)
    for threshold in (-1.0, 1.0, 2.0):
        picker = HitPicker([threshold] * 2, [1.0, 1.0])
        found = picker.push(start, stop, known, scores) + picker.finish()
        for name in names:
            spotter.enrol(name, threshold=threshold)
        hits = spotter.spot(recording)
        assert [(names[one.query], one.start, one.stop) for one in found] == [hit[:3] for hit in hits]
        np.testing.assert_allclose([one.score for one in found], [hit.score for hit in hits], atol=1e-4)
        for name in names:
            spotter.forget(name)
    columns = b"".join(base64.b64decode(one["spectrogram"]) for one in messages)
    assert len(columns) % 64 == 0
    assert len(columns) // 64 == pytest.approx(8.5 * 50, abs=2)


def test_a_file_can_be_looked_at_without_keywords(port, recording):
    _, *messages = spot(port, recording.read_bytes(), [])
    assert messages[-1]["seconds"] == pytest.approx(8.5)
    assert len(messages[0]["spectrogram"]) > 1000


def test_any_format_becomes_one_that_browsers_play(port, recording):
    file = io.BytesIO()
    samples, rate = soundfile.read(recording)
    soundfile.write(file, np.stack([samples, samples], 1), rate, format="AIFF", subtype="PCM_16")
    status, headers, body = asked(port, "POST", "/api/wav", file.getvalue())
    assert status == 200
    assert headers["content-type"] == "audio/wav"
    np.testing.assert_array_equal(soundfile.read(io.BytesIO(body), dtype="int16")[0], read_segment(recording))


@pytest.mark.parametrize("path", ["/api/spot?keyword=rocket", "/api/wav", "/api/search/example"])
def test_what_is_no_recording_is_told(port, recording, path):
    whole = recording.read_bytes()
    for body, status in [(b"", 400), (b"no sound " * 50, 415), (whole[:30], 415), (whole[:40] + b"\0" * 4, 415)]:
        assert refusal(port, "POST", path, body)[0] == status
    assert refusal(port, "POST", path, whole[: len(whole) // 2])[1].startswith(
        "This recording cannot be used: cut short"
    )


def test_what_turns_out_to_be_no_sound_ends_with_an_error(port):
    samples = np.zeros(16_000 * 6, np.float32)
    samples[80_000] = np.nan
    first, *messages = spot(port, wav(samples, subtype="FLOAT"), ["rocket"])
    assert first["total"] == 6
    assert "NaN" in messages[-1]["error"]
    assert asked(port, "GET", "/api/about")[0] == 200


@pytest.mark.parametrize("path", ["/api/spot?keyword=rocket", "/api/wav"])
def test_recordings_are_bounded(strict, path):
    def reason(samples, rate=16_000):
        status, message = refusal(strict, "POST", path, wav(samples.astype(np.int16), rate))
        assert status == 413
        return message

    assert "0.4 MB" in reason(np.zeros(250_000))
    assert "lasts" in reason(np.zeros(50_000))
    assert "channels" in reason(np.zeros((15_000, 8)), 8_000)
    # A length that is not told beforehand.
    parts = iter([b"RIFF", *[b"\0" * 50_000] * 20])
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # refused while it was being sent
        assert refusal(strict, "POST", path, parts)[0] == 413


def test_an_announced_size_is_refused_at_once(strict):
    with socket.create_connection(("127.0.0.1", strict), timeout=5) as connection:
        head = f"POST /api/wav HTTP/1.1\r\nHost: 127.0.0.1:{strict}\r\nOrigin: http://127.0.0.1:{strict}\r\n"
        connection.sendall(f"{head}Content-Length: 999999999\r\n\r\n".encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 413")


def test_a_slow_sender_is_not_waited_for_and_others_are_told_to_wait(strict, recording):
    head = f"POST /api/wav HTTP/1.1\r\nHost: 127.0.0.1:{strict}\r\nOrigin: http://127.0.0.1:{strict}\r\n"
    short = wav(read_segment(recording, 0, 2))
    with socket.create_connection(("127.0.0.1", strict), timeout=5) as connection:
        connection.sendall(f"{head}Content-Length: 100\r\n\r\nRIFF".encode())
        time.sleep(0.15)
        assert refusal(strict, "POST", "/api/wav", short)[0] == 503
        assert connection.recv(100).startswith(b"HTTP/1.1 408")
    assert asked(strict, "POST", "/api/wav", short)[0] == 200


@pytest.mark.parametrize("texts", [["a", "b", "c"], ["", "b"], ["x" * 21], ["🎉"]])
def test_keywords_of_a_recording_are_bounded(strict, recording, texts):
    query = "&".join(f"keyword={quote(text)}" for text in texts)
    assert refusal(strict, "POST", f"/api/spot?{query}", wav(read_segment(recording, 0, 2)))[0] == 400


def test_work_is_bounded_in_time(serving, spotter, recording):
    port = serving(Page(spotter, limits=Limits(work_seconds=0)))
    *_, last = spot(port, recording.read_bytes(), ["rocket"])
    assert "took longer" in last["error"]


def test_whoever_goes_away_leaves_the_turn_to_others(port, recording):
    long = wav(np.tile(read_segment(recording), 12))
    head = f"POST /api/spot?keyword=rocket HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nOrigin: http://127.0.0.1:{port}\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(f"{head}Content-Length: {len(long)}\r\n\r\n".encode() + long)
        while b"total" not in connection.recv(4096):
            pass
    began = time.monotonic()
    spot(port, recording.read_bytes(), ["rocket"])
    after = time.monotonic() - began
    began = time.monotonic()
    assert len(spot(port, long, ["rocket"])) > 20
    assert after < time.monotonic() - began  # which did the whole of it
