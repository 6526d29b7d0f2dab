"""Stage 3 on whole utterances: sung sentences whose words are spans of them."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from kwskit.data.utterance_batches import UtteranceBatches
from kwskit.hparams import HparamsError
from kwskit.spotting.spotter import Spotter
from kwskit.stages.train import train
from kwskit.systems.model_directory import load_model
from kwskit.training.checkpoint import CheckpointError
from tests.training.sung_sentences import WORDS, write_sentences

PHONEMES = Path(__file__).parents[2] / "recipes/english_small/hparams/english_phonemes.yaml"
CONFIGURATION = """\
seed: 3
num_words: !PLACEHOLDER
tokenizer: !tokenizer:phoneme {stress: false}
system: !system:dual_encoder
  frontend: !frontend:log_mel {num_mels: 20, mean_normalise: false}
  wave_augment: !augment:waveform {noise: !augment:noise {prob: 0.3}, speed: !augment:speed {prob: 0.3}}
  acoustic_encoder: !encoder:causal_conv
    num_features: 20
    channels: 16
    dilations: [1, 1, 2]
    kernel_size: 3
    ahead: 6
    after_words: 0.5
    dim: 16
  aligner: !aligner:ctc {num_tokens: 44, dim: 16}
  audio_pooler: !pooler:ccsp {in_dim: 16, dim: 16}
  text_encoder: !text_encoder:bilstm {num_tokens: 44, embedding_dim: 8, hidden: 8, layers: 1, dropout: 0.1, dim: 16}
  text_pooler: !pooler:mean {dim: 16}
  losses:
    near: !loss:near_misses {}
    ctc: !loss:ctc {}
optimizer: !name:torch.optim.AdamW {lr: 1.0e-2}
scheduler: !name:torch.optim.lr_scheduler.OneCycleLR {max_lr: 1.0e-2}
training:
  epochs: 3
  keywords: 4
  schedule_every: step
  checkpoint_steps: 1
  log_steps: 1
  whole: {seconds: 4, segments: 16}
"""


@pytest.fixture(scope="module")
def data(mini_corpus, sing, tmp_path_factory):
    """The miniature corpus' dev words and trials, and sentences to train on."""
    folder = tmp_path_factory.mktemp("whole corpus")
    write_sentences(folder, mini_corpus, sing)
    return folder


@pytest.fixture
def config(tmp_path):
    (tmp_path / "config.yaml").write_text(CONFIGURATION)
    return tmp_path / "config.yaml"


@pytest.fixture(scope="module")
def whole_run(data, tmp_path_factory):
    """The folder of an uninterrupted run."""
    folder = tmp_path_factory.mktemp("whole run")
    (folder / "config.yaml").write_text(CONFIGURATION)
    train(folder / "config.yaml", data, folder / "exp", device="cpu")
    return folder / "exp"


def last_weights(exp):
    return torch.load(exp / "train/last.pt", weights_only=True)["system"]


def test_losses_of_words_and_of_spelling_fall(whole_run, data):
    rows = [row.split("\t") for row in (whole_run / "train/steps.tsv").read_text().splitlines()]
    seconds = sum(soundfile.info(path).duration for path in data.glob("*.wav"))
    assert len(rows) == 1 + 3 * round(seconds / 4)
    for loss in ("near", "ctc"):
        values = [float(row[rows[0].index(loss)]) for row in rows[1:]]
        assert values[-1] < values[0]
    assert not (whole_run / "train/augmentation.npz").exists()  # its words would be whole transcripts


def test_what_is_trained_on_is_told(data, config, tmp_path, capsys):
    train(config, data, tmp_path / "exp", overrides={"training.epochs": "1"}, device="cpu")
    seconds = sum(soundfile.info(path).duration for path in data.glob("*.wav"))
    words = (data / "words/train.tsv").read_text().splitlines()[2:]
    assert (
        f"20 utterances, 0.0 h, {len(words)} times {len(WORDS)} words; {round(seconds / 4)} batches an epoch"
        in capsys.readouterr().out
    )
    assert f"num_words: {len(WORDS)}\n" in (tmp_path / "exp/config.yaml").read_text()


