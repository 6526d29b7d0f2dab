"""recipes/king_asr_066 on a miniature in Speechocean's layout, with TextGrids, from stage 0 to the report."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile
from sklearn.metrics import average_precision_score

from kwskit.corpora.alignments.forced_alignment import spoken_utterances
from kwskit.corpora.findings import Findings
from kwskit.data.records import read_records

WORDS = [
    "tiger",
    "button",
    "meadow",
    "copper",
    "rocket",
    "lemon",
    "castle",
    "harbor",
    "window",
    "marble",
    "velvet",
    "garden",
]


def build_corpus(root: Path, sing, speakers: int = 8) -> None:
    """Ten prompts of four words for each speaker, aligned in TextGrids that lie beside the corpus."""
    (root / "TABLE").mkdir(parents=True)
    lines = ["SCD\tSEX\tAGE\tACC", *(f"{s:04d}\tF\t30\tAmerican" for s in range(speakers))]
    (root / "TABLE/SPEAKER.TXT").write_text("\r\n".join(lines) + "\r\n")
    script_folder = root / "DATA/CHANNEL0/SCRIPT"
    script_folder.mkdir(parents=True)
    for speaker in range(speakers):
        folder = root / f"DATA/CHANNEL0/WAVE/SPEAKER{speaker:04d}/SESSION0"
        folder.mkdir(parents=True)
        script = []
        for number in range(1, 11):
            name = f"0{speaker:04d}0{number:03d}"
            words = np.random.default_rng([speaker, number]).choice(WORDS, 4, replace=False).tolist()
            audio = [sing(word, speaker, number) for word in words]
            ends = np.concatenate([[0], np.cumsum([len(wav) for wav in audio])]) / 16000
            soundfile.write(folder / f"{name}.WAV", np.concatenate(audio), 16000, format="WAV")
            script += [f"{name}\t{' '.join(words).capitalize()}.", f"\t{' '.join(words)} <SPK/>"]
            write_textgrid(root / f"alignments/{speaker:04d}/{name}.TextGrid", words, ends)
        (script_folder / f"0{speaker:04d}0.TXT").write_text("\r\n".join(script) + "\r\n", encoding="utf-8")


def write_textgrid(path: Path, words: list[str], ends: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = ['File type = "ooTextFile"', 'Object class = "TextGrid"', "", "xmin = 0", f"xmax = {ends[-1]}"]
    lines += ["tiers? <exists>", "size = 1", "item []:", "    item [1]:", '        class = "IntervalTier"']
    lines += ['        name = "words"', "        xmin = 0", f"        xmax = {ends[-1]}"]
    lines += [f"        intervals: size = {len(words)}"]
    for number, word in enumerate(words, 1):
        lines += [f"        intervals [{number}]:", f"            xmin = {ends[number - 1]}"]
        lines += [f"            xmax = {ends[number]}", f'            text = "{word}"']
    path.write_text("\n".join(lines) + "\n")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory, sing):
    folder = tmp_path_factory.mktemp("king")
    build_corpus(folder / "King-ASR-066", sing)
    return folder


FLAGS = ("--held_out_speakers", "0.25", "--dev_words", "3", "--test_words", "3", "--negatives", "2")


def test_from_stage_0_to_the_report(corpus, run_recipe):
    places = ["--corpus", corpus, "--data", corpus / "data", "--exp", corpus / "exp"]
    flags = [*FLAGS, "--training.epochs", "1", "--training.keywords", "4"]
    done = run_recipe("king_asr_066", "--size", "tiny", *places, *flags, cwd=corpus)
    assert "licensed by Speechocean" in done.stdout

    data = corpus / "data"
    tables = {split: read_records(data / f"manifests/{split}.tsv", "manifest")[0] for split in ("train", "dev", "test")}
    for column in ("word", "speaker"):
        sets = [set(table[column].to_pylist()) for table in tables.values()]
        assert all(sets)
        assert sum(map(len, sets)) == len(set.union(*sets)), column
    scores, facts = read_records(corpus / "exp/scores/trained/test_wsj.tsv", "scores")
    assert facts["protocol"] == "wsj"
    results = json.loads((corpus / "exp/results.json").read_text())["results"]
    found = next(r for r in results if r["trials_name"] == "test_wsj" and r["model"] == "trained")
    expected = average_precision_score(scores["target"].to_numpy(), scores["score"].to_numpy())
    assert found["ap"]["value"] == pytest.approx(expected, abs=1e-9)
    assert (corpus / "exp/report/index.html").exists()


@pytest.fixture
def prepare(stage_one):
    """Stage 1 alone, in this process."""
    return stage_one("king_asr_066")


def test_without_alignments_transcripts_are_made_ready_for_an_aligner(corpus, prepare, sing, tmp_path):
    build_corpus(tmp_path / "King-ASR-066", sing, speakers=1)
    shutil.rmtree(tmp_path / "King-ASR-066/alignments")
    with pytest.raises(
        SystemExit, match=r"kwskit align --corpus .*/DATA --transcripts .*transcripts\.csv --to .*--with ctc"
    ):
        prepare(["--corpus", str(tmp_path), "--data", f"{tmp_path}/data"])
    audio = tmp_path / "King-ASR-066/DATA"
    spoken = spoken_utterances(audio, tmp_path / "data/transcripts.csv", Findings())
    assert [one.utterance for one in spoken] == [f"000000{number:03d}" for number in range(1, 11)]
    assert set(spoken[0].words) < set(WORDS)


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--corpus", "{}/King-ASR-066/DATA"), "wrong level.*King-ASR-066"),
        (("--channels", "0,2"), "CHANNEL2/WAVE: no such folder; DATA has CHANNEL0"),
        (("--alignments", "{}/nowhere"), "nowhere: no such file or folder"),
        (("--held_out_speakers", "0.5"), "8 speakers are too few"),
        (("--min_seconds", "9"), "."),
    ],
)
def test_mistakes_are_told(corpus, prepare, flags, message):
    given = [flag.format(corpus) for flag in flags]
    with pytest.raises(SystemExit, match=message):
        prepare(["--corpus", str(corpus), "--data", f"{corpus}/mistake", "--jobs", "1", *given])
    assert not (corpus / "mistake/manifests").exists()
