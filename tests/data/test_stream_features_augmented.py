"""Features of a stream that is augmented before they are made."""

import numpy as np
import pytest
import torch
from torch import nn

from kwskit.frontend.speed import Speed
from tests.data.stream_recordings import (
    RATE,
    STEP,
    STILL,
    frame_errors,
    read_rows,
    same,
)


class Halved(nn.Module):
    """Every second utterance twice as slow."""

    def forward(self, wav, lens, generator):
        out = torch.zeros(len(wav), 2 * wav.shape[1])
        lens = lens.clone()
        for row in range(len(wav)):
            if row % 2 == 0:
                out[row, : wav.shape[1]] = wav[row]
            else:
                out[row], lens[row] = wav[row].repeat_interleave(2), 2 * lens[row]
        return out, lens


def test_a_change_of_speed_moves_the_times(heard, manifest):
    found, _ = heard(augment=Halved(), **STILL)
    rows, slow = read_rows(manifest), {}
    for name, frames in found.items():
        row = rows[name]
        factor = frames.size / ((float(row["stop"]) - float(row["start"])) * RATE)
        slow[name] = factor > 1.5
    assert 0 < sum(slow.values()) < len(slow)
    for scale, own in ((1, False), (2, True)):
        some = {name: frames for name, frames in found.items() if slow[name] == own}
        assert np.abs(list(frame_errors(some, manifest, scale).values())).max() <= STEP // 2


def test_a_real_change_of_speed_changes_how_many_frames_a_word_has(heard):
    still, _ = heard(**STILL)
    slower, _ = heard(augment=Speed(1.0, [0.8]), settings="slower", **STILL)
    for name, frames in still.items():
        assert len(slower[name]) == pytest.approx(len(frames) / 0.8, abs=2)


class Kept(nn.Module):
    """An augmentation that remembers where it was sent."""

    def __init__(self):
        super().__init__()
        self.sent = []

    def to(self, device):
        self.sent.append(device)
        return super().to(device)

    def forward(self, wav, lens, generator):
        assert self.sent == ["cpu"]
        assert generator.device.type == "cpu"
        return wav, lens


def test_augmentation_goes_where_the_sound_is(heard):
    """Its noises and rooms are kept with it."""
    same(heard(augment=Kept(), **STILL)[0], heard(folder="without", **STILL)[0])
