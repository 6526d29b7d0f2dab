"""Recordings and an index in an object store: a server of S3 in this process."""

# ruff: noqa: F811 — fixtures are imported
import os
import shutil

import pytest

from kwskit.cli import main
from kwskit.corpora.alignments.forced_alignment import align_corpus
from kwskit.corpora.transcribing import transcribe_folder
from kwskit.data.address import located
from kwskit.data.audio import AudioError, probe, read_segment
from kwskit.data.audio_folder import audio_below
from kwskit.data.records import write_records
from kwskit.data.store.packing import pack_manifest
from kwskit.index import SpeechIndex
from kwskit.index.snippets import write_snippets
from tests.clustered import EvenWords, Timekeeper
from tests.data.packed_corpora import contents, table_of
from tests.index.conftest import model, recordings, write_recording  # noqa: F401

pytest.importorskip("upath", reason="needs the extra remote")
pytest.importorskip("s3fs", reason="needs the extra remote")
server = pytest.importorskip("moto.server", reason="needs a server of S3, pip install 'moto[s3]' flask-cors")


@pytest.fixture(scope="module")
def bucket(recordings):
    """Address of a bucket with the recordings, one of them FLAC, and things that are no recordings."""
    import boto3
    import soundfile

    with pytest.MonkeyPatch.context() as patch:
        started = server.ThreadedMotoServer("127.0.0.1", 0, verbose=False)
        started.start()
        host, port = started.get_host_and_port()
        endpoint = f"http://{host}:{port}"
        keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "us-east-1"}
        for name, value in keys.items():
            patch.setenv(name, value)
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        patch.setenv("AWS_ENDPOINT_URL", endpoint)
        patch.setenv("AWS_ENDPOINT", endpoint)  # the vector engine's
        patch.setenv("AWS_ALLOW_HTTP", "true")
        s3 = boto3.client("s3", endpoint_url=endpoint)
        s3.create_bucket(Bucket="archive")
        for path in recordings[1]:
            s3.upload_file(path, "archive", f"tapes/side a/{os.path.basename(path)}")
        samples, rate = soundfile.read(next(iter(recordings[1])), dtype="int16")
        soundfile.write(recordings[0].parent / "b.flac", samples, rate)
        s3.upload_file(str(recordings[0].parent / "b.flac"), "archive", "tapes/b.flac")
        for key, text in {"tapes/broken.wav": "no audio", "tapes/.hidden.wav": "", "tapes/film.mp4": "x"}.items():
            s3.put_object(Bucket="archive", Key=key, Body=text.encode())
        s3.put_object(Bucket="archive", Key="tapes/notes.txt", Body=b"y")
        yield "s3://archive"
        started.stop()


def test_recordings_are_listed_and_read_as_files_are(bucket, recordings):
    found = audio_below(f"{bucket}/tapes")
    names = ["b.flac", "broken.wav", "side a/farm.wav", "side a/shop.wav", "side a/zoo.wav"]
    assert list(map(str, found.files)) == [f"{bucket}/tapes/{name}" for name in names]
    assert list(map(str, found.passed_over)) == [f"{bucket}/tapes/film.mp4"]
    for path in recordings[1]:
        there = f"{bucket}/tapes/side a/{os.path.basename(path)}"
        assert probe(there) == probe(path)
        assert (read_segment(there, 0.3, 1.1) == read_segment(path, 0.3, 1.1)).all()
    assert (read_segment(f"{bucket}/tapes/b.flac") == read_segment(next(iter(recordings[1])))).all()
    with pytest.raises(AudioError, match=r"s3://archive/tapes/none\.wav: no such audio file"):
        read_segment(f"{bucket}/tapes/none.wav")
    with pytest.raises(AudioError, match=r"s3://archive/tapes/broken\.wav: not readable as audio"):
        read_segment(f"{bucket}/tapes/broken.wav")


