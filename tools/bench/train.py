"""Hours of audio trained an hour: ADML's whole training step, with the paper's model, losses and batch.

    python tools/bench/train.py                     # on a GPU, where there is one: bf16 and compiled by default
    python tools/bench/train.py --keywords 16 --rounds 5     # on a CPU

One run makes a packed store of noise words, and times, round by round in turns,

- kwskit's training step as `kwskit train` runs it: batches from the store, augmentation, losses, clipping, AdamW;
- the same step with SpeechBrain's stock ECAPA-TDNN, packed LSTMs and losses written as their formulas read.

Beside them stands the floor: the step's counted FLOPs, and the bytes it cannot do without, at the rates of a matrix
product and of a copy that are measured in the same run. `--help` lists the options.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from kwskit.batch import Batch
from kwskit.hparams import build_hparams, plain_value, resolve_hparams
from kwskit.systems.dual_encoder import DualEncoder
from kwskit.training.compilation import compile_parts
from kwskit.training.plan import TrainingPlan
from kwskit.training.trainer import Trainer

sys.path.insert(0, str(Path(__file__).parent))
from training_sides import DTYPES, Side, kwskits_side, noise_store, stock_side
from unfused_adml import unfused_losses

KEYS = ("seed", "num_words", "tokenizer", "system", "optimizer", "scheduler", "training")
ADML = Path(__file__).parents[2] / "recipes" / "hparams" / "adml.yaml"


def seconds_of(work: Callable[[], object], device: str) -> float:
    """How long ``work`` takes; on a GPU, by its own clock."""
    if device == "cpu":
        begin = time.perf_counter()
        work()
        return time.perf_counter() - begin
    before, after = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    before.record()
    work()
    after.record()
    torch.cuda.synchronize()
    return before.elapsed_time(after) / 1e3


def best_rates(device: str, dtype: torch.dtype) -> tuple[float, float]:
    """FLOP/s of a matrix product and bytes/s (read and written) of a copy: the fastest of some."""
    size, values = (512, 2**22) if device == "cpu" else (8192, 2**28)
    a, b = (torch.randn(size, size, device=device, dtype=dtype) for _ in range(2))
    source = torch.zeros(values, device=device)
    target = torch.empty_like(source)
    product = min(seconds_of(lambda: a @ b, device) for _ in range(10))
    copy = min(seconds_of(lambda: target.copy_(source), device) for _ in range(10))
    return 2 * size**3 / product, 2 * source.nbytes / copy


def counted(trainer: Trainer, side: Side) -> tuple[float, int]:
    """FLOPs of one step, LSTMs included, and the bytes that it cannot but move (the least; estimated)."""
    kept: dict[int, int] = {}

    def keep(x: torch.Tensor) -> torch.Tensor:
        kept[x.untyped_storage().data_ptr()] = x.untyped_storage().nbytes()
        return x

    batch = side.next()
    with FlopCounterMode(display=False) as counter, torch.autograd.graph.saved_tensors_hooks(keep, lambda x: x):
        side.count += 1
        side._step(side.count, batch)
    flops = counter.get_total_flops()
    if not any("lstm" in str(name) or "rnn" in str(name) for name in counter.get_flop_counts()["Global"]):
        for part in trainer.system.modules():
            if isinstance(part, nn.LSTM):  # no counter knows it; backwards costs twice as much as forwards
                flops += 3 * 8 * part.hidden_size * (part.input_size + part.hidden_size) * batch.tokens.numel()
    weights = sum(p.numel() for p in trainer.system.parameters() if p.requires_grad)
    # Weights: read twice, gradient written and read, weight and both moments read and written. Activations that the
    # gradient needs: written and read. The batch: read.
    return flops, 4 * 10 * weights + 2 * sum(kept.values()) + batch.wav.nbytes


def check_equal(system: DualEncoder, batch: Batch) -> float:
    """The largest relative difference between kwskit's losses of a batch and the stock side's of the same."""
    with torch.no_grad():
        emb = system.embeddings(batch, torch.Generator().manual_seed(0))
        stock = unfused_losses(system.losses, emb)
        return max(abs(float(loss(emb)) / float(stock[name]) - 1) for name, loss in system.losses.items())


def tell(name: str, seconds: list[float], audio: float) -> None:
    """One line: the median time of a step, its quartiles, and what that is in audio."""
    low, median, high = statistics.quantiles(seconds, n=4)
    print(
        f"{name:16} {median * 1e3:10.2f} ms a step ({low * 1e3:.2f} to {high * 1e3:.2f})  "
        f"{audio / median:10,.0f} hours of audio an hour",
        flush=True,
    )


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    cuda = torch.cuda.is_available()
    parser.add_argument("--device", default="cuda" if cuda else "cpu", help="default: the GPU, where there is one")
    parser.add_argument("--keywords", type=int, default=250 if cuda else 16, help="words a batch (the paper's: 250)")
    parser.add_argument("--utterances", type=int, default=2, help="utterances of each word (the paper's: 2)")
    parser.add_argument("--seconds", type=float, default=0.66, help="mean length of an utterance (King-ASR-066: 0.66)")
    parser.add_argument("--vocabulary", type=int, help="words in the store, four utterances each; default 8 batches'")
    parser.add_argument("--classes", type=int, default=10_000, help="words that SphereFace2 tells apart")
    parser.add_argument("--overlay", type=Path, action="append", default=[], help="of the experiment; repeatable")
    parser.add_argument("--no-augment", action="store_true", help="leave waveform and feature augmentation out")
    parser.add_argument("--precision", choices=DTYPES, default="bf16" if cuda else "fp32")
    parser.add_argument(
        "--compile", action=argparse.BooleanOptionalAction, default=cuda, help="torch.compile kwskit's encoder"
    )
    parser.add_argument("--resident", choices=("pcm",), help="keep the store in the device's memory")
    parser.add_argument("--no-stock", action="store_true", help="time kwskit alone")
    parser.add_argument("--steps", type=int, default=20 if cuda else 1, help="steps a round")
    parser.add_argument("--rounds", type=int, default=15 if cuda else 5, help="rounds, each side in turns")
    parser.add_argument("--warm-up", type=int, default=20 if cuda else 2, help="steps before the first round")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads(), help="of the CPU")
    parser.add_argument("--profile", type=Path, metavar="FILE", help="write a table of what a few steps do")
    return parser.parse_args()


def main() -> None:
    """Parse the command line, time both sides, print."""
    options = parse()
    torch.set_num_threads(options.threads)
    on_gpu = options.device != "cpu"
    options.vocabulary = options.vocabulary or 8 * options.keywords
    overrides = {
        "num_words": str(max(options.classes, options.vocabulary)),
        "training.keywords": str(options.keywords),
        "training.utterances": str(options.utterances),
        "training.precision": options.precision,
        "training.epochs": "1000000",  # a schedule that no run outlasts
        **({"training.resident": options.resident} if options.resident else {}),
        **({"wave_augment": "null", "feature_augment": "null"} if options.no_augment else {}),
    }
    text = resolve_hparams(ADML, options.overlay, overrides, KEYS)
    plan = TrainingPlan.from_mapping(plain_value(text, "training"))
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as folder:
        store = noise_store(Path(folder), options)
        hparams = build_hparams(text, ADML)
        trainer, ours = kwskits_side(store, hparams, plan, options)
        trainer.modules.train()
        batch = ours.next()
        difference = check_equal(trainer.system, batch)
        flops, moved = counted(trainer, ours)
        if options.compile:
            compile_parts(trainer.system)
        sides = {"kwskit": ours}
        if not options.no_stock:
            sides["stock, unfused"] = stock_side(store, build_hparams(text, ADML), plan, options)
        for side in sides.values():
            side.steps(options.warm_up)
        if on_gpu:
            torch.cuda.reset_peak_memory_stats()
        times: dict[str, list[float]] = {name: [] for name in sides}
        audio: list[float] = []
        peak: dict[str, float] = {}

        def take_steps(side: Side) -> None:
            audio.append(side.steps(options.steps))

        for _ in range(options.rounds):
            for name, side in sides.items():
                taken = seconds_of(partial(take_steps, side), options.device)
                times[name].append(taken / options.steps)
                if on_gpu:
                    peak[name] = max(peak.get(name, 0.0), torch.cuda.max_memory_allocated() / 2**30)
                    torch.cuda.reset_peak_memory_stats()
        product, copy = best_rates(options.device, DTYPES[plan.precision])
        if options.profile:
            profile(ours, options)

    a_step = statistics.mean(audio) / options.steps
    size = options.keywords * options.utterances
    where = torch.cuda.get_device_name() if on_gpu else f"CPU, {options.threads} threads"
    print(
        f"ADML, batch of {size} ({options.keywords} x {options.utterances}), {a_step:.0f} s of audio, "
        f"{plan.precision}, {'compiled' if options.compile else 'not compiled'}, augmentation "
        f"{'off' if options.no_augment else 'on'}, store {options.resident or 'mapped'}; "
        f"torch {torch.__version__} on {where}"
    )
    if not on_gpu:
        print("These are figures of a CPU: they say nothing about a GPU.")
    if size != 500:
        print(f"The paper's batch is 500 (250 x 2), not {size}.")
    for name in sides:
        tell(name, times[name], a_step)
    for name, gigabytes in peak.items():
        print(f"{name:16} {gigabytes:10.2f} GiB at most")
    if "stock, unfused" in times:
        ratios = [slow / fast for slow, fast in zip(times["stock, unfused"], times["kwskit"], strict=True)]
        low, median, high = statistics.quantiles(ratios, n=4)
        print(f"kwskit is {median:.2f} times as fast as stock (quartiles {low:.2f} to {high:.2f})")
    print(f"losses of both sides differ by at most {difference:.1e}, relatively")
    floor = max(flops / product, moved / copy)
    print(
        f"floor: {flops / 1e9:,.1f} GFLOP at {product / 1e12:.2f} TFLOP/s is {flops / product * 1e3:.2f} ms; "
        f"{moved / 2**20:,.0f} MiB at {copy / 1e9:,.0f} GB/s is {moved / copy * 1e3:.2f} ms; "
        f"kwskit takes {statistics.median(times['kwskit']) / floor:.1f} times the larger"
    )


def profile(side: Side, options: argparse.Namespace) -> None:
    """Write the table of the operations of a round, of five steps at most, the longest first."""
    activities = [torch.profiler.ProfilerActivity.CPU]
    if options.device != "cpu":
        activities.append(torch.profiler.ProfilerActivity.CUDA)
    with torch.profiler.profile(activities=activities) as profiler:
        side.steps(min(5, options.steps))
        if options.device != "cpu":
            torch.cuda.synchronize()
    key = "self_cpu_time_total" if options.device == "cpu" else "self_device_time_total"
    options.profile.write_text(profiler.key_averages().table(sort_by=key, row_limit=60), "utf-8")


if __name__ == "__main__":
    main()
