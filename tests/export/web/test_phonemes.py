"""A model that hears phonemes as a folder for browsers, by Node.js and in Chromium: it spots as Python does."""

import json
import shutil

import numpy as np
import pytest
import soundfile

from kwskit import Spotter
from kwskit.export.web.export_web import export_web
from kwskit.speech_model.model_source import ModelSource
from kwskit.spotting.background_file import FILE
from kwskit.spotting.keyword_paths import DOUBT, KeywordPaths
from kwskit.spotting.said_words import SaidWords, pronunciations_of, spoken
from tests.export.web.conftest import listen, same_hits, served
from tests.export.web.test_spotter import LOAD

RATE = 16_000
KEYWORDS = [
    "tiger",
    "either record",  # several readings
    "able",  # one of the cohort
    "hadouken=HH AH D UW K AH N",
    "banana",
]
LEAST = -7.0  # threshold that many places reach; the weights are those of chance
RATES = [0.5, 60, 700, 50_000]  # of which the last needs every peak
SHORT = (100, 5000, 12_000)


@pytest.fixture(scope="module")
def model(exported_with_phonemes, sing, tmp_path_factory):
    """Its directory, with a background of a minute and a half, three stretches, in which some words are known."""
    directory = shutil.copytree(exported_with_phonemes["float32"], tmp_path_factory.mktemp("phonemes") / "onnx")
    rng, recorder = np.random.default_rng(0), Spotter.load(directory).recorder()
    words = rng.choice(["tiger", "window", "banana", "garden", "thunder", "velvet", "castle", "lemon"], 270).tolist()
    sung = [(32767 * sing(word, k % 7, k)).astype(np.int16) for k, word in enumerate(words)]
    ends = np.cumsum([len(one) for one in sung]) / RATE
    assert ends[-1] > 81  # more than 2,000 frames
    said = [[spoken(one) for one in pronunciations_of(word, recorder.model.tokenizer)] for word in words]
    every = slice(None, None, 2)  # of the words, whose times are known
    known = SaidWords(np.concatenate([[0.0], ends[:-1]])[every], ends[every], said[every])
    recorder.record(sung, known)
    recorder.background().save(directory / FILE)
    return directory


@pytest.fixture(scope="module")
def folder(model, runtime, tmp_path_factory):
    target = tmp_path_factory.mktemp("web") / "page"
    export_web(ModelSource.find(model), target, runtime)
    return target


@pytest.fixture(scope="module")
def spotter(model):
    found = Spotter.load(model)
    assert found.hears_phonemes
    for typed in KEYWORDS:
        found.enrol(typed, threshold=LEAST)
    return found


@pytest.fixture(scope="module")
def blocks(sung_words):
    """The sound in blocks of many sizes, and silence in which hits are told at last."""
    pcm, sizes = np.concatenate([sung_words, np.zeros(RATE, np.int16)]), [1]
    while sum(sizes) < len(pcm):
        sizes.append(1 + sizes[-1] * 7919 % 9001)
    return np.split(pcm, np.cumsum(sizes)[:-1])


@pytest.fixture(scope="module")
def spotted(folder, node, sung_words, blocks, tmp_path_factory):
    """Thresholds by the rate, hits of one call, those after each block, and of streams shorter than keywords."""
    path = tmp_path_factory.mktemp("pcm") / "samples"
    path.write_bytes(np.concatenate([sung_words, *blocks]).tobytes())
    script = f"""{LOAD}
const raw = await readFile({json.dumps(str(path))});
const pcm = new Int16Array(raw.buffer.slice(raw.byteOffset, raw.byteOffset + raw.length));
let at = 0;
const next = (size) => pcm.slice(at, (at += size));
const estimates = [];
for (const typed of {json.dumps(KEYWORDS)}) {{
  for (const faPerHour of {RATES}) estimates.push(await spotter.enrol(typed, {{ faPerHour }}));
}}
const thresholds = estimates.map(({{ threshold, thresholdSource }}) => [threshold, thresholdSource]);
for (const typed of {json.dumps(KEYWORDS)}) await spotter.enrol(typed, {{ threshold: {LEAST} }});
const sung = next({len(sung_words)});
const whole = await spotter.spot(sung);
const stream = spotter.listen();
const pushed = await Promise.all({json.dumps([len(one) for one in blocks])}.map((size) => stream.push(next(size))));
const told = [...pushed, await stream.finish()];
const short = [];
for (const size of {list(SHORT)}) short.push(await spotter.spot(sung.slice(0, size)));
console.log(JSON.stringify({{ thresholds, whole, told, short }}));
"""
    return node(script, folder)


