"""What becomes of a trained model before it is shipped, and where its card's figures come from."""

import json
import runpy
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import safetensors.torch
import soundfile
import torch

from kwskit.corpora.held_back import part_without_text
from kwskit.data.records import MANIFEST, write_records
from kwskit.hparams import build_hparams, resolve_hparams
from kwskit.speech_model.frame_stream import FrameStream
from kwskit.speech_model.model_card import ModelCard
from kwskit.speech_model.torch_model import TorchModel
from kwskit.systems.model_directory import save_model

LOCAL = Path(__file__).parents[2] / "recipes" / "english_small"


@pytest.fixture(autouse=True)
def beside(monkeypatch):
    """The scripts of the recipe import each other, as scripts do."""
    monkeypatch.syspath_prepend(str(LOCAL))
    yield
    sys.modules.pop("sources", None)


def test_weights_are_halved_and_statistics_are_not(tmp_path):
    path = tmp_path / "model.safetensors"
    weights = {
        "a.weight": torch.tensor([0.1, 1.0, -3.0]),
        "norm.running_var": torch.tensor([1e-7, 2.0]),
        "norm.num_batches_tracked": torch.tensor(5),
    }
    safetensors.torch.save_file(weights, path)
    runpy.run_path(str(LOCAL / "release.py"))["halve"](path)
    found = safetensors.torch.load_file(path)
    assert found["a.weight"].dtype == torch.float16
    torch.testing.assert_close(found["a.weight"].float(), weights["a.weight"], rtol=2**-11, atol=0)
    for name in ("norm.running_var", "norm.num_batches_tracked"):
        assert torch.equal(found[name], weights[name])


def value(share):
    return {"value": share, "low": share - 0.01, "high": share + 0.02}


def test_figures_are_percent_with_the_command_that_measured_them(tmp_path, monkeypatch, capsys):
    pairs = {"easy": {"eer": value(0.05)}, "hard": {"eer": value(0.25)}, "many": {"ap": value(0.7)}}
    model = {
        "digits": {"top1": {"speakers": value(0.951), "recordings": value(0.5)}},
        "librispeech": {"all": pairs},
        "phrases": {"2": {"all": pairs}},
        "wake": {"10 dB": {"miss_at": {"0.5": value(0.2), "2": value(0.1)}}},
    }
    path = tmp_path / "results.json"
    path.write_text(json.dumps({"command": "measure it", "models": {"mine": model}}))
    monkeypatch.setattr(sys, "argv", ["figures.py", str(path), "mine"])
    runpy.run_path(str(LOCAL / "figures.py"), run_name="__main__")
    found = {one["name"]: one for one in json.loads(capsys.readouterr().out)}
    assert next(iter(found)) == "ten digits, top 1, %"
    assert found["ten digits, top 1, %"] == {
        "name": "ten digits, top 1, %",
        "value": 95.1,
        "low": 94.1,
        "high": 97.1,
        "command": "measure it",
    }
    assert found["words of readers, AP of 50 others, %"]["value"] == 70.0
    assert found["phrases of 2 words, hard pairs, EER, %"]["value"] == 25.0
    assert found["wake words missed at 0.5 false alarms/h, 10 dB, %"]["value"] == 20.0
    assert len(found) == 7


def test_figures_of_a_model_that_was_not_measured_are_refused(tmp_path, monkeypatch):
    path = tmp_path / "results.json"
    path.write_text(json.dumps({"command": "", "models": {"mine": {}}}))
    monkeypatch.setattr(sys, "argv", ["figures.py", str(path), "yours"])
    with pytest.raises(SystemExit, match="no model 'yours'; it has: mine"):
        runpy.run_path(str(LOCAL / "figures.py"), run_name="__main__")


def run_of(folder, weight, count, part="a"):
    model = folder / "model"
    model.mkdir(parents=True)
    weights = {"w": torch.tensor(weight), "seen": torch.tensor(count)}
    safetensors.torch.save_file(weights, model / "model.safetensors")
    (model / "model.yaml").write_text(part)
    return str(folder)


def test_runs_are_averaged(tmp_path, capsys):
    average = runpy.run_path(str(LOCAL / "average.py"))["main"]
    runs = [run_of(tmp_path / str(k), [1.0 * k, -2.0, 0.1], 5 + k) for k in (0, 1, 5)]
    average([*runs, "--to", str(tmp_path / "to")])
    assert "average of 3 models" in capsys.readouterr().out
    found = safetensors.torch.load_file(tmp_path / "to/model/model.safetensors")
    torch.testing.assert_close(found["w"], torch.tensor([2.0, -2.0, 0.1]))
    assert (found["seen"].item(), found["w"].dtype) == (5, torch.float32)
    assert (tmp_path / "to/model/model.yaml").read_text() == "a"
    with pytest.raises(SystemExit, match="is there already"):
        average([*runs, "--to", str(tmp_path / "to")])


def test_runs_that_cannot_be_averaged(tmp_path):
    average = runpy.run_path(str(LOCAL / "average.py"))["main"]
    one, other = run_of(tmp_path / "a", [1.0], 1), run_of(tmp_path / "b", [1.0], 1, "b")
    with pytest.raises(SystemExit, match=r"b/model is built otherwise than .*a/model: their model\.yaml differ"):
        average([one, other, "--to", str(tmp_path / "to")])
    with pytest.raises(SystemExit, match="c/model: no model"):
        average([one, str(tmp_path / "c"), "--to", str(tmp_path / "to")])
    assert not (tmp_path / "to").exists()


