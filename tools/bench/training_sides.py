"""The two sides whose training steps are timed, kwskit's own and one of stock parts, and the words they train on."""

import argparse
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import soundfile
import torch
from torch import nn

from kwskit.batch import Batch
from kwskit.constants import SAMPLE_RATE
from kwskit.data.loader import WordBatches
from kwskit.data.records import MANIFEST
from kwskit.data.sampler import PKSampler
from kwskit.data.store.packed_store import PackedStore
from kwskit.data.store.packing import pack_manifest
from kwskit.processes import Processes
from kwskit.text.tokenizer import Tokenizer
from kwskit.training.checkpoint import Checkpoints
from kwskit.training.feed import TrainingFeed
from kwskit.training.plan import TrainingPlan
from kwskit.training.resident import resident_speech
from kwskit.training.trainer import Trainer

sys.path.insert(0, str(Path(__file__).parent))
from unfused_adml import UnfusedAdml

UTTERANCES_OF_A_WORD = 4
DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


class Side:
    """Something that trains: ``step(batch)``, and the feed of its batches."""

    def __init__(self, batches: Callable[[int], Iterator[Batch]], step: Callable[[int, Batch], None]):
        self._make, self._step = batches, step
        self.count, self._epoch = 0, 0
        self._batches: Iterator[Batch] = iter(())

    def steps(self, count: int) -> float:
        """Take ``count`` steps; seconds of audio in their batches."""
        audio = 0
        for _ in range(count):
            batch = self.next()
            audio += int(batch.on_host.wav_lens.sum())
            self.count += 1
            self._step(self.count, batch)
        return audio / SAMPLE_RATE

    def next(self) -> Batch:
        """The next batch, of the next epoch where one has ended."""
        while (batch := next(self._batches, None)) is None:
            self._epoch += 1
            self._batches = self._make(self._epoch)
        return batch


def kwskits_side(store: PackedStore, hparams: dict, plan: TrainingPlan, options: argparse.Namespace) -> tuple:
    """kwskit's own trainer, and its side."""
    trainer = Trainer(
        system=hparams["system"],
        feed=feed_of(store, hparams, plan, options),
        plan=plan,
        make_optimizer=hparams["optimizer"],
        make_scheduler=hparams["scheduler"],
        validate=lambda system: 0.0,
        checkpoints=Checkpoints(store.path, ""),
        log_folder=str(store.path),
        seed=1,
        processes=Processes(0, 1, options.device),
        progress=False,
    )
    trainer.feed.device = options.device
    trainer.log = None
    trainer.init_optimizers()
    if options.device != "cpu":
        torch.set_float32_matmul_precision("high")

    def step(count: int, batch: Batch) -> None:
        trainer.step = count
        trainer.modules.train()
        trainer.fit_batch(batch)

    return trainer, Side(epochs_of(trainer.feed), step)


def stock_side(store: PackedStore, hparams: dict, plan: TrainingPlan, options: argparse.Namespace) -> Side:
    """The same step from stock parts, with a loop as one writes it first."""
    sizes = [hparams[name] for name in ("channels", "mfa_channels", "text_hidden", "text_layers", "num_tokens")]
    model = UnfusedAdml(hparams["system"], *sizes).to(options.device).train()
    optimizer = hparams["optimizer"](model.parameters())
    feed, generator = feed_of(store, hparams, plan, options), torch.Generator()
    feed.device = options.device
    dtype = DTYPES[plan.precision]

    def step(count: int, batch: Batch) -> None:
        generator.manual_seed(count)
        optimizer.zero_grad()
        with torch.autocast(torch.device(options.device).type, dtype, enabled=dtype != torch.float32):
            loss = sum(model(batch, generator).values())
        if not torch.isfinite(loss):
            raise ValueError(f"the stock side's loss is {loss.item()} in step {count}")
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), plan.max_grad_norm)
        optimizer.step()

    return Side(epochs_of(feed), step)


def noise_store(folder: Path, options: argparse.Namespace) -> PackedStore:
    """A packed store of noise words of 0.5 to 1.5 times the mean length, four of each word."""
    random = np.random.default_rng(0)
    rows = []
    for speaker in range(UTTERANCES_OF_A_WORD):
        lengths = random.uniform(0.5, 1.5, options.vocabulary) * options.seconds
        stops = np.cumsum(lengths)
        path = folder / f"{speaker}.wav"
        with soundfile.SoundFile(path, "w", SAMPLE_RATE, 1) as sink:
            for _ in range(0, int(stops[-1]) + 2, 60):
                sink.write(0.05 * random.standard_normal(60 * SAMPLE_RATE))
        for word, (start, stop) in enumerate(zip(stops - lengths, stops, strict=True)):
            rows.append((f"{speaker}-{word}", str(path), start, stop, f"word{word:06}", f"{speaker}", "train"))
    table = pa.Table.from_pylist([dict(zip(MANIFEST, row, strict=True)) for row in rows], pa.schema(MANIFEST))
    pack_manifest(table, folder / "store", 1, progress=False)
    return PackedStore.open(folder / "store")


class RandomPronunciations(Tokenizer):
    """A tokenizer for words that mean nothing: each has 3 to 10 phonemes."""

    def encode(self, text: str) -> list[list[int]]:
        """One list of ids."""
        random = np.random.default_rng(list(text.encode()))
        return [random.integers(4, 74, random.integers(3, 11)).tolist()]


def feed_of(store: PackedStore, hparams: dict, plan: TrainingPlan, options: argparse.Namespace) -> TrainingFeed:
    """The batches, as ``kwskit train`` makes them."""
    sampler = PKSampler(store.word_ids, store.speaker_ids, plan.keywords, plan.utterances, seed=1)
    resident = resident_speech(plan, store, hparams["system"], options.device)
    ahead = 0 if options.device == "cpu" or resident is not None else 2
    return TrainingFeed(WordBatches(store, sampler, RandomPronunciations([]), 1, prefetch=ahead, resident=resident))


def epochs_of(feed: TrainingFeed) -> Callable[[int], Iterator[Batch]]:
    """``epoch -> its batches``."""

    def batches(epoch: int) -> Iterator[Batch]:
        feed.seek(epoch, 0)
        return iter(feed)

    return batches
