"""Our ECAPA-TDNN against SpeechBrain's with the same weights.

SpeechBrain pads its convolutions by reflection, which has no counterpart for words of different lengths in
one batch; its convolutions are switched to zero padding here, and all words are of full length.
"""

import pytest
import torch

from kwskit.registry import build

SHAPE = (3, 64, 20)
# SpeechBrain's uniform pooling weights are float32 whatever the input; over 64 or 16 frames they are exact.
CLOSE = {"rtol": 1e-8, "atol": 1e-10}


def speechbrain_ecapa():
    from speechbrain.lobes.models.ECAPA_TDNN import ECAPA_TDNN
    from speechbrain.nnet.CNN import Conv1d

    torch.manual_seed(4)
    model = ECAPA_TDNN(
        SHAPE[2], lin_neurons=12, channels=[32, 32, 32, 32, 24], attention_channels=16, se_channels=8, res2net_scale=8
    )
    for module in model.modules():
        if isinstance(module, Conv1d):
            module.padding_mode = "constant"
        if isinstance(module, torch.nn.BatchNorm1d):
            for values in (module.weight, module.bias, module.running_mean):
                torch.nn.init.normal_(values, 0.5, 0.3)
            torch.nn.init.uniform_(module.running_var, 0.5, 2.0)
    return model


def copy_tdnn(ours, theirs):
    copy(ours.conv, theirs.conv.conv)
    copy(ours.norm, theirs.norm.norm)


def copy(ours, theirs):
    """Weight, bias and running statistics; one-frame convolutions fill linear layers."""
    state = theirs.state_dict()
    ours.load_state_dict({name: state[name].view_as(value) for name, value in ours.state_dict().items()})


def our_encoder(theirs):
    # A linear layer that is the identity leaves the tap at the aggregation, where SpeechBrain pools.
    encoder = build(
        "encoder", "ecapa", num_features=SHAPE[2], channels=32, mfa_channels=24, dim=24, se_channels=8, scale=8
    )
    copy_tdnn(encoder.stem, theirs.blocks[0])
    for ours, block in zip(encoder.blocks, theirs.blocks[1:], strict=True):
        copy_tdnn(ours.expand, block.tdnn1)
        for mine, branch in zip(ours.branches, block.res2net_block.blocks, strict=True):
            copy_tdnn(mine, branch)
        copy_tdnn(ours.merge, block.tdnn2)
        copy(ours.squeeze, block.se_block.conv1.conv)
        copy(ours.excite, block.se_block.conv2.conv)
    copy_tdnn(encoder.mfa, theirs.mfa)
    with torch.no_grad():
        encoder.project.weight.copy_(torch.eye(24)[:, :, None])
        encoder.project.bias.zero_()
    return encoder


def our_pooler(theirs):
    pooler = build("pooler", "ccsp", in_dim=24, dim=12, attention=16)
    first = theirs.asp.tdnn.conv.conv
    with torch.no_grad():
        pooler.frame.weight.copy_(first.weight[:, :24])
        pooler.frame.bias.copy_(first.bias)
        pooler.context.weight.copy_(first.weight[:, 24:, 0])
    copy(pooler.attention_norm, theirs.asp.tdnn.norm.norm)
    copy(pooler.score, theirs.asp.conv.conv)
    copy(pooler.norm, theirs.asp_bn.norm)
    copy(pooler.project, theirs.fc.conv)
    return pooler


@pytest.mark.parametrize("training", [False, True])
def test_same_weights_same_embedding_and_gradient(training):
    theirs = speechbrain_ecapa()
    encoder, pooler = our_encoder(theirs), our_pooler(theirs)
    for module in (theirs, encoder, pooler):
        module.double().train(training)
    feats = torch.randn(SHAPE, generator=torch.Generator().manual_seed(6), dtype=torch.float64)
    mask = torch.ones(SHAPE[:2], dtype=torch.bool)

    expected = theirs(feats, torch.ones(SHAPE[0]))[:, 0]
    frames, _ = encoder(feats, torch.full((SHAPE[0],), SHAPE[1]))
    embedding = pooler(frames, mask)
    torch.testing.assert_close(embedding, expected, **CLOSE)

    direction = torch.randn(SHAPE[0], 12, generator=torch.Generator().manual_seed(7), dtype=torch.float64)
    (expected * direction).sum().backward()
    (embedding * direction).sum().backward()
    blocks, asp = theirs.blocks, theirs.asp
    pairs = [
        (encoder.stem.conv.weight, blocks[0].conv.conv.weight),
        (encoder.blocks[1].branches[3].conv.weight, blocks[2].res2net_block.blocks[3].conv.conv.weight),
        (encoder.blocks[2].branches[6].norm.weight, blocks[3].res2net_block.blocks[6].norm.norm.weight),
        (encoder.mfa.conv.weight, theirs.mfa.conv.conv.weight),
        (pooler.score.weight, asp.conv.conv.weight),
    ]
    for ours, reference in pairs:
        torch.testing.assert_close(ours.grad, reference.grad, **CLOSE)
    first = torch.cat((pooler.frame.weight.grad[..., 0], pooler.context.weight.grad), dim=1)
    torch.testing.assert_close(first, asp.tdnn.conv.conv.weight.grad[..., 0], **CLOSE)
    if training:
        torch.testing.assert_close(encoder.mfa.norm.running_mean, theirs.mfa.norm.norm.running_mean)
        torch.testing.assert_close(encoder.mfa.norm.running_var, theirs.mfa.norm.norm.running_var)


def test_speechbrain_agrees_on_words_of_different_lengths():
    """With lengths, SpeechBrain's squeeze and pooling are masked; only its convolutions see the padding."""
    theirs = speechbrain_ecapa().double().eval()
    encoder, pooler = our_encoder(theirs).double().eval(), our_pooler(theirs).double().eval()
    feats = torch.randn(SHAPE, generator=torch.Generator().manual_seed(8), dtype=torch.float64)
    for frames in (64, 16):
        lens = torch.full((SHAPE[0],), frames)
        expected = theirs(feats[:, :frames])[:, 0]
        ours, _ = encoder(feats, lens)
        mask = torch.arange(SHAPE[1]) < lens[:, None]
        torch.testing.assert_close(pooler(ours, mask), expected, **CLOSE)