def test_the_released_model_spots(config, data, sing, tmp_path):
    """Of a run that is long enough to tell words that it has heard in sentences; they are sung anew, alone."""
    overrides = {"training.epochs": "24", "training.keep": "last", "system.wave_augment": "null"}
    train(config, data, tmp_path / "exp", overrides=overrides, device="cpu")
    model = load_model(tmp_path / "exp/model")
    assert model.system.stream is not None
    assert model.system.wave_augment is None
    spotter = Spotter.load(tmp_path / "exp/model")
    assert spotter.streaming
    assert spotter.background_minutes > 0
    pause = np.zeros(8000, np.float32)
    scores = np.array(
        [[spotter.score(np.concatenate([pause, sing(one, 1, 77), pause]), two) for two in WORDS] for one in WORDS]
    )
    assert (scores.argmax(1) == np.arange(len(WORDS))).sum() >= 7
    best = WORDS[int(scores.diagonal().argmax())]
    spotter.enrol(best, threshold=float(scores.diagonal().max()) - 0.05)
    sound = np.concatenate([pause, sing(best, 1, 77), pause])
    (hit, *_) = spotter.spot(sound)
    assert hit.keyword == best
    assert hit.start < (len(sound) - 8000) / 16000
    assert hit.end > 0.5


def test_a_run_that_was_stopped_ends_with_the_same_weights(whole_run, config, data, tmp_path, monkeypatch):
    batch, made = UtteranceBatches._batch, []

    def stopped(self, *drawn):
        made.append(drawn)
        if len(made) == 4:
            raise KeyboardInterrupt
        return batch(self, *drawn)

    with monkeypatch.context() as patch:
        patch.setattr(UtteranceBatches, "_batch", stopped)
        with pytest.raises(KeyboardInterrupt):
            train(config, data, tmp_path / "exp", device="cpu")
    train(config, data, tmp_path / "exp", device="cpu")
    found, expected = last_weights(tmp_path / "exp"), last_weights(whole_run)
    assert found.keys() == expected.keys()
    for name in expected:
        assert torch.equal(found[name], expected[name]), name
    train(config, data, tmp_path / "exp", overrides={"training.log_steps": "1"}, device="cpu")  # is done
    with pytest.raises(CheckpointError, match="belongs to another configuration"):
        train(config, data, tmp_path / "exp", overrides={"training.whole.segments": "8"}, device="cpu")


def test_the_experiment_of_the_packaged_phonemes(data, tmp_path):
    """recipes/english_small/hparams/english_phonemes.yaml, small."""
    small = {"dim": "16", "channels": "16", "text_hidden": "8", "training.epochs": "1"}
    small |= {"training.whole.seconds": "6", "training.whole.segments": "16"}
    train(PHONEMES, data, tmp_path / "exp", overrides=small, device="cpu")
    assert Spotter.load(tmp_path / "exp/model").hears_phonemes


def test_resident_speech_gives_the_same_losses(config, data, tmp_path):
    still = {"system.wave_augment": "null", "training.epochs": "1"}
    for name, resident in (("read", "null"), ("kept", "pcm")):
        train(config, data, tmp_path / name, overrides=still | {"training.resident": resident}, device="cpu")
    read, kept = (last_weights(tmp_path / name) for name in ("read", "kept"))
    for name in read:
        torch.testing.assert_close(kept[name], read[name], rtol=1e-4, atol=1e-5)


def test_mixed_precision_trains(config, data, tmp_path):
    train(
        config, data, tmp_path / "exp", overrides={"training.precision": "bf16", "training.epochs": "1"}, device="cpu"
    )
    assert (tmp_path / "exp/model/model.safetensors").exists()


def test_a_corpus_of_segments_cannot_be_heard_whole(config, mini_corpus, tmp_path):
    message = r"training\.whole is for corpora of whole utterances, .* for no others: .*words/train\.tsv is not there"
    with pytest.raises(HparamsError, match=message):
        train(config, mini_corpus, tmp_path / "exp", device="cpu")
    assert not (tmp_path / "exp/train").exists()


def test_a_corpus_of_utterances_cannot_be_heard_as_words(config, data, tmp_path):
    with pytest.raises(HparamsError, match=r"training\.whole is for corpora .*words/train\.tsv is there"):
        train(config, data, tmp_path / "exp", overrides={"training.whole": "null"}, device="cpu")
    assert not (tmp_path / "exp/train").exists()


def test_utterances_are_heard_in_one_way(config, data, tmp_path):
    with pytest.raises(HparamsError, match=r"training\.whole and training\.heard both say how words are heard"):
        train(config, data, tmp_path / "exp", overrides={"training.heard": "{views: 1}"}, device="cpu")


def test_too_little_speech_for_a_batch_is_refused(config, data, tmp_path):
    with pytest.raises(ValueError, match=r"20 utterances in \d+ batches of 0\.1 s and 16 segments"):
        train(config, data, tmp_path / "exp", overrides={"training.whole.seconds": "0.1"}, device="cpu")
