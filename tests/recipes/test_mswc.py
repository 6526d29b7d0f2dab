"""recipes/mswc on a miniature as its archives unpack, with opus clips, from stage 0 to the report."""

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
import scipy.signal
import soundfile
from sklearn.metrics import average_precision_score

from kwskit.data.records import read_records

ROOT = Path(__file__).parents[2]
ENGLISH = [
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
GERMAN = ["straße", "mädchen", "hüte", "apfel", "größe", "brücke"]


def build_corpus(root: Path, language: str, words: list[str], sing, said: list[str] | None = None) -> None:
    """Ten clips of each word, six speakers in TRAIN and two in each of DEV and TEST."""
    rows = ["SET,LINK,WORD,VALID,SPEAKER,GENDER"]
    sets = ["TRAIN"] * 6 + ["DEV"] * 2 + ["TEST"] * 2
    for number, word in enumerate(words):
        (root / language / "clips" / word).mkdir(parents=True)
        for speaker, name in enumerate(sets):
            wav = np.zeros(16000)
            heard = sing((said or words)[number], speaker % 5, speaker)[:16000]
            wav[4000 : 4000 + len(heard)] = heard[: 16000 - 4000]
            link = f"{word}/common_voice_{language}_{17000000 + number * 100 + speaker}.opus"
            clip = scipy.signal.resample_poly(wav, 3, 1)
            soundfile.write(root / language / "clips" / link, clip, 48000, format="OGG", subtype="OPUS")
            rows.append(f"{name},{link},{word},True,{speaker:0128x},FEMALE")
    rows.append(f"TRAIN,{words[0]}/common_voice_{language}_1.opus,{words[0]},False,NA,NAN")
    (root / language / f"{language}_splits.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory, sing):
    folder = tmp_path_factory.mktemp("mswc")
    build_corpus(folder, "en", ENGLISH, sing)
    build_corpus(folder, "de", GERMAN, sing, ENGLISH)
    return folder


@pytest.fixture(scope="module")
def run(corpus, run_recipe):
    def run(name: str, *flags: object, status: int = 0) -> subprocess.CompletedProcess:
        places = ["--corpus", corpus, "--data", corpus / name / "data", "--exp", corpus / name / "exp"]
        few = ["--dev_words", "3", "--test_words", "3", "--least", "3", "--negatives", "2"]
        return run_recipe("mswc", "--size", "tiny", *places, *few, *flags, cwd=corpus, status=status)

    return run


def test_from_stage_0_to_the_report(corpus, run):
    done = run("run", "--training.epochs", "1", "--training.keywords", "4")
    assert "en: 120 clips of 121; 1 that listeners have not confirmed left out" in done.stdout
    data, exp = corpus / "run/data", corpus / "run/exp"
    names = ("train", "dev", "test", "test_known")
    words, clips = {}, {}
    for name in names:
        table = read_records(data / f"manifests/{name}.tsv", "manifest")[0]
        words[name], clips[name] = set(table["word"].to_pylist()), set(table["utt_id"].to_pylist())
    assert words["train"].isdisjoint(words["dev"] | words["test"])
    assert words["dev"].isdisjoint(words["test"])
    assert words["test_known"] == words["train"]
    assert clips["test_known"].isdisjoint(clips["train"])
    assert len(clips["train"]) == 6 * len(words["train"])
    assert len(clips["test"]) == 2 * len(words["test"])
    results = json.loads((exp / "results.json").read_text())["results"]
    for name in ("test_wsj", "test_known_wsj"):
        scores, _ = read_records(exp / f"scores/trained/{name}.tsv", "scores")
        found = next(r for r in results if r["trials_name"] == name and r["model"] == "trained")
        expected = average_precision_score(scores["target"].to_numpy(), scores["score"].to_numpy())
        assert found["ap"]["value"] == pytest.approx(expected, abs=1e-9)
    assert (exp / "report/index.html").exists()


def test_other_languages_need_letters(corpus, run):
    done = run("de", "--language", "de", "--stop_stage", "2", status=2)
    assert (
        "the phoneme tokenizer speaks English only; add --overlay recipes/hparams/text/characters.yaml" in done.stderr
    )
    assert not (corpus / "de/data").exists()
    overlay = str(ROOT / "recipes/hparams/text/characters.yaml")
    done = run("de", "--language=de", "--overlay", overlay, "--stop_stage", "2")
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert set(read_records(corpus / "de/data/manifests/train.tsv", "manifest")[0]["word"].to_pylist()) < set(GERMAN)
    assert (corpus / "de/data/store/train").is_dir()


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--language", "fr"), "fr/clips: no such folder; there is de, en"),
        (("--corpus", "{}/en/clips"), "wrong level"),
        (("--least", "99"), "no word has 99 clips"),
        (("--corpus", "nowhere"), "nowhere/en/clips: no such folder"),
    ],
)
def test_mistakes_are_told(corpus, stage_one, flags, message):
    given = [flag.format(corpus) for flag in flags]
    with pytest.raises(SystemExit, match=message):
        stage_one("mswc")(["--corpus", str(corpus), "--data", f"{corpus}/mistake", *given])
    assert not (corpus / "mistake/manifests").exists()
