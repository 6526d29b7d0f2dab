"""Streams of utterances as an encoder's fixed part hears them, augmented, made once before training (ours)."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from kwskit.atomic_write import atomic_write
from kwskit.data.evaluation_batches import as_wav
from kwskit.data.progress import Progress
from kwskit.data.utterance_batches import UtteranceBatches
from kwskit.threads import threads_by_load


class HeardStreams:
    """Batches of streams, each with its features in a file of its own.

    Parameters
    ----------
    folder : of the files
    views : times that each utterance was heard
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
def hear_streams(
    batches: UtteranceBatches, folder: Path, system: Any, views: int, description: str, device: torch.device | str
) -> HeardStreams:
    """Streams of ``batches``, heard now or found in a folder of ``folder`` named after what made them.

    Parameters
    ----------
    batches : of samples; of several processes, each hears its own
    system : with ``fixed_features``
    views : times that each utterance is heard, each augmented anew and in other company
    description : of what hears, as text: it becomes part of the folder's name
    device : device of torch that does it
    """
    grouping = batches.settings.seconds, batches.settings.stream, batches.seed, batches.rank, batches.world_size
    place = folder / hashlib.sha256(f"{description}{grouping}{batches.size}".encode()).hexdigest()[:12]
    place.mkdir(parents=True, exist_ok=True)
    heard = HeardStreams(place, views)
    training = system.training
    system.to(device).eval()
    with Progress(views * len(batches), "hearing", "batches") as progress:
        for view in range(1, views + 1):
            for number, rows in enumerate(batches.groups(view)):
                path = heard.path(view, number)
                if not path.exists():
                    threads_by_load().adapt()
                    speech, places = batches.streams.speech(view, number, rows)
                    draws = np.random.default_rng([batches.seed, 6, view, number, batches.rank])
                    generator = torch.Generator().manual_seed(int(draws.integers(2**62)))
                    wav = as_wav(speech["wav"].to(device))
                    feats, lens = system.fixed_features(wav, speech["wav_lens"], generator)
                    parts = {"feats": feats.half().cpu().numpy(), "feat_lens": lens.cpu().numpy()}
                    with atomic_write(path) as partial, partial.open("wb") as file:
                        np.savez(file, **parts, wav_lens=speech["wav_lens"].numpy(), places=places)
                progress.advance(1)
    system.train(training)
    return heard
