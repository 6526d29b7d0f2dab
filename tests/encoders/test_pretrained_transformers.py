"""Encoders of the package transformers, with small networks of chance that the tests save."""

import json
import sys

import pytest
import safetensors.torch
import torch

from kwskit.errors import ModelError
from kwskit.registry import build

transformers = pytest.importorskip("transformers", reason="the extra transformers is not installed")

CONVOLUTIONS = {
    "conv_dim": [32, 32, 32],  # of 8 or 16 channels, torch's bfloat16 is wrong on AMX where a kernel is its stride
    "conv_kernel": [10, 8, 4],
    "conv_stride": [5, 8, 8],
    "num_feat_extract_layers": 3,
}
SIZES = {"hidden_size": 16, "num_hidden_layers": 3, "num_attention_heads": 2, "intermediate_size": 24, "layerdrop": 0.5}
POSITIONS = {"num_conv_pos_embeddings": 6, "num_conv_pos_embedding_groups": 2}
# As the base sizes have it, and the large ones.
KINDS = {"base": {"feat_extract_norm": "group"}, "large": {"feat_extract_norm": "layer", "do_stable_layer_norm": True}}
LENS = torch.tensor([6000, 4000, 20])
BERT_SIZES = {"hidden_size": 12, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 20}
DISTILBERT_SIZES = {"dim": 12, "n_layers": 2, "n_heads": 2, "hidden_dim": 20}
PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *"abcdefghij"]
TEXTS, TEXT_LENS = torch.tensor([[4, 5, 6, 7], [8, 9, 0, 0], [4, 5, 6, 7]]), torch.tensor([4, 2, 4])


@pytest.fixture(scope="module")
def hubert(tmp_path_factory):
    """A directory with a speech network."""
    return save_speech(tmp_path_factory.mktemp("hubert"), "Hubert", "base")


@pytest.fixture(scope="module", params=["Wav2Vec2 base", "Hubert large", "WavLM base"])
def speech(request, tmp_path_factory):
    """A directory with a speech network, and its kind."""
    name, kind = request.param.split()
    return save_speech(tmp_path_factory.mktemp("speech"), name, kind), name, kind


def save_speech(folder, name, kind):
    torch.manual_seed(0)
    config = getattr(transformers, f"{name}Config")(**CONVOLUTIONS, **SIZES, **POSITIONS, **KINDS[kind])
    getattr(transformers, f"{name}Model")(config).save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps({"do_normalize": kind == "base"}))
    return folder


@pytest.fixture(scope="module", params=["Bert", "DistilBert"])
def text(request, tmp_path_factory):
    """A directory with a text network, and its name."""
    folder = tmp_path_factory.mktemp("text")
    torch.manual_seed(0)
    sizes = {"vocab_size": len(PIECES), "max_position_embeddings": 10}
    sizes |= BERT_SIZES if request.param == "Bert" else DISTILBERT_SIZES
    network = getattr(transformers, f"{request.param}Model")(getattr(transformers, f"{request.param}Config")(**sizes))
    network.save_pretrained(folder)
    (folder / "vocab.txt").write_text("\n".join(PIECES) + "\n")
    return folder, request.param


def heard(folder, **arguments):
    torch.manual_seed(1)
    return build("encoder", "self_supervised", model=str(folder), dim=4, **arguments)


def typed(folder, **arguments):
    torch.manual_seed(1)
    return build("text_encoder", "bert", model=str(folder), num_tokens=len(PIECES), dim=3, **arguments)


def samples():
    return 0.1 * torch.randn(3, 6000, 1, generator=torch.Generator().manual_seed(2)) + 0.05


def test_a_frame_is_the_weighted_sum_of_what_transformers_says_of_the_utterance_alone(speech):
    folder, name, kind = speech
    encoder = heard(folder).eval()
    encoder.layer_weights.data = torch.tensor([0.3, -1.0, 2.0, 0.5])
    found, lens = encoder(samples(), LENS)
    network = getattr(transformers, f"{name}Model").from_pretrained(folder).eval()
    for row, count in enumerate(LENS[:2].tolist()):
        alone = samples()[row : row + 1, :count, 0]
        if kind == "base":
            alone = (alone - alone.mean()) / (alone.var(unbiased=False) + 1e-7).sqrt()
        with torch.no_grad():
            said = network(alone, output_hidden_states=True)
        states = [*said.hidden_states[:-1], said.last_hidden_state]
        shares = torch.tensor([0.3, -1.0, 2.0, 0.5]).exp()
        mixed = sum(share / shares.sum() * state[0] for share, state in zip(shares, states, strict=True))
        expected = mixed @ encoder.project.weight.T + encoder.project.bias
        assert lens[row] == len(expected)
        torch.testing.assert_close(found[row, : lens[row]], expected, rtol=1e-3, atol=1e-4)


