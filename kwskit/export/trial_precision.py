"""Average precision of a list of trials, by a model and by what was exported of it."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from kwskit.batch import Encoded
from kwskit.data.records import read_records
from kwskit.data.store.packed_store import PackedStore
from kwskit.evaluation.metrics import average_precision
from kwskit.evaluation.trials import without_utterances
from kwskit.speech_model.onnx_model import OnnxModel
from kwskit.systems.scoring import TrialScorer
from kwskit.systems.system import System


class ExportedSystem(System):
    """An exported model where scoring wants a system."""

    def __init__(self, model: OnnxModel):
        super().__init__()
        self.dim = model.dim
        self.model = model
        self.place = nn.Parameter(torch.empty(0), requires_grad=False)  # tells the device, which is the CPU

    def encode_audio(self, wav: Tensor, wav_lens: Tensor) -> Encoded:
        return _single(self.model.embed_speech(wav.numpy(), wav_lens.numpy()))

    def encode_text(self, tokens: Tensor, token_lens: Tensor) -> Encoded:
        rows = [row[:count].tolist() for row, count in zip(tokens, token_lens.tolist(), strict=True)]
        return _single(self.model.embed_tokens(rows))

    def compare(self, audio: Encoded, text: Encoded) -> Tensor:
        return (audio.frames * text.frames).sum((1, 2))


class TrialPrecision:
    """Average precision on a list of trials of a corpus.

    Parameters
    ----------
    data : folder of the corpus, with ``trials`` and packed stores
    name : of the list, such as ``dev_wsj``
    tokenizer : of the models

    Raises
    ------
    FileNotFoundError
        When the corpus lacks the list or its store.
    """

    def __init__(self, data: Path, name: str, tokenizer: object):
        path = data / "trials" / f"{name}.tsv"
        if not path.is_file():
            known = ", ".join(sorted(found.stem for found in (data / "trials").glob("*.tsv")))
            raise FileNotFoundError(f"there is no {path}; the trial lists of this corpus: {known or 'none'}")
        self.name = name
        self.store = PackedStore.open(data / "store" / name.rpartition("_")[0])
        trials = without_utterances(read_records(path, "trials")[0], self.store.rejected)
        self.targets = np.asarray(trials["target"])
        self._scorer = TrialScorer(self.store, trials, tokenizer)

    def of(self, system: System | OnnxModel) -> float:
        """Average precision of a system or of an exported model."""
        return average_precision(
            self.targets, self._scorer.scores(ExportedSystem(system) if isinstance(system, OnnxModel) else system)
        )


def _single(embeddings: np.ndarray) -> Encoded:
    return Encoded(torch.from_numpy(embeddings).unsqueeze(1), torch.ones(len(embeddings), dtype=torch.long))
