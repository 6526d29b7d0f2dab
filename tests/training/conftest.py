import pytest

# Dropout, augmentation and batch normalisation are in, so that a resume has every randomness to get right.
CONFIGURATION = """\
seed: 7
num_words: !PLACEHOLDER
tokenizer: !tokenizer:phoneme {stress: true}
losses:
  utt: !loss:asyp {level: utt, alpha: 2.0, beta: 4.0, lam: 0.5}
  phn: !loss:asyp_adams {level: phn, num_classes: 75, weight: 0.1}
  key: !loss:sphereface2 {num_classes: !ref <num_words>, dim: 16}
  adv: !loss:modality_adversarial {dim: 16, weight: 0.1}
system: !system:dual_encoder
  frontend: !frontend:log_mel {num_mels: 40}
  acoustic_encoder: !encoder:ecapa {channels: 16, mfa_channels: 24, dim: 16, scale: 4}
  audio_pooler: !pooler:ccsp {in_dim: 16, dim: 16}
  text_encoder: !text_encoder:bilstm {num_tokens: 75, embedding_dim: 8, hidden: 8, layers: 1, dim: 16}
  text_pooler: !pooler:mean {dim: 16}
  aligner: !aligner:cross_attention {dim: 16}
  losses: !ref <losses>
  wave_augment: !augment:waveform {}
  feature_augment: !augment:spec_augment {}
optimizer: !name:torch.optim.AdamW {lr: 1.0e-3}
scheduler: !name:torch.optim.lr_scheduler.OneCycleLR {max_lr: 5.0e-3}
training:
  epochs: 4
  keywords: 4
  schedule_every: step
  checkpoint_steps: 1
  log_steps: 1
"""


@pytest.fixture(scope="session")
def configuration() -> str:
    return CONFIGURATION


@pytest.fixture
def config(configuration, tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text(configuration)
    return path
