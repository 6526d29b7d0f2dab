"""The training loop, on SpeechBrain's Brain."""

import logging
import time
from collections.abc import Callable, Iterator
from typing import Any, cast

import torch
from speechbrain import Brain, Stage
from torch import Tensor
from torch.utils.data import DataLoader

from kwskit.batch import Batch
from kwskit.losses.base import Loss
from kwskit.processes import Processes
from kwskit.systems.system import System
from kwskit.threads import threads_by_load
from kwskit.training import loggers
from kwskit.training.checkpoint import Checkpoints
from kwskit.training.compilation import compile_parts
from kwskit.training.feed import TrainingFeed
from kwskit.training.gradient_norms import gradient_norms
from kwskit.training.log import TrainingLog
from kwskit.training.loss_watch import LossWatch, fetched_metrics
from kwskit.training.optimization import check_rate, make_optimization, rate_of, restore_optimization
from kwskit.training.parameter_groups import clip_special_groups
from kwskit.training.plan import TrainingPlan
from kwskit.training.replica import check_same_place, replica, share_buffers
from kwskit.training.start import hold_frozen

# Brain tells its settings, which the run folder keeps, and a parameter count, which stage 3 prints by part.
logging.getLogger("speechbrain.core").setLevel(logging.WARNING)
PLACE = ("epoch", "step", "optimizer_step", "best_ap", "best_epoch")  # of a training, as checkpoints keep it


