"""Texts spoken by many voices, one after another in one stream, in rooms and noise."""

import importlib.util
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kwskit.constants import SAMPLE_RATE
from kwskit.synthesis.casting import Speaker
from kwskit.synthesis.conditioning import condition
from kwskit.synthesis.engines import engine
from kwskit.text.pronunciation import Pronunciation

SLOW, FAST = 0.8, 1.25  # rates
QUIETEST = 0.15  # of the loudest
PAUSES = (0.05, 0.6)  # s before and after what is said
BESIDE = 0.5  # share of utterances with another word right before, and right after
FLOOR = 10.0  # deviation of the noise that is everywhere, of int16
AT_ONCE = 32


class Utterances(NamedTuple):
    """A stream (samples,), int16 at 16 kHz, and (n,) seconds where each utterance in it begins and ends."""

    pcm: NDArray[np.int16]
    start: NDArray[np.float64]
    stop: NDArray[np.float64]


def spoken(
    texts: Sequence[str | Pronunciation],
    speakers: Mapping[str, Sequence[str]],
    beside: Sequence[str],
    rng: np.random.Generator,
) -> list[list[NDArray[np.int16]]]:
    """Each of ``texts`` by some voice: what is said before it, itself, and what is said after it, which may be empty.

    Engines take turns, so that one with many voices does not speak most; rates are drawn. What an engine cannot say
    is left out.

    Parameters
    ----------
    texts : as it is written, or its phonemes, for engines that can be told
    speakers : ids of each engine
    beside : words that may be said before and after
    """
    orders: dict[str, list[tuple[str | Pronunciation, str, float, int]]] = {}
    names = list(speakers)
    for k, text in enumerate(texts):
        own = names[k % len(names)]
        somebody = speakers[own][int(rng.integers(len(speakers[own])))]
        orders.setdefault(own, []).append((text, somebody, float(rng.uniform(SLOW, FAST)), k))
    found: dict[int, list[NDArray[np.int16]]] = {}
    for own, some in orders.items():
        with engine(own) as voice:
            for text, name, rate, k in some:
                speaker = Speaker.parse(name)
                said = []
                for one in (_some(beside, rng), text, _some(beside, rng)):
                    how = speaker.voice, rate, 1.0, k
                    if isinstance(one, str):
                        samples, sample_rate = voice.synthesise(one, *how) if one else (_NONE, 1)
                    else:
                        samples, sample_rate = voice.speak_phonemes(one, *how)
                    said.append(condition(samples, sample_rate, speaker.warp) if one else np.zeros(0, np.int16))
                if len(said[1]):
                    found[k] = said
    return [found[k] for k in sorted(found)]


def in_a_row(parts: Sequence[Sequence[NDArray[np.int16]]], rng: np.random.Generator, rooms: bool) -> Utterances:
    """A stream of ``parts``, each what is before, the utterance itself, and what is after, with pauses between.

    Parameters
    ----------
    rooms : whether utterances are put into rooms and noise, for which torch is needed (:func:`has_rooms`)
    """
    pieces, spans = [], []
    for before, own, after in parts:
        pauses = [np.zeros(round(rng.uniform(*PAUSES) * SAMPLE_RATE), np.int16) for _ in range(4)]
        piece = np.concatenate([pauses[0], before, pauses[1], own, pauses[2], after, pauses[3]])
        start = len(pauses[0]) + len(before) + len(pauses[1])
        noise = rng.normal(0, FLOOR, len(piece)).astype(np.float32)
        pieces.append(piece * np.float32(rng.uniform(QUIETEST, 1.0)) + noise)
        spans.append((start, start + len(own)))
    if rooms and pieces:
        pieces = _in_rooms(pieces, int(rng.integers(2**31)))
    first = np.cumsum([0, *map(len, pieces)])[:-1]
    placed = (np.array(spans, np.float64).reshape(-1, 2) + first[:, None]) / SAMPLE_RATE
    whole = np.concatenate([np.zeros(0, np.float32), *pieces])
    return Utterances(np.clip(np.rint(whole), -32768, 32767).astype(np.int16), placed[:, 0], placed[:, 1])


def has_rooms() -> bool:
    """Whether torch is installed, which makes rooms and noise."""
    return importlib.util.find_spec("torch") is not None


_NONE = np.zeros(0, np.float32)


def _some(beside: Sequence[str], rng: np.random.Generator) -> str:
    return beside[int(rng.integers(len(beside)))] if len(beside) and rng.random() < BESIDE else ""


def _in_rooms(pieces: Sequence[NDArray[np.float32]], seed: int) -> list[NDArray[np.float32]]:
    """``pieces``, some in rooms, most with noise, as in the recipes."""
    import torch

    from kwskit.frontend.noise import Noise
    from kwskit.frontend.room import Room

    generator = torch.Generator().manual_seed(seed)
    augments: list[Any] = [Room(prob=0.6), Noise(prob=0.7, low_snr=3.0, high_snr=25.0, changing=True)]
    found: list[NDArray[np.float32]] = []
    with torch.no_grad():
        for at in range(0, len(pieces), AT_ONCE):
            few = pieces[at : at + AT_ONCE]
            lens = torch.tensor([len(one) for one in few])
            wav = torch.nn.utils.rnn.pad_sequence([torch.from_numpy(one / 32768.0) for one in few], batch_first=True)
            for augment in augments:
                wav, lens = augment(wav, lens, generator)
            found += [row[:count].numpy() * np.float32(32768) for row, count in zip(wav, lens.tolist(), strict=True)]
    return found
