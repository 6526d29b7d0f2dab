"""recipes/finetune: sung words by other singers than the model knows, and people's digits where they are at hand."""

import json
import os
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import soundfile

from kwskit.data.records import read_records
from kwskit.speech_model import packaged_models
from kwskit.spotting.spotter import Spotter

WORDS = ["violet", "hey_tiger", "copper", "meadow"]
PEOPLE = "KWSKIT_PEOPLE"  # a folder of people's recordings with digits/{digit}_{speaker}_{take}.wav
DIGITS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
TRAINED_ON = {"jackson", "nicolas", "theo"}


def record(folder: Path, sing, speakers: range, words=WORDS) -> Path:
    """``folder/<word>/<speaker>_<take>.wav``, two takes of each."""
    for word in words:
        (folder / word).mkdir(parents=True)
        for speaker in speakers:
            for take in range(2):
                wav = np.tile(sing(word.replace("_", " "), speaker, take), 2)
                soundfile.write(folder / word / f"singer{speaker}_{take}.wav", wav, 16_000)
    return folder


def results(exp: Path) -> dict[tuple[str, str], dict]:
    facts = json.loads((exp / "results.json").read_text())["results"]
    return {(entry["trials_name"], entry["model"]): entry for entry in facts}


def words_of(data: Path, split: str) -> dict[str, list]:
    return read_records(data / f"manifests/{split}.tsv", "manifest")[0].to_pydict()


@pytest.fixture(scope="module")
def tuned(tmp_path_factory, sing, tiny_model, mini_corpus, run_recipe):
    """The folder of a run, and what was told: four words by five singers, with other words mixed in."""
    folder = tmp_path_factory.mktemp("fine tuned")
    record(folder / "my words", sing, range(5, 10))
    flags = ["--model", tiny_model, "--words", "my words", "--speaker", "(singer[0-9]+)", "--split_speakers", "2"]
    flags += ["--replay", mini_corpus / "manifests/train.tsv", "--out", "exp/mine", "--epochs", "2"]
    done = run_recipe("finetune", *flags, "--training.passes", "4", cwd=folder)
    return folder / "exp/mine", done.stdout


def test_speakers_of_the_test_are_not_trained_on_and_other_words_are_mixed_in(tuned):
    exp, _ = tuned
    train, dev, test = (words_of(exp / "data", split) for split in ("train", "dev", "test"))
    own = {word.replace("_", " ") for word in WORDS}
    assert set(test["word"]) == own
    assert len(set(test["speaker"])) == 2
    assert len(test["word"]) == 4 * 2 * 2
    singers = {voice for voice, name in zip(train["speaker"], train["utt_id"], strict=True) if "replay/" not in name}
    assert len(singers) == 3
    assert singers.isdisjoint(test["speaker"])
    replayed = set(train["word"]) - own
    assert len(replayed) == 10  # of 12; the others show what becomes of words that are not trained on
    assert len(set(dev["word"])) == 2
    assert set(dev["word"]).isdisjoint(train["word"])


def test_the_table_tells_before_and_after(tuned, tiny_model):
    exp, out = tuned
    found = results(exp)
    assert set(found) == {
        (name, model) for name in ("test_words", "test_open", "dev_wsj") for model in ("trained", "before")
    }
    before, after = found["test_words", "before"], found["test_words", "trained"]
    assert after["top1"]["value"] > before["top1"]["value"]
    assert after["ap"]["value"] > before["ap"]["value"]
    assert "| Metric | trained | before | chance |" in out
    assert f"| top-1 | {100 * after['top1']['value']:.1f} [" in out
    page = (exp / "report/index.html").read_text()
    assert "Before this training" in page
    trials, _ = read_records(exp / "data/trials/test_open.tsv", "trials")
    typed = {word.replace("_", " ") for word in WORDS}
    others = {
        text
        for text, target in zip(*map(trials.__getitem__, ("enrol_text", "target")), strict=True)
        if not target.as_py()
        for text in [text.as_py()]
    }
    assert len(others) == 50
    assert others.isdisjoint(typed)


def test_typed_words_keep_their_place_and_speech_moves(tuned, tiny_model):
    exp, _ = tuned
    old, new = (safetensors.torch.load_file(place / "model.safetensors") for place in (tiny_model, exp / "model"))
    assert old.keys() == new.keys()
    for name, weights in old.items():
        fixed = name.startswith(("text_encoder", "text_pooler")) or "running_" in name or "num_batches" in name
        assert weights.equal(new[name]) == fixed or not weights.is_floating_point(), name
    assert (old["acoustic_encoder.project.weight"] - new["acoustic_encoder.project.weight"]).abs().max() < 0.1


