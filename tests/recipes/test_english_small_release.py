"""What becomes of a trained model before it is shipped, and where its card's figures come from."""

import json
import runpy
import sys
from pathlib import Path

import pytest
import safetensors.torch
import torch

LOCAL = Path(__file__).parents[2] / "recipes" / "english_small"


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
