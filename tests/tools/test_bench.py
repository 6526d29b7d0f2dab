"""Every benchmark runs from beginning to end, with sizes that say nothing about speed."""

import runpy
import sys
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).parents[2]
BENCH = ROOT / "tools" / "bench"
TINY = str(ROOT / "recipes" / "hparams" / "tiny.yaml")
SMALL_ECAPA = "--channels 8 --mfa-channels 8 --dim 8"
# Arguments, and words of the output.
RUNS = {
    "augment.py": ("--words 4 --seconds 0.2 --repeats 2 --threads 1", ["spec_augment"]),
    "ecapa.py": (f"--batch 2 --frames 20 22 {SMALL_ECAPA} --rounds 2 --threads 1", ["times as fast"]),
    "scorer.py": ("--utterances 60 --words 10 --negatives 3 --resamples 5", []),
    "store.py": ("--segments 200 --batch 20", ["x real time"]),
    "train.py": (
        f"--device cpu --keywords 3 --vocabulary 6 --seconds 0.3 --classes 6 --overlay {TINY} --rounds 2 --warm-up 1 "
        "--precision fp32 --no-compile --steps 1 --threads 1 --resident pcm --profile {folder}/profile.txt",
        ["figures of a CPU", "hours of audio an hour", "times as fast as stock", "floor:"],
    ),
}


def test_every_benchmark_is_tried():
    assert {path.name for path in BENCH.glob("*.py") if "__main__" in path.read_text()} == RUNS.keys()


@pytest.mark.parametrize("script", RUNS)
def test_a_benchmark_runs(script, tmp_path, monkeypatch, capsys):
    arguments, told = RUNS[script]
    monkeypatch.setattr(sys, "argv", [script, *arguments.format(folder=tmp_path).split()])
    monkeypatch.setattr(sys, "path", [str(BENCH), *sys.path])
    monkeypatch.setattr(torch, "set_num_threads", lambda count: None)
    runpy.run_path(str(BENCH / script), run_name="__main__")
    out = capsys.readouterr().out
    assert out.strip()
    for words in told:
        assert words in out
    if script == "train.py":
        assert "aten::" in (tmp_path / "profile.txt").read_text()
        # Both sides train with the same losses.
        difference = float(out.split("differ by at most ")[1].split(",")[0])
        assert difference < 1e-4
