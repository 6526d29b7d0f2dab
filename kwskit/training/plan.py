"""How long and in what steps to train."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Literal

from kwskit.arguments import ArgumentError, PositiveFloat, PositiveInt, Range, built_from
from kwskit.data.stream_features.settings import StreamFeatureSettings
from kwskit.data.utterance_batches import UtteranceSettings
from kwskit.training.parameter_groups import ParameterGroup


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
    gradient_steps : batches between two lines of the step log that tell how strongly each loss pulls at each encoder
        (norms of gradients), the first batch's among them; each takes a way back through the graph for each loss. null
        writes none
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
    whole : how utterances are heard whole, with words and phrases as spans of them, see
        :class:`~kwskit.data.utterance_batches.UtteranceSettings`; it takes the place of ``keywords`` and
        ``utterances``. null hears segments
    init : model directory or packaged model whose parts training starts from; those the system lacks are passed over
    fresh : parts that ``init`` has and that start from chance all the same
    freeze : parts that stay as they are, running statistics included
    init_share : share of the weights of ``init`` in those that are released, the rest is what training has come to; a
        model half-way keeps more of what it could do before than it loses of what it has learnt (WiSE-FT, Wortsman et
        al. 2022)
    keep_statistics : normalise by the running statistics that ``init`` has, and leave them as they are: those of a few
        words' batches are others
    groups : parts with a learning rate or a weight decay of their own, as in ``groups: {losses.adv: {lr_factor: 10}}``:
        names of parts or patterns of parameters to :class:`~kwskit.training.parameter_groups.ParameterGroup`
    """

    epochs: PositiveInt
    keywords: PositiveInt
    utterances: PositiveInt = 2
    passes: PositiveInt = 1
    replacement: bool = False
    accumulate: PositiveInt = 1
    max_grad_norm: PositiveFloat = 5.0
    precision: Literal["fp32", "bf16", "fp16"] = "fp32"
    sync_batch_norm: bool = True
    compile: bool = False
    early_stop: PositiveInt | None = None
    schedule_every: Literal["epoch", "step"] = "epoch"
    checkpoint_steps: PositiveInt = 200
    log_steps: PositiveInt = 10
    gradient_steps: PositiveInt | None = 200
    keep: Literal["best", "last"] = "best"
    validate: Literal["trials", "segments"] = "trials"
    resident: Literal["pcm", "features"] | None = None
    heard: StreamFeatureSettings | None = None
    whole: UtteranceSettings | None = None
    init: str | None = None
    fresh: tuple[str, ...] = ()
    freeze: tuple[str, ...] = ()
    init_share: Annotated[float, Range(least=0, below=1)] = 0.0
    keep_statistics: bool = False
    groups: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_mapping(cls, section: Mapping[str, Any]) -> "TrainingPlan":
        """The plan that a YAML section describes.

        Raises
        ------
        kwskit.arguments.ArgumentError
            For an unknown or missing field, a value out of range, or fields that contradict each other.
        """
        plan = built_from(cls, section, "training")
        groups = {key: built_from(ParameterGroup, rule, f"training.groups.{key}") for key, rule in plan.groups.items()}
        plan = replace(plan, groups=groups)
        if plan.init_share and (plan.init is None or plan.fresh):
            raise ArgumentError(
                "training.init_share", "mixes with the weights of training.init, all of them: none may be fresh"
            )
        if plan.keep == "last" and plan.early_stop is not None:
            raise ArgumentError("training.early_stop", "looks for the best epoch: with keep: last it has to be null")
        if plan.heard is not None and plan.resident is not None:
            raise ArgumentError(
                "training.heard", "and training.resident both say where features come from: leave one out"
            )
        if plan.whole is not None and plan.heard is not None:
            raise ArgumentError("training.whole", "and training.heard both say how words are heard: leave one out")
        if plan.whole is not None and plan.resident == "features":
            reason = "is null or pcm with training.whole, which joins samples to streams"
            raise ArgumentError("training.resident", reason)
        return plan

    def run_options(self, device: str, progress: bool) -> dict[str, Any]:
        """``run_opts`` of a SpeechBrain ``Brain`` that trains on ``device``, and shows a progress bar or not."""
        return {
            "device": device,
            "precision": self.precision,
            "grad_accumulation_factor": self.accumulate,
            "max_grad_norm": self.max_grad_norm,
            "noprogressbar": not progress,
        }

    def measures_gradients(self, position: int) -> bool:
        """Whether the norms of gradients are measured at batch ``position`` of the training, from 1."""
        return self.gradient_steps is not None and (position - 1) % self.gradient_steps == 0

    def is_over(self, epoch: int, best_epoch: int) -> bool:
        """Whether training ends after ``epoch`` epochs, of which ``best_epoch`` was the best."""
        stale = epoch - best_epoch
        return epoch >= self.epochs or (self.early_stop is not None and epoch > 0 and stale >= self.early_stop)