def test_the_model_is_one_to_spot_with(tuned, sing):
    exp, _ = tuned
    spotter = Spotter.load(exp / "model")
    assert spotter.background is not None  # its own, by the new weights
    keyword = spotter.enrol("hey tiger")
    assert keyword.threshold is not None
    assert "started from the weights of" in (exp / "model/README.md").read_text()


def test_what_cannot_be_done_is_told(tmp_path, sing, tiny_model, run_recipe, stage_one):
    assert "--model is missing" in run_recipe("finetune", "--words", "w", cwd=tmp_path, status=2).stderr
    assert "--words is missing" in run_recipe("finetune", "--model", tiny_model, cwd=tmp_path, status=2).stderr
    record(tmp_path / "one", sing, range(2), ["violet"])
    own = ["--data", str(tmp_path / "data"), "--words", str(tmp_path / "one")]
    for flags, facts in {
        (): "has one word, and a word is learnt by telling it from others: give some with --replay",
        ("--split_speakers", "1"): "of 4 recordings the speaker is not known",
        ("--speaker", "singer"): "its first group, and it has none",
        ("--speaker", "(tenor)"): "fits none of the 4 names, e.g. singer0_0",
        ("--speaker", "(singer.)", "--split_speakers", "2"): "there are 2 speakers, and some have to be trained on",
    }.items():
        with pytest.raises(SystemExit, match=re.escape(facts)):
            stage_one("finetune")([*own, *flags])
    assert not (tmp_path / "data").exists()


def test_without_speakers_some_recordings_of_each_word_are_the_test(tmp_path, sing, stage_one, capsys):
    """A word with one recording is only trained on; folders below the words' are speakers."""
    record(tmp_path / "words", sing, range(5), ["violet", "copper"])
    (tmp_path / "words/solo").mkdir()
    shutil.copy(tmp_path / "words/violet/singer0_0.wav", tmp_path / "words/solo")
    prepare = stage_one("finetune")
    prepare(["--data", str(tmp_path / "data"), "--words", str(tmp_path / "words")])
    assert "THE SAME PEOPLE may speak in both" in capsys.readouterr().out
    assert sorted(words_of(tmp_path / "data", "test")["word"]) == ["copper"] * 2 + ["violet"] * 2
    assert len(words_of(tmp_path / "data", "train")["word"]) == 17
    for path in sorted((tmp_path / "words").glob("*/*.wav")):
        (path.parent / path.name[:7]).mkdir(exist_ok=True)
        path.rename(path.parent / path.name[:7] / path.name)
    prepare(["--data", str(tmp_path / "data"), "--words", str(tmp_path / "words")])
    train, test = (set(words_of(tmp_path / "data", split)["speaker"]) for split in ("train", "test"))
    assert train | test == {f"singer{i}" for i in range(5)}
    assert len(test) == 1
    assert train.isdisjoint(test)


@pytest.fixture
def people(tmp_path) -> Path:
    """``dev`` and ``test``, people's digits in a folder a word, by speaker."""
    source = Path(os.environ.get(PEOPLE, "nowhere")) / "digits"
    if not source.is_dir():
        pytest.skip(f"${PEOPLE} names no folder with digits/ of people")
    for path in sorted(source.glob("*.wav")):
        digit, speaker, _ = path.stem.split("_")
        place = tmp_path / ("dev" if speaker in TRAINED_ON else "test") / DIGITS[int(digit)]
        place.mkdir(parents=True, exist_ok=True)
        (place / path.name).symlink_to(path.absolute())
    return tmp_path


def test_digits_of_some_people_teach_those_of_others(people, run_recipe):
    """Top-1 of ten typed digits, spoken by three people, after training on three other people's."""
    if "english-small" not in packaged_models.names():
        pytest.skip("this installation has no english-small")
    flags = ["--model", "english-small", "--words", "dev", "--dev", "test", "--speaker", "_([a-z]+)_", "--out", "exp"]
    run_recipe("finetune", *flags, cwd=people, seconds=1200)
    found = results(people / "exp")
    assert found["test_words", "trained"]["utterances"] == 600
    assert set(words_of(people / "exp/data", "train")["speaker"]) == TRAINED_ON
    before, after = (found["test_words", model]["top1"]["value"] for model in ("before", "trained"))
    assert after > before
    # Nor are they learnt at the price of all other words: typed ones that nobody says do not come nearer.
    assert found["test_open", "trained"]["ap"]["value"] > found["test_open", "before"]["ap"]["value"]
