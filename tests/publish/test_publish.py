"""kwskit publish: what arrives at the Hub, and what opens from there."""

import hashlib
import json
from pathlib import Path

import yaml

from kwskit.cli import main
from kwskit.speech_model.write_card import write_card
from kwskit.spotting.spotter import Spotter

RECORDING = Path(__file__).parents[2] / "egs/spot/ask_not.flac"
FIGURES = [
    {"name": "misses, %", "value": 12.5, "low": 10.0, "high": 15.25, "command": "measure.py"},
    {"name": "size, MB", "value": 3, "low": None, "high": None, "command": "du"},
    {"name": "alarms", "value": 2, "low": None, "high": None, "command": "measure.py"},
]


def metadata(readme):
    return yaml.safe_load(readme.decode().split("---\n")[1])


def test_what_is_published_opens_and_scores_alike(hub, model, released, capsys):
    before = {path: path.read_bytes() for path in model.rglob("*") if path.is_file()}
    assert main(["publish", str(model), "me/nova"]) == 0
    out, err = capsys.readouterr()
    assert out == f"{hub.url}/me/nova\n"
    assert "notes.txt is left out" in err
    assert before == {path: path.read_bytes() for path in model.rglob("*") if path.is_file()}
    published = hub.branches["me/nova", "main"]
    own = {path.relative_to(released).as_posix() for path in released.rglob("*") if path.is_file()}
    assert set(published) == own | {".gitattributes"}
    assert {"model.safetensors", "onnx/audio.onnx", "onnx/background.npz"} <= set(published)
    for name in own - {"README.md", "card.json"}:
        assert published[name] == (released / name).read_bytes()
    assert len(hub.commits) == 1  # at once, so that nobody fetches half of it
    assert hub.private == set()

    theirs, ours = Spotter.load("me/nova"), Spotter.load(released)
    hits = []
    for spotter in (theirs, ours):
        spotter.enrol("fellow americans", threshold=1.0)
        assert spotter.enrol("tiger").threshold_source != "gaussian"  # its background is there
        hits.append(spotter.spot(RECORDING))
    assert hits[0] == hits[1] != []
    assert main(["models", "me/nova"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("# english-small-scratch")  # for people, without what programs read
    assert f"all {len(own) - 1} files are as released" in out


def test_the_card_has_the_figures_as_the_hub_reads_them(hub, model):
    (model / "README.md").write_text("---\nlicense: mit\ntags: [mine]\nthumbnail: a.png\n---\n# Nova\n\n---\n")
    write_card(model, {"licence": "My terms", "language": "en-GB", "figures": FIGURES})
    assert main(["publish", str(model), "me/nova"]) == 0
    readme = hub.branches["me/nova", "main"]["README.md"]
    found = metadata(readme)
    assert readme.decode().endswith("---\n\n# Nova\n\n---\n")
    assert (found["license"], found["license_name"], found["language"]) == ("other", "My terms", "en")
    assert (found["library_name"], found["thumbnail"]) == ("kwskit", "a.png")
    assert {"mine", "keyword-spotting"} <= set(found["tags"])

    from huggingface_hub.repocard_data import model_index_to_eval_results

    name, results = model_index_to_eval_results(found["model-index"])
    assert name == "english-small-scratch"
    results.sort(key=lambda one: [figure["name"] for figure in FIGURES].index(one.metric_name))
    read = [(one.metric_name, one.metric_value, one.dataset_args["command"]) for one in results]
    assert read == [("misses, %", 12.5, "measure.py"), ("size, MB", 3.0, "du"), ("alarms", 2.0, "measure.py")]
    assert [one.metric_args for one in results] == [{"low": 10.0, "high": 15.25}, None, None]
    write_card(model, {"licence": "CC-BY-4.0", "figures": []})
    assert main(["publish", str(model), "me/nova"]) == 0
    found = metadata(hub.branches["me/nova", "main"]["README.md"])
    assert (found["license"], "model-index" in found) == ("cc-by-4.0", False)


def test_the_list_of_a_dry_run_is_what_is_sent(hub, model, capsys):
    assert main(["publish", str(model), "me/nova", "--dry-run"]) == 0
    listed = capsys.readouterr().out
    assert hub.asked == []
    assert hub.branches == {}
    assert main(["publish", str(model), "me/nova"]) == 0
    published = hub.branches["me/nova", "main"]
    del published[".gitattributes"]
    lines = [line.split() for line in listed.splitlines() if "left out" not in line]
    assert {name: int(size.replace(",", "")) for size, name in lines} == {n: len(c) for n, c in published.items()}
    left_out = {line.split()[1] for line in listed.splitlines() if "left out" in line}
    assert left_out == {"notes.txt", "train/optimizer.ckpt", "kitchen.wav"}
    card = json.loads(published["card.json"])
    assert card["files"] == {n: hashlib.sha256(c).hexdigest() for n, c in published.items() if n != "card.json"}


def test_a_second_time_what_the_model_no_longer_has_goes_and_the_rest_stays(hub, model):
    assert main(["publish", str(model), "me/nova"]) == 0
    hub.branches["me/nova", "main"]["LICENSE"] = b"terms"
    hub.asked.clear()
    (model / "onnx/background.npz").unlink()
    write_card(model)
    assert main(["publish", str(model), "me/nova"]) == 0
    published = hub.branches["me/nova", "main"]
    assert "onnx/background.npz" not in published
    assert published["LICENSE"] == b"terms"
    assert not [line for line in hub.asked if "/storage/" in line]  # large files are there


def test_a_branch_is_made_and_opened(hub, model):
    assert main(["publish", str(model), "me/nova@v2", "--private"]) == 0
    assert hub.private == {"me/nova"}
    assert [commit["revision"] for commit in hub.commits] == ["v2"]
    assert set(hub.branches["me/nova", "main"]) == {".gitattributes"}
    assert Spotter.load("me/nova@v2").model.digest == Spotter.load(model).model.digest
