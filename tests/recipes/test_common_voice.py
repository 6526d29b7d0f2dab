"""recipes/common_voice on a miniature release, by run.sh, with the scores that kwskit align writes."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import soundfile

from kwskit.corpora.held_back import part_of
from kwskit.data.records import read_records

WORDS = ["banana", "window", "forest", "silver", "garden", "velvet"]


def volunteers() -> dict[str, list[str]]:
    """Clients of each part, four to train, two for dev and two for test, as their hashes have it."""
    found: dict[str, list[str]] = {"train": [], "dev": [], "test": []}
    for number in range(200):
        name = f"{number:0128x}"[::-1]
        part = part_of("common_voice", name[:16])
        if len(found[part]) < (4 if part == "train" else 2):
            found[part].append(name)
    return found


@pytest.fixture(scope="module")
def corpus(tmp_path_factory, sing):
    folder = tmp_path_factory.mktemp("common voice")
    clips = folder / "release/en/clips"
    clips.mkdir(parents=True)
    clients = volunteers()
    listed, aligned = ["client_id\tpath\tsentence\tage\tgender\taccents"], ["audio_filename,start,end,text,score"]
    number = 0
    for client in [*clients["train"], *clients["dev"], *clients["test"]]:
        for take in range(2):
            number += 1
            words = [*np.random.default_rng(number).permutation(WORDS)[:4], "seven", "rocket" if take else "castle"]
            name, at, wavs = f"common_voice_en_{number}", 0.0, []
            for word in words:
                wav = np.tile(sing(word, number, take), 2)
                score = 0.2 if number > 1 else 0.001
                aligned.append(f"{name}.mp3,{at:.4f},{at + len(wav) / 16_000:.4f},{word},{score}")
                wavs.append(wav)
                at += len(wav) / 16_000
            soundfile.write(clips / f"{name}.mp3", np.concatenate(wavs), 16_000)
            listed.append(f"{client}\t{name}.mp3\t{' '.join(words).capitalize()}.\t\t\t")
    (clips / "common_voice_en_3.mp3").write_bytes(b"no audio")
    (clips.parent / "validated.tsv").write_text("\n".join(listed) + "\n")
    (folder / "alignments").mkdir()
    (folder / "alignments/pocketsphinx_000000.csv").write_text("\n".join(aligned) + "\n")
    return folder, clients


@pytest.fixture(scope="module")
def finished(corpus, run_recipe):
    folder, clients = corpus
    flags = ["--corpus", folder / "release", "--data", folder, "--negatives", "3", "--stop_stage", "1"]
    return folder, clients, run_recipe("common_voice", *flags, cwd=folder).stdout


def manifest(folder: Path, split: str) -> list[dict]:
    return read_records(folder / f"manifests/{split}.tsv", "manifest")[0].to_pylist()


def test_people_are_on_one_side_and_test_words_are_not_trained_on(finished):
    folder, clients, _ = finished
    for split in ("train", "dev", "test"):
        rows = manifest(folder, split)
        assert {row["speaker"] for row in rows} == {name[:16] for name in clients[split]}
        assert ("seven" in {row["word"] for row in rows}) == (split != "train")
    counts = Counter(row["word"] for row in manifest(folder, "train"))
    assert min(counts.values()) >= 2


def test_what_does_not_fit_or_decode_is_listed(finished):
    folder, _, out = finished
    left_out = (folder / "left_out.tsv").read_text()
    assert "utterances whose text does not fit their audio\tcommon_voice_en_1: mean score 0.0010" in left_out
    assert "audio files that cannot be read" in left_out
    used = {row["utt_id"].rpartition("_")[0] for row in manifest(folder, "train")}
    assert used == {f"common_voice_en_{number}" for number in (2, 4, 5, 6, 7, 8)}
    assert "train: 4 speakers" in out


def test_words_are_tried_apart_by_whether_training_has_them(finished):
    folder, *_ = finished
    assert (folder / "evaluation.txt").read_text() == "test_wsj\n"
    trials, facts = read_records(folder / "trials/test_wsj.tsv", "trials")
    assert facts["negatives"] == "3"
    known = {row["word"] for row in manifest(folder, "train")}
    words = {row["utt_id"]: row["word"] for row in manifest(folder, "test")}
    groups = {"iv": 0, "oov": 0}
    for utt_id, group in zip(trials["utt_id"].to_pylist(), trials["group"].to_pylist(), strict=True):
        assert group == ("iv" if words[utt_id] in known else "oov")
        groups[group] += 1
    assert min(groups.values()) > 0


def test_without_alignments_it_says_how_to_make_them(corpus, stage_one, tmp_path):
    folder, _ = corpus
    with pytest.raises(SystemExit, match="kwskit align --corpus"):
        stage_one("common_voice")(["--corpus", str(folder / "release"), "--data", str(tmp_path)])
    assert len((tmp_path / "transcripts.csv").read_text().splitlines()) == 17
