"""Stage 3: train a system and release its best model."""

import json
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any, cast

from kwskit import collectives, registry
from kwskit.atomic_write import atomic_write
from kwskit.data.store.packed_store import PackedStore
from kwskit.folder_lock import folder_lock
from kwskit.hparams_origin import errors_with_origin
from kwskit.losses.base import Loss
from kwskit.processes import Processes
from kwskit.stages.augmentation_showcase import write_augmentation_showcase
from kwskit.stages.background import write_background
from kwskit.stages.experiment import Experiment
from kwskit.stages.release import is_released, part_sizes, release
from kwskit.stages.training_speech import TrainingSpeech
from kwskit.stages.validation import VALIDATIONS
from kwskit.systems.phoneme_vectors import has_phoneme_vectors_to_learn, learn_phoneme_vectors
from kwskit.training.checkpoint import CheckpointError, Checkpoints
from kwskit.training.feed import TrainingFeed
from kwskit.training.optimization import try_optimization
from kwskit.training.start import freeze_parts, mixed, start_from
from kwskit.training.trainer import Trainer


def train(
    config: Path,
    data: Path,
    exp: Path,
    overlays: Sequence[Path] = (),
    overrides: Mapping[str, str] | None = None,
    device: str | None = None,
) -> None:
    """Train the experiment ``config`` on ``data`` into ``exp``, from where it stopped if it did.

    Writes ``config.yaml``, ``plugins.json``, ``train/`` and ``model/``; nothing for a configuration that cannot be
    used. A run that is done trains on when ``training.epochs`` is raised.

    Raises
    ------
    kwskit.hparams_origin.HparamsError
        For a configuration that cannot be used; the message names file, line and key.
    kwskit.training.checkpoint.CheckpointError
        When ``exp`` holds a run of another configuration, or one that is longer already.
    kwskit.folder_lock.FolderInUse
        When another process trains into ``exp``.

    Started by ``torchrun``, the processes share the keywords of every batch and average their gradients; the first one
    writes, and the others leave after it.
    """
    with Processes.join(device) as processes, errors_with_origin(config, overlays, overrides):
        speech = TrainingSpeech(data)
        experiment = Experiment.read(config, speech.words, overlays, overrides)
        with folder_lock(exp) if processes.first else nullcontext():
            run = TrainingRun(experiment, speech, data, exp, processes)
            if not run.is_done():
                run.prepare()
                run.fit(run.build())
                run.release()


