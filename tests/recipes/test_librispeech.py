"""recipes/librispeech on a miniature in LibriSpeech's layout, by run.sh, and what its files say of it."""

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import soundfile
from sklearn.metrics import average_precision_score

from kwskit.data.records import read_records
from kwskit.data.store.packed_store import PackedStore
from kwskit.evaluation.word_discrimination import Segments

KNOWN = ["banana", "window", "forest", "silver", "garden", "velvet"]
NEW = ["rocket", "castle", "harbor"]


@pytest.fixture(scope="module")
def corpus(make_librispeech, tmp_path_factory):
    folder = tmp_path_factory.mktemp("libri")
    parts = {
        # "pencil" is there three times: one too few to be trained
        "train-clean-100": {
            "84": ["banana window , forest", "silver garden velvet pencil"],
            "103": ["velvet silver window pencil", "garden banana forest"],
            "201": ["forest velvet , banana", "window silver garden"],
            "302": ["garden forest silver pencil", "banana velvet window"],
        },
        "dev-clean": {"1272": ["orange marble thunder"], "1462": ["thunder orange marble"]},
        "test-clean": {
            "61": ["banana rocket castle forest", "harbor window rocket"],
            "121": ["castle forest banana", "harbor window , rocket"],
        },
    }
    return folder, make_librispeech(folder, parts)


@pytest.fixture(scope="module")
def run(run_recipe):
    def run(folder: Path, *flags: str, status: int = 0) -> str:
        done = run_recipe("librispeech", "--size", "tiny", *flags, cwd=folder, status=status)
        return done.stdout + done.stderr

    return run


@pytest.fixture(scope="module")
def finished(corpus, run):
    folder, aligned = corpus
    flags = ["--corpus", "LibriSpeech", "--alignments", "alignments", "--data", "data", "--exp", "exp"]
    flags += ["--negatives", "3", "--training.epochs", "1", "--training.keywords", "3", "--training.utterances", "2"]
    return folder, aligned, run(folder, *flags)


def test_the_segments_are_those_of_the_alignments(finished):
    folder, aligned, _ = finished
    for split, part in {"train": "train-clean-100", "dev": "dev-clean", "test": "test-clean"}.items():
        table, _ = read_records(folder / f"data/manifests/{split}.tsv", "manifest")
        found = {
            (row["utt_id"].rpartition("_")[0], round(row["start"], 3), round(row["stop"], 3), row["word"])
            for row in table.to_pylist()
        }
        own = [row for row in aligned if row[0] == part and 0.5 <= row[3] - row[2] <= 2]
        counts = Counter(word for *_, word in own)
        least = 4 if split == "train" else 1
        expected = {(u, round(start, 3), round(stop, 3), w) for _, u, start, stop, w in own if counts[w] >= least}
        assert found == expected
        assert all(row["speaker"] == row["utt_id"].split("-")[0] for row in table.to_pylist())


def test_the_store_holds_the_very_samples(finished):
    folder, *_ = finished
    store = PackedStore.open(folder / "data/store/test")
    table, _ = read_records(folder / "data/manifests/test.tsv", "manifest")
    for row in table.to_pylist()[::3]:
        audio, rate = soundfile.read(row["path"], dtype="int16")
        cut = audio[round(row["start"] * rate) : round(row["stop"] * rate)]
        assert np.array_equal(store.read(store.index_of(row["utt_id"])), cut)


def test_known_and_new_words_are_tested_apart(finished):
    folder, *_ = finished
    known, new = (read_records(folder / f"data/manifests/test_{kind}.tsv", "manifest")[0] for kind in ("iv", "oov"))
    assert set(known["word"].to_pylist()) <= set(KNOWN)
    assert set(new["word"].to_pylist()) == set(NEW)
    whole, _ = read_records(folder / "data/manifests/test.tsv", "manifest")
    assert len(whole) == len(known) + len(new)
    trials, facts = read_records(folder / "data/trials/test_wsj.tsv", "trials")
    assert (facts["protocol"], facts["seed"]) == ("wsj", "7")
    groups = dict(zip(trials["utt_id"].to_pylist(), trials["group"].to_pylist(), strict=True))
    assert {utt for utt, group in groups.items() if group == "oov"} == set(new["utt_id"].to_pylist())
    for kind, count in (("iv", len(known)), ("oov", len(new))):
        segments, _ = Segments.read(folder / f"exp/scores/trained/segments_test_{kind}.npz")
        assert len(segments.words) == count


