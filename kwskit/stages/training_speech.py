"""The speech that stage 3 trains on: segments, words in streams, or whole utterances."""

from pathlib import Path
from typing import Any

from kwskit import collectives
from kwskit.arguments import ArgumentError
from kwskit.data.loader import WordBatches
from kwskit.data.sampler import PKSampler
from kwskit.data.store.packed_store import PackedStore
from kwskit.data.stream_features.make import make_stream_features
from kwskit.data.stream_features.store import StreamFeatures
from kwskit.data.stream_features.utterance_features import UtteranceFeatures, make_utterance_features
from kwskit.data.utterance_batches import UtteranceBatches
from kwskit.data.word_times import WordTimes
from kwskit.hparams import select
from kwskit.processes import Processes
from kwskit.stages.experiment import Experiment
from kwskit.training.resident import resident_speech


class TrainingSpeech:
    """The training split of a corpus, read as an experiment's plan says.

    Parameters
    ----------
    data : folder of the corpus; ``words/train.tsv`` is there where its segments are whole utterances

    Attributes
    ----------
    store : the packed segments
    words : the vocabulary
    """

    def __init__(self, data: Path):
        self.data = data
        self.store = PackedStore.open(data / "store" / "train")
        path = data / "words" / "train.tsv"
        self.times = WordTimes.read(path, self.store) if path.exists() else None
        self.words = self.store.words if self.times is None else self.times.words

    def batches(self, experiment: Experiment, processes: Processes) -> WordBatches | UtteranceBatches:
        """The batches of an experiment; what has to be made for them first is made by the first process.

        Raises
        ------
        kwskit.arguments.ArgumentError
            When the plan asks for what the corpus or the system does not have.
        """
        plan = experiment.plan
        if (plan.whole is None) != (self.times is None):
            reason = f"{self.data / 'words' / 'train.tsv'} is {'not ' if self.times is None else ''}there"
            raise ArgumentError(
                "training.whole", f"is for corpora of whole utterances, which need it, and for no others: {reason}"
            )
        resident = resident_speech(plan, self.store, experiment.system, processes.device)
        if plan.whole is not None and self.times is not None:
            place = experiment.seed, processes.rank, processes.world_size
            whole = UtteranceBatches(self.store, self.times, experiment.tokenizer, plan.whole, *place, resident)
            if plan.whole.views is not None:
                whole.streams = self._utterance_features(whole, plan.whole.views, experiment, processes)
            return whole
        features = self._stream_features(experiment, processes)
        speech: PackedStore | StreamFeatures = self.store if features is None else features
        sampler = PKSampler(
            speech.word_ids,
            speech.speaker_ids,
            keywords=plan.keywords,
            utterances=plan.utterances,
            seed=experiment.seed,
            passes=plan.passes,
            replacement=plan.replacement,
        )
        return WordBatches(
            speech,
            sampler,
            experiment.tokenizer,
            experiment.seed,
            # While a GPU computes, a thread reads ahead; a store on the GPU needs none.
            prefetch=0 if processes.device == "cpu" or resident is not None else 2,
            rank=processes.rank,
            world_size=processes.world_size,
            resident=resident,
        )

    def _utterance_features(
        self, batches: UtteranceBatches, views: int, experiment: Experiment, processes: Processes
    ) -> UtteranceFeatures:
        """What the encoder's frozen part makes of the utterances."""
        system: Any = experiment.system
        encoder = system.acoustic_encoder
        if getattr(encoder, "frozen_part", None) is None:
            reason = f"is for encoders of which a part is frozen, which {type(encoder).__name__} is not here"
            raise ArgumentError("training.whole.views", reason)
        if system.feature_augment is not None:
            raise ArgumentError(
                "training.whole.views", "keeps no features that a feature_augment could change: leave it out"
            )
        description = select(experiment.text, {"frontend": None, "wave_augment": None}, inside="system")
        parts = system.frontend, encoder, system.wave_augment, views, description, processes.device
        return make_utterance_features(batches, self.data / "heard", *parts)

    def _stream_features(self, experiment: Experiment, processes: Processes) -> StreamFeatures | None:
        """Features of the training words in their recordings, where the plan says so; the first process makes them."""
        plan, system = experiment.plan, experiment.system
        if plan.heard is None:
            return None
        if system.stream is None:
            raise ArgumentError("training.heard", "is for systems whose front end makes the frames of a stream")
        hearing: Any = system
        description = select(experiment.text, {"frontend": None, "wave_augment": None}, inside="system")
        manifest, folder = self.data / "manifests" / "train.tsv", self.data / "heard"
        parts = manifest, folder, hearing.frontend, hearing.wave_augment, plan.heard, description
        if processes.first:
            make_stream_features(*parts, processes.device)
        collectives.broadcast_from_first(True)
        return make_stream_features(*parts, processes.device)
