import numpy as np
import pytest
import torch

from kwskit.export.clips import Clips
from kwskit.export.export_model import export_model
from kwskit.hparams import build_hparams
from kwskit.speech_model.torch_model import TorchModel
from kwskit.spotting.background_file import FILE
from kwskit.spotting.spotter import Spotter
from kwskit.systems.model_directory import save_model

# One that streams and one that does not, with the two kinds of arguments that a tokenizer keeps elsewhere.
CONFIGURATIONS = {
    "windows": """\
tokenizer: !tokenizer:phoneme {stress: true}
system: !system:dual_encoder
  frontend: !frontend:log_mel {num_mels: 40}
  acoustic_encoder: !encoder:bilstm {hidden: 8, layers: 1, dim: 8}
  audio_pooler: !pooler:ccsp {in_dim: 8, dim: 12}
  text_encoder: !text_encoder:bilstm {num_tokens: 75, embedding_dim: 8, hidden: 8, layers: 1, dim: 12}
  text_pooler: !pooler:mean {dim: 12}
""",
    "stream": """\
tokenizer: !tokenizer:character {}
system: !system:dual_encoder
  frontend: !frontend:log_mel {num_mels: 40, mean_normalise: false}
  acoustic_encoder: !encoder:causal_conv {channels: 8, dim: 8}
  audio_pooler: !pooler:mean {dim: 8}
  text_encoder: !text_encoder:dense {num_tokens: 32, embedding_dim: 8, dim: 8}
  text_pooler: !pooler:mean {dim: 8}
""",
}

# One that streams and hears phonemes, by which keywords are judged, too.
PHONEMES = """\
tokenizer: !tokenizer:phoneme {stress: false}
system: !system:dual_encoder
  frontend: !frontend:log_mel {num_mels: 40, mean_normalise: false}
  acoustic_encoder: !encoder:causal_conv
    {channels: 24, dilations: [1, 2], stride: 4, ahead: 8, after_words: 0.5, dim: 16}
  aligner: !aligner:ctc {num_tokens: 44, dim: 16}
  audio_pooler: !pooler:mean {dim: 16}
  text_encoder: !text_encoder:dense {num_tokens: 44, embedding_dim: 8, dim: 16}
  text_pooler: !pooler:mean {dim: 16}
"""

SUNG = ("tiger", "banana", "kitten", "window")


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """Directories of models with random weights, by name."""
    folder = tmp_path_factory.mktemp("trained")
    for name, configuration in CONFIGURATIONS.items():
        torch.manual_seed(3)
        parts = build_hparams(configuration, "test.yaml")
        for key, buffer in parts["system"].named_buffers():
            if key.endswith("running_mean"):
                buffer.uniform_(-0.1, 0.1)
            if key.endswith("running_var"):
                buffer.uniform_(0.01, 0.1)
        save_model(folder / name, parts["system"].eval(), configuration, "# card\n")
    return {name: folder / name for name in CONFIGURATIONS}


@pytest.fixture(scope="session")
def exported(trained, tmp_path_factory):
    """Directories of what was exported of them, and the report of the one with an 8-bit twin."""
    folder = tmp_path_factory.mktemp("exported")
    clips = Clips.made()
    few = Clips(clips.pcm[::4], clips.source)
    report = export_model(trained["windows"], folder / "windows", few, int8=True)
    export_model(trained["stream"], folder / "stream", few)
    return {
        "windows": folder / "windows",
        "int8": folder / "windows-int8",
        "stream": folder / "stream",
        "report": report,
    }


@pytest.fixture(scope="session")
def sung_words(sing):
    """(samples,) int16 at 16 kHz of a few words in a row."""
    words = [sing(word, speaker, 0) for speaker in range(3) for word in SUNG]
    return (np.concatenate(words) * 32767).astype(np.int16)


@pytest.fixture(scope="session")
def trained_with_phonemes(tmp_path_factory, sung_words):
    """The directory of a model with random weights and a CTC head, and a background that it has heard."""
    folder = tmp_path_factory.mktemp("phonemes") / "trained"
    torch.manual_seed(3)
    system = build_hparams(PHONEMES, "test.yaml")["system"].eval()
    for key, buffer in system.named_buffers():
        if key.endswith("running_mean"):
            buffer.uniform_(-0.1, 0.1)
        if key.endswith("running_var"):
            buffer.uniform_(0.5, 2)
    save_model(folder, system, PHONEMES, "# card\n")
    Spotter(TorchModel(folder)).calibrate([sung_words]).save(folder / FILE)
    return folder


@pytest.fixture(scope="session")
def exported_with_phonemes(trained_with_phonemes):
    """Directories of what was exported of it, by precision."""
    clips, target = Clips.made(), trained_with_phonemes.with_name("onnx")
    export_model(trained_with_phonemes, target, Clips(clips.pcm[::4], clips.source), int8=True)
    return {"float32": target, "int8": target.with_name("onnx-int8")}
