"""The same tasks on a cluster of several processes, of which one is killed: results are those of this machine."""

# ruff: noqa: F811 — fixtures are imported
import os
from functools import partial

import numpy as np
import pytest
import soundfile

from kwskit import dask_engine, task_pool
from kwskit.cli import main
from kwskit.corpora import file_jobs, transcribing
from kwskit.corpora.alignments import forced_alignment
from kwskit.corpora.alignments.forced_alignment import align_corpus
from kwskit.corpora.transcribing import transcribe_folder
from kwskit.data.records import write_records
from kwskit.data.store import packing
from kwskit.data.store.packing import pack_manifest
from kwskit.errors import CorpusError
from kwskit.index import SpeechIndex, index_parts
from kwskit.synthesis import shard_making
from kwskit.synthesis.casting import cast
from kwskit.synthesis.word_corpus import CorpusPlan, SplitPlan, synthesise_corpus
from kwskit.task_pool import WorkerDied, run_tasks, tasks_on
from tests.clustered import EvenWords, Timekeeper, always_dies, dies_once
from tests.data.conftest import corpus, several_shards  # noqa: F401
from tests.data.packed_corpora import contents, spoilt
from tests.index.conftest import model, recordings, write_recording  # noqa: F401

distributed = pytest.importorskip("distributed", reason="needs the extra cluster")


@pytest.fixture(scope="module")
def cluster():
    """Address of three workers, each a process."""
    with distributed.LocalCluster(3, threads_per_worker=1, dashboard_address=None) as started:
        yield started.scheduler_address.replace("tcp://", "dask://")


@pytest.fixture
def deadly(tmp_path, monkeypatch):
    """One worker is killed whatever it does; the file that it leaves behind."""
    marker = tmp_path / "a worker has been killed"

    def run_and_die(work, *how, **named):
        return run_tasks(partial(dies_once, marker, work), *how, **named)

    for module in (packing, shard_making, file_jobs, index_parts):
        monkeypatch.setattr(module, "run_tasks", run_and_die)
    return marker


def test_packing(cluster, deadly, corpus, tmp_path, several_shards):
    table = spoilt(corpus[0], tmp_path).slice(0, 27)
    with tasks_on(cluster):
        report = pack_manifest(table, tmp_path / "far", on_bad="skip", progress=False)
    assert deadly.exists()
    deadly.touch()
    assert report == pack_manifest(table, tmp_path / "near", 1, on_bad="skip", progress=False)
    assert contents(tmp_path / "far") == contents(tmp_path / "near")
    assert not list(tmp_path.glob(".*"))


def test_this_machine_goes_on_where_a_cluster_was_interrupted(
    cluster,
    corpus,
    tmp_path,
    several_shards,
    monkeypatch,
    capsys,
):
    pack_manifest(corpus[0], tmp_path / "whole", 1, progress=False)

    def interrupted(*how):
        found = run_tasks(*how)
        yield from (next(found), next(found))
        found.close()
        raise KeyboardInterrupt

    monkeypatch.setattr(packing, "run_tasks", interrupted)
    with tasks_on(cluster), pytest.raises(KeyboardInterrupt):
        pack_manifest(corpus[0], tmp_path / "store", progress=False)
    monkeypatch.setattr(packing, "run_tasks", run_tasks)
    pack_manifest(corpus[0], tmp_path / "store", 1)
    assert "pack store: going on with " in capsys.readouterr().err
    assert contents(tmp_path / "store") == contents(tmp_path / "whole")


def test_synthesising(cluster, deadly, tmp_path):
    pytest.importorskip("py_nanotts", reason="needs the extra voices")
    plan = CorpusPlan(3, {"test": SplitPlan(("banana", "kitten", "zebra"), 4, cast("test", ["pico"]))}, shard=3)
    with tasks_on(cluster):
        synthesise_corpus(plan, tmp_path / "far")
    assert deadly.exists()
    synthesise_corpus(plan, tmp_path / "near")
    assert contents(tmp_path / "far") == contents(tmp_path / "near")


@pytest.fixture
def spoken(tmp_path):
    """Eight recordings with transcripts, one of which is no recording."""
    folder = tmp_path / "spoken"
    folder.mkdir()
    for number in range(8):
        soundfile.write(folder / f"u{number}.wav", np.zeros(8000 + 100 * number), 16_000)
        (folder / f"u{number}.txt").write_text("one two three")
    (folder / "u3.wav").write_text("no audio")
    return folder


