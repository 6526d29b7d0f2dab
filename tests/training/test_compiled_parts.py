import pytest
import torch
from torch import nn

from kwskit.batch import length_mask
from kwskit.encoders.blocks.frames import lay_out
from kwskit.encoders.blocks.tdnn_block import TdnnBlock
from kwskit.encoders.blocks.time_conv import TimeConv
from kwskit.training.compilation import compile_parts
from kwskit.training.gradient_norms import gradient_norms


class Block(nn.Module):
    """The brick of ECAPA-TDNN as an encoder."""

    def __init__(self):
        super().__init__()
        self.block = TdnnBlock(6, 4, 3)

    def forward(self, feats, lens):
        frames = lay_out(length_mask(lens, feats.shape[1]), 1)
        return frames.padded(self.block(frames.rows(feats), frames)), lens


@pytest.mark.parametrize("arguments", [{}, {"out_channels": 6, "groups": 6}, {"padded": False}])
@pytest.mark.parametrize(("taps", "dilation", "relu"), [(1, 1, False), (3, 1, True), (3, 3, False)])
def test_a_convolution_as_a_product_of_matrices(taps, dilation, relu, arguments):
    torch.manual_seed(0)
    sizes = {"in_channels": 6, "out_channels": 4, "kernel_size": taps, "dilation": dilation}
    conv = TimeConv(**(sizes | arguments), relu=relu).double()
    x = torch.randn(2, 9, 6, dtype=torch.float64)
    torch.testing.assert_close(conv._product(x, taps, dilation), conv(x), rtol=1e-12, atol=1e-12)


def test_batches_of_other_lengths_are_not_compiled_anew():
    graphs = []

    def backend(graph, inputs):
        graphs.append(graph)
        return graph

    torch._dynamo.reset()
    torch.manual_seed(0)
    system, plain = nn.Module(), Block()
    system.acoustic_encoder = Block()
    system.acoustic_encoder.load_state_dict(plain.state_dict())
    names = list(system.state_dict())
    compile_parts(system, backend)
    assert list(system.state_dict()) == names
    for longest in (20, 13, 31):
        feats, lens = torch.randn(3, longest, 6), torch.tensor([longest, 5, 9])
        results = []
        for encoder in (system.acoustic_encoder, plain):
            encoder.zero_grad()
            frames, _ = encoder(feats, lens)
            frames.square().sum().backward()
            results.append([frames.detach(), *(parameter.grad for parameter in encoder.parameters())])
        torch.testing.assert_close(results[0], results[1], rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(dict(system.acoustic_encoder.named_buffers()), dict(plain.named_buffers()))
    system.eval()
    system.acoustic_encoder(feats[:2], lens[:2])  # evaluation is not compiled
    assert len(graphs) == 1
    # Inductor fixes the shape of a convolution's input when it makes its gradient.
    called = [str(node.target) for node in graphs[0].graph.nodes if node.op == "call_function"]
    assert called
    assert not [name for name in called if "conv" in name]


def test_the_way_back_can_be_taken_for_each_loss_before_the_step():
    torch._dynamo.reset()
    torch.manual_seed(0)
    system = nn.Module()
    system.acoustic_encoder = Block()
    compile_parts(system, "aot_eager")
    frames, _ = system.acoustic_encoder(torch.randn(3, 20, 6), torch.tensor([20, 5, 9]))
    losses = {"one": frames.square().sum(), "two": 2 * frames.square().sum()}
    norms = gradient_norms(losses, system, torch.amp.GradScaler("cpu", enabled=False))
    assert 2 * norms["one.gradient_acoustic"].item() == pytest.approx(norms["two.gradient_acoustic"].item())
    losses["one"].backward()
