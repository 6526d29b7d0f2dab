import pytest
import torch

from kwskit.hparams import HparamsError
from kwskit.stages.train import train
from kwskit.systems.model_directory import ModelError, load_model


@pytest.fixture(scope="module")
def taught(mini_corpus, configuration, tmp_path_factory):
    folder = tmp_path_factory.mktemp("taught")
    (folder / "config.yaml").write_text(configuration)
    train(folder / "config.yaml", mini_corpus, folder / "exp", overrides={"training.epochs": "1"}, device="cpu")
    return folder / "exp" / "model"


def test_training_starts_from_another_model_and_leaves_a_frozen_part(taught, config, mini_corpus, tmp_path):
    overrides = {"training.epochs": "1", "training.init": str(taught), "training.freeze": "[acoustic_encoder]"}
    train(config, mini_corpus, tmp_path / "exp", overrides=overrides, device="cpu")
    before, after = load_model(taught).system, load_model(tmp_path / "exp" / "model").system
    for (name, old), new in zip(before.state_dict().items(), after.state_dict().values(), strict=True):
        if name.startswith("acoustic_encoder"):  # running statistics included
            assert torch.equal(old, new), name
    moved = (before.text_encoder.embedding.weight - after.text_encoder.embedding.weight).abs()
    assert 0 < moved.max() < 0.1  # trained on, from where the other ended


def test_a_part_of_another_shape_is_named_unless_it_starts_fresh(taught, config, mini_corpus, tmp_path):
    overrides = {
        "training.epochs": "1",
        "training.init": str(taught),
        "system.text_encoder.hidden": "9",
    }
    with pytest.raises(ModelError, match=r"text_encoder.*training\.fresh"):
        train(config, mini_corpus, tmp_path / "exp", overrides=overrides, device="cpu")
    overrides["training.fresh"] = "[text_encoder]"
    train(config, mini_corpus, tmp_path / "exp2", overrides=overrides, device="cpu")
    got, given = (load_model(path).system for path in (tmp_path / "exp2" / "model", taught))
    assert (got.acoustic_encoder.project.weight - given.acoustic_encoder.project.weight).abs().max() < 0.1


def test_a_part_to_freeze_must_exist(config, mini_corpus, tmp_path):
    with pytest.raises(HparamsError, match="acoustic_encoder"):
        train(config, mini_corpus, tmp_path / "exp", overrides={"training.freeze": "[encoder]"}, device="cpu")


def test_a_text_encoder_reads_the_tokens_that_it_has_learnt(taught, config, mini_corpus, tmp_path):
    """Letters instead of phonemes: as many ids or fewer, other shapes or not, they are not the model's."""
    overrides = {"training.epochs": "1", "training.init": str(taught), "tokenizer": "!tokenizer:character {}"}
    with pytest.raises(ModelError, match=r"the tokenizer of .* writes 'the' as \[\[.*training\.fresh"):
        train(config, mini_corpus, tmp_path / "exp", overrides=overrides, device="cpu")
    overrides |= {"training.fresh": "[text_encoder]"}
    train(config, mini_corpus, tmp_path / "exp2", overrides=overrides, device="cpu")


def test_few_words_are_visited_often_and_the_last_epoch_is_kept(config, mini_corpus, tmp_path, capsys):
    """12 words in batches of 12, of 5 utterances where 4 are recorded."""
    plan = {"epochs": "2", "keywords": "12", "utterances": "5", "passes": "3", "replacement": "true", "keep": "last"}
    train(config, mini_corpus, tmp_path / "exp", overrides={f"training.{k}": v for k, v in plan.items()}, device="cpu")
    output = capsys.readouterr().out
    assert "48 segments of 12 words; 3 batches an epoch" in output
    assert "last validation AP" in output
    assert "in epoch 2" in output
    last, best = (torch.load(tmp_path / f"exp/train/{name}.pt", weights_only=False) for name in ("last", "best"))
    assert best["epoch"] == 2
    for name, weights in load_model(tmp_path / "exp/model").system.state_dict().items():
        assert torch.equal(weights, last["system"][name]), name


def test_a_share_of_the_initial_weights_is_released(taught, config, mini_corpus, tmp_path):
    overrides = {"training.epochs": "1", "training.init": str(taught), "training.keep_statistics": "true"}
    for name, share in (("all", "0"), ("mixed", "0.25")):
        exp = tmp_path / name
        train(config, mini_corpus, exp, overrides=overrides | {"training.init_share": share}, device="cpu")
    start, end, got = (
        load_model(path).system.state_dict() for path in (taught, tmp_path / "all/model", tmp_path / "mixed/model")
    )
    for name, weights in got.items():
        if weights.is_floating_point():
            assert torch.allclose(weights, 0.25 * start[name] + 0.75 * end[name], atol=1e-6), name
        if "running_" in name:
            assert torch.equal(weights, start[name]), name
    assert not torch.equal(end["audio_pooler.norm.weight"], start["audio_pooler.norm.weight"])
    assert "of which it has 25%" in (tmp_path / "mixed/model/README.md").read_text()
