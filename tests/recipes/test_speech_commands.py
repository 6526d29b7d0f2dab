"""recipes/speech_commands on a miniature in the real layout, from the corpus to the report."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from sklearn.metrics import confusion_matrix, roc_auc_score

from kwskit.data.records import read_records

COMMANDS = ["yes", "no", "up", "down", "left", "right", "on", "off", "stop", "go"]
SPEAKERS = ("0a7c2a8d", "1b4c9b89", "ffd2ba2f")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory, sing) -> Path:
    """Both archives unpacked side by side: 12 words of three speakers, of whom the last is the test list's."""
    folder = tmp_path_factory.mktemp("speech commands")
    root, test_set = folder / "speech_commands_v0.02", folder / "speech_commands_test_set_v0.02"
    for word in [*COMMANDS, "bed", "wow"]:
        (root / word).mkdir(parents=True)
        for number, speaker in enumerate(SPEAKERS):
            soundfile.write(root / word / f"{speaker}_nohash_0.wav", sing(word, number, take=0), 16_000)
        if word in COMMANDS:
            (test_set / word).mkdir(parents=True)
            soundfile.write(test_set / word / "ffd2ba2f_nohash_1.wav", sing(word, 2, take=1), 16_000)
    for folder_name, seed in (("_unknown_", 1), ("_silence_", 2)):
        (test_set / folder_name).mkdir()
        wav = np.random.default_rng(seed).normal(size=16_000) * 0.01
        soundfile.write(test_set / folder_name / f"{seed}.wav", wav, 16_000)
    (root / "_background_noise_").mkdir()
    soundfile.write(root / "_background_noise_/pink_noise.wav", wav, 16_000)
    lines = [f"{word}/ffd2ba2f_nohash_0.wav\n" for word in [*COMMANDS, "bed", "wow"]]
    (root / "testing_list.txt").write_text("".join([*lines, "wow/ffd2ba2f_nohash_7.wav\n"]))  # the last is missing
    (root / "validation_list.txt").write_text("bed/1b4c9b89_nohash_0.wav\n")
    (root / "yes/1b4c9b89_nohash_0.wav").write_bytes(b"not audio")
    return folder


@pytest.fixture(scope="module")
def run(corpus, tiny_model, run_recipe):
    """What run.sh tells, of a run in a folder."""

    def run(folder: Path, *flags: object, status: int = 0) -> str:
        places = ["--corpus", corpus, "--model", tiny_model, "--data", folder / "data", "--exp", folder / "exp"]
        done = run_recipe("speech_commands", *places, *flags, cwd=folder, status=status)
        return done.stdout if status == 0 else done.stderr

    return run


@pytest.fixture(scope="module")
def finished(run, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    return folder, run(folder)


def test_what_cannot_be_used_is_counted_and_named(finished):
    folder, out = finished
    assert "1 lines of testing_list.txt whose recording is not there: line 13: wow/ffd2ba2f_nohash_7.wav" in out
    assert "1 audio files that cannot be read: " in out
    assert "yes/1b4c9b89_nohash_0.wav" in (folder / "data/left_out.tsv").read_text()


@pytest.mark.parametrize(
    ("name", "protocol", "utterances", "words", "targets"),
    [
        ("test_phonmatchnet", "speech_commands_phonmatchnet", 29, 10, 29),
        ("test_official", "speech_commands_official", 12, 10, 10),
        ("test_words", "speech_commands_words", 12, 12, 12),
    ],
)
def test_protocols(finished, name, protocol, utterances, words, targets):
    folder, _ = finished
    trials, facts = read_records(folder / f"data/trials/{name}.tsv", "trials")
    assert facts["protocol"] == protocol
    assert len(trials) == utterances * words
    assert sum(trials["target"].to_pylist()) == targets
    result = {(entry["model"], entry["trials_name"]): entry for entry in results(folder)}["trained", name]
    scores, _ = read_records(folder / f"exp/scores/trained/{name}.tsv", "scores")
    target, score = scores["target"].to_numpy(), scores["score"].to_numpy()
    assert result["auc"]["value"] == pytest.approx(roc_auc_score(target, score), abs=1e-9)
    matrix, said = score.reshape(utterances, words), target.reshape(utterances, words)
    known = said.any(axis=1)
    expected = confusion_matrix(said[known].argmax(axis=1), matrix[known].argmax(axis=1), labels=range(words))
    assert result["confusion"]["counts"] == expected.tolist()
    assert result["top1"]["value"] == pytest.approx(np.trace(expected) / known.sum())
    assert ("other" in result["confusion"]) == (name == "test_official")


def test_the_report_shows_the_matrices(finished):
    folder, _ = finished
    page = (folder / "exp/report/index.html").read_text()
    assert page.count('aria-label="Confusion matrix of ') == 3
    assert "| Spoken | yes | no | up |" in (folder / "exp/report/RESULTS.md").read_text()


def test_strict_stops_and_a_second_run_has_nothing_to_do(finished, run):
    folder, _ = finished
    assert "there already" in run(folder, "--stop_stage", "1")
    result = run(folder, "--stop_stage", "1", "--strict", status=1)
    assert "2 things cannot be used, and this is --strict" in result
    assert (folder / "data/prepared.json").exists()


def test_words_can_be_trained_on(corpus, stage_one, tmp_path):
    (corpus / "speech_commands_v0.02/validation_list.txt").write_text(
        "bed/1b4c9b89_nohash_0.wav\nwow/1b4c9b89_nohash_0.wav\n"
    )
    command = ["--corpus", str(corpus), "--data", str(tmp_path), "--jobs", "1", "--train"]
    with pytest.raises(SystemExit, match="--train cat: the words are bed, down"):
        stage_one("speech_commands")([*command, "bed,cat"])
    stage_one("speech_commands")([*command, "bed,wow"])
    train, dev = (read_records(tmp_path / f"manifests/{split}.tsv", "manifest")[0] for split in ("train", "dev"))
    assert set(zip(train["word"].to_pylist(), train["speaker"].to_pylist(), strict=True)) == {
        ("bed", "0a7c2a8d"),
        ("wow", "0a7c2a8d"),
    }
    assert set(dev["speaker"].to_pylist()) == {"1b4c9b89"}
    assert (tmp_path / "trials/dev_wsj.tsv").exists()


def results(folder: Path) -> list[dict]:
    """The entries of results.json."""
    return json.loads((folder / "exp/results.json").read_text())["results"]
