"""Stage 3: train a system and release its best model."""

import json
import platform
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

import torch

from kwskit import __version__, collectives, registry
from kwskit.data.loader import WordBatches
from kwskit.data.sampler import PKSampler
from kwskit.data.store.packed_store import PackedStore
from kwskit.data.stream_features.make import hear
from kwskit.data.stream_features.store import StreamFeatures
from kwskit.hparams import build_hparams, plain_value, resolve_hparams, select
from kwskit.losses.base import Loss
from kwskit.processes import Processes
from kwskit.stages.augmentation_showcase import write_augmentation_showcase
from kwskit.stages.background import write_background
from kwskit.stages.fitted_tokenizer import fit_tokenizer
from kwskit.stages.validation import VALIDATIONS
from kwskit.systems.dual_encoder import DualEncoder
from kwskit.systems.model_directory import save_model
from kwskit.systems.phoneme_vectors import has_phoneme_vectors_to_learn, learn_phoneme_vectors
from kwskit.systems.system import System
from kwskit.systems.two_encoders import TwoEncoders
from kwskit.training.checkpoint import Checkpoints
from kwskit.training.feed import TrainingFeed
from kwskit.training.plan import PlanError, TrainingPlan
from kwskit.training.resident import resident_speech
from kwskit.training.start import freeze_parts, mixed, start_from
from kwskit.training.trainer import Trainer

KEYS = ("seed", "num_words", "tokenizer", "system", "optimizer", "scheduler", "training")


def train(
    config: Path,
    data: Path,
    exp: Path,
    overlays: Sequence[Path] = (),
    overrides: Mapping[str, str] | None = None,
    device: str | None = None,
) -> None:
    """Train the experiment ``config`` on ``data`` into ``exp``, from where it stopped if it did.

    Writes ``config.yaml``, ``plugins.json``, ``train/`` and ``model/``.

    Raises
    ------
    kwskit.hparams.HparamsError, kwskit.training.plan.PlanError
        For a configuration that cannot be used.
    kwskit.training.checkpoint.CheckpointError
        When ``exp`` holds a run of another configuration.

    Started by ``torchrun``, the processes share the keywords of every batch and average their gradients; the first one
    writes, and the others leave after it.
    """
    with Processes.join(device) as processes:
        _train(config, data, exp, overlays, overrides, processes)


def _train(
    config: Path,
    data: Path,
    exp: Path,
    overlays: Sequence[Path],
    overrides: Mapping[str, str] | None,
    processes: Processes,
) -> None:
    store = PackedStore.open(data / "store" / "train")
    text = resolve_hparams(config, overlays, {"num_words": str(len(store.words)), **(overrides or {})}, KEYS)
    text = fit_tokenizer(text, store.words)
    seed = int(plain_value(text, "seed"))
    plan = TrainingPlan.from_mapping(plain_value(text, "training"))
    checkpoints = Checkpoints(exp / "train", _identity(text, store))
    last = checkpoints.load("last")
    done = last is not None and last["epoch"] == plan.epochs and (exp / "model").exists()
    if collectives.broadcast_from_first(done):
        if processes.first:
            print(f"training is done already: {exp / 'model'}")
        return
    if processes.first:
        _write_facts(exp, text)

    torch.manual_seed(seed)  # the weights are drawn while the YAML is built
    hparams = build_hparams(text, config)
    system: System = hparams["system"]
    heard = _heard(plan, data, system, text, processes)
    speech = store if heard is None else heard
    sampler = PKSampler(
        speech.word_ids,
        speech.speaker_ids,
        keywords=plan.keywords,
        utterances=plan.utterances,
        seed=seed,
        passes=plan.passes,
        replacement=plan.replacement,
    )
    resident = resident_speech(plan, store, system, processes.device)
    batches = WordBatches(
        speech,
        sampler,
        hparams["tokenizer"],
        seed,
        # While a GPU computes, a thread reads ahead; a store on the GPU needs none.
        prefetch=0 if processes.device == "cpu" or resident is not None else 2,
        rank=processes.rank,
        world_size=processes.world_size,
        resident=resident,
    )
    feed = TrainingFeed(batches)
    if plan.init is not None:
        start_from(plan.init, system, plan.fresh, hparams["tokenizer"])
    start = {name: weights.clone() for name, weights in system.state_dict().items()} if plan.init_share else {}
    freeze_parts(system, plan.freeze)
    for loss in system.losses.values():
        cast(Loss, loss).begin(system, hparams["tokenizer"], speech.words)
    counts = {name: sum(p.numel() for p in part.parameters()) for name, part in system.named_children()}
    parameters = {name: count for name, count in counts.items() if count}
    if processes.first:
        print(f"{len(speech)} segments of {len(speech.words)} words; {len(feed)} batches an epoch on {processes}")
        print("parameters: " + ", ".join(f"{name} {count:,}" for name, count in parameters.items()))
        if isinstance(system, TwoEncoders) and last is None and plan.resident != "features" and heard is None:
            batch = next(iter(feed))
            spoken = [store.words[word] for word in batch.word.tolist()]
            write_augmentation_showcase(exp / "train" / "augmentation.npz", system, batch, spoken, seed)
    started = time.perf_counter()
    trainer = Trainer(
        system=system,
        feed=feed,
        plan=plan,
        make_optimizer=hparams["optimizer"],
        make_scheduler=hparams["scheduler"],
        validate=VALIDATIONS[plan.validate](data, hparams["tokenizer"]),
        checkpoints=checkpoints,
        log_folder=str(exp / "train"),
        seed=seed,
        processes=processes,
        progress=sys.stderr.isatty(),
    )
    trainer.run()
    if plan.init_share:
        collectives.broadcast_from_first(True)  # by now it has written the best; all validate what it is mixed to
    elif not processes.first:
        return
    best = checkpoints.load("best")
    if best is None:
        raise RuntimeError(f"{exp / 'train'}: training ended without a best checkpoint")
    if plan.init_share:
        system.load_state_dict(mixed(start, best["system"], plan.init_share))
        best["ap"] = trainer.validate(system)
    else:
        system.load_state_dict(best["system"])
    if not processes.first:
        return
    if has_phoneme_vectors_to_learn(system):
        learn_phoneme_vectors(cast(TwoEncoders, system), store, hparams["tokenizer"])
    card = _card(best["epoch"], best["ap"], plan, parameters, seed)
    save_model(exp / "model", system, text, card)
    if isinstance(system, DualEncoder):
        write_background(exp / "model", PackedStore.open(data / "store" / "dev"), seed, processes.device)
    seconds = time.perf_counter() - started
    told = f"{plan.keep} validation AP {best['ap']:.2%} in epoch {best['epoch']}"
    print(f"{told}; {seconds:.0f} s; model in {exp / 'model'}")


