"""How long and in what steps to train."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from kwskit.data.stream_features.settings import StreamFeatureSettings
from kwskit.registry import nearest

PRECISIONS = ("fp32", "bf16", "fp16")


class PlanError(ValueError):
    """A training plan that cannot be followed; the message names the field."""


@dataclass(frozen=True)
class TrainingPlan:
    """The ``training:`` section of an experiment.

    Attributes
    ----------
    epochs : passes over the training words
    keywords, utterances : P words by K utterances a batch (ADML: 250 x 2)
    passes : how often an epoch visits each word: with a handful of words, one pass is a single batch
    replacement : words with fewer than K recordings are used too, and these repeated; else they are left out
    accumulate : batches whose gradients are added before a step
    max_grad_norm : gradients are clipped to this norm
    precision : fp32 (TF32 in matrix products on a GPU), or mixed precision bf16 or fp16 (fp16 on a GPU only)
    sync_batch_norm : of several processes, take the statistics of batch normalisation over the whole batch, as one
        process does; else over each process's own part
    compile : run the acoustic encoder and its pooler through torch.compile, which takes a minute or two at the start
    early_stop : stop after so many epochs without a better validation AP; null never stops
    schedule_every : the scheduler steps once an ``epoch`` or once a ``step``
    checkpoint_steps : batches between two checkpoints within an epoch
    log_steps : batches between two lines of the step log
    keep : the model that is released is that of the ``best`` epoch, or of the ``last``: few recordings are better not
        spent on a choice among a few epochs
    validate : the best epoch is that of the highest average precision on dev words: of typed words against segments
        (``trials``), or of ``segments`` against each other, for losses that see no text
    resident : what of the training store is kept in the memory of the training device: nothing (null; the store is
        read through the page cache), its samples (``pcm``, 32 kB a second), or its features (``features``, 16 kB a
        second in fp32 and 8 kB in mixed precision with 40 mels), which a ``wave_augment`` rules out
    heard : how words are heard in their recordings before training, see
        :class:`~kwskit.data.stream_features.settings.StreamFeatureSettings`; for front ends that make the frames of a
        stream. ``wave_augment`` is then part of it. null hears segments
    init : model directory or packaged model whose parts training starts from; those the system lacks are passed over
    fresh : parts that ``init`` has and that start from chance all the same
    freeze : parts that stay as they are, running statistics included
    init_share : share of the weights of ``init`` in those that are released, the rest is what training has come to; a
        model half-way keeps more of what it could do before than it loses of what it has learnt (WiSE-FT, Wortsman et
        al. 2022)
    keep_statistics : normalise by the running statistics that ``init`` has, and leave them as they are: those of a few
        words' batches are others
    """

    epochs: int
    keywords: int
    utterances: int = 2
    passes: int = 1
    replacement: bool = False
    accumulate: int = 1
    max_grad_norm: float = 5.0
    precision: str = "fp32"
    sync_batch_norm: bool = True
    compile: bool = False
    early_stop: int | None = None
    schedule_every: str = "epoch"
    checkpoint_steps: int = 200
    log_steps: int = 10
    keep: str = "best"
    validate: str = "trials"
    resident: str | None = None
    heard: StreamFeatureSettings | None = None
    init: str | None = None
    fresh: tuple[str, ...] = ()
    freeze: tuple[str, ...] = ()
    init_share: float = 0.0
    keep_statistics: bool = False

    @classmethod
    def from_mapping(cls, section: Mapping[str, Any]) -> "TrainingPlan":
        """The plan that a YAML section describes.

        Raises
        ------
        PlanError
            For an unknown or missing field, or a value out of range.
        """
        known = [field.name for field in fields(cls)]
        for name in section:
            if name not in known:
                raise PlanError(f"training: no field '{name}'{nearest(name, known)}; known: {', '.join(known)}")
        for name in ("epochs", "keywords"):
            if name not in section:
                raise PlanError(f"training: '{name}' is missing")
        lists = {name: tuple(section[name]) for name in ("fresh", "freeze") if name in section}
        try:
            heard = {"heard": StreamFeatureSettings(**section["heard"])} if section.get("heard") is not None else {}
        except (TypeError, ValueError) as error:
            raise PlanError(f"training.heard: {error}") from error
        plan = cls(**{**section, **lists, **heard})
        for name in ("epochs", "keywords", "utterances", "passes", "accumulate", "checkpoint_steps", "log_steps"):
            if not isinstance(getattr(plan, name), int) or getattr(plan, name) < 1:
                raise PlanError(f"training.{name} must be a whole number of at least 1, not {getattr(plan, name)!r}")
        if plan.precision not in PRECISIONS:
            raise PlanError(f"training.precision must be one of {PRECISIONS}, not {plan.precision!r}")
        if not 0 <= plan.init_share < 1:
            raise PlanError(f"training.init_share must lie from 0 to below 1, not {plan.init_share!r}")
        if plan.init_share and (plan.init is None or plan.fresh):
            raise PlanError(
                "training.init_share mixes with the weights of training.init, all of them: none may be fresh"
            )
        if plan.keep not in ("best", "last"):
            raise PlanError(f"training.keep must be 'best' or 'last', not {plan.keep!r}")
        if plan.keep == "last" and plan.early_stop is not None:
            raise PlanError("training.early_stop looks for the best epoch: with keep: last it has to be null")
        if plan.validate not in ("trials", "segments"):
            raise PlanError(f"training.validate must be 'trials' or 'segments', not {plan.validate!r}")
        if plan.resident not in (None, "pcm", "features"):
            raise PlanError(f"training.resident must be null, 'pcm' or 'features', not {plan.resident!r}")
        if plan.heard is not None and plan.resident is not None:
            raise PlanError("training.heard and training.resident both say where features come from: leave one out")
        if plan.schedule_every not in ("epoch", "step"):
            raise PlanError(f"training.schedule_every must be 'epoch' or 'step', not {plan.schedule_every!r}")
        return plan
