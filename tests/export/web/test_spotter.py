"""The exported folder, run by Node.js: it spots as Python does."""

import json

import numpy as np
import pytest

from kwskit import Spotter
from kwskit.errors import UnpronounceableText
from kwskit.spotting.keyword import Keyword
from tests.export.web.conftest import KEYWORDS, same_hits

LOAD = """
import { readFile } from "node:fs/promises";
const { Spotter } = await import(`${process.cwd()}/index.js`);
const spotter = await Spotter.load();
"""


@pytest.fixture(scope="module")
def spotted(web, node, pcm, tmp_path_factory):
    """Keywords, the hits of one call and of blocks of odd sizes, and those of streams shorter than windows."""
    path = tmp_path_factory.mktemp("pcm") / "samples"
    path.write_bytes(pcm.tobytes())
    script = f"""{LOAD}
const raw = await readFile({json.dumps(str(path))});
const pcm = new Int16Array(raw.buffer.slice(raw.byteOffset, raw.byteOffset + raw.length));
for (const typed of {json.dumps(KEYWORDS)}) await spotter.enrol(typed, {{ faPerHour: 0.5 }});
const keywords = spotter.keywords;
const whole = await spotter.spot(pcm);
const stream = spotter.listen();
const turns = [];
for (let at = 0, size = 1; at < pcm.length; at += size, size = 1 + (size * 7919) % 9001) {{
  turns.push(stream.push(pcm.slice(at, at + size)));
}}
const blocks = [...(await Promise.all(turns)).flat(), ...(await stream.finish())];
for (const typed of {json.dumps(KEYWORDS)}) await spotter.enrol(typed, {{ threshold: -9 }});
const short = [];
for (const size of [100, 5000, 12000, 20000]) short.push(await spotter.spot(pcm.slice(20000, 20000 + size)));
console.log(JSON.stringify({{ keywords, whole, blocks, short }}));
"""
    return node(script, web)


def test_keywords_are_read_and_their_thresholds_set_as_in_python(spotted, spotter):
    expected: list[Keyword] = list(spotter.keywords.values())
    for found, own in zip(spotted["keywords"], expected, strict=True):
        assert (found["name"], found["pronunciations"]) == (own.text, list(own.pronunciations))
        assert found["thresholdSource"] == own.threshold_source
        assert found["threshold"] == pytest.approx(own.threshold, abs=0.01)
        assert found["seconds"] == pytest.approx(own.seconds)


def test_hits_are_those_of_python_however_the_sound_is_cut(spotted, spotter, pcm):
    expected = spotter.spot(pcm)
    assert len(expected) >= 3
    same_hits(spotted["whole"], expected)
    same_hits(spotted["blocks"], expected)


def test_a_stream_shorter_than_windows_is_heard(spotted, pcm):
    spotter = Spotter.load("english")
    for typed in KEYWORDS:
        spotter.enrol(typed, threshold=-9)
    for size, found in zip((100, 5000, 12000, 20000), spotted["short"], strict=True):
        same_hits(found, spotter.spot(pcm[20000 : 20000 + size]))
    assert all(spotted["short"][1:])


PHRASES = ["O'Neil", "well-known x-ray", "hey_nova", "The Beatles!", "café", "a.m.", "I scream you scream", "NASA"]
REFUSED = ["zorblaxen", "route 66", "AT&T", "World War II", "привет", "...", ""]
REFUSED += ["word=", "word=QX", "a=B=C", "x=|K AE T"]


def test_text_is_read_as_in_python_or_refused(web, node, spotter):
    script = f"""{LOAD}
const reader = spotter.parts.reader;
const read = (typed) => {{ try {{ return reader.read(typed).tokens; }} catch (error) {{ return error.message; }} }};
console.log(JSON.stringify({json.dumps([*PHRASES, *REFUSED])}.map(read)));
"""
    found = node(script, web)
    for typed, tokens in zip(PHRASES, found, strict=False):
        assert tokens == [list(ids) for ids in spotter.reader.read(typed).tokens], typed
    for typed, message in zip(REFUSED, found[len(PHRASES) :], strict=True):
        assert isinstance(message, str), typed
        assert "undefined" not in message
    with pytest.raises(UnpronounceableText):
        spotter.reader.read("word=QX")


def test_thresholds_follow_the_rate(web, node, spotter):
    rates = [0.01, 0.5, 20, 400, 5000]
    script = f"""{LOAD}
const found = [];
for (const faPerHour of {rates}) found.push((await spotter.enrol("computer", {{ faPerHour }})).threshold);
console.log(JSON.stringify(found));
"""
    keyword = spotter.enrol("computer")
    expected = [spotter.background.threshold(keyword, rate) for rate in rates]
    spotter.forget("computer")
    np.testing.assert_allclose(node(script, web), expected, atol=0.01)
    assert expected == sorted(expected, reverse=True)
