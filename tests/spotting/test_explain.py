"""kwskit spot --explain: the parts of a score beside it."""

import io

import pytest
import soundfile

from kwskit.cli import main
from kwskit.spotting.hit import Hit
from kwskit.spotting.hit_writer import HitWriter
from kwskit.spotting.phoneme_scores import WEIGHT
from tests.documents.json_lines import json_lines

RATE = 16_000


def spot(*arguments):
    return main(["spot", *map(str, arguments)])


def lines(capsys):
    return json_lines("spot", capsys.readouterr().out)


def test_the_parts_of_a_score_are_told_where_there_are_parts(
    sung_model, phoneme_sung_model, tmp_path, capsys, monkeypatch
):
    path = tmp_path / "meeting.flac"
    soundfile.write(path, sung_model.stream_of("banana", "hey nova", "tiger")[0], RATE)
    monkeypatch.setattr("kwskit.spotting.spotter.open_model", lambda model, device: sung_model)
    arguments = ("--model", tmp_path, "--keyword", "hey nova", "--keyword", "tiger", "--threshold", 3, path)
    spot(*arguments)
    before = capsys.readouterr().out
    assert spot(*arguments, "--explain") == 0
    assert capsys.readouterr().out == before != ""  # a model that hears no phonemes
    monkeypatch.setattr("kwskit.spotting.spotter.open_model", lambda model, device: phoneme_sung_model)
    assert spot(*arguments) == 0
    plain = lines(capsys)
    assert spot(*arguments, "--explain") == 0
    explained = lines(capsys)
    assert [row["keyword"] for row in plain] == ["hey nova", "tiger"]
    assert [list(row) for row in plain] == [["keyword", "start", "end", "score", "threshold", "file"]] * 2
    for one, more in zip(plain, explained, strict=True):
        assert more == one | {"embedding": more["embedding"], "phonemes": more["phonemes"]}
        assert more["embedding"] + WEIGHT * more["phonemes"] == pytest.approx(more["score"], abs=2e-3)


def test_the_parts_of_a_score_in_a_table():
    hit = Hit("tiger", 3661.5, 3662.0, 5.678, 4.4, 6.2, -0.348)
    shown = {}
    for explain in (False, True):
        out = io.StringIO()
        out.isatty = lambda: True
        writer = HitWriter(out, explain)
        writer.write(hit, "a.wav")
        writer.write(hit._replace(embedding=None, phonemes=None), "a.wav")
        shown[explain] = out.getvalue().splitlines()
    assert len(shown[False]) == 3
    assert shown[True] == [*shown[False][:2], " " * 24 + "embedding 6.20, phonemes -0.35", shown[False][2]]