def test_padding_never_matters_and_comes_out_as_0(speech):
    encoder = heard(speech[0]).eval()
    together, lens = encoder(samples(), LENS)
    garbage = torch.nn.functional.pad(samples(), (0, 0, 0, 700), value=3.0)
    garbage[torch.arange(6700) >= LENS[:, None]] = 9.0
    other, other_lens = encoder(garbage, LENS)
    # 320 samples a frame, of 165 each; what is shorter is continued by silence.
    assert lens.tolist() == other_lens.tolist() == [1 + (n - 165) // 320 for n in (6000, 4000, 165)]
    torch.testing.assert_close(other[:, : together.shape[1]], together, rtol=1e-3, atol=1e-5)
    for row, count in enumerate(LENS.tolist()):
        alone, _ = encoder(samples()[row : row + 1, :count], LENS[row : row + 1])
        torch.testing.assert_close(alone[0], together[row, : lens[row]], rtol=1e-3, atol=1e-5)
        assert not together[row, lens[row] :].any()


@pytest.mark.parametrize("frozen", [True, False])
def test_what_learns(speech, frozen):
    encoder = heard(speech[0], frozen=frozen).train()
    before = {name: value.clone() for name, value in encoder.state_dict().items()}
    optimizer = torch.optim.SGD([p for p in encoder.parameters() if p.requires_grad], lr=0.5)
    encoder(samples(), LENS)[0].square().sum().backward()
    assert all(p.grad is not None for p in encoder.parameters() if p.requires_grad)  # nothing is skipped
    optimizer.step()
    moved = {name for name, value in encoder.state_dict().items() if not torch.equal(value, before[name])}
    assert {"layer_weights", "project.weight", "project.bias"} <= moved
    network = {name for name in moved if name.startswith("network.")}
    assert not any(name.startswith("network.feature_extractor.") for name in network)
    assert bool(network) is not frozen
    assert encoder.network.training is not frozen  # no dropout


def test_the_first_layers_alone(speech):
    folder, _, kind = speech
    whole, short = heard(folder).eval(), heard(folder, layers=2).eval()
    assert len(short.network.encoder.layers) == 2
    expected, found = (one.states(samples()[..., 0], LENS)[0] for one in (whole, short))
    assert len(found) == 3
    for a, b in list(zip(expected, found, strict=False))[: 2 if kind == "large" else 3]:
        torch.testing.assert_close(a[:2], b[:2])
    with pytest.raises(ModelError, match="has 3 layers, and layers is 4"):
        heard(folder, layers=4)


def test_bfloat16_autocast_is_close(speech):
    encoder = heard(speech[0]).eval()
    expected, _ = encoder(samples(), LENS)
    with torch.autocast("cpu", torch.bfloat16):
        found, _ = encoder(samples(), LENS)
    assert (found.float() - expected).norm() < 0.06 * expected.norm()


def text_alone(folder, name, ids):
    """Last states of ``[CLS]``, ids, ``[SEP]`` by transformers."""
    network = getattr(transformers, f"{name}Model").from_pretrained(folder).eval()
    with torch.no_grad():
        return network(torch.tensor([[2, *ids, 3]])).last_hidden_state[0]


def test_a_text_is_the_mean_of_its_pieces_or_its_beginning(text):
    folder, name = text
    for output in ("tokens", "cls"):
        encoder = typed(folder, output=output).eval()
        found = encoder(TEXTS, TEXT_LENS)
        assert found.shape == (3, 4, 3)
        assert not found[1, 2:].any()
        mask = torch.arange(4) < TEXT_LENS[:, None]
        embeddings = build("pooler", "mean", dim=3)(found, mask)
        for row, count in enumerate(TEXT_LENS.tolist()):
            states = text_alone(folder, name, TEXTS[row, :count].tolist())
            mean = states[1:-1].mean(0) if output == "tokens" else states[0]
            expected = mean @ encoder.project.weight.T + encoder.project.bias
            torch.testing.assert_close(embeddings[row], expected, rtol=1e-4, atol=1e-5)


def test_padding_of_texts_never_matters(text):
    encoder = typed(text[0]).eval()
    expected = encoder(TEXTS, TEXT_LENS)
    garbage = torch.nn.functional.pad(TEXTS, (0, 3), value=7)
    garbage[torch.arange(7) >= TEXT_LENS[:, None]] = 9
    torch.testing.assert_close(encoder(garbage, TEXT_LENS)[:, :4], expected)
    for row, count in enumerate(TEXT_LENS.tolist()):
        torch.testing.assert_close(
            encoder(TEXTS[row : row + 1, :count], TEXT_LENS[row : row + 1])[0], expected[row, :count]
        )


@pytest.mark.parametrize("frozen", [True, False])
def test_what_learns_of_text(text, frozen):
    encoder = typed(text[0], frozen=frozen, layers=1).train()
    encoder(TEXTS, TEXT_LENS).square().sum().backward()
    assert encoder.project.weight.grad.any()
    assert all((parameter.grad is None) is frozen for parameter in encoder.network.parameters())
    assert encoder.network.training is not frozen
    layers = getattr(encoder.network, "transformer", None) or encoder.network.encoder
    assert len(next(layers.children())) == 1


def test_texts_that_are_too_long_are_refused(text):
    with pytest.raises(ValueError, match="9 word pieces; the text encoder takes 8"):
        typed(text[0])(torch.full((1, 9), 4), torch.tensor([9]))


def test_other_tokens_are_refused(text):
    with pytest.raises(ModelError, match="has 14 tokens, and num_tokens is 75"):
        build("text_encoder", "bert", model=str(text[0]), num_tokens=75)


def test_files_that_are_missing_are_named(hubert, tmp_path):
    with pytest.raises(ModelError, match=r"lacks config\.json"):
        heard(tmp_path)
    (tmp_path / "config.json").write_text((hubert / "config.json").read_text())
    with pytest.raises(ModelError, match=r"lacks preprocessor_config\.json"):
        heard(tmp_path)
    (tmp_path / "pytorch_model.bin").write_bytes(b"a pickle")
    with pytest.raises(ModelError, match=r"pickles such as pytorch_model\.bin are not read; convert it once"):
        heard(tmp_path, normalise=False)
    (tmp_path / "model.safetensors").write_bytes(b"damaged")
    with pytest.raises(ModelError, match="the weights cannot be used"):
        heard(tmp_path, normalise=False)
    weights = {"encoder.layer_norm.weight": torch.ones(16)}
    safetensors.torch.save_file(weights, tmp_path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelError, match="the weights lack "):
        heard(tmp_path, normalise=False)


def test_other_networks_and_names_are_refused(text, hubert, monkeypatch):
    with pytest.raises(ModelError, match="networks that are taken here: wav2vec2, hubert, wavlm"):
        heard(text[0])
    with pytest.raises(ModelError, match="networks that are taken here: bert, distilbert"):
        typed(hubert)
    with pytest.raises(ModelError, match="no directory, and no name owner/name"):
        heard("./nowhere")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(ModelError, match=r"not wholly, in the cache .* while HF_HUB_OFFLINE is set"):
        heard("nobody/nothing")


def test_without_the_package_the_extra_is_named(hubert, monkeypatch):
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(ImportError, match=r"pip install 'kwskit\[transformers\]'"):
        heard(hubert)


def test_a_description_names_no_code(hubert, tmp_path):
    description = json.loads((hubert / "config.json").read_text()) | {"do_normalize": True}
    foreign = {"attn_implementation": "somebody/kernels", "_attn_implementation": "x", "auto_map": {"AutoModel": "a.B"}}
    (tmp_path / "speech.json").write_text(json.dumps(description | foreign))
    encoder = heard(tmp_path / "speech.json")
    assert encoder.normalise
    assert encoder.network.config._attn_implementation in ("sdpa", "eager")
    assert not hasattr(encoder.network.config, "auto_map")
