import pytest
import torch

from kwskit.errors import ModelError
from kwskit.hparams import HparamsError
from kwskit.systems.model_directory import load_model, save_model, untrained_model


@pytest.fixture
def directory(model, configuration, tmp_path):
    save_model(tmp_path / "model", model.system, configuration, "# card\n")
    return tmp_path / "model"


def embed(system):
    wav = torch.sin(torch.arange(8000) / 9.0)[None]
    with torch.no_grad():
        return system.embed_audio(wav, torch.tensor([8000]))


def test_round_trip_gives_the_same_embeddings(model, directory):
    loaded = load_model(directory)
    assert not loaded.system.training
    assert torch.equal(embed(loaded.system), embed(model.system))
    assert loaded.tokenizer.encode("banana") == model.tokenizer.encode("banana")
    assert sorted(path.name for path in directory.iterdir()) == ["README.md", "model.safetensors", "model.yaml"]


def test_untrained_twin_has_the_same_shape_and_other_weights(model, directory):
    state = torch.random.get_rng_state()
    twin = untrained_model(directory, seed=5)
    assert torch.equal(torch.random.get_rng_state(), state)
    assert {k: v.shape for k, v in twin.system.state_dict().items()} == {
        k: v.shape for k, v in model.system.state_dict().items()
    }
    assert torch.equal(embed(twin.system), embed(untrained_model(directory, seed=5).system))
    assert not torch.allclose(embed(twin.system), embed(model.system))


def test_saving_replaces_and_leaves_nothing_half_written(model, configuration, directory, monkeypatch):
    save_model(directory, model.system, configuration, "# second card\n")
    assert (directory / "README.md").read_text() == "# second card\n"

    def disk_full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("safetensors.torch.save_file", disk_full)
    with pytest.raises(OSError, match="No space left"):
        save_model(directory, model.system, configuration, "# third card\n")
    assert (directory / "README.md").read_text() == "# second card\n"
    assert [path.name for path in directory.parent.iterdir()] == ["model"]


@pytest.mark.parametrize("tag", ["!new:os.system", "!!python/object/apply:os.system", "!name:os.system"])
def test_a_model_that_would_run_code_is_refused(directory, tag):
    (directory / "model.yaml").write_text((directory / "model.yaml").read_text() + f"extra: {tag} [ls]\n")
    with pytest.raises(HparamsError, match="only registry tags"):
        load_model(directory)


def test_damaged_or_foreign_files_are_named(directory, configuration):
    weights = directory / "model.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ModelError, match=r"model\.safetensors: cannot be read"):
        load_model(directory)
    weights.write_bytes(whole)
    (directory / "model.yaml").write_text(configuration.replace("hidden: 8", "hidden: 6"))
    with pytest.raises(ModelError, match="does not fit"):
        load_model(directory)
    (directory / "model.yaml").write_text("tokenizer: !tokenizer:phoneme {}\n")
    with pytest.raises(ModelError, match="the key 'system' is missing"):
        load_model(directory)
    with pytest.raises(ModelError, match="is this a model directory"):
        load_model(directory / "nowhere")
