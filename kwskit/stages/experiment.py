"""An experiment's YAML, read, checked and built."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from kwskit.arguments import ArgumentError, PositiveInt, Seed, check
from kwskit.hparams import build_hparams, plain_value, resolve_hparams
from kwskit.hparams_origin import errors_with_origin
from kwskit.stages.fitted_tokenizer import fit_tokenizer
from kwskit.systems.system import System
from kwskit.training.plan import TrainingPlan

# What training reads of a YAML besides settings, what each has to do, and what it looks like.
PARTS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "tokenizer": (lambda part: callable(getattr(part, "encode", None)), "!tokenizer:phoneme"),
    "system": (lambda part: isinstance(part, System), "!system:dual_encoder"),
    "optimizer": (callable, "!name:torch.optim.AdamW {lr: 1.0e-3}"),
    "scheduler": (callable, "!name:torch.optim.lr_scheduler.StepLR {step_size: 20}"),
}
LOGGER = "!name:kwskit.training.loggers.weights_and_biases {project: kwskit}"
KEYS = ("seed", "num_words", "tokenizer", "system", "optimizer", "scheduler", "logger", "training")


@dataclass(frozen=True)
class Experiment:
    """What stage 3 trains, and how.

    Attributes
    ----------
    text : resolved YAML, with what its tokenizer has learnt filled in
    seed : seed of every random draw
    plan : how long and in what steps to train
    tokenizer : makes typed words into tokens
    system : the parts, with weights drawn from the seed
    make_optimizer, make_scheduler : ``(parameter groups) -> optimizer``, ``(optimizer) -> scheduler``
    make_logger : ``() -> logger`` of :mod:`kwskit.training.loggers`, or None
    """

    text: str
    seed: int
    plan: TrainingPlan
    tokenizer: Any
    system: System
    make_optimizer: Callable[..., torch.optim.Optimizer]
    make_scheduler: Callable[..., Any]
    make_logger: Callable[[], Any] | None

    @classmethod
    def read(
        cls,
        config: Path,
        words: Sequence[str],
        overlays: Iterable[Path] = (),
        overrides: Mapping[str, str] | None = None,
    ) -> "Experiment":
        """The experiment of a YAML on the training ``words``.

        Raises
        ------
        kwskit.hparams_origin.HparamsError
            For a configuration that cannot be used; the message names file, line and key.
        """
        overlays, overrides = list(overlays), dict(overrides or {})
        text = resolve_hparams(config, overlays, {"num_words": str(len(words)), **overrides}, KEYS)
        with errors_with_origin(config, overlays, overrides):
            seed = plain_value(text, "seed")
            check("seed", seed, Seed)
            check("num_words", plain_value(text, "num_words"), PositiveInt)
            plan = TrainingPlan.from_mapping(plain_value(text, "training"))
            text = fit_tokenizer(text, words)
            torch.manual_seed(seed)  # the weights are drawn while the YAML is built
        hparams = build_hparams(text, config, overlays, overrides)
        with errors_with_origin(config, overlays, overrides):
            for key, (serves, example) in PARTS.items():
                if not serves(hparams.get(key)):
                    raise ArgumentError(key, f"must be a part, as in {example}")
            logger = hparams.get("logger")
            if not (logger is None or callable(logger)):
                raise ArgumentError("logger", f"is made when training begins, as in {LOGGER}")
            if not hparams["system"].losses:
                raise ArgumentError("losses", "are missing: a system without any learns nothing")
        tokenizer, system, optimizer, scheduler = (hparams[key] for key in PARTS)
        return cls(text, seed, plan, tokenizer, system, optimizer, scheduler, logger)