class Trainer(Brain):
    """Trains a system; killed at any moment and started again, it ends with the same weights (with as many threads).

    Everything that happens in a step is a function of the checkpointed state and of (seed, epoch,
    step): batches come from a resumable sampler, and all randomness is re-seeded at every step, so no
    generator state needs saving.

    On a GPU the host never waits within a step: losses are looked at for a line of the log, and before a checkpoint.

    Parameters
    ----------
    system : ``system(batch, generator) -> {name: weighted loss}``
    feed : the training batches of an epoch, from any position
    plan : how long and in what steps
    make_optimizer, make_scheduler : as :func:`~kwskit.training.optimization.make_optimization` takes them
    validate : ``(system) -> AP`` in 0..1, called after every epoch by all processes, to whom it tells the same
    checkpoints, log_folder : where state and curves go
    seed : the run's seed
    processes : this process among those that train together; only the first writes
    progress : show a progress bar
    make_logger : ``() -> logger`` of SpeechBrain's kind, told of every epoch; None for TensorBoard and files alone
    """

    step: int  # batches of the epoch that are done; Brain counts them

    def __init__(
        self,
        system: System,
        feed: TrainingFeed,
        plan: TrainingPlan,
        make_optimizer: Callable[[list[dict[str, Any]]], torch.optim.Optimizer],
        make_scheduler: Callable[..., Any],
        validate: Callable[[System], float],
        checkpoints: Checkpoints,
        log_folder: str,
        seed: int,
        processes: Processes,
        progress: bool,
        make_logger: Callable[[], Any] | None = None,
    ):
        super().__init__(
            modules={"system": system},
            run_opts=plan.run_options(processes.device, progress and processes.first),
        )
        self.system = system
        self.parts = cast(dict[str, Loss], dict(system.losses.items()))
        self.feed, self.plan, self.seed, self.processes = feed, plan, seed, processes
        self.make, self.make_logger = (make_optimizer, make_scheduler), make_logger
        self.validate, self.checkpoints, self.log_folder = validate, checkpoints, log_folder
        self.epoch = 0  # epochs finished
        self.best_ap, self.best_epoch = -1.0, 0
        self.generator = torch.Generator()  # on the CPU, where what is drawn decides shapes
        self.watch = LossWatch()

    def run(self) -> None:
        """Train to the end of the plan, from the last checkpoint where there is one."""
        self.feed.device = self.device
        loader = DataLoader(self.feed, batch_size=None, num_workers=0)
        self.fit(self._epochs(), loader)
        if self.log is not None:
            self.log.close()
        loggers.close(self.logger)

    def _epochs(self) -> Iterator[int]:
        while not self.plan.is_over(self.epoch, self.best_epoch):
            yield self.epoch + 1
        if self.epoch < self.plan.epochs and self.processes.first:
            print(f"early stop: no better validation AP for {self.epoch - self.best_epoch} epochs")

    def on_fit_start(self) -> None:
        if self.device_type == "cuda":
            torch.set_float32_matmul_precision("high")
        if self.plan.compile:
            compile_parts(self.system)
        self.modules["system"] = replica(self.system, self.plan.sync_batch_norm)
        self.init_optimizers()
        if (state := self.checkpoints.load("last")) is not None:
            self._restore(state)
        check_same_place([self.epoch, self.step], str(self.checkpoints.folder))
        if state is not None and self.position and self.processes.first:
            print(f"resuming after epoch {self.epoch}, batch {self.step} of {len(self.feed)}")
        self.log = TrainingLog(self.log_folder, self.position, self.epoch) if self.processes.first else None
        self.logger = self.make_logger() if self.make_logger is not None else None

    def init_optimizers(self) -> None:
        self.optimizer, self.scheduler = make_optimization(
            self.system, self.plan.groups, *self.make, self.total_steps, self.device_type
        )
        self.optimizers_dict = {"optimizer": self.optimizer}

    @property
    def total_steps(self) -> int:
        """Steps of the optimizer in the whole training."""
        return self.plan.epochs * len(self.feed) // self.plan.accumulate

    @property
    def position(self) -> int:
        """Batches of the whole training that are done, or with the present one."""
        return self.epoch * len(self.feed) + self.step

    def on_stage_start(self, stage: Stage, epoch: int | None = None) -> None:
        assert epoch is not None
        self.feed.seek(epoch, self.step)
        if self.step == 0:
            self.watch.clear()
        self.epoch_started = time.perf_counter()

    def fit_batch(self, batch: Batch) -> Tensor:
        """Brain's step, which ends in fetching the loss, without that end."""
        threads_by_load().adapt()
        should_step = self.step % self.plan.accumulate == 0
        self.on_fit_batch_start(batch, should_step)
        with self.no_sync(not should_step):
            with self.training_ctx:
                outputs = self.compute_forward(batch, Stage.TRAIN)
                loss = self.compute_objectives(outputs, batch, Stage.TRAIN)
            self.check_loss_isfinite(loss)
            measures = self.plan.measures_gradients(self.position)
            self.gradients = gradient_norms(outputs, self.system, self.scaler) if measures else {}
            self.scaler.scale(loss / self.plan.accumulate).backward()
        if should_step:
            self.optimizers_step()
        self.on_fit_batch_end(batch, outputs, loss, should_step)
        return loss.detach()

    def update_average(self, loss: Tensor, avg_loss: float) -> float:
        """The mean loss of the epoch as of the last look."""
        return self.watch.means.get("total", avg_loss)

    def on_fit_batch_start(self, batch: Batch, should_step: bool) -> None:
        self.batch = batch
        step_seed = (self.seed * 1_000_003 + self.position + (self.processes.rank << 40)) % 2**63
        torch.manual_seed(step_seed)
        self.generator.manual_seed(step_seed)
        progress = self.position / (self.plan.epochs * len(self.feed))
        for loss in self.parts.values():
            loss.set_progress(progress)
        hold_frozen(self.system, self.plan.freeze, self.plan.keep_statistics)

    def compute_forward(self, batch: Batch, stage: Stage) -> dict[str, Tensor]:
        return self.modules.system(batch, self.generator)

    def compute_objectives(self, predictions: dict[str, Tensor], batch: Batch, stage: Stage) -> Tensor:
        self.losses = predictions
        return torch.stack(list(predictions.values())).sum()

    def check_loss_isfinite(self, loss: Tensor) -> None:
        self.watch.add(self.epoch + 1, self.step, self.batch.utt_id, {"total": loss, **self.losses})
        if loss.is_cpu:
            self.watch.look()

    def optimizers_step(self) -> None:
        clip_special_groups(self.optimizer, self.plan.max_grad_norm)
        super().optimizers_step()
        if self.plan.schedule_every == "step":
            self._step_scheduler()

    def on_fit_batch_end(self, batch: Batch, outputs: dict[str, Tensor], loss: Tensor, should_step: bool) -> None:
        at_log = self.step % self.plan.log_steps == 0 or bool(self.gradients)
        # Between two steps of the optimizer there are gradients, which no checkpoint keeps.
        due = should_step and self.step % self.plan.checkpoint_steps < self.plan.accumulate
        at_checkpoint = due and self.step < len(self.feed)
        if at_log or at_checkpoint:
            self.watch.look()
        if self.log is not None and at_log:
            metrics = fetched_metrics(self.parts, self.gradients)
            self.log.step(self.position, {"lr": rate_of(self.optimizer), **self.watch.latest, **metrics})
        if self.processes.first and at_checkpoint:
            self.checkpoints.save("last", self._state())

    def on_stage_end(self, stage: Stage, stage_loss: float, epoch: int | None = None) -> None:
        self.watch.look()
        losses = dict(self.watch.means)
        rate = {"seconds": time.perf_counter() - self.epoch_started, "lr": rate_of(self.optimizer)}
        share_buffers(self.system)
        ap = self.validate(self.system)
        if self.plan.schedule_every == "epoch":
            self._step_scheduler()
        self.epoch, self.step = self.epoch + 1, 0
        better = ap > self.best_ap or self.plan.keep == "last"
        if better:
            self.best_ap, self.best_epoch = ap, self.epoch
        self.watch.clear()
        if self.logger is not None:  # by all processes: the first one writes, and the others wait for it
            self.logger.log_stats({"epoch": self.epoch, "step": self.position, **rate}, losses, {"ap": ap})
        if self.log is None:
            return
        if better:
            self.checkpoints.save("best", {"system": self.system.state_dict(), "epoch": self.epoch, "ap": ap})
        means = {f"train_{name}": mean for name, mean in losses.items()}
        self.log.epoch(self.epoch, self.position, {**rate, **means, "valid_ap": ap})
        self.checkpoints.save("last", self._state())
        place = f"epoch {self.epoch}/{self.plan.epochs}  {rate['seconds']:.0f} s"
        print(f"{place}  loss {losses['total']:.4f}  valid AP {ap:.2%}{' *' if better else ''}")

    def _step_scheduler(self) -> None:
        self.scheduler.step()
        check_rate(self.optimizer)

    def _state(self) -> dict[str, Any]:
        return {
            **{name: getattr(self, name).state_dict() for name in ("system", "optimizer", "scheduler", "scaler")},
            **{name: getattr(self, name) for name in PLACE},
            "loss_sums": self.watch.state(),
        }

    def _restore(self, state: dict[str, Any]) -> None:
        self.system.load_state_dict(state["system"])
        if restore_optimization(self.optimizer, self.scheduler, state) and self.processes.first:
            name, rate = type(self.scheduler).__name__, rate_of(self.optimizer)
            print(f"{name} goes on as if all {self.plan.epochs} epochs had been planned: lr {rate:.3g} from here")
        self.scaler.load_state_dict(state["scaler"])
        self.watch.restore(state["loss_sums"], self.device)
        for name in PLACE:
            setattr(self, name, state[name])
