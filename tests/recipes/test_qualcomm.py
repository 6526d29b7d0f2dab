"""recipes/qualcomm on a miniature in the real layout, from the corpus to the report."""

import json

import pytest
import soundfile

from kwskit.data.records import read_records

KEYWORDS = ["hey android", "hey snapdragon", "hi galaxy", "hi lumina"]


@pytest.fixture
def run(tmp_path, run_recipe):
    def run(*flags: object, status: int = 0) -> tuple[str, str]:
        places = ["--data", tmp_path / "data", "--exp", tmp_path / "exp"]
        done = run_recipe("qualcomm", *places, *flags, cwd=tmp_path, status=status)
        return done.stdout, done.stderr

    return run


def test_from_the_corpus_to_the_report(tmp_path, sing, tiny_model, run):
    root = tmp_path / "data/qualcomm_keyword_speech_dataset"  # unpacked where stage 0 says
    for keyword in KEYWORDS:
        for speaker in range(3):
            place = root / keyword.replace(" ", "_") / f"{speaker:04d}"
            place.mkdir(parents=True)
            for take in range(2):
                soundfile.write(place / f"{take}.wav", sing(keyword, speaker, take), 16_000)
    out, _ = run("--model", str(tiny_model))
    assert "nothing to fetch: the corpus is in" in out
    trials, facts = read_records(tmp_path / "data/trials/test_keywords.tsv", "trials")
    assert facts["protocol"] == "qualcomm"
    assert trials["utt_id"][0].as_py() == "hey_android/0000/0"
    assert trials["enrol_text"].to_pylist() == KEYWORDS * 24
    (message,) = [
        entry
        for entry in json.loads((tmp_path / "exp/results.json").read_text())["results"]
        if entry["model"] == "trained"
    ]
    assert message["confusion"]["words"] == KEYWORDS
    assert [sum(row) for row in message["confusion"]["counts"]] == [6, 6, 6, 6]
    assert list(message["groups"]) == KEYWORDS
    assert "| hi galaxy | 6 | " in (tmp_path / "exp/report/RESULTS.md").read_text()


def test_stage_0_says_what_to_do_and_stage_1_what_is_wrong(tmp_path, run):
    _, message = run("--stop_stage", "0", status=1)
    assert "cannot be fetched by a program" in message
    assert "--corpus DIR" in message
    (tmp_path / "elsewhere").mkdir()
    _, message = run("--stage", "1", "--stop_stage", "1", "--corpus", str(tmp_path / "elsewhere"), status=1)
    assert f"prepare: Qualcomm Keyword Speech Dataset: {tmp_path / 'elsewhere'} lacks hey_android" in message
