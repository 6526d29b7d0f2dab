"""What augmentation adds to a training step: a batch of words through each part and the whole chain.

    python tools/bench/augment.py [--words 128] [--seconds 0.6] [--threads 2] [--device cpu] [--musan DIR]

Prints the median, the quartiles and how many times real time that is, of some runs with other random numbers each.
Without ``--musan`` a folder of random noise stands in for it: what it costs does not depend on what is heard.
"""

import argparse
import statistics
import tempfile
import time
from functools import partial
from pathlib import Path

import numpy as np
import soundfile
import torch

from kwskit import registry
from kwskit.frontend.musan import Musan
from kwskit.frontend.waveform import Waveform

WAVEFORM = ("noise", "babble", "room", "band_limit", "speed", "gain", "waveform")


def times_ms(work, device: torch.device, repeats: int) -> list[float]:
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


def tell(name: str, times: list[float], audio: float) -> None:
    """One line of the table; ``audio`` is the batch's sound in seconds."""
    low, median, high = statistics.quantiles(times, n=4)
    print(f"{name:14} {median:10.1f} {low:10.1f} {high:10.1f} {audio / median * 1e3:14,.0f}", flush=True)


def stand_in(folder: Path) -> Path:
    """A folder in the layout of MUSAN, a minute of noise of each kind."""
    rng = np.random.default_rng(0)
    for kind in ("noise", "music", "speech"):
        (folder / kind).mkdir()
        soundfile.write(folder / kind / "noise.wav", rng.uniform(-0.5, 0.5, 60 * 16_000), 16_000)
    return folder


def main() -> None:
    """Parse the arguments and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--words", type=int, default=128, help="utterances in the batch")
    parser.add_argument("--seconds", type=float, default=0.6, help="length of the longest")
    parser.add_argument("--threads", type=int, default=2, help="threads of torch")
    parser.add_argument("--device", type=torch.device, default=torch.device("cpu"))
    parser.add_argument("--repeats", type=int, default=30, help="runs of each part")
    parser.add_argument("--musan", type=Path, help="folder of the corpus MUSAN")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    random = torch.Generator().manual_seed(0)
    longest = round(arguments.seconds * 16_000)
    lens = torch.randint(longest // 2, longest + 1, (arguments.words,), generator=random)
    wav = torch.randn(arguments.words, longest, generator=random) * (torch.arange(longest) < lens[:, None])
    wav, lens = wav.to(arguments.device), lens.to(arguments.device)
    feats = torch.randn(arguments.words, longest // 160, 40, generator=random).to(arguments.device)
    print(f"{arguments.words} words of up to {arguments.seconds} s, {arguments.threads} threads, {arguments.device}")
    print(f"{'':14} {'median ms':>10} {'quartiles':>21} {'x real time':>14}")
    audio = float(lens.sum()) / 16_000
    with tempfile.TemporaryDirectory() as folder:
        musan = str(arguments.musan or stand_in(Path(folder)))
        parts = {name: registry.build("augment", name) for name in WAVEFORM}
        parts |= {"musan": Musan(musan), "with MUSAN": Waveform(musan=musan)}
        for name, part in parts.items():
            part.to(arguments.device)
            tell(name, times_ms(partial(part, wav, lens), arguments.device, arguments.repeats), audio)
    mask = registry.build("augment", "spec_augment")
    tell("spec_augment", times_ms(partial(mask, feats, lens // 160), arguments.device, arguments.repeats), audio)


if __name__ == "__main__":
    main()
