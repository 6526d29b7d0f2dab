"""Impulse responses of shoebox rooms: early reflections by images, the rest by decaying noise.

Early part: image sources (Allen & Berkley 1979, "Image method for efficiently simulating small-room acoustics"), with
one reflection coefficient from the reverberation time by Sabine's formula. Late part, from the mixing time on:
Gaussian noise with the images' mean energy density, ``4 pi c / V`` a second relative to a direct sound at 1 m, which
decays by 60 dB in the reverberation time. The joint of the two is ours.
"""

import torch
from torch import Tensor

from kwskit.constants import SAMPLE_RATE

SOUND = 343.0  # m/s
ORDER = 2  # images mirrored up to this often along every axis and direction
SMALLEST, LARGEST = (2.5, 2.5, 2.3), (8.0, 6.0, 3.5)  # m
MARGIN = 0.3  # m between the walls and anything
NEAREST, FARTHEST = 0.2, 3.0  # m between mouth and microphone


def impulse_responses(rt60: Tensor, samples: int, generator: torch.Generator) -> Tensor:
    """(R, samples) float32 of unit energy, the direct sound at sample 0, for random rooms of ``rt60`` (R,) seconds."""
    rooms = len(rt60)
    smallest, largest = torch.tensor(SMALLEST), torch.tensor(LARGEST)
    size = smallest + (largest - smallest) * torch.rand(rooms, 3, generator=generator)
    volume = size.prod(dim=1)
    surface = 2 * (size * size.roll(1, dims=1)).sum(dim=1)
    absorption = (24 * torch.log(torch.tensor(10.0)) / SOUND * volume / (surface * rt60)).clamp(max=0.95)
    reflection = (1 - absorption).sqrt()
    microphone = MARGIN + (size - 2 * MARGIN) * torch.rand(rooms, 3, generator=generator)
    direction = torch.nn.functional.normalize(torch.randn(rooms, 3, generator=generator), dim=1)
    away = NEAREST * (FARTHEST / NEAREST) ** torch.rand(rooms, 1, generator=generator)
    mouth = (microphone + direction * away).clamp(min=MARGIN).minimum(size - MARGIN)
    distance, amplitude = _images(size, reflection, mouth, microphone)
    direct = (mouth - microphone).norm(dim=1).clamp(min=NEAREST / 2)

    early = torch.zeros(rooms, samples)
    delay = ((distance - direct[:, None]).clamp(min=0) * (SAMPLE_RATE / SOUND)).round().long()
    # All images up to this distance are there; beyond it only some.
    mixing = (2 * ORDER - 1) * size.min(dim=1).values
    amplitude = amplitude * ((delay < samples) & (distance < mixing[:, None]))
    early.scatter_add_(1, delay.clamp(max=samples - 1), amplitude)

    travelled = direct[:, None] + torch.arange(samples) * (SOUND / SAMPLE_RATE)
    density = 4 * torch.pi * SOUND / volume[:, None] / SAMPLE_RATE
    level = density.sqrt() * 10.0 ** (-3.0 * travelled / SOUND / rt60[:, None])
    late = level * torch.randn(rooms, samples, generator=generator) * (travelled >= mixing[:, None])
    response = early + late
    return response / response.norm(dim=1, keepdim=True)


def _images(size: Tensor, reflection: Tensor, mouth: Tensor, microphone: Tensor) -> tuple[Tensor, Tensor]:
    """(R, images) distances to the microphone in m, and amplitudes there, the walls' losses included."""
    turns = torch.arange(-ORDER, ORDER + 1).float()
    mirrored = torch.tensor([0.0, 1.0])
    grid = torch.cartesian_prod(turns, turns, turns, mirrored, mirrored, mirrored)
    turn, mirror = grid[:, :3], grid[:, 3:]
    place = (1 - 2 * mirror) * mouth[:, None] + 2 * turn * size[:, None] - microphone[:, None]
    distance = place.norm(dim=2)
    reflections = ((turn - mirror).abs() + turn.abs()).sum(dim=1)
    return distance, reflection[:, None] ** reflections / distance.clamp(min=NEAREST / 2)
