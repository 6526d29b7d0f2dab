import argparse
import logging
import os
import pathlib
import re
import subprocess
import sys

import pytest
import torch

import kwskit
from kwskit import registry
from kwskit.cli import COMMANDS, _parser, main
from kwskit.devices import usable_device

pytestmark = pytest.mark.usefixtures("scratch_registry")


def test_parts_lists_every_registered_part(capsys):
    assert main(["parts"]) == 0
    listed = re.findall(r"^!(\w+):(\w+) +\S", capsys.readouterr().out, re.M)
    assert listed == [(part.kind, part.name) for part in registry.parts()]
    assert ("loss", "asyp_adams") in listed


def test_parts_of_a_kind_and_one_part(capsys):
    assert main(["parts", "pooler"]) == 0
    assert "!loss:" not in capsys.readouterr().out
    assert main(["parts", "encoder", "ecapa"]) == 0
    out = capsys.readouterr().out
    assert "channels: 256" in out
    assert re.search(r"source: kwskit\.encoders\.ecapa:\d+ \(built in\)", out)


def test_a_plugin_is_listed_with_its_name(tmp_path, capsys):
    plugin = tmp_path / "my_poolers.py"
    plugin.write_text(
        "import torch\nfrom kwskit.registry import register\n\n\n"
        '@register("pooler", "first")\nclass First(torch.nn.Module):\n    """The first frame."""\n'
    )
    assert main(["parts", "--plugin", str(plugin), "pooler", "first"]) == 0
    assert "(plugin my_poolers)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        (["parts", "loss", "asip"], "unknown loss 'asip' (did you mean 'asyp'?)"),
        (["parts", "los"], "unknown kind 'los' (did you mean 'loss'?)"),
        (["parts", "--plugin", "nowhere.py"], "nowhere.py does not exist"),
        (["pack", "--data", "nowhere"], "nowhere/manifests holds no *.tsv: run stage 1 first"),
        (["score", "--data", "nowhere", "--exp", "nowhere"], "nowhere/trials holds no test_*.tsv"),
        (["score", "--data", "x", "--exp", "x", "--wrong", "1"], "unknown argument --wrong"),
        (["train", "--config", "x.yaml", "--data", "x", "--exp", "x", "--seed.a"], "--seed.a needs a value"),
        (["train", "--config", "x.yaml", "--data", "x", "--exp", "x"], "x/store/train: no packed store there"),
    ],
)
def test_mistakes_are_told_in_one_line(argv, expected, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(argv) == (2 if "--wrong" in argv or "--seed.a" in argv else 1)
    err = capsys.readouterr().err
    assert expected in err
    assert err.startswith(f"kwskit {argv[0]}: ")
    assert err.count("\n") == 1


def test_an_interruption_is_told_without_a_traceback(tmp_path, capsys, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("kwskit.stages.pack.pack_corpus", interrupted)
    assert main(["pack", "--data", str(tmp_path)]) == 130
    assert capsys.readouterr().err == "kwskit pack: interrupted\n"


WRONG = [
    ([], "the following arguments are required: COMMAND"),
    (["spott"], "invalid choice: 'spott'"),
    (["spot", "--rate", "x"], "argument --rate: invalid int value: 'x'"),
    (["check", "x", "--fa-per-hour", "inf"], "'inf' is no finite number"),
    (["calibrate", "x", "--fa-per-hour", "-1"], "a rate of false alarms is above 0 an hour, not -1"),
    (["search", "x", "y", "--min-score", "nan"], "'nan' is no finite number"),
    (["search", "x", "y", "--top", "0"], "'0' is no whole number above 0"),
    (["serve", "--port", "65536"], "a port is a number from 0 to 65535, not '65536'"),
    (["pack", "--data", "x", "--jobs", "0"], "'0' is no whole number above 0"),
]


@pytest.mark.parametrize(("argv", "message"), WRONG)
def test_wrong_usage_is_one_line_and_status_2(argv, message, capsys):
    assert main(argv) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert message in err


def test_help_documents_the_exit_statuses(capsys):
    assert main(["--help"]) == 0
    out = capsys.readouterr().out
    assert re.findall(r"^  (\d+) ", out[out.index("exit status:") :], re.M) == ["0", "1", "2", "130"]
    assert main(["--version"]) == 0


def test_every_argument_is_explained_by_a_noun_and_its_default_if_any():
    commands = _parser()._subparsers._group_actions[0].choices
    assert tuple(commands) == COMMANDS
    for name, command in commands.items():
        for action in command._actions:
            assert action.help, f"{name} {action.dest}"
            text = command._get_formatter()._expand_help(action)
            assert not re.match(r"(of|to|in|where|what|how|with|by|for|also|is|stage \d)\b", text), f"{name}: {text}"
            if action.default not in (None, False, [], argparse.SUPPRESS) and action.dest != "jobs":
                assert str(action.default) in text, f"{name}: {text}"


@pytest.mark.parametrize("level", ["debug", "Info", "ERROR", ""])
def test_the_log_takes_levels_in_any_case(level, monkeypatch, capsys):
    asked = {}
    monkeypatch.setattr(logging, "basicConfig", lambda **given: asked.update(given))
    monkeypatch.setenv("KWSKIT_LOG", level)
    assert main(["parts", "pooler"]) == 0
    assert asked["level"] == (level.upper() or "WARNING")


def test_an_unknown_level_of_the_log_is_told(monkeypatch, capsys):
    monkeypatch.setenv("KWSKIT_LOG", "loud")
    assert main(["parts", "pooler"]) == 2
    assert "KWSKIT_LOG=loud: a level of the log is one of DEBUG, INFO," in capsys.readouterr().err


@pytest.mark.parametrize("name", ["cuda:99", "gpu", "cuda:x", ""])
def test_a_device_that_is_none_is_told(name):
    if name:
        with pytest.raises(ValueError, match=r"^--device .*; --device cpu always works$") as expected:
            usable_device(name)
        assert "\n" not in str(expected.value)
    assert usable_device("cpu") == torch.device("cpu")
    assert usable_device() == torch.device("cuda" if torch.cuda.is_available() else "cpu")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_cuda_without_a_gpu_is_told_in_a_line(tiny_model, tmp_path, capsys):
    sound = tmp_path / "sound.wav"
    sound.touch()
    model = ["--model", str(tiny_model), "--device", "cuda"]
    for argv in (
        ["spot", *model, "--keyword", "tiger", sound],
        ["check", *model, "tiger"],
        ["calibrate", *model, "--to", tmp_path / "x.npz", sound],
        ["index", *model, "--out", tmp_path / "index", sound],
    ):
        assert main([str(word) for word in argv]) == 1, argv
        assert re.fullmatch(
            rf"kwskit {argv[0]}: --device cuda: torch cannot compute there \(.*\); --device cpu always works\n",
            capsys.readouterr().err,
        )


# What a shell does with the streams of a command, and its exit status and stderr.
STREAMS = [
    (">&-", 0, "kwskit: stdout is closed: what is printed there is discarded\n"),
    ("<&- >&- 2>&-", 0, ""),
    (">/dev/full", 1, "kwskit: stdout: [Errno 28] No space left on device\n"),
    ("| true", 1, ""),
]


@pytest.mark.skipif(sys.platform != "linux", reason="needs /dev/full")
@pytest.mark.parametrize(("streams", "status", "message"), STREAMS)
def test_closed_streams_give_no_traceback(streams, status, message, tmp_path):
    redirected, piped = ("", streams) if streams.startswith("|") else (streams, "")
    command = f"( {sys.executable} -m kwskit --help {redirected}; echo $? >status ) 2>err {piped}"
    environment = os.environ | {"PYTHONPATH": str(pathlib.Path(kwskit.__file__).parents[1]), "PYTHONUNBUFFERED": ""}
    done = subprocess.run(["bash", "-c", command], cwd=tmp_path, env=environment, timeout=120)
    assert done.returncode == 0
    assert (tmp_path / "status").read_text() == f"{status}\n"
    assert (tmp_path / "err").read_text() == message
