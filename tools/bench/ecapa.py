"""Speed of our ECAPA-TDNN with CCSP pooling beside SpeechBrain's, interleaved in one run.

Both sides have the same layout and number of parameters (1,767,136 with the defaults): SpeechBrain's own
blocks, aggregation and pooling, put together with the linear tap that this project's encoder has, and given
the words' lengths. One round times a step of each side, one after the other; the ratio is taken within a
round, so that whatever else the machine does hits both alike.

    python tools/bench/ecapa.py --threads 2 --batch 64 --frames 60 80
"""

import argparse
import statistics
import time
from collections.abc import Callable

import torch
from torch import Tensor, nn

from kwskit.batch import length_mask
from kwskit.encoders.ecapa import Ecapa
from kwskit.poolers.ccsp import Ccsp

CLOCKS = {"wall": time.perf_counter, "cpu": time.process_time}


class Ours(nn.Module):
    """This project's encoder and pooler: ``(N, T, 40), (N,) -> (N, dim)``."""

    def __init__(self, channels: int, mfa_channels: int, dim: int):
        super().__init__()
        self.encoder = Ecapa(40, channels, mfa_channels, dim)
        self.pooler = Ccsp(dim, dim)

    def forward(self, feats: Tensor, lens: Tensor) -> Tensor:
        frames, lens = self.encoder(feats, lens)
        return self.pooler(frames, length_mask(lens, feats.shape[1]))


class SpeechBrains(nn.Module):
    """SpeechBrain's parts in the same layout: ``(N, T, 40), (N,) -> (N, dim)``."""

    def __init__(self, channels: int, mfa_channels: int, dim: int):
        super().__init__()
        from speechbrain.lobes.models import ECAPA_TDNN as sb  # noqa: N811

        stock = sb.ECAPA_TDNN(40, channels=[channels] * 4 + [mfa_channels])
        self.blocks, self.mfa = stock.blocks, stock.mfa
        self.tap = sb.Conv1d(in_channels=mfa_channels, out_channels=dim, kernel_size=1)
        self.asp = sb.AttentiveStatisticsPooling(dim)
        self.asp_bn = sb.BatchNorm1d(input_size=2 * dim)
        self.fc = sb.Conv1d(in_channels=2 * dim, out_channels=dim, kernel_size=1)

    def forward(self, feats: Tensor, lens: Tensor) -> Tensor:
        relative = lens / feats.shape[1]
        x = self.blocks[0](feats.transpose(1, 2))
        outputs = []
        for block in self.blocks[1:]:
            x = block(x, lengths=relative)
            outputs.append(x)
        frames = self.tap(self.mfa(torch.cat(outputs, dim=1)))
        return self.fc(self.asp_bn(self.asp(frames, lengths=relative))).squeeze(2)


def main() -> None:
    """Parse the command line, time both sides, print one line for training and one for running."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--batch", type=int, default=64, help="words a batch")
    parser.add_argument("--frames", type=int, nargs=2, default=(60, 80), help="shortest and longest word")
    parser.add_argument("--channels", type=int, default=256)
    parser.add_argument("--mfa-channels", type=int, default=768)
    parser.add_argument("--dim", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--compile", action="store_true", help="torch.compile both sides")
    parser.add_argument("--bfloat16", action="store_true", help="both sides under bfloat16 autocast")
    parser.add_argument("--device", default="cpu")
    parser.add_argument(
        "--clock",
        choices=CLOCKS,
        default="wall",
        help="cpu: processor time, steadier on a busy machine with one thread",
    )
    options = parser.parse_args()

    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    shape = (options.channels, options.mfa_channels, options.dim)
    sides = {"ours": Ours(*shape).to(options.device), "speechbrain": SpeechBrains(*shape).to(options.device)}
    for name, side in sides.items():
        print(f"{name}: {sum(p.numel() for p in side.parameters()):,} parameters")
    lens = torch.randint(options.frames[0], options.frames[1] + 1, (options.batch,))
    feats = torch.randn(options.batch, int(lens.max()), 40)
    feats, lens = feats.to(options.device), lens.to(options.device)
    print(f"{options.batch} words, {int(lens.min())} to {int(lens.max())} frames, mean {lens.float().mean():.1f}")

    for phase in ("train", "run"):
        steps = {name: step(side, feats, lens, phase == "train", options) for name, side in sides.items()}
        report(phase, interleave(steps, options), options.batch)


def step(side: nn.Module, feats: Tensor, lens: Tensor, training: bool, options) -> Callable[[], None]:
    """One forward (and backward, when training) of ``side`` as a function without arguments."""
    side.train(training)
    forward = torch.compile(side) if options.compile else side

    def once() -> None:
        with (
            torch.set_grad_enabled(training),
            torch.autocast(torch.device(options.device).type, torch.bfloat16, enabled=options.bfloat16),
        ):
            embedding = forward(feats, lens)
        if training:
            side.zero_grad(set_to_none=True)
            embedding.float().square().mean().backward()

    return once


def interleave(steps: dict[str, Callable[[], None]], options) -> dict[str, list[float]]:
    """Seconds of every step in every round, after three rounds of warming up."""
    clock = CLOCKS[options.clock]
    seconds: dict[str, list[float]] = {name: [] for name in steps}
    for turn in range(options.rounds + 3):
        for name, once in steps.items():
            start = clock()
            once()
            if options.device != "cpu":
                torch.cuda.synchronize()
            if turn >= 3:
                seconds[name].append(clock() - start)
    return seconds


def report(phase: str, seconds: dict[str, list[float]], batch: int) -> None:
    """Print both medians, words a second, and the median and quartiles of the ratio."""
    middle = {name: statistics.median(values) for name, values in seconds.items()}
    ratios = [slow / fast for slow, fast in zip(seconds["speechbrain"], seconds["ours"], strict=True)]
    low, median, high = statistics.quantiles(ratios, n=4)
    times = ", ".join(f"{name} {value * 1e3:.1f} ms ({batch / value:.0f} words/s)" for name, value in middle.items())
    print(f"{phase}: {times}; {median:.2f} times as fast (quartiles {low:.2f} to {high:.2f})", flush=True)


if __name__ == "__main__":
    main()
