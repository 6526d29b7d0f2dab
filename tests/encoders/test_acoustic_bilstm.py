import torch
from torch import nn

from kwskit.registry import build

LENS = torch.tensor([9, 4, 1])


def test_equals_packed_bidirectional_lstm_and_its_final_states():
    torch.manual_seed(0)
    encoder, pooler = build("encoder", "bilstm", hidden=6, dim=None).eval(), build("pooler", "ends", in_dim=12, dim=5)
    theirs = nn.LSTM(40, 6, 3, batch_first=True, bidirectional=True)
    state = {}
    for layer, (ahead, back) in enumerate(zip(encoder.forwards, encoder.backwards, strict=True)):
        for name, value in ahead.state_dict().items():
            state[name.replace("l0", f"l{layer}")] = value
            state[name.replace("l0", f"l{layer}_reverse")] = back.state_dict()[name]
    theirs.load_state_dict(state)
    feats = torch.randn(3, 9, 40)
    packed, (final, _) = theirs(nn.utils.rnn.pack_padded_sequence(feats, LENS, batch_first=True))
    expected, _ = nn.utils.rnn.pad_packed_sequence(packed, batch_first=True)
    frames, lens = encoder(feats, LENS)
    torch.testing.assert_close(frames, expected)
    pooled = pooler(frames, torch.arange(9) < lens[:, None])
    torch.testing.assert_close(pooled, pooler.project(torch.cat((final[-2], final[-1]), dim=1)))


def test_dropout_only_in_training_and_only_between_layers():
    feats = torch.randn(1, 9, 40)
    encoder = build("encoder", "bilstm", hidden=6, dim=4, dropout=0.5)
    assert not torch.equal(encoder(feats, LENS[:1])[0], encoder(feats, LENS[:1])[0])
    encoder.eval()
    assert torch.equal(encoder(feats, LENS[:1])[0], encoder(feats, LENS[:1])[0])
    single = build("encoder", "bilstm", hidden=6, dim=4, layers=1, dropout=0.5)
    assert torch.equal(single(feats, LENS[:1])[0], single(feats, LENS[:1])[0])