class TrainingRun:
    """One training, from an experiment to a released model.

    Parameters
    ----------
    experiment : what to train, and how
    speech : what it is trained on
    data, exp : folders of the corpus and of the run
    processes : this process among those that train together
    """

    def __init__(self, experiment: Experiment, speech: TrainingSpeech, data: Path, exp: Path, processes: Processes):
        self.experiment, self.speech, self.data, self.exp, self.processes = experiment, speech, data, exp, processes
        self.store = speech.store
        self.system, self.plan, self.tokenizer = experiment.system, experiment.plan, experiment.tokenizer
        self.checkpoints = Checkpoints(exp / "train", self._identity())
        self.started = time.perf_counter()

    def is_done(self) -> bool:
        """Whether the run has nothing left to do; the first process decides, and says so."""
        last = self.checkpoints.load("last")
        self.fresh = last is None
        done = False
        if last is not None:
            if last["epoch"] + (last["step"] > 0) > self.plan.epochs:
                raise CheckpointError(
                    f"{self.exp} has been trained for {last['epoch']} epochs already, more than training.epochs, which "
                    f"is {self.plan.epochs}: use another --exp folder, or delete this one to start again"
                )
            over = self.plan.is_over(last["epoch"], last["best_epoch"])
            done = over and is_released(self.exp, self.experiment, last["epoch"])
        done = collectives.broadcast_from_first(done)
        if done and self.processes.first:
            print(f"training is done already: {self.exp / 'model'}; a higher training.epochs goes on with it")
        return done

    def prepare(self) -> None:
        """Give the system what it starts from, and the speech that it trains on."""
        plan, system = self.plan, self.system
        if plan.init is not None:
            start_from(plan.init, system, plan.fresh, self.tokenizer)
        weights = system.state_dict() if plan.init_share else {}
        self.start = {name: tensor.clone() for name, tensor in weights.items()}
        freeze_parts(system, plan.freeze)
        self.batches = self.speech.batches(self.experiment, self.processes)
        system.begin(self.tokenizer, self.batches.words)
        for loss in system.losses.values():
            cast(Loss, loss).begin(system, self.tokenizer, self.batches.words)

    def build(self) -> Trainer:
        """The trainer, with its batches; what would fail in training fails here."""
        plan, seed, processes = self.plan, self.experiment.seed, self.processes
        make_optimizer, make_scheduler = self.experiment.make_optimizer, self.experiment.make_scheduler
        trainer = Trainer(
            system=self.system,
            feed=TrainingFeed(self.batches),
            plan=plan,
            make_optimizer=make_optimizer,
            make_scheduler=make_scheduler,
            validate=VALIDATIONS[plan.validate](self.data, self.tokenizer),
            checkpoints=self.checkpoints,
            log_folder=str(self.exp / "train"),
            seed=seed,
            processes=processes,
            progress=sys.stderr.isatty(),
            make_logger=self.experiment.make_logger,
        )
        try_optimization(self.system, plan.groups, make_optimizer, make_scheduler, trainer.total_steps)
        return trainer

    def fit(self, trainer: Trainer) -> None:
        """Train to the end of the plan."""
        if self.processes.first:
            self._write_facts()
            print(f"{self.batches.size}; {len(trainer.feed)} batches an epoch on {self.processes}")
            counts = part_sizes(self.experiment).items()
            print("parameters: " + ", ".join(f"{name} {count:,}" for name, count in counts))
            made = self.plan.resident == "features" or self.plan.heard is not None or self.plan.whole is not None
            if self.system.has_frontend and not made and self.fresh:
                batch = next(iter(trainer.feed))
                spoken = [self.store.words[word] for word in batch.word.tolist()]
                showcase = self.exp / "train" / "augmentation.npz"
                write_augmentation_showcase(showcase, cast(Any, self.system), batch, spoken, self.experiment.seed)
        self.validate = trainer.validate
        trainer.run()
        self.epochs = trainer.epoch

    def release(self) -> None:
        """Make the best of training, or its last, the model of the run."""
        plan, system, processes = self.plan, self.system, self.processes
        if plan.init_share:
            collectives.broadcast_from_first(True)  # by now it has written the best; all validate what it is mixed to
        elif not processes.first:
            return
        best = self.checkpoints.load("best")
        if best is None:
            raise RuntimeError(f"{self.exp / 'train'}: training ended without a best checkpoint")
        if plan.init_share:
            system.load_state_dict(mixed(self.start, best["system"], plan.init_share))
            best["ap"] = self.validate(system)
        else:
            system.load_state_dict(best["system"])
        if not processes.first:
            return
        if has_phoneme_vectors_to_learn(system):
            learn_phoneme_vectors(cast(Any, system), self.store, self.tokenizer)

        def background(folder: Path) -> None:
            dev = PackedStore.open(self.data / "store" / "dev")
            write_background(folder, dev, self.experiment.seed, processes.device)

        release(self.exp, self.experiment, self.epochs, best, background)
        seconds = time.perf_counter() - self.started
        print(
            f"{plan.keep} validation AP {best['ap']:.2%} in epoch {best['epoch']}; {seconds:.0f} s; "
            f"model in {self.exp / 'model'}; curves: tensorboard --logdir {self.exp / 'train' / 'tensorboard'}"
        )

    def _identity(self) -> str:
        """What must be the same for training to go on: the configuration, the plugins and the data."""
        plugins = "".join(f"# plugin {plugin.name} {plugin.sha256}\n" for plugin in registry.plugins())
        samples, counts = int(self.store.num_samples.sum()), (len(self.store), len(self.store.words))
        return f"{self.experiment.text}{plugins}# store {counts[0]} segments, {counts[1]} words, {samples} samples\n"

    def _write_facts(self) -> None:
        with atomic_write(self.exp / "config.yaml") as partial:
            partial.write_text(self.experiment.text, "utf-8")
        write_plugins(self.exp)


def write_plugins(exp: Path) -> None:
    """Write ``plugins.json``: which files registered parts in this process, with their hashes."""
    plugins = [{"name": p.name, "path": p.path, "sha256": p.sha256} for p in registry.plugins()]
    with atomic_write(exp / "plugins.json") as partial:
        partial.write_text(json.dumps(plugins, indent=1) + "\n", "utf-8")
