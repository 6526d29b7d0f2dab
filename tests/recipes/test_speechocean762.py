"""Stage 1 of recipes/speechocean762 on a miniature in its layout."""

import numpy as np
import pytest
import soundfile

from kwskit.corpora.held_back import part_of
from kwskit.data.records import read_records

WORDS = ["banana", "window", "forest", "two", "garden"]


def test_the_corpus_own_test_part_is_test(tmp_path, sing, stage_one, capsys):
    root = tmp_path / "speechocean762"
    numbers = [f"{number:04d}" for number in range(1, 400)]
    parts: dict[str, list[str]] = {"train": [], "dev": [], "test": []}
    for name in numbers:
        parts[part_of("speechocean762", name)].append(name)
    own = {"train": [*parts["train"][:3], parts["dev"][0], parts["test"][0]], "test": parts["train"][3:5]}
    aligned = ["audio_filename,start,end,text,score"]
    for part, speakers in own.items():
        (root / part).mkdir(parents=True)
        files: dict[str, list[str]] = {name: [] for name in ("wav.scp", "text", "utt2spk", "spk2age", "spk2gender")}
        for speaker in speakers:
            (root / f"WAVE/SPEAKER{speaker}").mkdir(parents=True)
            name, at, wavs = f"0{speaker}0011", 0.0, []
            for word in WORDS:
                wav = np.tile(sing(word, int(speaker), 0), 2)
                aligned.append(f"{name}.WAV,{at:.4f},{at + len(wav) / 16_000:.4f},{word},0.3")
                wavs.append(wav)
                at += len(wav) / 16_000
            soundfile.write(root / f"WAVE/SPEAKER{speaker}/{name}.WAV", np.concatenate(wavs), 16_000, format="WAV")
            files["wav.scp"].append(f"{name}\tWAVE/SPEAKER{speaker}/{name}.WAV")
            files["text"].append(f"{name}\t{' '.join(WORDS).upper()}")
            files["utt2spk"].append(f"{name}\t{speaker}")
            files["spk2age"].append(f"{speaker} 9")
            files["spk2gender"].append(f"{speaker} f")
        for name, lines in files.items():
            (root / part / name).write_text("\n".join(lines) + "\n")
    command = ["--corpus", str(root), "--data", str(tmp_path / "data"), "--negatives", "3", "--jobs", "1"]
    with pytest.raises(SystemExit, match="--with pocketsphinx"):
        stage_one("speechocean762")(command)
    (tmp_path / "data/alignments").mkdir()
    (tmp_path / "data/alignments/pocketsphinx_000000.csv").write_text("\n".join(aligned) + "\n")
    stage_one("speechocean762")(command)
    found = {}
    for split in ("train", "dev", "test"):
        table, _ = read_records(tmp_path / f"data/manifests/{split}.tsv", "manifest")
        found[split] = set(table["speaker"].to_pylist())
        assert set(table["word"].to_pylist()) == set(WORDS) - ({"two"} if split == "train" else set())
    assert found == {"train": set(own["train"][:3]), "dev": {own["train"][3]}, "test": {own["train"][4], *own["test"]}}
    assert "test: 3 speakers" in capsys.readouterr().out
