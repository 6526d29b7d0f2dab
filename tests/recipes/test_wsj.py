"""recipes/wsj on a miniature of LDC's discs, from SPHERE to the report."""

import csv
import json
import os
import stat
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
import soundfile
from sklearn.metrics import average_precision_score

from kwskit.corpora.alignments.forced_alignment import spoken_utterances
from kwskit.corpora.findings import Findings
from kwskit.data.records import read_records

WORDS = ["tiger", "button", "meadow", "copper", "rocket", "lemon", "castle", "harbor"]
# Stands in for sph2pipe; the miniature "compresses" by zlib.
SPH2PIPE = f"""#!{sys.executable}
import struct, sys, zlib
source, target = sys.argv[-2:]
pcm = zlib.decompress(open(source, "rb").read()[1024:])
head = b"RIFF" + struct.pack("<I", 36 + len(pcm)) + b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, 16000, 32000, 2, 16)
open(target, "wb").write(head + b"data" + struct.pack("<I", len(pcm)) + pcm)
"""


def build_discs(folder: Path, sing, write_sphere, sets: dict[str, list[str]]) -> None:
    """Discs with compressed SPHERE files, and a CTM: each utterance sings the eight words with pauses between them."""
    ctm = []
    for place, speakers in sets.items():
        for number, speaker in enumerate(speakers):
            for utterance in range(2):
                name = f"{speaker}c020{utterance}"
                parts, at = [np.zeros(800, np.float32)], 0.05
                for word in np.random.default_rng(number * 7 + utterance).permutation(WORDS):
                    wav = sing(str(word), number, utterance)
                    ctm.append(f"{name} 1 {at:.4f} {len(wav) / 16000:.4f} {word.upper()}")
                    parts += [wav, np.zeros(800, np.float32)]
                    at += (len(wav) + 800) / 16000
                pcm = (np.concatenate(parts) * 32767).astype(np.int16)
                path = folder / "discs" / place / speaker / f"{name}.wv1"
                packed = zlib.compress(pcm.tobytes())
                write_sphere(path, pcm, coding="pcm,embedded-shorten-v2.00", data=packed)
    (folder / "words.ctm").write_text("\n".join(ctm) + "\n")


@pytest.fixture(scope="module")
def discs(tmp_path_factory, sing, write_sphere):
    folder = tmp_path_factory.mktemp("wsj")
    training = [f"01{letter}" for letter in "abcdef"]
    sets = {"11-14.1/wsj0/si_et_20": ["440", "441"], "13-16.1/wsj1/si_dt_20": ["4k0"], "11-1.1/wsj0/si_tr_s": training}
    build_discs(folder, sing, write_sphere, sets)
    program = folder / "bin/sph2pipe"
    program.parent.mkdir()
    program.write_text(SPH2PIPE)
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return folder


@pytest.fixture
def prepare(discs, stage_one, monkeypatch):
    """Stage 1 alone, in this process."""
    main = stage_one("wsj")
    monkeypatch.setenv("PATH", f"{discs / 'bin'}:{os.environ['PATH']}")

    def call(name: str, *flags: str, alignments: bool = True) -> Path:
        places = ["--corpus", f"{discs}/discs", "--data", f"{discs}/{name}"]
        places += ["--alignments", f"{discs}/words.ctm"] if alignments else []
        main([*places, "--jobs", "2", "--test", "si_et_20,si_dt_20", *flags])
        return discs / name

    return call


