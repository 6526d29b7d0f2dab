"""Stages 4 and 5 on a corpus that is nothing but searches and segments."""

import json
import math
import shutil

import numpy as np
import pyarrow as pa
import pytest
import soundfile

from kwskit import collectives
from kwskit.data.records import RecordError, read_records, write_records
from kwskit.evaluation.report import write_report
from kwskit.evaluation.search_results import search_results
from kwskit.evaluation.word_discrimination import Segments
from kwskit.stages.adopt import adopt_model
from kwskit.stages.score import score
from kwskit.stages.search_task import SearchTask
from kwskit.systems.model_directory import load_model

RATE = 16_000
WORDS = ("tiger", "button", "meadow", "copper")


def write_search(data, name, sing, seed, facts, spoken=False, protocol="std"):
    rng = np.random.default_rng(seed)
    recordings, occurrences = [], []
    for number in range(2):
        pieces, at = [], 0
        for word in rng.permutation(np.repeat(WORDS, 2)):
            silence, sung = 0.01 * rng.standard_normal(int(0.7 * RATE)), sing(word, 1 + number, seed)
            start = at + len(silence)
            at = start + len(sung)
            pieces += [silence, sung]
            occurrences.append((f"q-{word}", f"{name}-{number}", start / RATE, at / RATE))
        soundfile.write(data / f"{name}-{number}.flac", np.concatenate(pieces), RATE)
        recordings.append((f"{name}-{number}", f"{name}-{number}.flac", 0.0, at / RATE))
    queries = [(f"q-{word}", "" if spoken else word, f"test-{word}-3" if spoken else "") for word in WORDS]
    queries.append(("q-absent", "" if spoken else "window", "test-tiger-0" if spoken else ""))
    tables = {
        "recordings": (("recording", "path", "start", "stop"), recordings),
        "queries": (("query", "text", "utt_id"), queries),
        "occurrences": (("query", "recording", "start", "stop"), occurrences),
    }
    for kind, (names, rows) in tables.items():
        table = pa.table({column: [row[k] for row in rows] for k, column in enumerate(names)})
        if kind == "queries" and not spoken:
            table = table.append_column("group", pa.array(["iv", "iv", "oov", "oov", "oov"]))
        write_records(data / "search" / name / f"{kind}.tsv", kind, table, {"protocol": protocol, **facts})


@pytest.fixture(scope="module")
def run(mini_corpus, tiny_model, sing, tmp_path_factory):
    """A run folder whose corpus has no test trials, scored and reported: (exp, data)."""
    folder = tmp_path_factory.mktemp("search")
    data, exp = folder / "data", folder / "exp"
    (data / "manifests").mkdir(parents=True)
    (data / "store").symlink_to(mini_corpus / "store")
    shutil.copy(mini_corpus / "manifests/test.tsv", data / "manifests/test.tsv")
    windows = {"windows": "0.3,0.4", "cohort": 30}
    write_search(data, "dev", sing, 3, windows)
    write_search(data, "typed", sing, 4, {**windows, "dev": "dev"})
    write_search(
        data, "spoken", sing, 4, {"windows": "0.4", "cohort": 0, "store": "test", "threshold": 0.5}, spoken=True
    )
    write_search(data, "wake", sing, 5, windows, protocol="wake_word")
    (data / "evaluation.txt").write_text("search_typed\nsearch_spoken\nsearch_wake\nsegments_test\n")
    adopt_model(tiny_model, exp)
    score(data, exp, device="cpu")
    return exp, data


def entries(exp):
    return {
        (row["model"], row["trials_name"]): row for row in json.loads((exp / "results.json").read_text())["results"]
    }


def test_every_task_is_scored_by_both_models(run):
    exp, _data = run
    names = ("search_dev", "search_typed", "search_spoken", "search_wake", "segments_test")
    rows = entries(exp)
    assert set(rows) == {(model, name) for model in ("trained", "untrained") for name in names}
    for row in rows.values():
        for name, metric in row["metrics"].items():
            if metric["low"] is not None:
                assert metric["low"] - 1e-9 <= metric["high"], name
    assert (exp / "embeddings.npz").exists()