def test_aligning_and_transcribing(cluster, deadly, spoken, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(forced_alignment, "SHARE", 2)
    monkeypatch.setattr(transcribing, "SHARE", 2)
    told = {}
    for where, address in (("far", cluster), ("near", None)):
        with tasks_on(address):
            align_corpus(spoken, spoken, tmp_path / where, EvenWords())
            transcribe_folder(spoken, tmp_path / where, Timekeeper())
        told[where] = capsys.readouterr().out.replace(str(tmp_path / where), "")
        assert deadly.exists()
    found = contents(tmp_path / "far")
    assert found == contents(tmp_path / "near")
    assert len(found) == 5  # four shares of alignments and a table
    assert told["far"] == told["near"]
    assert "u3.wav: not readable as audio" in told["far"]


def test_an_aligner_of_whole_corpora_is_refused(cluster, spoken, tmp_path):
    class Whole(forced_alignment.WordAligner):
        def aligned(self, to):
            return set()

        def align(self, utterances, to, findings):
            raise AssertionError

    with tasks_on(cluster), pytest.raises(CorpusError, match="whole corpora its own way: leave it out"):
        align_corpus(spoken, spoken, tmp_path / "to", Whole())


def rows(index):
    """All windows of an index, by file and time, and the files."""
    paths = {one.file: one.path for one in index._tables.files()}
    found = set()
    for seconds in index.about.search_settings().windows:
        table = index._tables._table(f"windows_{round(seconds * 1000)}_ms").to_arrow()
        for row in table.to_pylist():
            found.add((seconds, paths[row["file"]], row["start"], row["stop"], row["deviation"], tuple(row["row"])))
    return found, sorted((one.path, one.size, one.changed, one.seconds) for one in index._tables.files())


def test_indexing(cluster, deadly, recordings, model, tmp_path, monkeypatch):
    pytest.importorskip("lancedb", reason="needs the extra index")
    monkeypatch.setattr(index_parts, "SHARE_BYTES", 1)
    (tmp_path / "broken.wav").write_text("no audio")
    far, near = (SpeechIndex.create(tmp_path / name, model) for name in ("far", "near"))
    with tasks_on(cluster):
        added = far.add([recordings[0], tmp_path / "broken.wav"])
    assert deadly.exists()
    assert added == near.add([recordings[0], tmp_path / "broken.wav"])
    assert far._tables.strays() == []
    assert rows(far) == rows(near)
    assert len(rows(near)[0]) > 100
    assert far.search("tiger") == near.search("tiger")
    with tasks_on(cluster):
        assert far.add([recordings[0]]).skipped == 3
    jobs = SpeechIndex.create(tmp_path / "jobs", model)
    jobs.add([recordings[0]], jobs=2)
    assert rows(jobs) == rows(near)


def test_the_command(cluster, corpus, tmp_path):
    write_records(tmp_path / "data/manifests/train.tsv", "manifest", corpus[0])
    assert main(["pack", "--data", str(tmp_path / "data"), "--executor", cluster, "--strict"]) == 0
    assert (tmp_path / "data/store/train/index.arrow").exists()
    assert task_pool.executor() is None


def test_a_task_that_no_worker_survives_is_told_of(cluster):
    with tasks_on(cluster), pytest.raises(WorkerDied, match="one task has ended several workers"):
        list(run_tasks(always_dies, [0], 1))


def test_no_scheduler_is_told_with_what_to_start(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(dask_engine, "PATIENCE", 0.5)
    assert main(["pack", "--data", str(tmp_path), "--executor", "dask://127.0.0.1:1"]) == 1
    error = capsys.readouterr().err
    assert "dask://127.0.0.1:1: no scheduler of dask answers there" in error
    assert "dask worker tcp://127.0.0.1:1" in error


def test_another_kwskit_and_another_disk_are_refused(tmp_path, monkeypatch):
    file, token = tmp_path / "a.wav", tmp_path / ".tasks.1.partial"
    file.write_text("sound")
    token.touch()
    facts = (file, 5, file.stat().st_mtime_ns)
    same = dask_engine.versions()
    right = (same, tmp_path, facts, token)
    dask_engine.Errand(*right).check()
    for place, wrong, message in (
        (0, same | {"kwskit": "0.0.1"}, "has kwskit .*, not 0.0.1: install the same"),
        (0, same | {"hibari": "2"}, "has hibari not at all, not 2: install the same"),
        (1, tmp_path / "home", "does not see .*home as it is here"),
        (2, (file, 6, facts[2]), r"does not see .*a\.wav as it is here"),
        (3, tmp_path / ".tasks.2.partial", f"does not see {tmp_path} as it is here: all workers need the same disk"),
    ):
        with pytest.raises(RuntimeError, match=message):
            dask_engine.Errand(*(wrong if at == place else one for at, one in enumerate(right))).check()


def test_work_ends_with_its_token_and_begins_where_the_caller_is(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there").mkdir()
    token = tmp_path / "token"
    token.touch()
    errand = dask_engine.Errand(dask_engine.versions(), tmp_path / "there", None, token)
    pickled = dask_engine.pickle.dumps((os.path.abspath, "x"))
    monkeypatch.setattr(task_pool, "_stopped", None)
    assert dask_engine.run_errand(errand, pickled) == str(tmp_path / "there/x")
    assert not task_pool.stopped()
    token.unlink()
    assert task_pool.stopped()
