"""Features of utterances that a frozen part of the encoder makes once, before training."""

import numpy as np
import pytest
import torch

from kwskit.data.evaluation_batches import as_wav
from kwskit.data.store.packed_store import PackedStore
from kwskit.data.stream_features.utterance_features import make_utterance_features
from kwskit.data.utterance_batches import UtteranceBatches, UtteranceSettings
from kwskit.data.word_times import WordTimes
from kwskit.hparams import HparamsError
from kwskit.speech_model.model_source import ModelSource
from kwskit.stages.experiment import Experiment
from kwskit.stages.train import train
from kwskit.systems.model_directory import load_model
from kwskit.untrusted_yaml import load_parts
from tests.training.sung_sentences import write_sentences
from tests.training.test_whole_utterances import PHONEMES

MODEL = """\
tokenizer: !tokenizer:phoneme {stress: false}
system: !system:dual_encoder
  frontend: !frontend:speech_embedding_mel {}
  acoustic_encoder: !encoder:speech_embedding_conv {weights: none, channels: 8, dilations: [1, 2], ahead: 2, dim: 8}
  audio_pooler: !pooler:mean {dim: 8}
  text_encoder: !text_encoder:dense {num_tokens: 44, embedding_dim: 8, dim: 8}
  text_pooler: !pooler:mean {dim: 8}
"""
SMALL = {"dim": "16", "channels": "16", "text_hidden": "8", "training.epochs": "1"}
SMALL |= {"training.whole.seconds": "6", "training.whole.segments": "16"}


@pytest.fixture(scope="module")
def data(mini_corpus, sing, tmp_path_factory):
    folder = tmp_path_factory.mktemp("heard corpus")
    write_sentences(folder, mini_corpus, sing)
    return folder


@pytest.fixture
def parts():
    torch.manual_seed(0)
    return load_parts(MODEL, "model.yaml")


@pytest.fixture
def batches(data, parts):
    store = PackedStore.open(data / "store/train")
    times = WordTimes.read(data / "words/train.tsv", store)
    return UtteranceBatches(store, times, parts["tokenizer"], UtteranceSettings(seconds=6, stream=3, segments=8), 1)


def features_of(batches, system, folder, views=1):
    return make_utterance_features(batches, folder, system.frontend, system.acoustic_encoder, None, views, "", "cpu")


def spelt(system, batch):
    """Frames of a batch's utterances."""
    with torch.no_grad():
        return system.hear_words(batch)[2].audio_frames


def test_frames_are_those_of_the_samples(batches, parts, tmp_path):
    system = parts["system"].eval()
    expected = {}
    for batch in batches.batches(1):
        batch.wav = as_wav(batch.wav)
        expected[str(batch.utterances.tolist())] = spelt(system, batch)
    batches.streams = features_of(batches, system, tmp_path)
    found = list(batches.batches(1))
    assert len(found) == len(expected) > 1
    for batch in found:
        assert batch.wav.shape[1] == 0
        frames = spelt(system, batch)
        torch.testing.assert_close(frames, expected[str(batch.utterances.tolist())], rtol=1e-2, atol=1e-2)


def test_views_take_turns_and_are_heard_once(batches, parts, tmp_path):
    system = parts["system"]
    streams = batches.streams = features_of(batches, system, tmp_path, 2)
    heard = {path.name: path.read_bytes() for path in streams.folder.iterdir()}
    assert heard.keys() == {f"{view}-{number}.npz" for view in (1, 2) for number in range(len(batches))}

    def features(epoch):
        return sorted(batch.feats.sum().item() for batch in batches.batches(epoch))

    assert features(1) == features(3) != features(2) == features(4)
    assert [batch.utt_id for batch in batches.batches(1)] != [batch.utt_id for batch in batches.batches(3)]
    (streams.folder / "2-1.npz").unlink()
    times = {path: path.stat().st_mtime_ns for path in streams.folder.iterdir()}
    samples = UtteranceBatches(batches.store, batches.times, batches.tokenizer, batches.settings, 1)
    assert features_of(samples, system, tmp_path, 2).folder == streams.folder
    assert {path: path.stat().st_mtime_ns for path in times} == times
    with np.load(streams.folder / "2-1.npz") as again:
        first = streams.folder.parent / "first.npz"
        first.write_bytes(heard["2-1.npz"])
        with np.load(first) as before:
            assert all(np.array_equal(again[name], before[name]) for name in ("feats", "places", "wav_lens"))


def test_an_experiment_learns_from_what_was_heard(data, tmp_path):
    train(PHONEMES, data, tmp_path / "exp", overrides=SMALL | {"training.whole.views": "2"}, device="cpu")
    (folder,) = (data / "heard").iterdir()
    assert {path.name[:2] for path in folder.iterdir()} == {"1-", "2-"}
    weights = torch.load(tmp_path / "exp/train/last.pt", weights_only=True)["system"]
    assert "acoustic_encoder.network.last.weight" in weights  # so that the model needs no package


def test_encoders_that_learn_as_a_whole_hear_in_every_epoch_anew(data, tmp_path):
    overrides = SMALL | {"acoustic_encoder.frozen": "false"}
    with pytest.raises(HparamsError, match=r"training.whole.views.*SpeechEmbeddingConv is not here"):
        train(PHONEMES, data, tmp_path / "exp", overrides=overrides, device="cpu")


def test_features_of_other_weights_are_others(batches, parts, tmp_path):
    system = parts["system"]
    first = features_of(batches, system, tmp_path).folder
    system.acoustic_encoder.network.last.weight.data.mul_(2.0)
    assert features_of(batches, system, tmp_path).folder != first


def test_masks_on_features_that_are_made_are_refused(data, tmp_path):
    (tmp_path / "overlay.yaml").write_text("system:\n  feature_augment: !augment:spec_augment {}\n")
    with pytest.raises(HparamsError, match=r"training.whole.views keeps no features that a feature_augment"):
        train(PHONEMES, data, tmp_path / "exp", [tmp_path / "overlay.yaml"], SMALL, device="cpu")


def test_the_packaged_model_is_of_the_experiment():
    """So that training can go on from it."""
    pretrained = load_model(ModelSource.find("english-phonemes").directory).system.state_dict()
    whole = Experiment.read(PHONEMES, ["banana", "kitten"], [], {}).system.state_dict()
    assert {name: weight.shape for name, weight in pretrained.items()}.items() <= {
        name: weight.shape for name, weight in whole.items()
    }.items()
    assert all(name.startswith("losses.") for name in whole.keys() - pretrained.keys())
    assert all(weight.isfinite().all() for weight in pretrained.values())
