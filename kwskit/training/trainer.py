"""The training loop, on SpeechBrain's Brain."""

import inspect
import logging
import time
from collections.abc import Callable, Iterator
from typing import Any, cast

import torch
from speechbrain import Brain, Stage
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader

from kwskit.batch import Batch
from kwskit.losses.base import Loss
from kwskit.systems.system import System
from kwskit.training.checkpoint import Checkpoints
from kwskit.training.feed import TrainingFeed
from kwskit.training.log import TrainingLog
from kwskit.training.plan import TrainingPlan
from kwskit.training.processes import Processes

# Brain tells its settings, which the run folder keeps, and a parameter count, which stage 3 prints by part.
logging.getLogger("speechbrain.core").setLevel(logging.WARNING)


class NonFiniteLoss(RuntimeError):
    """A loss became NaN or infinite; the message names the losses and the batch's utterances."""


class Trainer(Brain):
    """Trains a system; killed at any moment and started again, it ends with the same weights.

    Everything that happens in a step is a function of the checkpointed state and of (seed, epoch,
    step): batches come from a resumable sampler, and all randomness is re-seeded at every step, so no
    generator state needs saving.

    Parameters
    ----------
    system : ``system(batch, generator) -> {name: weighted loss}``
    feed : the training batches of an epoch, from any position
    plan : how long and in what steps
    make_optimizer : ``(parameter groups) -> optimizer``
    make_scheduler : ``(optimizer) -> scheduler``; a ``total_steps`` argument is filled in where it has one
    validate : ``(system) -> AP`` in 0..1, called after every epoch
    checkpoints, log_folder : where state and curves go
    seed : the run's seed
    processes : this process among those that train together; only the first writes
    progress : show a progress bar
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
    ):
        super().__init__(
            modules={"system": system},
            run_opts={
                "device": processes.device,
                "precision": plan.precision,
                "grad_accumulation_factor": plan.accumulate,
                "max_grad_norm": plan.max_grad_norm,
                "noprogressbar": not (progress and processes.first),
            },
        )
        self.system = system
        self.parts = cast(dict[str, Loss], dict(system.losses.items()))
        self.feed, self.plan, self.seed = feed, plan, seed
        self.make_optimizer, self.make_scheduler = make_optimizer, make_scheduler
        self.validate, self.checkpoints, self.log_folder = validate, checkpoints, log_folder
        self.epoch = 0  # epochs finished
        self.best_ap, self.best_epoch = -1.0, 0
        self.processes = processes
        self.generator = torch.Generator(processes.device)
        self.loss_sums: dict[str, Tensor] = {}

    def run(self) -> None:
        """Train to the end of the plan, from the last checkpoint where there is one."""
        loader = DataLoader(self.feed, batch_size=None, num_workers=0)
        self.fit(self._epochs(), loader)
        if self.log is not None:
            self.log.close()

    def _epochs(self) -> Iterator[int]:
        while self.epoch < self.plan.epochs:
            stale = self.epoch - self.best_epoch
            if self.plan.early_stop is not None and self.epoch and stale >= self.plan.early_stop:
                if self.processes.first:
                    print(f"early stop: no better validation AP for {stale} epochs")
                return
            yield self.epoch + 1

    def on_fit_start(self) -> None:
        if self.plan.compile:
            cast(nn.Module, self.system.acoustic_encoder).compile(dynamic=True)
        if self.processes.world_size > 1:
            device_ids = None if self.device_type == "cpu" else [torch.device(self.device).index]
            self.modules["system"] = DistributedDataParallel(self.system, device_ids=device_ids)
        self.init_optimizers()
        state = self.checkpoints.load("last")
        if state is not None:
            self._restore(state)
        global_step = self.epoch * len(self.feed) + self.step
        if state is not None and global_step and self.processes.first:
            print(f"resuming after epoch {self.epoch}, batch {self.step} of {len(self.feed)}")
        self.log = TrainingLog(self.log_folder, global_step, self.epoch) if self.processes.first else None

    def init_optimizers(self) -> None:
        """One group of ordinary parameters; parameters that carry rules of their own get their own group."""
        ordinary: list[nn.Parameter] = []
        special: dict[tuple[float | None, float | None], list[nn.Parameter]] = {}
        for parameter in filter(lambda p: p.requires_grad, self.modules.parameters()):
            rules = (getattr(parameter, "weight_decay", None), getattr(parameter, "max_grad_norm", None))
            (ordinary if rules == (None, None) else special.setdefault(rules, [])).append(parameter)
        groups: list[dict[str, Any]] = [{"params": ordinary}]
        for (weight_decay, _), parameters in special.items():
            decay = {} if weight_decay is None else {"weight_decay": weight_decay}
            groups.append({"params": parameters, **decay})
        self.special_norms = [self.plan.max_grad_norm if norm is None else norm for _, norm in special]
        self.optimizer = self.make_optimizer(groups)
        self.optimizers_dict = {"optimizer": self.optimizer}
        takes_total = "total_steps" in inspect.signature(self.make_scheduler).parameters
        total = {"total_steps": self.plan.epochs * len(self.feed) // self.plan.accumulate} if takes_total else {}
        self.scheduler = self.make_scheduler(self.optimizer, **total)

    def on_stage_start(self, stage: Stage, epoch: int | None = None) -> None:
        assert epoch is not None
        self.feed.seek(epoch, self.step)
        self.loss_sums = {} if self.step == 0 else self.loss_sums
        self.epoch_started = time.perf_counter()

    def on_fit_batch_start(self, batch: Batch, should_step: bool) -> None:
        self.batch = batch
        position = self.epoch * len(self.feed) + self.step
        step_seed = (self.seed * 1_000_003 + position + (self.processes.rank << 40)) % 2**63
        torch.manual_seed(step_seed)
        self.generator.manual_seed(step_seed)
        progress = position / (self.plan.epochs * len(self.feed))
        for loss in self.parts.values():
            loss.set_progress(progress)
        for name in self.plan.freeze:
            cast(nn.Module, getattr(self.system, name)).eval()

    def compute_forward(self, batch: Batch, stage: Stage) -> dict[str, Tensor]:
        return self.modules.system(batch.to(self.device), self.generator)

    def compute_objectives(self, predictions: dict[str, Tensor], batch: Batch, stage: Stage) -> Tensor:
        self.losses = predictions
        return torch.stack(list(predictions.values())).sum()

    def check_loss_isfinite(self, loss: Tensor) -> None:
        if not torch.isfinite(loss):
            values = ", ".join(f"{name} {value.item():g}" for name, value in self.losses.items())
            raise NonFiniteLoss(
                f"the loss is {loss.item():g} in epoch {self.epoch + 1}, batch {self.step} ({values}).\n"
                f"Utterances of the batch: {' '.join(self.batch.utt_id)}\n"
                "The last checkpoint is from before this batch. Look at these utterances, or lower the learning rate."
            )

    def optimizers_step(self) -> None:
        for group, norm in zip(self.optimizer.param_groups[1:], self.special_norms, strict=True):
            nn.utils.clip_grad_norm_(group["params"], norm)
        super().optimizers_step()
        if self.plan.schedule_every == "step":
            self.scheduler.step()

    def on_fit_batch_end(self, batch: Batch, outputs: dict[str, Tensor], loss: Tensor, should_step: bool) -> None:
        with torch.no_grad():
            for name, value in {"total": loss, **outputs}.items():
                self.loss_sums[name] = self.loss_sums.get(name, torch.zeros_like(value)) + value.detach()
        if self.log is not None and self.step % self.plan.log_steps == 0:
            metrics = {
                f"{name}.{metric}": float(value)
                for name, part in self.parts.items()
                for metric, value in part.metrics.items()
            }
            values = {name: float(value.detach()) for name, value in outputs.items()}
            position = self.epoch * len(self.feed) + self.step
            self.log.step(position, {"lr": self._lr(), "total": float(loss.detach()), **values, **metrics})
        at_checkpoint = self.step % self.plan.checkpoint_steps == 0 and self.step < len(self.feed)
        if self.processes.first and at_checkpoint:
            self.checkpoints.save("last", self._state())

    def on_stage_end(self, stage: Stage, stage_loss: float, epoch: int | None = None) -> None:
        seconds = time.perf_counter() - self.epoch_started
        means = {f"train_{name}": float(value) / len(self.feed) for name, value in self.loss_sums.items()}
        lr = self._lr()
        ap = self.validate(self.system)
        if self.plan.schedule_every == "epoch":
            self.scheduler.step()
        self.epoch, self.step = self.epoch + 1, 0
        better = ap > self.best_ap
        if better:
            self.best_ap, self.best_epoch = ap, self.epoch
        self.loss_sums = {}
        if self.log is None:
            return
        if better:
            self.checkpoints.save("best", {"system": self.system.state_dict(), "epoch": self.epoch, "ap": ap})
        step = self.epoch * len(self.feed)
        self.log.epoch(self.epoch, step, {"seconds": seconds, "lr": lr, **means, "valid_ap": ap})
        self.checkpoints.save("last", self._state())
        star = " *" if better else ""
        total = means["train_total"]
        print(f"epoch {self.epoch}/{self.plan.epochs}  {seconds:.0f} s  loss {total:.4f}  valid AP {ap:.2%}{star}")

    def _lr(self) -> float:
        return float(self.optimizer.param_groups[0]["lr"])

    def _state(self) -> dict[str, Any]:
        return {
            "system": self.system.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "scheduler": self.scheduler.state_dict(),
            "scaler": self.scaler.state_dict(),
            "epoch": self.epoch,
            "step": self.step,
            "optimizer_step": self.optimizer_step,
            "loss_sums": self.loss_sums,
            "avg_train_loss": float(self.avg_train_loss),
            "best_ap": self.best_ap,
            "best_epoch": self.best_epoch,
        }

    def _restore(self, state: dict[str, Any]) -> None:
        self.system.load_state_dict(state["system"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.scheduler.load_state_dict(state["scheduler"])
        self.scaler.load_state_dict(state["scaler"])
        self.loss_sums = {name: value.to(self.device) for name, value in state["loss_sums"].items()}
        for name in ("epoch", "step", "optimizer_step", "avg_train_loss", "best_ap", "best_epoch"):
            setattr(self, name, state[name])