def test_a_trained_model_is_scored_on_corrupted_and_on_clean_words(discs, tiny_model, run_recipe):
    data, exp = discs / "run/data", discs / "run/exp"
    given = ["--corpus", discs / "discs", "--alignments", discs / "words.ctm", "--model", tiny_model]
    drawn = ["--test", "si_et_20,si_dt_20", "--segments", "30", "--words", "6", "--negatives", "3"]
    places = ["--data", data, "--exp", exp]
    out = run_recipe("wsj", *given, *drawn, *places, cwd=discs, programs=discs / "bin").stdout
    clean, _ = read_records(data / "manifests/test_clean.tsv", "manifest")
    test, _ = read_records(data / "manifests/test.tsv", "manifest")
    assert len(test) == 30
    assert len(test["word"].unique()) == 6
    assert test.select(["utt_id", "word", "speaker"]) == clean.select(["utt_id", "word", "speaker"])
    assert set(test["speaker"].to_pylist()) == {"440", "441", "4k0"}

    trials, facts = read_records(data / "trials/test_wsj.tsv", "trials")
    assert len(trials) == 30 * 4
    assert sum(trials["target"].to_pylist()) == 30
    assert (facts["protocol"], facts["seed"], facts["rooms"], facts["noise"]) == ("wsj", "7", "simulated", "synthetic")
    assert "corrupted (rooms simulated, noise synthetic" in out
    assert "unpublished" in out

    row = test.slice(0, 1).to_pylist()[0]
    with (data / Path(row["path"]).parent / "draws.tsv").open() as file:
        draws = {draw["utt_id"]: draw for draw in csv.DictReader(file, delimiter="\t")}
    snr = [float(draw["snr_db"]) for draw in draws.values()]
    assert len(snr) == 30
    assert 0 <= min(snr) < max(snr) <= 15
    # A corrupted file is as long as its segment, and is not the segment.
    of_clean = clean.slice(0, 1).to_pylist()[0]
    wet = soundfile.read(data / row["path"])[0]
    dry = soundfile.read(of_clean["path"])[0][round(of_clean["start"] * 16000) : round(of_clean["stop"] * 16000)]
    assert len(wet) == len(dry)
    assert 0.2 < np.corrcoef(wet, dry)[0, 1] < 0.999

    for name in ("test_wsj", "test_clean_wsj"):
        scores, _ = read_records(exp / f"scores/trained/{name}.tsv", "scores")
        expected = average_precision_score(scores["target"].to_numpy(), scores["score"].to_numpy())
        results = json.loads((exp / "results.json").read_text())["results"]
        found = next(r for r in results if r["trials_name"] == name and r["model"] == "trained")
        assert found["ap"]["value"] == pytest.approx(expected, abs=1e-9)
    assert (exp / "report/index.html").exists()


def test_without_a_model_and_without_training_sets_it_says_so(tmp_path, run_recipe):
    done = run_recipe("wsj", "--corpus", tmp_path, status=2)
    assert "--model is missing" in done.stderr


def test_training_sets_share_no_word_and_no_speaker_with_dev(discs, prepare, capsys):
    flags = ("--train", "si_tr_s", "--dev_words", "2", "--words", "8", "--segments", "40")
    data = prepare("own", *flags)
    tables = {split: read_records(data / f"manifests/{split}.tsv", "manifest")[0] for split in ("train", "dev", "test")}
    for column in ("word", "speaker"):
        assert not set(tables["train"][column].to_pylist()) & set(tables["dev"][column].to_pylist()), column
    assert not set(tables["train"]["speaker"].to_pylist()) & set(tables["test"]["speaker"].to_pylist())
    facts = read_records(data / "trials/test_wsj.tsv", "trials")[1]
    assert int(facts["words_of_training"]) == len(tables["train"]["word"].unique())
    assert (data / "trials/dev_wsj.tsv").exists()
    capsys.readouterr()
    prepare("own", *flags)
    assert "there already" in capsys.readouterr().out


def test_without_alignments_audio_and_transcripts_are_made_ready_for_an_aligner(discs, prepare, monkeypatch):
    (discs / "discs/11-14.1/wsj0/transcrp").mkdir(parents=True, exist_ok=True)
    text = "The *tiger* [loud_breath] ,COMMA <button> . lem(on)- meadow .PERIOD (440c0200)\n"
    (discs / "discs/11-14.1/wsj0/transcrp/440c0200.dot").write_text(text)
    monkeypatch.chdir(discs)
    with pytest.raises(SystemExit, match=r"kwskit align --corpus .*/audio --transcripts .*transcripts\.csv --to .*ctc"):
        prepare("bare", alignments=False)
    spoken = spoken_utterances(discs / "bare/audio", discs / "bare/transcripts.csv", Findings())
    assert [(one.utterance, one.words) for one in spoken] == [
        ("440c0200", ["the", "tiger", "comma", "button", "meadow", "period"])
    ]
    assert len(list((discs / "bare/audio").glob("*.wav"))) == 6


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--test", "si_et_99"), "no audio of the set si_et_99 in .*it has si_dt_20, si_et_20, si_tr_s"),
        (("--musan", "."), "no musan: expected the folders noise, music, speech"),
        (("--rirs", "."), "no RIRS_NOISES: expected the folders simulated_rirs"),
        (("--segments", "3", "--words", "6"), "--segments 3 are fewer than --words 6"),
        (("--train", "si_et_20"), "share utterances"),
        (("--corpus", "nowhere"), "nowhere: no such folder"),
    ],
)
def test_mistakes_are_told(discs, prepare, flags, message):
    with pytest.raises(SystemExit, match=message):
        prepare("mistake", *flags)
    assert not (discs / "mistake/manifests").exists()