@pytest.mark.parametrize("kept", ["folder", "store"])
def test_an_archive_is_indexed_and_searched_where_it_is(bucket, recordings, model, tmp_path, kept):
    pytest.importorskip("lancedb", reason="needs the extra index")
    place = f"{bucket}/index" if kept == "store" else tmp_path / "index"
    index = SpeechIndex.create(place, model)
    added = index.add([f"{bucket}/tapes"])
    assert len(added.indexed) == 4
    assert list(added.refused) == [f"{bucket}/tapes/broken.wav"]
    assert added.passed_over == [f"{bucket}/tapes/film.mp4"]
    near = SpeechIndex.create(tmp_path / "near", model)
    near.add([*recordings[1]])
    hits = SpeechIndex.open(place, model).search("penguin", top=1)
    (same,) = near.search("penguin", top=1)
    assert hits == [same._replace(path=f"{bucket}/tapes/side a/shop.wav")]
    (snippet,) = write_snippets(hits, tmp_path / "far")
    (other,) = write_snippets([same], tmp_path / "close")
    assert snippet.read_bytes() == other.read_bytes()
    again = index.add([f"{bucket}/tapes"], remove_missing=True)
    assert (again.skipped, again.indexed, again.removed) == (4, [], [])
    located(f"{bucket}/tapes/copy.flac").write_bytes(located(f"{bucket}/tapes/b.flac").read_bytes())
    assert index.add([f"{bucket}/tapes/copy.flac"]).indexed == [f"{bucket}/tapes/copy.flac"]
    located(f"{bucket}/tapes/copy.flac").unlink()
    assert index.add([f"{bucket}/tapes"], remove_missing=True).removed == [f"{bucket}/tapes/copy.flac"]


def test_transcribing_aligning_and_packing_read_there(bucket, recordings, tmp_path):
    folder = located(f"{bucket}/tapes/side a")
    transcribe_folder(folder, tmp_path / "far", Timekeeper())
    shutil.copytree(recordings[0], tmp_path / "copy")
    transcribe_folder(tmp_path / "copy", tmp_path / "copy", Timekeeper())
    table = (tmp_path / "far/text.tsv").read_bytes()
    assert table == (tmp_path / "copy/text.tsv").read_bytes()  # so that it fits a copy of the recordings
    for where, corpus in (("a", folder), ("b", tmp_path / "copy")):
        align_corpus(corpus, tmp_path / "far", tmp_path / where, EvenWords())
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    for where, place in (("far", f"{bucket}/tapes/side a"), ("near", str(recordings[0]))):
        segments = [(f"u{at}", f"{place}/{name}.wav", 0.1, 0.9, "word", "v") for at, name in enumerate(("zoo", "farm"))]
        write_records(tmp_path / where / "m.tsv", "manifest", table_of(*segments))
        pack_manifest(tmp_path / where / "m.tsv", tmp_path / where / "store", progress=False)
    assert contents(tmp_path / "far/store") == contents(tmp_path / "near/store")


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (["pack", "--data", "s3://archive/data"], "'s3://archive/data' is an address: "),
        (["align", "--corpus", "s3://archive/tapes", "--to", "x", "--with", "ctc"], "name them (--transcripts)"),
        (["transcribe", "s3://archive/tapes"], "name a folder (--out)"),
        (["transcribe", "x", "--out", "s3://archive/out"], "'s3://archive/out' is an address: "),
    ],
)
def test_what_is_written_to_a_disk_is_refused_elsewhere(bucket, command, message, capsys):
    assert main(command) == 2
    assert message in capsys.readouterr().err


def test_what_is_not_there_is_told_of(bucket, tmp_path, capsys):
    for place in (f"{bucket}/nothing", "s3://nobody/has"):
        assert main(["index", place, "--out", str(tmp_path / "index")]) == 1
        assert f"{place}: no such file or folder" in capsys.readouterr().err
    assert not (tmp_path / "index").exists()
