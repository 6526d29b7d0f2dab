import pytest
import torch

from kwskit.export.clips import Clips
from kwskit.export.export_model import export_model
from kwskit.hparams import build_hparams
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
