"""The command line given what it cannot use: one line on stderr, exit status 1, on any terminal."""

import io
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
import soundfile

from kwskit.cli import main

ASCII = {"LANG": "C", "LC_ALL": "C", "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


def in_a_process(*argv, stdin=b""):
    """(exit status, stdout, stderr) of a command in a terminal that knows ASCII only, bytes."""
    command, environment = [sys.executable, "-m", "kwskit", *map(os.fsencode, argv)], {**os.environ, **ASCII}
    done = subprocess.run(command, input=stdin, capture_output=True, env=environment, timeout=120)
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def message(capsys):
    """Runs a command that fails and gives the lines of its message, having seen that a terminal can show them."""

    def run(*argv, status=1):
        assert main([str(word) for word in argv]) == status
        out, err = capsys.readouterr()
        assert out == ""
        lines = err.splitlines()
        assert all(line.isprintable() for line in lines)
        return [line for line in lines if line.startswith("kwskit ")]

    return run


@pytest.fixture(scope="module")
def wav(tmp_path_factory):
    path = tmp_path_factory.mktemp("audio") / "noise.wav"
    soundfile.write(path, np.random.default_rng(0).normal(0, 0.05, 16_000), 16_000)
    return path


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        ("model.yaml", b"\xff\xfe", "model.yaml: is in UTF-16 or no text: save it as UTF-8"),
        ("model.yaml", b"a: " + b"[" * 100_000, "nested more than 20 deep"),
        ("model.safetensors", bytes(99), "model.safetensors: cannot be read"),
        ("background.npz", b"PK\x03\x04" + bytes(99), "background.npz: "),
    ],
)
def test_models_that_are_none(tiny_model, wav, tmp_path, message, name, data, expected):
    directory = tmp_path / "model"
    shutil.copytree(tiny_model, directory)
    (directory / name).write_bytes(data)
    (line,) = message("spot", "--model", directory, "--keyword", "hey nova", wav)
    assert expected in line


def test_recordings_that_are_none_are_told_and_others_are_heard(tiny_model, wav, tmp_path, message):
    (tmp_path / "empty.wav").touch()
    (tmp_path / "text.wav").write_text("no audio")
    os.mkfifo(tmp_path / "pipe.wav")
    (tmp_path / "dir.wav").mkdir()
    names = ["empty.wav", "text.wav", "pipe.wav", "dir.wav", "not there.wav", "語.wav"]
    typed = ["--keyword", "tiger", "--threshold", "100"]
    *each, last = message("spot", "--model", tiny_model, *typed, wav, *(tmp_path / name for name in names))
    assert len(each) == len(names)
    assert "6 of 7 recordings could not be heard to their end" in last


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        (["spot"], "say what to listen to"),
        (["spot", "x.wav"], "say what to listen for"),
        (["spot", "--model", "/nowhere", "--keyword", "a", "x.wav"], "/nowhere"),
        (["spot", "--model", "語\x1b[31m\n", "--keyword", "a", "x.wav"], "語\\x1b[31m"),
        (
            ["spot", "--model", "english-smal", "--keyword", "a", "x.wav"],
            "english-smal is no directory, nor a packaged",
        ),
        (["score", "--data", "\udcff", "--exp", "\x1b[2J"], "\\udcff/trials holds no"),
        (["parts", "l\u202e\0"], "unknown kind 'l\\u202e\\x00'"),
    ],
)
def test_mistakes_are_told_in_a_line_that_leaves_the_terminal_as_it_is(argv, expected, message):
    (line,) = message(*argv, status=2 if "say what" in expected else 1)
    assert expected in line


@pytest.mark.parametrize("keyword", ["語 \x1b]0;", "", "\ud800", "a" * 10_000, "👍"])
def test_keywords_that_are_none(tiny_model, wav, message, keyword):
    (line,) = message("spot", "--model", tiny_model, "--keyword", keyword, wav)
    assert "cannot pronounce" in line
    assert len(line) < 300


@pytest.mark.parametrize("sound", [b"", b"\0", bytes(31_999)])
def test_raw_sound_may_end_anywhere(tiny_model, monkeypatch, capsys, sound):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(sound)))
    assert main(["spot", "--model", str(tiny_model), "--keyword", "tiger", "--threshold", "100", "-"]) in (0, 1)
    assert "Traceback" not in capsys.readouterr().err


def test_a_terminal_that_knows_ascii_only(tiny_model, wav, tmp_path):
    named = tmp_path / "語.wav"
    shutil.copy(wav, named)
    argv = ["spot", "--model", str(tiny_model), "--example", f"名前={named}", "--threshold", "-100", str(named)]
    status, out, err = in_a_process(*argv, str(tmp_path / "語2.wav"))
    assert status == 1
    assert out
    assert b"2.wav: no such audio file" in err
    assert b"Traceback" not in err
    assert out.isascii()
    assert err.isascii()