def test_metrics_are_those_of_the_files_by_a_loop(run):
    exp, data = run
    row = entries(exp)["trained", "search_typed"]
    detections = read_records(exp / "scores/trained/search_typed.tsv", "detections")[0].to_pylist()
    occurrences = read_records(data / "search/typed/occurrences.tsv", "occurrences")[0].to_pylist()
    recordings = read_records(data / "search/typed/recordings.tsv", "recordings")[0].to_pylist()
    seconds = sum(rec["stop"] for rec in recordings)
    assert row["hours"] == pytest.approx(seconds / 3600)
    assert (row["occurrences"], row["queries_that_occur"], row["queries"]) == (16, 4, 5)

    def centre(one):
        return (one["start"] + one["stop"]) / 2

    def found(detection, word):  # words are more than a second apart: no need to choose
        near = [o for o in occurrences if o["recording"] == detection["recording"] and o["query"] == word]
        return any(abs(centre(o) - centre(detection)) <= 0.5 for o in near)

    lists = {f"q-{word}": [d for d in detections if d["query"] == f"q-{word}"] for word in WORDS}

    def twv(threshold):
        values = []
        for word, listed in lists.items():
            accepted = [found(d, word) for d in listed if d["score"] >= threshold]
            right, wrong = sum(accepted), len(accepted) - sum(accepted)
            values.append(1 - (1 - right / 4) - 999.9 * wrong / (seconds - 4))
        return np.mean(values)

    assert row["metrics"]["atwv"]["value"] == pytest.approx(twv(row["threshold"]))
    every = [np.inf, *(d["score"] for listed in lists.values() for d in listed)]
    assert row["metrics"]["mtwv"]["value"] == pytest.approx(max(map(twv, every)))
    recall = [sum(found(d, word) for d in listed) / 4 for word, listed in lists.items()]
    assert row["metrics"]["stwv"]["value"] == pytest.approx(np.mean(recall))
    covered = sum(o["stop"] - o["start"] for o in occurrences)
    hours = (seconds - covered) / 3600
    misses = []
    for word, listed in lists.items():
        negative = sorted((d["score"] for d in listed if not found(d, word)), reverse=True)
        threshold = negative[0]  # less than a false alarm is allowed in so short a time
        misses.append(1 - sum(found(d, word) and d["score"] > threshold for d in listed) / 4)
        assert 0.1 * hours < 1
    assert row["metrics"]["miss_at_0.1"]["value"] == pytest.approx(np.mean(misses))
    assert row["curve"]["miss"][0] == pytest.approx(np.mean(misses))
    assert row["curve"]["fa_per_hour"][1] == pytest.approx(1 / hours)


def test_the_threshold_is_that_of_the_development_search(run):
    exp, _data = run
    rows = entries(exp)
    typed, dev = rows["trained", "search_typed"], rows["trained", "search_dev"]
    assert typed["threshold"] == dev["mtwv_threshold"]
    assert typed["threshold_from"] == "MTWV of search_dev"
    assert "atwv" not in dev["metrics"]
    assert rows["trained", "search_spoken"]["threshold"] == 0.5
    assert set(typed["groups"]) == {"iv", "oov"}
    assert typed["groups"]["oov"]["queries_that_occur"] == 2


def test_segments_are_measured_as_the_tables_do(run):
    row = entries(run[0])["trained", "segments_test"]
    segments, _ = Segments.read(run[0] / "scores/trained/segments_test.npz")
    for name in ("acoustic_ap", "cross_view_ap"):
        assert row["metrics"][name]["value"] == segments.pairs(name).average_precision
    assert row["chance"]["cross_view_ap"] == 0.25


def test_scoring_again_keeps_the_detections(run, capsys):
    exp, data = run
    files = {path: path.stat().st_mtime_ns for path in (exp / "scores").rglob("*.*")}
    score(data, exp, device="cpu")
    assert {path: path.stat().st_mtime_ns for path in files} == files
    out = capsys.readouterr().out
    assert "miss at 0.1 FA/h" in out
    assert "cross-view AP" in out


def test_the_report_shows_searches_and_published_points(run):
    exp, data = run
    page = write_report(exp, data).read_text()
    assert "ATWV" in page
    assert "mathdefault" not in page  # labels of the axes are plain numbers
    for message in (
        "PocketSphinx",
        "Snowboy",
        "Porcupine",
        "miss at 0.1 FA/h",
        "Searches of long recordings",
        "MTWV of",
    ):
        assert message in page
    markdown = (exp / "report/RESULTS.md").read_text()
    value = entries(exp)["trained", "search_typed"]["metrics"]["atwv"]["value"]
    assert f"ATWV **{100 * value:.1f} %**" in markdown
    assert "| cross-view AP |" in markdown
    assert "tab:kwskit-5" in (exp / "report/results.tex").read_text()


