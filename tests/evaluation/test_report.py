"""The report against the files it is made from."""

import base64
import io
import json
import re
from collections import Counter

import numpy as np
import pytest
import soundfile
from scipy.stats import norm
from sklearn.metrics import average_precision_score

from kwskit.data.records import read_records
from kwskit.data.store.packed_store import PackedStore
from kwskit.evaluation.report import write_report
from kwskit.evaluation.report.page_audio import PageAudio
from kwskit.evaluation.report.plots import token_centres
from kwskit.evaluation.report.tables import Table, latex_escape, percent
from kwskit.evaluation.report.word_map import SIZE, word_map
from tests.evaluation.report_page import Page


def lowest(exp, model="trained", targets=1, trials="test_wsj"):
    """Trials as dicts, the lowest scores first (the highest for non-targets)."""
    table, _ = read_records(exp / "scores" / model / f"{trials}.tsv", "scores")
    rows = [row for row in table.to_pylist() if row["target"] == targets]
    return sorted(rows, key=lambda row: row["score"] if targets else -row["score"])


def test_page_stands_alone(report):
    *_, path, page = report
    assert path.name == "index.html"
    assert path.stat().st_size < 3_000_000
    assert not page.all("script")
    for tag, attributes in page.elements:
        for name in ("src", "href", "xlink:href", "data"):
            assert attributes.get(name, "#").startswith(("#", "data:")), (tag, name)
    assert "url(http" not in path.read_text()


def test_ids_are_unique_and_links_lead_somewhere(report):
    page = report[-1]
    ids = Counter(attributes["id"] for _, attributes in page.elements if "id" in attributes)
    assert max(ids.values()) == 1
    targets = [a["href"] for a in page.all("a")] + [a["xlink:href"] for a in page.all("use")]
    targets += re.findall(r"url\((#[^)]*)\)", json.dumps([attributes for _, attributes in page.elements]))
    assert len(targets) > 50
    assert {target for target in targets if target[1:] not in ids} == set()


def test_every_picture_and_recording_is_told_in_words(report):
    page = report[-1]
    assert len(page.all("svg")) == 6 + 4 + 4 + 1 + 6 + 1  # curves, DET, histograms, matrix, affinities, map
    assert all(a.get("aria-label") for a in page.all("svg") + page.all("audio"))


@pytest.mark.parametrize("name", ["index.html", "RESULTS.md", "results.tex"])
@pytest.mark.parametrize("trials", ["test_wsj", "test_easy", "test_hard", "human"])
def test_ap_is_that_of_the_score_file(report, name, trials):
    exp = report[0]
    text = (exp / "report" / name).read_text()
    for model in ("trained", "untrained"):
        table, facts = read_records(exp / "scores" / model / f"{trials}.tsv", "scores")
        ap = average_precision_score(table["target"].to_numpy(), table["score"].to_numpy())
        assert f"{ap * 100:.1f}" in text
        protocol = facts["protocol"]
        assert protocol.replace("_", "\\_") in text or protocol in text


def test_headline_puts_the_trained_model_beside_the_untrained_one_and_chance(report):
    exp, _, _, page = report
    results = {
        r["model"]: r for r in json.loads((exp / "results.json").read_text())["results"] if r["protocol"] == "wsj"
    }
    start = page.text[: page.text.index("Learning curves")]
    for metric in (results["trained"]["ap"], results["untrained"]["ap"]):
        assert f"{metric['value'] * 100:.1f} % [{metric['low'] * 100:.1f}, {metric['high'] * 100:.1f}]" in start
    assert f"Chance {100 / 21:.1f} %" in start
    assert "none of the words and none of the voices are in the training set" in start


def test_markdown_tells_the_command_and_what_the_run_was(report):
    text = (report[0] / "report" / "RESULTS.md").read_text()
    assert "bash recipes/synth/run.sh --size tiny --seed 7" in text
    for fact in ("- seed: 7", "- torch: 2.13.0", "- epochs: 8", "- steps: 400", "- training time: 4.2 min"):
        assert fact in text
    widths = [line.count("|") - line.count("\\|") for line in text.splitlines() if line.startswith("|")]
    assert len(widths) > 30
    assert set(widths) == {5, 6}


def test_errors_are_the_worst_trials_and_can_be_heard(report):
    exp, data, _, page = report
    store = PackedStore.open(data / "store" / "test")
    misses, alarms = lowest(exp, targets=1)[:8], lowest(exp, targets=0)[:8]
    for trial, audio in zip(misses + alarms, page.all("audio"), strict=True):
        assert audio["aria-label"].endswith(trial["utt_id"])
        kind, _, encoded = audio["src"].partition(",")
        assert kind == "data:audio/flac;base64"
        wave, rate = soundfile.read(io.BytesIO(base64.b64decode(encoded)), dtype="int16")
        assert rate == 16000
        np.testing.assert_array_equal(wave, store.read(store.index_of(trial["utt_id"])))


