"""Messages that no client means to send: valid ones that were changed, cut, or given lengths that are not true."""

import json

import numpy as np

VALUES: tuple[object, ...] = (
    None,
    True,
    -1,
    0,
    3.5,
    1e400,
    10**30,
    "",
    "x" * 5_000,
    "\ud800",
    [],
    [[]],
    {},
    {"a": {}},
    "1",
    [None],
    "\0",
)


def mutated(message: bytes, rng: np.random.Generator) -> bytes:
    """``message`` with a few bytes changed, left out, doubled or put in, or cut; or bytes that were never a message."""
    kind = rng.integers(8)
    if kind == 0:
        return message[: rng.integers(len(message) + 1)]
    if kind == 1:
        return rng.bytes(int(rng.integers(1, 400)))
    found = bytearray(message)
    for _ in range(int(rng.integers(1, 6))):
        at = int(rng.integers(len(found) + 1))
        change = rng.integers(4)
        if change == 0:
            found[at : at + 1] = rng.bytes(1)
        elif change == 1:
            del found[at : at + int(rng.integers(1, 20))]
        elif change == 2:
            found[at:at] = rng.bytes(int(rng.integers(1, 9)))
        else:
            found[at:at] = found[max(0, at - int(rng.integers(1, 40))) : at]
    return bytes(found)


def changed_object(known: dict[str, object], rng: np.random.Generator) -> dict[str, object]:
    """``known`` with some of its values exchanged for others, and perhaps a name too few or too many."""
    found = dict(known)
    for name in list(found):
        if rng.uniform() < 0.4:
            found[name] = VALUES[rng.integers(len(VALUES))]
    if found and rng.uniform() < 0.2:
        del found[list(found)[rng.integers(len(found))]]
    return found


def wyoming_message(rng: np.random.Generator) -> bytes:
    """What a satellite may send: an event, mostly with something wrong in it."""
    form: dict[str, object] = {"rate": 16_000, "width": 2, "channels": 1, "timestamp": 5}
    kinds: list[tuple[str, dict[str, object], bytes]] = [
        ("describe", {}, b""),
        ("detect", {"names": ["hey nova"]}, b""),
        ("audio-start", form, b""),
        ("audio-chunk", form, rng.bytes(2 * int(rng.integers(0, 800)))),
        ("audio-stop", {"timestamp": 5}, b""),
        ("ping", {"text": "here"}, b""),
        ("transcribe", {"language": "en"}, b""),
    ]
    kind, data, payload = kinds[rng.integers(len(kinds))]
    if rng.uniform() < 0.5:
        data = changed_object(data, rng)
    head: dict[str, object] = {"type": kind, "data": data}
    if payload:
        head["payload_length"] = len(payload)
    if rng.uniform() < 0.3:
        head = changed_object(head | {"data_length": 0}, rng)
    message = json.dumps(head).encode() + b"\n" + payload
    return message if rng.uniform() < 0.3 else mutated(message, rng)


def http_message(rng: np.random.Generator, host: str, recording: bytes) -> bytes:
    """What a browser may send to the page: a request, mostly with something wrong in it."""
    typed = changed_object({"text": "rocket", "fa_per_hour": 1}, rng)
    sent = json.dumps(typed).encode()
    bodies = {"keyword": sent, "search": sent, "spot?keyword=rocket": recording, "wav": recording, "about": b""}
    bodies |= {"search/example": recording, "snippet/0?start=0&stop=1": b"", "listen?keyword=rocket": rng.bytes(60)}
    path = list(bodies)[rng.integers(len(bodies))]
    body = bodies[path] if rng.uniform() < 0.5 else mutated(bodies[path], rng)
    length = len(body) if rng.uniform() < 0.8 else (-1, 0, 10**15, "x", 3)[rng.integers(5)]
    lines = [
        f"{'POST' if body else 'GET'} /api/{path} HTTP/1.1",
        f"Host: {host}",
        f"Origin: http://{host}",
        f"Content-Length: {length}",
        "Connection: close",
    ]
    if path.startswith("listen"):
        lines += [
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
        ]
    message = "\r\n".join([*lines, "", ""]).encode() + body
    return message if rng.uniform() < 0.4 else mutated(message, rng)
