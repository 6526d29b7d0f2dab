import pytest
import torch

from kwskit.hparams import build_hparams
from kwskit.systems.model_directory import Model, save_model

CONFIGURATION = """\
tokenizer: !tokenizer:phoneme {stress: true}
system: !system:dual_encoder
  frontend: !frontend:log_mel {num_mels: 40}
  acoustic_encoder: !encoder:ecapa {channels: 16, mfa_channels: 24, dim: 16, scale: 4}
  audio_pooler: !pooler:ccsp {in_dim: 16, dim: 12}
  text_encoder: !text_encoder:bilstm {num_tokens: 75, embedding_dim: 8, hidden: 8, layers: 1, dim: 12}
  text_pooler: !pooler:mean {dim: 12}
"""


@pytest.fixture
def configuration() -> str:
    return CONFIGURATION


@pytest.fixture
def model() -> Model:
    torch.manual_seed(3)
    parts = build_hparams(CONFIGURATION, "test.yaml")
    return Model(parts["system"].eval(), parts["tokenizer"])


@pytest.fixture
def directory(model, configuration, tmp_path):
    save_model(tmp_path / "model", model.system, configuration, "# card\n")
    return tmp_path / "model"