def test_a_report_of_segments_alone(run, tmp_path):
    exp, data = shutil.copytree(run[0], tmp_path / "exp"), run[1]
    found = json.loads((exp / "results.json").read_text())
    found["results"] = [row for row in found["results"] if row.get("kind") == "segments"]
    (exp / "results.json").write_text(json.dumps(found))
    (exp / "embeddings.npz").unlink()
    assert "Cross-view AP" in write_report(exp, data).read_text()


def change(data, name, kind, edit):
    path = data / "search" / name / f"{kind}.tsv"
    path.write_text(edit(path.read_text()))


@pytest.mark.parametrize(
    ("kind", "edit", "message"),
    [
        ("queries", lambda s: s.replace("q-button", "q-tiger"), r"queries.tsv: line 4: this query is there already"),
        ("queries", lambda s: s.replace("\ttiger\t", "\t\t"), r"line 3: a query has either a text or an utt_id"),
        ("occurrences", lambda s: s.replace("q-tiger", "q-x"), r"occurrences.tsv: line \d+: this query is not in"),
        ("occurrences", lambda s: s.replace("typed-0", "x"), r"line 3: this recording is not in .* \(and 7 more"),
        ("recordings", lambda s: s.replace("\t0\t", "\t99\t"), r"line 3: expected 0 <= start < stop"),
        ("occurrences", lambda s: "\n".join(s.split("\n")[:2]) + "\n", "none of the 5 queries occurs"),
    ],
)
def test_searches_that_cannot_be_used(run, tmp_path, kind, edit, message):
    exp, data = run
    shutil.copytree(data / "search", tmp_path / "search")
    change(tmp_path, "typed", kind, edit)
    with pytest.raises(RecordError, match=message):
        search_results(tmp_path / "search/typed", exp / "scores/trained/search_typed.tsv")


def test_a_missing_search_is_told(run, tmp_path):
    exp, _data = run
    (tmp_path / "evaluation.txt").write_text("search_nowhere\n")
    with pytest.raises(FileNotFoundError, match="make it with stage 1"):
        score(tmp_path, exp, device="cpu")


def test_long_searches_are_not_done_by_the_untrained_model_nor_spoken_ones_by_pair_matchers(run, monkeypatch):
    from kwskit.stages import score as stage

    exp, data = run
    task, model = SearchTask("search_spoken", data), load_model(exp / "model")
    assert stage._is_wanted(task, "untrained", model)
    monkeypatch.setattr("kwskit.stages.search_task.LONG", 5.0)
    assert not stage._is_wanted(task, "untrained", model)
    monkeypatch.setattr("kwskit.stages.search_task.keeps_one_embedding", lambda system: False)
    assert not stage._is_wanted(task, "trained", model)
    assert stage._is_wanted(SearchTask("search_typed", data), "trained", model)


def test_processes_share_the_recordings(run, monkeypatch):
    """The second process searches the second recording; what the first makes of both is what one process finds."""
    exp, data = run
    task, model = SearchTask("search_typed", data), load_model(exp / "model")
    alone = task.detections(model)
    sent = []

    def collected(table):
        sent.append(table)
        return [] if len(sent) == 1 else sent[::-1]

    monkeypatch.setattr(collectives, "world_size", lambda: 2)
    monkeypatch.setattr(collectives, "collected_by_first", collected)
    monkeypatch.setattr(collectives, "rank", lambda: 1)
    assert task.detections(model) is None
    assert set(sent[0]["recording"].to_pylist()) == {"typed-1"}
    monkeypatch.setattr(collectives, "rank", lambda: 0)
    assert task.detections(model).equals(alone)
    assert set(alone["recording"].to_pylist()) == {"typed-0", "typed-1"}


def test_a_threshold_that_accepts_nothing_is_worth_nothing(run):
    """What a development search gives that no threshold makes better than silence."""
    exp, data = run
    path = exp / "scores/trained/search_typed.tsv"
    found = search_results(data / "search/typed", path, "trained", threshold=math.inf)
    assert found["threshold"] is None
    assert found["metrics"]["atwv"]["value"] == 0.0
    assert {row["twv"] for row in found["by_query"] if row["occurrences"]} == {0.0}
    json.dumps(found, allow_nan=False)