def test_results_follow_from_the_score_files(finished):
    folder, _, out = finished
    content = json.loads((folder / "exp/results.json").read_text())["results"]
    scores, _ = read_records(folder / "exp/scores/trained/test_wsj.tsv", "scores")
    result = next(r for r in content if (r["model"], r["trials_name"]) == ("trained", "test_wsj"))
    targets, values = scores["target"].to_numpy(), scores["score"].to_numpy()
    assert result["ap"]["value"] == pytest.approx(average_precision_score(targets, values))
    new = np.array(scores["group"].to_pylist()) == "oov"
    assert result["groups"]["oov"]["ap"]["value"] == pytest.approx(average_precision_score(targets[new], values[new]))
    assert (folder / "exp/report/RESULTS.md").exists()
    assert "nothing to fetch: the corpus is given (wanted: train-clean-100 dev-clean test-clean)" in out


def test_repeating_stage_1_keeps_what_is_there(finished, run):
    folder, *_ = finished
    flags = ["--corpus", "LibriSpeech", "--alignments", "alignments", "--data", "data", "--negatives", "3"]
    assert "there already" in run(folder, *flags, "--stage", "1", "--stop_stage", "1")


def test_one_part_can_be_split_by_speakers_for_a_model_from_elsewhere(corpus, tiny_model, run):
    folder, aligned = corpus
    flags = ["--corpus", "LibriSpeech", "--alignments", "alignments", "--data", "zero", "--exp", "zero_exp"]
    flags += ["--split_speakers", "0,4", "--negatives", "3", "--model", str(tiny_model), "--stop_stage", "4"]
    out = run(folder, *flags)
    assert "stage 3 needs --model" in out
    assert not (folder / "zero/manifests/train.tsv").exists()
    table, _ = read_records(folder / "zero/manifests/test.tsv", "manifest")
    assert len(table) == sum(part == "train-clean-100" and stop - start >= 0.5 for part, _, start, stop, _ in aligned)
    content = json.loads((folder / "zero_exp/results.json").read_text())["results"]
    assert {"test_wsj", "test_easy", "test_hard"} <= {result["trials_name"] for result in content}


def test_without_alignments_it_says_how_to_get_them(corpus, run):
    folder, _ = corpus
    out = run(folder, "--data", "LibriSpeech", "--stage", "1", "--stop_stage", "1", status=1)
    for part in ("kwskit fetch librispeech-alignments", "kwskit align", "--alignments PATH"):
        assert part in out


def test_mini_librispeech_holds_its_readers_back(make_librispeech, stage_one, tmp_path, capsys):
    # By their hash 226 is for test and 5789 for dev; "seven" is a word that models are tested with.
    sentence = ["banana window seven forest", "silver garden banana window"]
    parts = {
        "train-clean-5": {"19": sentence, "32": sentence, "226": sentence, "5789": sentence},
        "dev-clean-2": {"1272": ["banana seven rocket", "rocket castle"]},
    }
    make_librispeech(tmp_path, parts)
    speakers = tmp_path / "LibriSpeech/SPEAKERS.TXT"  # the published list is that of all LibriSpeech
    listed = speakers.read_text().replace("train-clean-5  ", "train-clean-100").replace("dev-clean-2", "dev-clean  ")
    speakers.write_text(listed)
    command = ["--corpus", str(tmp_path), "--data", str(tmp_path / "data"), "--protocol", "mini", "--negatives", "3"]
    stage_one("librispeech")([*command, "--jobs", "1", "--strict"])
    found = {}
    for split in ("train", "dev", "test"):
        table, _ = read_records(tmp_path / f"data/manifests/{split}.tsv", "manifest")
        found[split] = set(table["speaker"].to_pylist())
        assert ("seven" in table["word"].to_pylist()) == (split != "train")
    assert found == {"train": {"19", "32"}, "dev": {"5789"}, "test": {"226", "1272"}}
    with pytest.raises(SystemExit, match=r"dev-clean \(of which dev-clean-2 is a part\): a part cannot be in two"):
        stage_one("librispeech")([*command, "--dev", "dev-clean"])
    capsys.readouterr()
    stage_one("librispeech")(["--parts", "--protocol", "mini"])
    assert capsys.readouterr().out.split() == ["train-clean-5", "dev-clean-2"]