def test_det_curve_is_drawn_on_normal_deviates(report):
    exp, _, path, _ = report
    text = path.read_text()
    svg = text[text.index('aria-label="DET curve') :]
    svg = svg[: svg.index("</svg>")]

    def scale(anchor, place):
        """The straight line from a place in the drawing to the normal deviate that its tick tells."""
        ticks = re.findall(rf'text-anchor: {anchor}[^>]* {place}="([\d.]+)"[^>]*>([\d.]+)</text>', svg)
        places, percents = np.array(ticks, float).T
        assert len(places) >= 6
        line = np.poly1d(np.polyfit(places, norm.ppf(percents / 100), 1))
        np.testing.assert_allclose(line(places), norm.ppf(percents / 100), atol=0.01)
        return line

    across, up = scale("middle", "x"), scale("end", "y")
    curves = re.findall(r'<path d="([^"]*)"[^>]*stroke: var\(--accent\)', svg)
    drawn = np.array(re.findall(r"[ML] ([\d.-]+) ([\d.-]+)", max(curves, key=len)), float)
    fa, miss = norm.cdf(across(drawn[:, 0])), norm.cdf(up(drawn[:, 1]))
    results = json.loads((exp / "results.json").read_text())["results"]
    det = next(r["det"] for r in results if (r["model"], r["protocol"]) == ("trained", "wsj"))
    inside = [(x, y) for x, y in zip(det["fa"], det["miss"], strict=True) if 0.01 < x < 0.8 and 0.01 < y < 0.8]
    assert len(inside) > 3
    for x, y in inside:  # a text's y is its baseline, a few units below the tick, hence the tolerance
        assert np.min(np.abs(miss / y - 1)[np.abs(fa / x - 1) < 1e-3], initial=1) < 0.2


def test_nothing_from_a_run_can_become_markup(make_run):
    nasty = "</title></p><script>alert(1)</script>"
    exp, data = make_run(
        {"mister": nasty, "marble": "<img src=x onerror=alert(1)>"}, suffix="<svg onload=alert(1)>&amp;"
    )
    with np.load(exp / "embeddings.npz") as arrays:
        changed = dict(arrays)
    changed["affinity_tokens_1"] = np.array(["<script>", "$x$", "&lt;", "-->", '"id="', "ˈæ"])
    np.savez(exp / "embeddings.npz", **changed)
    steps = exp / "train" / "steps.tsv"
    steps.write_text(steps.read_text().replace("phn", "<script>phn"))
    (exp / "config.yaml").write_text(f"seed: {nasty}\n</pre>{nasty}")
    (exp / "plugins.json").write_text(json.dumps([{"name": nasty, "path": nasty, "sha256": nasty}]))
    results = json.loads((exp / "results.json").read_text())
    for result in results["results"]:
        result["protocol"] += nasty
    results["run"]["command"] = nasty
    (exp / "results.json").write_text(json.dumps(results))
    path = write_report(exp, data)
    page = Page(path)
    assert not page.all("script")
    assert not page.all("img")
    assert not any(name.startswith("on") for _, attributes in page.elements for name in attributes)
    for shown in (
        nasty,
        "<img src=x onerror=alert(1)>",
        "<svg onload=alert(1)>&amp;",
        "<script>phn",
        "$x$",
        "&lt;",
        "-->",
    ):
        assert shown in page.text, shown
    assert "<script" not in (exp / "report" / "RESULTS.md").read_text().replace("\\<script", "").split("```")[0]


@pytest.mark.parametrize(
    ("metric", "message"),
    [
        ({"value": 0.8634, "low": 0.849, "high": 0.8763}, "86.3 [84.9, 87.6]"),
        ({"value": 1.0, "low": None, "high": None}, "100.0"),
        (1 / 51, "2.0"),
        (None, "-"),
        (float("nan"), "-"),
        ({"value": None, "low": None, "high": None}, "-"),
    ],
)
def test_percent(metric, message):
    assert percent(metric) == message


def test_tables_escape_their_language():
    table = Table("50 % of a_b", ["Word", "AP"], [["a|b_c*<i>", "1.0 [0.5, 2.0]"]])
    assert table.markdown().splitlines()[-1] == r"| a\|b\_c\*\<i\> | 1.0 [0.5, 2.0] |"
    latex = table.latex("tab:x")
    assert r"\caption{50 \% of a\_b}" in latex
    assert r"a|b\_c*\textless{}i\textgreater{} & 1.0 [0.5, 2.0] \\" in latex
    assert latex_escape("\\{}$&#_^~") == r"\textbackslash{}\{\}\$\&\#\_\textasciicircum{}\textasciitilde{}"


def test_token_centres_are_means_of_the_strong_cells():
    affinity = np.array([[0.0, 0.4, 0.4, 0.1, 0.1], [0.1, 0.1, 0.1, 0.1, 0.6], [0.0, 0.0, 0.0, 0.0, 0.0]])
    np.testing.assert_allclose(token_centres(affinity), [1.5, 4.0, 0.0])


def test_word_map_takes_the_words_with_most_recordings_and_stays_inside():
    rng = np.random.default_rng(0)
    names = [f"w{i:02d}" for i in range(30)]
    spoken = np.array([name for i, name in enumerate(names) for _ in range(1 + i)])
    arrays = {
        "audio": rng.normal(size=(len(spoken), 8)),
        "audio_utt": np.arange(len(spoken)).astype(str),
        "audio_word": spoken,
        "text": rng.normal(size=(29, 8)),
        "text_word": np.array(names[:29]),  # w29 was never typed
    }
    found = word_map(arrays)
    assert [word["word"] for word in found["words"]] == names[28:4:-1]
    for word in found["words"]:
        assert len(word["spoken"]) == min(12, 1 + int(word["word"][1:]))
        assert all(spoken[int(point["utt"])] == word["word"] for point in word["spoken"])
        for point in [*word["spoken"], word["typed"]]:
            assert 0 < point["x"] < SIZE
            assert 0 < point["y"] < SIZE
    assert word_map(arrays) == found
    assert word_map(arrays | {"text": arrays["text"][:2], "text_word": arrays["text_word"][:2]}) is None


def test_clips_stop_at_their_budget(run):
    store = run[1] / "store" / "test"
    utt_ids = PackedStore.open(store).utt_ids.to_pylist()
    size = len(PageAudio(store).address(utt_ids[0]).partition(",")[2])
    clips = PageAudio(store, budget=size)
    assert clips.address("nobody") is None
    assert clips.address(utt_ids[0])
    assert clips.address(utt_ids[0]) is None
