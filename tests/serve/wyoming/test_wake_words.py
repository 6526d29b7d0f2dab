"""What satellites are told, asked by the client of the protocol's own package."""

import asyncio
import json

import numpy as np
import pytest
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.info import Describe, Info
from wyoming.ping import Ping
from wyoming.wake import Detect, Detection

RATE = 16_000


def expected(spotter, pcm):
    """(name, second of its end) of each hit that the spotter itself has."""
    return [(hit.keyword, hit.end) for hit in spotter.spot(pcm)]


def told(events):
    return [(Detection.from_event(one).name, Detection.from_event(one).timestamp) for one in events]


def test_a_keyword_is_told_with_the_time_of_the_chunk_it_ended_in(wake_port, wake_spotter, satellite, said):
    pcm, places = said

    async def visit():
        async with satellite(wake_port) as one:
            return await one.hear(pcm)

    events = asyncio.run(visit())
    hits = expected(wake_spotter, pcm)
    assert [name for name, _ in hits] == [name for name, _, _ in places] == ["jupiter", "hey nova", "tiger"]
    assert [event.type for event in events] == ["detection"] * 3
    for (name, time), (keyword, end), (_, start, stop) in zip(told(events), hits, places, strict=True):
        assert name == keyword
        # The chunk of 64 ms in which it ended, by the hit; and where it was said, by how the sound was made.
        assert time < 1000 * end <= time + 64 + 1
        assert 1000 * start < time < 1000 * stop + 500


def test_only_the_named_ones_are_told_however_they_are_spelt(wake_port, satellite, said):
    async def visit():
        async with satellite(wake_port) as one:
            answers = [await one.hear(said[0], names) for names in (["Hey_Nova"], ["tiger", "jupiter"], [], ["lemon"])]
            await one.write_event(Detect(["jupiter", "lemon"]).event())
            return answers, await one.until_the_end()

    (one, two, none, unknown), partly = asyncio.run(visit())
    assert [name for name, _ in told(one)] == ["hey nova"]
    assert [name for name, _ in told(two)] == ["jupiter", "tiger"]
    assert [name for name, _ in told(none)] == ["jupiter", "hey nova", "tiger"]
    assert [event.type for event in unknown] == ["error", "not-detected"]
    assert "no wake word 'lemon' here; there are: hey nova, tiger, jupiter." in unknown[0].data["text"]
    assert "'lemon'" in partly[0].data["text"]
    assert "'jupiter'" not in partly[0].data["text"]


def packed(width):
    """Encodes (n, channels) of ints of 16 bits with ``width`` bytes each, sample by sample."""

    def one(value):
        if width == 1:
            return bytes([(value >> 8) + 128])
        return int(value << 8 * (width - 2)).to_bytes(width, "little", signed=True)

    return lambda block: b"".join(one(int(value)) for row in block for value in row)


