import re

import pytest

from kwskit import registry
from kwskit.cli import main

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
    ("argv", "told"),
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
def test_mistakes_are_told_in_one_line(argv, told, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(argv) == 1
    err = capsys.readouterr().err
    assert told in err
    assert err.startswith(f"kwskit {argv[0]}: ")
    assert err.count("\n") == 1


def test_an_interruption_is_told_without_a_traceback(tmp_path, capsys, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("kwskit.stages.pack.pack_corpus", interrupted)
    assert main(["pack", "--data", str(tmp_path)]) == 130
    assert capsys.readouterr().err == "kwskit pack: interrupted\n"
