"""What an encoder's frozen part makes of streams of utterances, augmented, computed once before training (ours)."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from kwskit.atomic_write import atomic_write
from kwskit.data.evaluation_batches import as_wav
from kwskit.data.progress import Progress
from kwskit.data.utterance_batches import UtteranceBatches
from kwskit.threads import threads_by_load


class UtteranceFeatures:
    """Batches of streams, each with its features in a file of its own.

    Parameters
    ----------
    folder : of the files
    views : times that each utterance is there
    """

    def __init__(self, folder: Path, views: int):
        self.folder, self.views = folder, views

    def path(self, view: int, number: int) -> Path:
        """Where batch ``number`` of ``view``, from 1, is."""
        return self.folder / f"{view}-{number}.npz"

    def speech(self, view: int, number: int, rows: NDArray[np.int64]) -> tuple[dict[str, Any], NDArray[np.int64]]:
        """As :class:`~kwskit.data.utterance_streams.UtteranceStreams` has it: ``feats`` and lengths."""
        with np.load(self.path(view, number)) as made:
            feats, feat_lens, wav_lens, places = (made[name] for name in ("feats", "feat_lens", "wav_lens", "places"))
        speech = {
            "wav": torch.zeros(len(wav_lens), 0),
            "wav_lens": torch.from_numpy(wav_lens),
            "feats": torch.from_numpy(feats.astype(np.float32)),
            "feat_lens": torch.from_numpy(feat_lens),
        }
        return speech, places


@torch.no_grad()
def make_utterance_features(
    batches: UtteranceBatches,
    folder: Path,
    frontend: nn.Module,
    encoder: Any,
    augment: nn.Module | None,
    views: int,
    description: str,
    device: torch.device | str,
) -> UtteranceFeatures:
    """Features of the streams of ``batches``, made now or found in a folder of ``folder`` named after what made them.

    Every batch is worked on by itself: what an interrupted run has made already is kept.

    Parameters
    ----------
    batches : of samples; each of several processes makes its own
    frontend : waveform to features
    encoder : acoustic encoder with ``frozen_part`` and ``frozen_features``
    augment : waveform augmentation ``(wav, lens, generator) -> (wav, lens)``, or None
    views : times that each utterance is heard, each augmented anew and in other company
    description : description of ``frontend`` and ``augment``, as text: it becomes part of the folder's name
    device : device of torch that features are made on
    """
    grouping = batches.settings.seconds, batches.settings.stream, batches.seed, batches.rank, batches.world_size
    facts = f"{description}{encoder.frozen_part}{grouping}{batches.size}"
    made = UtteranceFeatures(folder / hashlib.sha256(facts.encode()).hexdigest()[:12], views)
    made.folder.mkdir(parents=True, exist_ok=True)
    frontend, encoder, augment = frontend.to(device).eval(), encoder.to(device).eval(), augment and augment.to(device)
    with Progress(views * len(batches), "hearing", "batches") as progress:
        for view in range(1, views + 1):
            for number, rows in enumerate(batches.groups(view)):
                path = made.path(view, number)
                if not path.exists():
                    threads_by_load().adapt()
                    speech, places = batches.streams.speech(view, number, rows)
                    wav, lens = as_wav(speech["wav"].to(device)), speech["wav_lens"]
                    if augment is not None:
                        draws = np.random.default_rng([batches.seed, 6, view, number, batches.rank])
                        generator = torch.Generator().manual_seed(int(draws.integers(2**62)))
                        wav, lens = augment(wav, lens, generator)
                    feats, lens = frontend(wav, lens.to(device))
                    found = encoder.frozen_features(feats, lens).half().cpu().numpy()
                    parts = {"feats": found, "feat_lens": lens.cpu().numpy(), "wav_lens": speech["wav_lens"].numpy()}
                    with atomic_write(path) as partial, partial.open("wb") as file:
                        np.savez(file, **parts, places=places)
                progress.advance(1)
    return made
