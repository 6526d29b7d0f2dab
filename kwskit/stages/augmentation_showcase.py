"""A few training utterances as the model hears them, for the report to show and to play."""

from pathlib import Path

import numpy as np
import torch

from kwskit.atomic_write import atomic_write
from kwskit.batch import Batch
from kwskit.systems.two_encoders import TwoEncoders

WORDS, TAKES = 4, 2
SHARE = 48  # utterances of the batch that are augmented together: babble is made of them


def write_augmentation_showcase(path: Path, system: TwoEncoders, batch: Batch, words: list[str], seed: int) -> None:
    """Write ``words`` (k,) and, for word k, ``wav_<k>_<take>`` (samples,) int16 and ``feats_<k>_<take>`` (T, F).

    Take 0 is the utterance as it is, the others are drawn as training draws them. Nothing is written for a system
    without augmentation.

    Parameters
    ----------
    path : the NumPy archive
    system : on the CPU or elsewhere; its mode is kept
    batch : utterances, those of one word next to each other
    words : what is spoken in each
    seed : of the draws
    """
    if system.wave_augment is None and system.feature_augment is None:
        return
    rows = sorted(words.index(word) for word in list(dict.fromkeys(words))[:WORDS])
    shown: dict[str, np.ndarray] = {"words": np.array([words[row] for row in rows])}
    device = next(system.parameters()).device
    wav, lens = batch.wav[:SHARE].to(device), batch.wav_lens[:SHARE].to(device)
    with torch.no_grad():
        for take in range(1 + TAKES):
            generator = torch.Generator().manual_seed(seed * 1000 + take)
            heard, heard_lens = wav, lens
            if take and system.wave_augment is not None:
                heard, heard_lens = system.wave_augment(wav, lens, generator)
            feats, feat_lens = system.frontend(heard, heard_lens)
            if take and system.feature_augment is not None:
                feats = system.feature_augment(feats, feat_lens, generator)
            for k, row in enumerate(rows):
                pcm = heard[row, : int(heard_lens[row])].clamp(-1, 1) * 32767
                shown[f"wav_{k}_{take}"] = pcm.round().to(torch.int16).cpu().numpy()
                shown[f"feats_{k}_{take}"] = feats[row, : int(feat_lens[row])].float().cpu().numpy()
    with atomic_write(path) as partial, partial.open("wb") as sink:
        np.savez_compressed(sink, **shown)  # type: ignore[arg-type]  # numpy's stub takes them for its flags