def _heard(plan: TrainingPlan, data: Path, system: System, text: str, processes: Processes) -> StreamFeatures | None:
    """The training words as heard in their recordings, where the plan says so; the first process makes them."""
    if plan.heard is None:
        return None
    if not isinstance(system, DualEncoder) or system.stream is None:
        raise PlanError("training.heard is for !system:dual_encoder with a front end that makes the frames of a stream")
    settings = select(text, {"frontend": None, "wave_augment": None}, inside="system")
    parts = data / "manifests" / "train.tsv", data / "heard", system.frontend, system.wave_augment, plan.heard, settings
    if processes.first:
        hear(*parts, processes.device)
    collectives.broadcast_from_first(True)
    return hear(*parts, processes.device)


def _identity(text: str, store: PackedStore) -> str:
    """What must be the same for training to go on: the configuration, the plugins and the data."""
    plugins = "".join(f"# plugin {plugin.name} {plugin.sha256}\n" for plugin in registry.plugins())
    samples = int(store.num_samples.sum())
    return f"{text}{plugins}# store {len(store)} segments, {len(store.words)} words, {samples} samples\n"


def _write_facts(exp: Path, text: str) -> None:
    exp.mkdir(parents=True, exist_ok=True)
    (exp / "config.yaml").write_text(text, "utf-8")
    write_plugins(exp)


def write_plugins(exp: Path) -> None:
    """Write ``plugins.json``: which files registered parts in this process, with their hashes."""
    exp.mkdir(parents=True, exist_ok=True)
    plugins = [{"name": p.name, "path": p.path, "sha256": p.sha256} for p in registry.plugins()]
    (exp / "plugins.json").write_text(json.dumps(plugins, indent=1) + "\n", "utf-8")


def _card(epoch: int, ap: float, plan: TrainingPlan, parameters: Mapping[str, int], seed: int) -> str:
    share = f", of which it has {plan.init_share:.0%}" if plan.init_share else ""
    started = [] if plan.init is None else [f"- started from the weights of {plan.init}{share}"]
    return "\n".join(
        [
            "# kwskit model",
            "",
            "Open-vocabulary keyword spotting enrolled by typing: a typed and a spoken word meet in one space.",
            "",
            *started,
            f"- {plan.keep} of training: epoch {epoch}, validation AP {ap:.2%} (dev {plan.validate})",
            f"- parameters: {', '.join(f'{name} {count:,}' for name, count in parameters.items() if name != 'losses')}",
            f"- seed {seed}, kwskit {__version__}, torch {torch.__version__}, Python {platform.python_version()}",
            "",
            "```python",
            "from kwskit.systems.model_directory import load_model",
            'model = load_model("this directory")',
            "```",
            "",
        ]
    )
