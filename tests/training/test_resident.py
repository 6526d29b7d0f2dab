import importlib.util
from pathlib import Path

import pytest
import torch

from kwskit.data.loader import WordBatches
from kwskit.data.sampler import PKSampler
from kwskit.data.store.device_memory import DoesNotFit
from kwskit.data.store.packed_store import PackedStore
from kwskit.data.store.resident_features import ResidentFeatures
from kwskit.data.store.resident_store import ResidentStore
from kwskit.frontend.log_mel import LogMel
from kwskit.hparams import HparamsError
from kwskit.stages.train import train
from kwskit.text.phoneme_tokenizer import PhonemeTokenizer
from kwskit.training import resident

HELPER = Path(__file__).with_name("pretended_device.py")
specification = importlib.util.spec_from_file_location(HELPER.stem, HELPER)
helper = importlib.util.module_from_spec(specification)
specification.loader.exec_module(helper)


@pytest.fixture
def losses(configuration, mini_corpus, tmp_path):
    """The losses of every step of an epoch of training, (steps, losses), and the weights it ends with."""

    def run(name, **overrides):
        (tmp_path / "config.yaml").write_text(configuration)
        overrides = {"training.epochs": "1", **overrides}
        train(tmp_path / "config.yaml", mini_corpus, tmp_path / name, overrides=overrides, device="cpu")
        rows = [row.split("\t") for row in (tmp_path / name / "train" / "steps.tsv").read_text().splitlines()]
        columns = [rows[0].index(loss) for loss in ("total", "utt", "phn", "key", "adv")]
        weights = torch.load(tmp_path / name / "train" / "last.pt", weights_only=True)["system"]
        return torch.tensor([[float(row[column]) for column in columns] for row in rows[1:]]), weights

    return run


def test_samples_on_the_device_train_exactly_as_the_mapped_store(losses):
    mapped, mapped_weights = losses("mapped")
    found, weights = losses("pcm", **{"training.resident": "pcm"})
    assert len(mapped) == 3
    assert torch.equal(found, mapped)
    for name, expected in mapped_weights.items():
        assert torch.equal(weights[name], expected), name


def test_features_on_the_device_train_almost_as_those_made_in_every_step(losses, monkeypatch):
    made = []
    frontend = LogMel.forward
    monkeypatch.setattr(LogMel, "forward", lambda self, *wav: made.append(self.training) or frontend(self, *wav))
    expected, _ = losses("mapped", **{"system.wave_augment": "null"})
    assert any(made)
    made.clear()
    found, _ = losses("features", **{"system.wave_augment": "null", "training.resident": "features"})
    assert not any(made)  # none in training mode: all were made before, or for validation
    assert torch.allclose(found, expected, rtol=1e-3)


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"training.resident": "gpu"}, "must be one of .'pcm', 'features'. or null, not 'gpu'"),
        ({"training.resident": "features"}, "system.wave_augment changes the samples"),
    ],
)
def test_what_cannot_be_resident_is_a_mistake_of_the_plan(losses, overrides, message):
    with pytest.raises(HparamsError, match=message):
        losses("refused", **overrides)


def test_a_frontend_that_learns_makes_no_features_ahead(losses, monkeypatch):
    class Learning(LogMel):
        def __init__(self):
            super().__init__()
            self.gain = torch.nn.Parameter(torch.ones(()))

    def with_learning(plan, store, system, device):
        system.frontend = Learning()
        return resident.resident_speech(plan, store, system, device)

    monkeypatch.setattr("kwskit.stages.training_speech.resident_speech", with_learning)
    with pytest.raises(HparamsError, match="frontend learns; use pcm"):
        losses("refused", **{"training.resident": "features", "system.wave_augment": "null"})


def test_a_device_without_room_ends_the_stage(losses, monkeypatch):
    monkeypatch.setattr("kwskit.data.store.device_memory.free_bytes", lambda device: 10**4)
    with pytest.raises(DoesNotFit, match=r"take [\d,]+ bytes .* of 10,000 bytes"):
        losses("refused", **{"training.resident": "pcm"})


@pytest.mark.parametrize("kind", ["pcm", "features"])
def test_gathering_never_waits_for_the_device(mini_corpus, kind):
    store = PackedStore.open(mini_corpus / "store" / "train")
    sampler = PKSampler(store.word_ids, store.speaker_ids, 4, 2)

    def batches(device):
        make = {"pcm": ResidentStore, "features": lambda *where: ResidentFeatures(store, LogMel(), "cpu")}[kind]
        resident = make(store, device)
        if device != "cpu" and kind == "features":
            resident.feats = torch.empty(resident.feats.shape, device=device).copy_(resident.feats)
        return WordBatches(store, sampler, PhonemeTokenizer(), resident=resident).batches(1)

    expected = next(batches("cpu"))
    with helper.PretendedDevice(watching=False):
        elsewhere = batches(helper.ELSEWHERE)
    with helper.PretendedDevice() as device:
        batch = next(elsewhere).to(helper.ELSEWHERE)
        assert device.operations > 3
    for name in ("wav", "wav_lens", "tokens", *(("feats", "feat_lens") if kind == "features" else ())):
        assert torch.equal(getattr(batch, name).values, getattr(expected, name)), name
    assert batch.on_host.wav_lens.is_cpu  # the host knows the lengths
    assert batch.on_host.feats is None