def test_thresholds_are_those_of_python(spotted, spotter):
    pairs = [(one, spotter.background.estimate(one, rate)) for one in spotter.keywords.values() for rate in RATES]
    expected = [estimate for _, estimate in pairs]
    assert [source for _, source in spotted["thresholds"]] == [one.threshold_source for one in expected]
    found = [value for value, _ in spotted["thresholds"]]
    least = [max(estimate.value, keyword.least) for keyword, estimate in pairs]
    np.testing.assert_allclose(found, least, atol=0.01)
    assert any(keyword.least > estimate.value for keyword, estimate in pairs)
    assert {one.threshold_source for one in expected} == {"counted", "extrapolated"}


def test_what_is_said_in_the_background_counts(spotter):
    """Without it the threshold of a word that is said there would be another, so the test above sees it."""
    keyword, background = spotter.keywords["tiger"], spotter.background
    times = background.said.times(keyword)
    assert len(times) > 5
    assert background.peaks(keyword)[1] * 3600 < background.seconds - 2


def test_hits_and_the_parts_of_their_scores_are_those_of_python(spotted, spotter, sung_words):
    expected = spotter.spot(sung_words)
    assert len(expected) > 10
    assert {hit.keyword for hit in expected} == set(spotter.keywords)
    same_hits(spotted["whole"], expected)


def test_hits_are_told_when_python_tells_them_however_the_sound_is_cut(spotted, spotter, blocks):
    stream = spotter.listen()
    expected = [*(stream.push(block) for block in blocks), stream.finish()]
    assert sum(map(bool, expected)) > 5
    for found, own in zip(spotted["told"], expected, strict=True):
        same_hits(found, own)


def test_a_stream_shorter_than_keywords_is_heard(spotted, spotter, sung_words):
    for size, found in zip(SHORT, spotted["short"], strict=True):
        same_hits(found, spotter.spot(sung_words[:size]))
    assert spotted["short"][-1]


def test_hits_in_what_a_microphone_gives_are_those_of_python(folder, spotter, sung_words, open_browser, tmp_path):
    spoken = tmp_path / "sung.wav"
    soundfile.write(spoken, sung_words, RATE)
    with served(folder) as (address, _), open_browser(spoken=spoken) as browser:
        browser.set_script_timeout(300)
        browser.get(address)
        hits, heard = listen(browser, KEYWORDS, {"threshold": LEAST}, len(sung_words) / RATE + 1)
    assert len(hits) > 10
    # A page hears other blocks than Python does here, so that hits of several keywords are told in another order.
    expected = sorted(spotter.spot(heard), key=lambda hit: (hit.keyword, hit.end))
    same_hits(sorted(hits, key=lambda hit: (hit["keyword"], hit["end"])), expected)


def test_paths_are_those_of_python_bit_by_bit(folder, node):
    """Of phonemes that are sure, one of them said twice: the model above, of chance, is sure of none."""
    rng = np.random.default_rng(1)
    logits = rng.normal(0, 6, (300, 6)).astype(np.float32)
    log_probs = logits - np.logaddexp.reduce(logits, 1, keepdims=True)
    phonemes = [[0, 1], [2, 2, 3], [4], [3, 2, 1, 0, 4]]
    script = f"""
const {{ KeywordPaths, costsOf }} = await import(`${{process.cwd()}}/keyword_paths.js`);
const paths = new KeywordPaths({phonemes}, 5);
const found = {json.dumps(log_probs.tolist())}.map((row) => {{
  paths.push(costsOf(Float32Array.from(row), {DOUBT}));
  return {phonemes}.map((_, p) => paths.best(p, p + 1)).map(({{ score, start }}) => [score, start]);
}});
console.log(JSON.stringify(found));
"""
    found = np.array(
        [[(-1e9, -1) if score is None else (score, start) for score, start in row] for row in node(script, folder)]
    )
    score, start = (one[:, 0] for one in KeywordPaths(phonemes, 5).push(log_probs[:, None]))
    reached = score > -100
    assert 1150 < reached.sum() < reached.size
    np.testing.assert_array_equal(found[..., 0].astype(np.float32)[reached], score[reached])
    np.testing.assert_array_equal(found[..., 1][reached], start[reached])
    assert (score[reached] < -2).any()
    assert (log_probs - log_probs.max(1, keepdims=True) < -DOUBT).any()
