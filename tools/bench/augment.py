"""What augmentation adds to a training step: a batch of words through each part and the whole chain.

    python tools/bench/augment.py [--words 128] [--seconds 0.6] [--threads 2] [--device cpu]

Prints the median and the fastest of some runs, each with other random numbers.
"""

import argparse
import statistics
import time

import torch

from kwskit import registry

WAVEFORM = ("noise", "babble", "room", "band_limit", "speed", "gain", "waveform")


def times_ms(work, device: torch.device, repeats: int = 30) -> list[float]:
    """Milliseconds of some runs of ``work(generator)``, after one to warm up."""
    times = []
    for seed in range(repeats + 1):
        generator = torch.Generator().manual_seed(seed)
        begin = time.perf_counter()
        work(generator)
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        times.append((time.perf_counter() - begin) * 1e3)
    return times[1:]


def tell(name: str, times: list[float]) -> None:
    """One line of the table."""
    print(f"{name:14} {statistics.median(times):10.1f} {min(times):10.1f}", flush=True)


def main() -> None:
    """Parse the arguments and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--words", type=int, default=128, help="utterances in the batch")
    parser.add_argument("--seconds", type=float, default=0.6, help="length of the longest")
    parser.add_argument("--threads", type=int, default=2, help="threads of torch")
    parser.add_argument("--device", type=torch.device, default=torch.device("cpu"))
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    random = torch.Generator().manual_seed(0)
    longest = round(arguments.seconds * 16_000)
    lens = torch.randint(longest // 2, longest + 1, (arguments.words,), generator=random)
    wav = torch.randn(arguments.words, longest, generator=random) * (torch.arange(longest) < lens[:, None])
    wav, lens = wav.to(arguments.device), lens.to(arguments.device)
    feats = torch.randn(arguments.words, longest // 160, 40, generator=random).to(arguments.device)
    print(f"{arguments.words} words of up to {arguments.seconds} s, {arguments.threads} threads, {arguments.device}")
    print(f"{'':14} {'median ms':>10} {'fastest ms':>10}")
    for name in WAVEFORM:
        part = registry.build("augment", name).to(arguments.device)
        tell(name, times_ms(lambda generator, part=part: part(wav, lens, generator), arguments.device))
    mask = registry.build("augment", "spec_augment")
    tell("spec_augment", times_ms(lambda generator: mask(feats, lens // 160, generator), arguments.device))


if __name__ == "__main__":
    main()