@pytest.mark.parametrize(
    ("rate", "width", "channels"),
    [(16_000, 1, 1), (16_000, 2, 2), (48_000, 2, 1), (16_000, 3, 1), (32_000, 4, 2), (8_000, 2, 3)],
)
def test_any_format_is_heard(wake_port, satellite, said, rate, width, channels):
    pcm = said[0][: int(3.1 * RATE)].astype(np.int64)
    if rate < RATE:  # of tones below 4 kHz nothing is lost
        pcm = pcm[:: RATE // rate]
    pcm = np.repeat(pcm, max(1, rate // RATE))
    # Channels of which neither is the sound, but the mean is.
    other = np.random.default_rng(0).integers(-900, 900, len(pcm)) if channels > 1 else 0
    columns = [pcm + other, pcm - other, pcm][:channels]

    async def visit():
        async with satellite(wake_port) as one:
            form = {"rate": rate, "width": width, "channels": channels}
            return await one.hear(np.stack(columns, 1), ["hey nova"], 3_000, packed(width), **form, times=False)

    ((name, time),) = told(asyncio.run(visit()))
    assert name == "hey nova"
    _, start, stop = said[1][1]
    assert 1000 * start < time < 1000 * stop + 500  # chunks without times are counted


@pytest.mark.parametrize("begins", [Detect(), AudioStart(RATE, 2, 1)], ids=["detect", "audio-start"])
def test_a_new_stream_forgets_what_was_heard_of_the_old_one(wake_port, satellite, said, begins):
    pcm, places = said
    middle = int(RATE * (places[1][1] + places[1][2]) / 2)  # in the middle of hey nova

    async def visit():
        async with satellite(wake_port) as one:
            for part in (pcm[:middle], pcm[middle:]):
                await one.write_event(begins.event())
                await one.write_event(AudioChunk(RATE, 2, 1, part.astype("<i2").tobytes()).event())
            await one.write_event(AudioStop().event())
            return await one.until_the_end()

    assert [name for name, _ in told(asyncio.run(visit()))] == ["jupiter", "tiger"]


def test_a_stream_without_a_keyword_ends_with_not_detected(wake_port, satellite, said):
    async def visit():
        async with satellite(wake_port) as one:
            empty = await one.ask(AudioStop())
            return empty, await one.hear(said[0][: RATE // 2]), await one.hear(said[0], ["tiger"])

    empty, silent, heard = asyncio.run(visit())
    assert empty.type == "not-detected"
    assert [event.type for event in silent] == ["not-detected"]
    assert [event.type for event in heard] == ["detection"]  # a new stream, not the old one


def test_describe_tells_the_keywords_as_models(wake_port, satellite):
    async def visit():
        async with satellite(wake_port) as one:
            return await one.ask(Describe()), await one.ask(Ping("are you there?"))

    described, pong = asyncio.run(visit())
    (program,) = Info.from_event(described).wake
    assert program.name == "kwskit"
    assert [model.name for model in program.models] == ["hey nova", "tiger", "jupiter"]
    assert [model.phrase for model in program.models] == ["hey nova", "tiger", "jupiter"]
    assert program.models[0].installed
    assert program.models[0].languages == ["en"]
    assert pong.data["text"] == "are you there?"


def test_two_satellites_at_once_have_a_stream_each(wake_port, satellite, streaming_sung_model):
    first, second = (streaming_sung_model.stream_of(*texts)[0] for texts in (["tiger", "jupiter"], ["lemon", "tiger"]))

    async def visit():
        async with satellite(wake_port) as one, satellite(wake_port) as other:
            for client in (one, other):
                await client.write_event(Detect().event())
            for at in range(0, max(len(first), len(second)), 800):  # in turns, without audio-start or times
                for client, pcm in ((one, first), (other, second)):
                    chunk = AudioChunk(RATE, 2, 1, pcm[at : at + 800].astype("<i2").tobytes())
                    await client.write_event(chunk.event())
            for client in (one, other):
                await client.write_event(AudioStop().event())
            return await one.until_the_end(), await other.until_the_end()

    one, other = asyncio.run(visit())
    assert [name for name, _ in told(one)] == ["tiger", "jupiter"]
    assert [name for name, _ in told(other)] == ["tiger"]


def test_sixteen_satellites_are_all_heard(wake_port, satellite, said):
    pcm = said[0]

    async def one_of_them(k):
        async with satellite(wake_port) as one:
            return await one.hear(pcm, [("hey nova", "tiger", "jupiter")[k % 3]], size=1600)

    async def visit():
        return await asyncio.gather(*map(one_of_them, range(16)))

    answers = asyncio.run(visit())
    assert [[name for name, _ in told(events)] for events in answers] == [
        [("hey nova", "tiger", "jupiter")[k % 3]] for k in range(16)
    ]


def test_a_format_that_changes_on_the_way_loses_no_sound(wake_port, satellite, said):
    pcm, places = said

    async def visit():
        async with satellite(wake_port) as one:
            middle = int(RATE * (places[1][1] + places[1][2]) / 2)  # in the middle of hey nova
            for rate, part in ((48_000, np.repeat(pcm[:middle], 3)), (RATE, pcm[middle:])):
                for at in range(0, len(part), 1600):
                    audio = part[at : at + 1600].astype("<i2").tobytes()
                    await one.write_event(AudioChunk(rate, 2, 1, audio).event())
            await one.write_event(AudioStop().event())
            return await one.until_the_end()

    assert [name for name, _ in told(asyncio.run(visit()))] == ["jupiter", "hey nova", "tiger"]


def test_the_times_of_a_satellite_that_pauses_are_its_own(wake_port, satellite, said):
    pcm, places = said
    pause = int(RATE * (places[1][2] + 0.45))  # behind hey nova

    async def visit():
        async with satellite(wake_port) as one:
            for at in range(0, len(pcm), 400):
                audio = pcm[at : at + 400].astype("<i2").tobytes()
                time = 5_000 + at * 1000 // RATE + (60_000 if at > pause else 0)
                await one.write_event(AudioChunk(RATE, 2, 1, audio, time).event())
            await one.write_event(AudioStop().event())
            return await one.until_the_end()

    (_, (_, before), (name, after)) = told(asyncio.run(visit()))
    assert before < 5_000 + 1000 * pause / RATE
    assert name == "tiger"
    assert 65_000 + 1000 * places[2][1] < after < 65_000 + 1000 * places[2][2] + 500


def test_events_are_read_as_the_protocol_has_them(wake_port):
    """Data in the line itself, or none: what other programs may send."""

    async def visit():
        reader, writer = await asyncio.open_connection("127.0.0.1", wake_port)
        writer.write(b'{"type": "transcribe", "data": {}}\n')  # not for wake words
        writer.write(b'{"type": "audio-stop", "data": null}\n{"type": "ping", "data": {"text": "a"}}\n')
        lines = [json.loads(await reader.readline()) for _ in range(2)]
        writer.close()
        return [line["type"] for line in lines]

    assert asyncio.run(visit()) == ["not-detected", "pong"]