def model_of(folder, config, seed, **overrides):
    """A model of chance, as training would leave it."""
    text = resolve_hparams(LOCAL / "hparams" / config, overrides={"num_words": "1", **overrides})
    torch.manual_seed(seed)
    system = build_hparams(text, config)["system"]
    for one in system.buffers():
        if one.is_floating_point():
            torch.nn.init.uniform_(one, 0.5, 2.0)
    save_model(folder, system, text, "made for a test")
    return TorchModel(folder)


def test_one_model_is_made_of_two(tmp_path, capsys):
    """What it hears as phonemes are those of one, built otherwise than the recipe, and as words those of the other."""
    spelling = model_of(tmp_path / "phonemes", "english_phonemes.yaml", 1, channels="64")
    embedding = model_of(tmp_path / "words", "english_small.yaml", 2)
    join = runpy.run_path(str(LOCAL / "join.py"))["main"]
    places = ["--phonemes", str(tmp_path / "phonemes"), "--words", str(tmp_path / "words")]
    join([*places, "--to", str(tmp_path / "to")])
    assert "to/model: " in capsys.readouterr().out
    both = TorchModel(tmp_path / "to/model")
    tokens = both.tokenizer.encode("hey nova")
    np.testing.assert_allclose(both.embed_tokens(tokens), embedding.embed_tokens(tokens), atol=1e-6)
    pcm = (3000 * np.random.default_rng(0).standard_normal(32_000)).astype(np.int16)
    frames, others = (np.concatenate([one.push(pcm), one.finish()]) for one in map(FrameStream, (both, spelling)))
    np.testing.assert_allclose(both.log_probs(frames), spelling.log_probs(others), atol=1e-5)
    # A frame of 40 ms ends with what the other hears every 10 ms, averaged over 80 ms, of every second step here.
    own = FrameStream(embedding)
    fine = np.concatenate([own.push(pcm), own.finish()])
    away = [np.square(frames[5:-25, 192:] - fine[20 + k :: 4][: len(frames) - 30]).mean() for k in range(-4, 5)]
    assert np.argmin(away) in (3, 4)  # steps of 10 ms
    assert min(away) < 0.1 * fine.var()
    windows = frames[None, 6:26]
    np.testing.assert_allclose(both.embed_frames(windows), embedding.embed_frames(windows[:, ::2, 192:]), atol=1e-6)
    other = ["--phonemes", str(tmp_path / "words"), "--words", str(tmp_path / "words"), "--to", str(tmp_path / "no")]
    with pytest.raises(SystemExit, match=r"join: '.*' does not go from the two models to .*words/model\.yaml"):
        join(other)
    with pytest.raises(SystemExit, match=r"join: .*nothing: no model, such as stage 3 writes"):
        join(["--phonemes", str(tmp_path / "nothing"), *other[2:]])
    assert not (tmp_path / "no").exists()


def test_thresholds_are_set_by_what_no_test_hears(tmp_path):
    names = [f"clip-{k}" for k in range(40)]
    for name in names:
        soundfile.write(tmp_path / f"{name}.wav", np.zeros(16_000), 16_000)
    drawn = runpy.run_path(str(LOCAL / "release.py"))["drawn"]
    own = {name for name in names if part_without_text(name) == "background"}
    assert 3 < len(own) < 20
    assert {path.stem for path in drawn([tmp_path], [1.0], 3)} == own
    assert len(drawn([tmp_path, tmp_path], [2.5 / 3600, 0.5 / 3600], 3)) == 3 + 1


def test_sources_are_counted_by_hours_of_words_and_by_speakers(tmp_path):
    from sources import training_sources

    rows = [
        ("librispeech-19", "tiger", 0.0, 0.5),
        ("librispeech-19", "tiger window", 0.0, 36.0),
        ("librispeech-32", "window", 0.5, 360.0),
        ("espeak:en-us+max", "tiger", 0.0, 1.0),
        ("common_voice-clip-7", "tiger", 0.0, 720.0),
        ("common_voice-clip-8", "tiger", 10.0, 730.0),
    ]
    columns = {name: [row[k] for row in rows] for k, name in enumerate(("speaker", "word", "start", "stop"))}
    names = [str(k) for k in range(len(rows))]
    table = pa.table({"utt_id": names, "path": names, **columns, "split": ["train"] * len(rows)})
    write_records(tmp_path / "manifests/train.tsv", "manifest", table.select(list(MANIFEST)), {})
    found = training_sources(tmp_path)
    assert [(one["name"], one["hours"], one["speakers"], one["licence"]) for one in found] == [
        ("Mozilla Common Voice", 0.4, 2, "CC0-1.0"),
        ("mini LibriSpeech", 0.1, 2, "CC-BY-4.0"),
        ("espeak-ng", 0.0, 1, "GPL-3.0, which does not cover its sound"),
    ]
    (tmp_path / "words").mkdir()
    (tmp_path / "words/train.tsv").touch()  # of utterances that are heard whole
    whole = training_sources(tmp_path)[1]
    assert (whole["name"], whole["hours"]) == ("mini LibriSpeech", 0.11)
    card = {"name": "m", "version": "1", "language": "en", "licence": "MIT", "description": "d", "created_with": "k"}
    card |= {"parameters": {"audio": 1, "text": 1}, "figures": [], "files": {}, "training": found}
    assert ModelCard.of(card).as_json()["training"] == found
    assert ModelCard.of({**card, "training": []}) == ModelCard.of({k: v for k, v in card.items() if k != "training"})
    with pytest.raises(ValueError, match=r"'training\[1\].hours' must be a number"):
        ModelCard.of({**card, "training": [found[0], found[1] | {"hours": "many"}]})
