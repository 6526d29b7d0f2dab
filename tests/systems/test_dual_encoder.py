import pytest
import torch

from kwskit.batch import Batch
from kwskit.hparams import HparamsError, build_hparams

LOSSES = """\
  aligner: !aligner:cross_attention {dim: 12}
  losses:
    utt: !loss:asyp {level: utt, weight: 2.0}
    phn: !loss:asyp {level: phn, weight: 0.5}
    off: null
"""


@pytest.fixture
def batch():
    generator = torch.Generator().manual_seed(2)
    lens = torch.tensor([6000, 8000, 4000, 7000])
    wav = torch.randn(4, 8000, generator=generator) * (torch.arange(8000) < lens[:, None])
    tokens = torch.randint(5, 70, (4, 6), generator=generator)
    return Batch(wav, lens, tokens, torch.tensor([6, 4, 5, 3]), torch.tensor([0, 0, 1, 1]), list("abcd"))


@pytest.fixture
def system(configuration):
    torch.manual_seed(1)
    text = configuration.replace("ecapa {channels: 16, mfa_channels: 24, dim: 16", "ecapa {channels: 16, dim: 12")
    return build_hparams(text.replace("in_dim: 16", "in_dim: 12") + LOSSES, "test.yaml")["system"]


def test_forward_gives_every_loss_weighted(system, batch):
    system.eval()
    values = system(batch)
    emb = system.embeddings(batch)
    assert set(values) == {"utt", "phn"}
    torch.testing.assert_close(values["utt"], 2.0 * system.losses["utt"](emb))
    torch.testing.assert_close(values["phn"], 0.5 * system.losses["phn"](emb))


def test_losses_see_the_features_of_the_front_end_without_masks(system, batch):
    system.train().feature_augment = lambda feats, lens, generator: torch.full_like(feats, torch.nan)
    emb = system.embeddings(batch)
    feats, lens = system.frontend(batch.wav, batch.wav_lens)
    assert torch.equal(emb.features, feats)
    assert emb.feature_mask.sum(1).tolist() == lens.tolist()
    assert emb.audio_frames.isnan().any()


def test_embeddings_are_computed_only_when_asked_for(system, batch):
    def refuse(*_):
        raise AssertionError("nobody asked for an alignment")

    system.aligner.forward = refuse
    emb = system.embeddings(batch)
    assert emb.audio.shape == emb.text.shape == (4, 12)
    with pytest.raises(AssertionError, match="nobody asked"):
        _ = emb.affinity


def test_scores_do_not_depend_on_padding(system, batch):
    system.eval()
    audio = system.embed_audio(batch.wav, batch.wav_lens)
    longer = torch.cat((batch.wav, torch.ones(4, 3000)), 1)
    torch.testing.assert_close(system.embed_audio(longer, batch.wav_lens), audio, atol=1e-5, rtol=1e-4)
    text = system.embed_text(batch.tokens, batch.token_lens)
    padded = torch.cat((batch.tokens, torch.full((4, 2), 9)), 1)
    torch.testing.assert_close(system.embed_text(padded, batch.token_lens), text)
    heard = system.encode_audio(batch.wav, batch.wav_lens)
    typed = system.encode_text(batch.tokens, batch.token_lens)
    cosines = torch.nn.functional.cosine_similarity(audio[:, None], text[None], dim=-1)
    torch.testing.assert_close(system.score(heard, typed), cosines)
    torch.testing.assert_close(system.compare(heard, typed), cosines.diagonal())


def test_augmentation_happens_in_training_only(system, batch):
    class Louder(torch.nn.Module):
        calls = 0

        def forward(self, wav, lens, generator):
            Louder.calls += 1
            return wav * 2, lens

    system.wave_augment = Louder()
    system.eval().embeddings(batch)
    assert Louder.calls == 0
    system.train().embeddings(batch)
    assert Louder.calls == 1


def test_spaces_of_different_size_are_refused(configuration):
    with pytest.raises(HparamsError, match="audio_pooler gives 12 dimensions and text_pooler 8"):
        build_hparams(configuration.replace("mean {dim: 12}", "mean {dim: 8}"), "test.yaml")


def test_a_phoneme_loss_without_an_aligner_is_named(system, batch):
    system.aligner = None
    with pytest.raises(ValueError, match="the system has no aligner"):
        system(batch)
