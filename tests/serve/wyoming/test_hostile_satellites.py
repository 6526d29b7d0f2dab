"""Satellites that send nonsense, stop in the middle, or do not listen: they are sent away, and others go on."""

import asyncio
import json
import socket

import numpy as np
import pytest
from wyoming.audio import AudioChunk
from wyoming.info import Describe

pytestmark = pytest.mark.usefixtures("others")
FORM = {"rate": 16_000, "width": 2, "channels": 1}


def line(kind, data=None, **more):
    return json.dumps({"type": kind, "data": data or {}, **more}).encode() + b"\n"


def chunk(audio, **data):
    return line("audio-chunk", FORM | data, payload_length=len(audio)) + audio


async def answers(port, sent, end=False):
    """All lines that come until the service closes the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    if end:
        writer.write_eof()
    found = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    return found


def told(found):
    """Texts of the errors among answers, whose data follow their line."""
    texts = []
    while found:
        head, _, found = found.partition(b"\n")
        size = json.loads(head).get("data_length", 0)
        texts.append(json.loads(found[:size])["text"])
        found = found[size:]
    return texts


@pytest.mark.parametrize(
    ("sent", "message"),
    [
        (b"GET / HTTP/1.1\r\nHost: home\r\n\r\n", "no event"),
        (b"\n", "no event"),
        (b"\xff\xfe\x00\n", "no event"),
        (b"[]\n", "no event"),
        (b"3\n", "no event"),
        (b"{}\n", "no event"),
        (b'{"type": 3}\n', "no event"),
        (b'{"type": "detect", "data": []}\n', "no event"),
        (b'{"type": "detect", "data_length": "x"}\n', "no event"),
        (b'{"type": "detect", "data": 3, "data_length": 2}\n{}', "no event"),
        (b'{"type": "detect", "data_length": 4}\n{{{{', "no event"),
        (b'{"type": "detect", "data_length": 9000}\n' + b"[" * 9_000, "no event"),
        (b'{"a":' * 5_000 + b"\n", "no event"),
        (line("audio-chunk", FORM, payload_length=10**12), "too long"),
        (line("detect", data_length=10**12), "too long"),
        (line("detect", {"names": "tiger"}), "a list of texts"),
        (line("detect", {"names": [3]}), "a list of texts"),
        (line("audio-start"), "rate of audio is a whole number above 0, not None."),
        (line("audio-start", FORM | {"channels": 0}), "channels of audio is"),
        (line("audio-start", FORM | {"rate": True}), "rate of audio is"),
        (line("audio-start", FORM | {"timestamp": "now"}), "timestamp"),
        (line("audio-start", FORM | {"timestamp": float("nan")}), "timestamp"),
        (chunk(b"\0" * 10, width=5), "1 to 4 bytes, not 5"),
        (chunk(b"\0" * 10, rate=100), "a sample rate is from"),
        (chunk(b"\0" * 10, rate=10**300), "a sample rate is from"),
        (chunk(b"\0" * 9), "whole samples of 1 channels of 2 bytes"),
        (chunk(b"\0" * 10, channels=10**30), "whole samples"),
        (line("audio-chunk"), "rate of audio"),
    ],
    ids=lambda value: repr(value[:40]),
)
def test_nonsense_is_told_and_ends_its_own_connection(strict_port, sent, message):
    (text,) = told(asyncio.run(answers(strict_port, sent)))
    assert message in text


def test_a_line_without_end_is_not_read_to_its_end(strict_port):
    with socket.create_connection(("127.0.0.1", strict_port), 20) as endless, pytest.raises(ConnectionError):
        endless.sendall(b"x" * 100_000_000)


@pytest.mark.parametrize(
    "sent", [b"", b'{"type": "audio', line("detect", data_length=50) + b'{"na', chunk(b"\0" * 2_000)[:-1_000]]
)
def test_a_connection_that_is_cut_is_over_without_a_word(strict_port, sent, caplog):
    assert asyncio.run(answers(strict_port, sent, end=True)) == b""
    assert not caplog.records


@pytest.mark.parametrize("sent", [b'{"type": "audio', chunk(b"\0" * 2_000)[:-1_000]])
def test_an_event_that_stops_on_its_way_is_not_waited_for(strict_port, sent):
    (text,) = told(asyncio.run(answers(strict_port, sent)))
    assert text == "The rest of an event did not come within 0.3 s."


def test_silence_between_events_is_waited_for(strict_port, satellite):
    async def visit():
        async with satellite(strict_port) as one:
            await one.ask(Describe())
            await asyncio.sleep(0.5)  # longer than an event may take
            return await one.ask(Describe())

    assert asyncio.run(visit()).type == "info"


def test_one_that_never_reads_is_given_up(strict_port):
    question = line("ping", {"text": "x" * 9_000})
    with socket.socket() as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        deaf.settimeout(20)
        deaf.connect(("127.0.0.1", strict_port))
        with pytest.raises(ConnectionError):
            deaf.sendall(question * 10_000)


def test_connections_are_bounded_and_a_place_is_free_again(strict_port, satellite):
    async def visit():
        async with satellite(strict_port) as one, satellite(strict_port) as two:
            await one.ask(Describe())
            await two.ask(Describe())
            full = told(await answers(strict_port, b""))
            return full, (await one.ask(Describe())).type

    full, kept = asyncio.run(visit())
    assert full == ["2 connections are open, which are the most."]
    assert kept == "info"


def test_a_satellite_comes_back_after_its_connection_was_cut(strict_port, satellite, said, streaming_sung_model):
    pcm = streaming_sung_model.stream_of("tiger")[0]

    async def visit():
        first = satellite(strict_port)
        await first.connect()
        for at in range(0, len(pcm) * 2 // 3, 1600):  # in the middle of tiger
            audio = pcm[at : at + 1600].astype("<i2").tobytes()
            await first.write_event(AudioChunk(16_000, 2, 1, audio).event())
        first._writer.transport.abort()
        async with satellite(strict_port) as again:
            return await again.hear(pcm)

    assert [event.type for event in asyncio.run(visit())] == ["detection"]


def test_a_broken_model_ends_no_more_than_a_stream(strict_port, strict_service, satellite, monkeypatch, caplog):
    def broken(keywords):
        raise RuntimeError("out of memory")

    async def visit():
        async with satellite(strict_port) as one:
            await one.write_event(AudioChunk(16_000, 2, 1, np.zeros(800, "<i2").tobytes()).event())
            return await one.read_event(), await one.read_event()

    monkeypatch.setattr(strict_service.spotter, "listen_for", broken)
    error, end = asyncio.run(visit())
    assert (error.data["code"], end) == ("500", None)
    assert "out of memory" in caplog.text


@pytest.mark.parametrize("names", [["9" * 300], ["x"] * 1_500])
def test_names_that_take_long_to_read_are_not_read(strict_port, names, monkeypatch):
    monkeypatch.setattr("kwskit.serve.wyoming.wake_service.normal_form", None)
    sent = json.dumps({"names": names}).encode()
    (text,) = told(asyncio.run(answers(strict_port, line("detect", None, data_length=len(sent)) + sent)))
    assert "1000 names of wake words are the most, of 200 characters" in text


@pytest.mark.parametrize(("text", "answer"), [("half \ud800", "half ?"), (["x"], None), ("here", "here")])
def test_a_ping_is_answered_with_its_text(strict_port, satellite, text, answer, caplog):
    async def visit():
        async with satellite(strict_port) as one:
            one._writer.write(line("ping", {"text": text}))
            return (await one.read_event()).data

    assert asyncio.run(visit()).get("text") == answer
    assert not caplog.records
