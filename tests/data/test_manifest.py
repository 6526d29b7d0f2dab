import numpy as np
import pyarrow as pa
import pytest
import soundfile

from kwskit.data.manifest import read_manifest
from kwskit.data.records import RecordError

COLUMNS = "utt_id path start stop word speaker split"
GOOD = ("u1 a.wav 0 0.5 banana s1 train", "u2 a.wav 0.5 1.0 kitten s1 train", "u3 b.wav 0 1 banana s2 train")


@pytest.fixture
def data(tmp_path):
    for name in "ab":
        soundfile.write(tmp_path / f"{name}.wav", np.zeros(16_000), 16_000)
    (tmp_path / "manifests").mkdir()
    return tmp_path


def write(data, *lines, columns=COLUMNS, place="manifests/train.tsv"):
    path = data / place
    text = (
        "\n".join(["#kwskit manifest v1", columns, *lines])
        .replace(" ", "\t")
        .replace("#kwskit\tmanifest\tv1", "#kwskit manifest v1")
    )
    path.write_text(text.replace("~", " ") + "\n")
    return path


def test_paths_are_relative_to_the_data_folder(data):
    table = read_manifest(write(data, *GOOD))
    assert table["path"].to_pylist() == [f"{data}/a.wav", f"{data}/a.wav", f"{data}/b.wav"]
    assert table["stop"].to_pylist() == [0.5, 1.0, 1.0]
    assert table.column_names == COLUMNS.split()


def test_a_manifest_outside_manifests_stands_beside_its_audio(data):
    table = read_manifest(write(data, *GOOD, place="list.tsv"))
    assert table["path"][0].as_py() == f"{data}/a.wav"


def test_absolute_paths_stay(data, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("x") / "c.wav"
    soundfile.write(elsewhere, np.zeros(1000), 16_000)
    assert read_manifest(write(data, f"u1 {elsewhere} 0 0.05 word s train"))["path"][0].as_py() == str(elsewhere)


def test_an_empty_manifest_is_an_empty_table(data):
    assert read_manifest(write(data)).num_rows == 0


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ("u2 a.wav 0 1 word s train", "line 6: utt_id 'u2' already stands in line 4"),
        ("u9 a.wav 0.7 0.7 word s train", "line 6: start 0.7 and stop 0.7: expected 0 <= start < stop"),
        ("u9 a.wav 0.8 0.7 word s train", "line 6: start 0.8 and stop 0.7"),
        ("u9 a.wav -0.1 0.7 word s train", "line 6: start -0.1 and stop 0.7"),
        ("u9 a.wav 0 nan word s train", "line 6: start 0.0 and stop nan"),
        ("u9 a.wav 0 inf word s train", "line 6: start 0.0 and stop inf"),
        ("u9 a.wav 0 1  s train", "line 6: column 'word' is empty"),
        ("u9 a.wav 0 1 ~~ s train", "line 6: column 'word' is empty"),
        (" a.wav 0 1 word s train", "line 6: column 'utt_id' is empty"),
        ("u9  0 1 word s train", "line 6: column 'path' is empty"),
        ("u9 c.wav 0 1 word s train", r"line 6: no audio file .*/c.wav \(1 of 3 files are missing\)"),
        ("u9 a.wav zero 1 word s train", "line 6: .*'zero'"),
        ("u9 a.wav 0 1 word", "line 6: expected 7 values"),
    ],
)
def test_a_bad_record_is_named_with_its_file_and_line(data, bad, message):
    path = write(data, *GOOD, bad)
    with pytest.raises(RecordError, match=message) as error:
        read_manifest(path)
    assert str(path) in str(error.value)


def test_more_of_the_same_is_counted(data):
    path = write(data, *GOOD, *(f"v{i} a.wav 1 1 word s train" for i in range(5)))
    with pytest.raises(RecordError, match=r"line 6: .* \(and 4 more records like it\)"):
        read_manifest(path)


def test_a_missing_column_is_named(data):
    path = write(data, "u1 a.wav 0 0.5 s1 train", columns="utt_id path start stop speaker split")
    with pytest.raises(RecordError, match="line 2: a manifest file needs the column word"):
        read_manifest(path)


def test_a_missing_manifest_is_named(data):
    with pytest.raises(RecordError, match=r"nowhere.tsv: cannot be read"):
        read_manifest(data / "nowhere.tsv")


def test_audio_can_go_unchecked(data):
    assert isinstance(read_manifest(write(data, "u1 c.wav 0 1 word s train"), check_audio=False), pa.Table)
