"""A corrupted copy of a test set: rooms and noise at signal-to-noise ratios drawn once, with a stored seed.

Reverberation from RIRS_NOISES (SLR28) and noise, music and babble from MUSAN (SLR17), where their folders are given;
simulated rooms (:mod:`kwskit.frontend.room_simulation`) and synthetic noise (:mod:`kwskit.frontend.noise`) where not.
SNR ranges and the number of babbling voices are those of Kaldi's VoxCeleb recipe; ADML (2024) prints none.
"""

import hashlib
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import scipy.signal
import soundfile
import torch
from numpy.typing import NDArray

from kwskit.atomic_write import atomic_write
from kwskit.constants import SAMPLE_RATE
from kwskit.corpora.findings import Findings
from kwskit.data.audio import AudioError, probe, read_segment
from kwskit.data.audio_folder import audio_files_below
from kwskit.data.progress import Progress
from kwskit.data.records import MANIFEST
from kwskit.errors import CorpusError
from kwskit.frontend.noise import noise_bank
from kwskit.frontend.room_recordings import recorded_responses
from kwskit.frontend.room_simulation import impulse_responses

SNR_DB = {"noise": (0.0, 15.0), "music": (5.0, 15.0), "babble": (13.0, 20.0)}
VOICES = (3, 7)
ROOM_SECONDS = 0.5
ROOMS = 512  # impulse responses, or all of RIRS_NOISES' simulated ones if they are fewer
RT60 = (0.1, 0.7)
NOISE_SECONDS = 30.0
TRIES = 8  # other stretches of noise that are drawn in the place of a silent one
UNREADABLE = "segments that cannot be read"


@dataclass(frozen=True)
class CorruptionDraw:
    """What one segment was corrupted with.

    Attributes
    ----------
    room : number of the impulse response
    noise : the file of MUSAN, several voices joined by ``+``, or which synthetic one
    kind : ``noise``, ``music`` or ``babble``
    snr_db : of the reverberated segment to the noise
    """

    room: int
    kind: str
    noise: str
    snr_db: float


class Corruption:
    """Rooms and noise, drawn for each segment from the seed and the segment's id alone.

    Parameters
    ----------
    seed : of every draw
    musan : the folder MUSAN was unpacked to (it holds ``noise/``, ``music/`` and ``speech/``), or None
    rirs : the folder RIRS_NOISES was unpacked to (it holds ``simulated_rirs/``), or None

    Raises
    ------
    CorpusError
        When a given folder is not laid out so, or holds no audio.
    """

    def __init__(self, seed: int, musan: Path | None = None, rirs: Path | None = None):
        self.seed = seed
        self._musan = musan and _inside(musan, "musan", ("noise", "music", "speech"))
        self._rirs = rirs and _inside(rirs, "RIRS_NOISES", ("simulated_rirs",))
        self._sources: dict[str, list[Path]] = {}
        if self._musan:
            self._sources = {kind: _audio_in(self._musan / kind) for kind in ("noise", "music", "speech")}
        samples = round(ROOM_SECONDS * SAMPLE_RATE)
        if self._rirs:
            rooms = recorded_responses(self._rirs / "simulated_rirs", ROOMS, samples, seed)
        else:
            generator = torch.Generator().manual_seed(seed)
            rt60 = RT60[0] + (RT60[1] - RT60[0]) * torch.rand(ROOMS, generator=generator)
            rooms = impulse_responses(rt60, samples, generator)
        self._rooms = rooms.numpy()
        if not self._musan:
            generator = torch.Generator().manual_seed(seed)
            self._synthetic = noise_bank(round(NOISE_SECONDS * SAMPLE_RATE), generator).numpy()

    @property
    def origin(self) -> tuple[object, ...]:
        """All that the result depends on."""
        return self.facts, self._musan, self._rirs, self._sources

    @property
    def facts(self) -> dict[str, object]:
        """What trial lists say of the corruption: where rooms and noise come from, SNR ranges in dB, the seed."""
        kinds = SNR_DB if self._musan else {"noise": SNR_DB["noise"]}
        return {
            "rooms": "RIRS_NOISES" if self._rirs else "simulated",
            "noise": "MUSAN" if self._musan else "synthetic",
            **{f"snr_{kind}": f"{low:g}..{high:g}" for kind, (low, high) in kinds.items()},
            "corruption_seed": self.seed,
        }

    def corrupt(self, wav: NDArray[np.float32], utt_id: str) -> tuple[NDArray[np.float32], CorruptionDraw]:
        """``wav`` (samples,) in a room and in noise, as long as before, and what was drawn.

        The direct sound stays where it was; what rings on past the end is cut off. Clipping is avoided by scaling.
        A silent segment stays silent.
        """
        digest = hashlib.sha256(f"{self.seed} {utt_id}".encode()).digest()
        rng = np.random.default_rng(int.from_bytes(digest[:8], "little"))
        room = int(rng.integers(len(self._rooms)))
        wet = scipy.signal.fftconvolve(wav, self._rooms[room])[: len(wav)].astype(np.float32)
        kind = str(rng.choice(list(SNR_DB))) if self._musan else "noise"
        snr_db = float(np.round(rng.uniform(*SNR_DB[kind]), 2))
        noise, source = self._noise(kind, len(wav), rng)
        noise_power = float(np.mean(np.square(noise, dtype=np.float64)))
        power = float(np.mean(np.square(wet, dtype=np.float64)))
        if noise_power > 0 and power > 0:
            wet = wet + noise * np.float32(np.sqrt(power / noise_power * 10 ** (-snr_db / 10)))
        peak = float(np.abs(wet).max(initial=0.0))
        if peak > 0.99:
            wet = wet * np.float32(0.99 / peak)
        return wet, CorruptionDraw(room, kind, source, snr_db)

    def _noise(self, kind: str, samples: int, rng: np.random.Generator) -> tuple[NDArray[np.float32], str]:
        """(samples,) of noise, and its source."""
        if not self._musan:
            row = int(rng.integers(len(self._synthetic)))
            begin = int(rng.integers(max(1, self._synthetic.shape[1] - samples)))
            return np.resize(self._synthetic[row, begin : begin + samples], samples), f"synthetic-{row}"
        if kind != "babble":
            return self._stretch(self._sources[kind], samples, rng)
        voices = [
            self._stretch(self._sources["speech"], samples, rng) for _ in range(rng.integers(*VOICES, endpoint=True))
        ]
        return np.sum([voice for voice, _ in voices], axis=0), "+".join(source for _, source in voices)

    def _stretch(
        self, files: Sequence[Path], samples: int, rng: np.random.Generator
    ) -> tuple[NDArray[np.float32], str]:
        """A random stretch of a random file, heard again from its start where the file is shorter."""
        assert self._musan is not None
        for _ in range(TRIES):
            path = files[int(rng.integers(len(files)))]
            seconds, wanted = probe(path)[1], max(samples / SAMPLE_RATE, 0.05)
            begin = float(rng.uniform(0, max(seconds - wanted, 0.0)))
            noise = _pcm(path, begin, min(begin + wanted, seconds))
            if noise.any():
                break
        return np.resize(noise, samples), str(path.relative_to(self._musan))


def corrupted_copy(
    manifest: pa.Table, corruption: Corruption, data: Path, findings: Findings, jobs: int = 1
) -> pa.Table:
    """``manifest`` of a corrupted copy: every segment a 16 kHz WAV file of its own under ``data/corrupted``.

    Files that are there stay: the folder's name is a digest of the segments and of what corrupts them. Beside the
    files stands ``draws.tsv`` (``utt_id, room, kind, noise, snr_db``).

    Parameters
    ----------
    manifest : MANIFEST columns, paths absolute
    corruption : rooms and noise
    data : folder that manifests' relative paths start from
    findings : where segments that cannot be read are noted; they are missing in the result
    jobs : threads

    Raises
    ------
    CorpusError
        When a file of MUSAN or RIRS_NOISES cannot be read.
    OSError
        When the copy cannot be written.
    """
    utt_ids = manifest["utt_id"].to_pylist()
    rows = list(zip(*(manifest[name].to_pylist() for name in ("path", "start", "stop")), strict=True))

    key = hashlib.sha256(repr((corruption.origin, utt_ids, rows)).encode()).hexdigest()[:8]
    folder = Path("corrupted") / key

    def corrupt(row: int) -> tuple[CorruptionDraw | None, int, str]:
        path, start, stop = rows[row]
        try:
            wav = _pcm(path, start, stop)
        except AudioError as error:
            return None, 0, str(error)
        try:
            wet, draw = corruption.corrupt(wav, utt_ids[row])
        except AudioError as error:
            raise CorpusError(f"the corruption's own audio cannot be used: {error}") from error
        target = data / folder / f"{utt_ids[row]}.wav"
        if not target.exists():
            with atomic_write(target) as partial:
                soundfile.write(partial, wet, SAMPLE_RATE, subtype="PCM_16", format="WAV")
        return draw, len(wet), ""

    draws: dict[int, CorruptionDraw] = {}
    samples: dict[int, int] = {}
    with ThreadPoolExecutor(jobs) as pool, Progress(len(rows), "corrupt", "segments") as bar:
        for row, (draw, length, reason) in enumerate(pool.map(corrupt, range(len(rows)))):
            bar.advance(1)
            if draw is None:
                findings.add(UNREADABLE, reason)
            else:
                draws[row], samples[row] = draw, length
    kept = manifest.take(pa.array(list(draws), pa.int64()))
    columns: Mapping[str, object] = {
        "path": [str(folder / f"{utt_ids[row]}.wav") for row in draws],
        "start": np.zeros(len(draws)),
        "stop": np.array([samples[row] for row in draws], dtype=np.float64) / SAMPLE_RATE,
    }
    for name, values in columns.items():
        kept = kept.set_column(kept.column_names.index(name), name, pa.array(values, MANIFEST[name]))
    with atomic_write(data / folder / "draws.tsv") as partial:
        lines = [f"{utt_ids[row]}\t{d.room}\t{d.kind}\t{d.noise}\t{d.snr_db}" for row, d in draws.items()]
        partial.write_text("\n".join(["utt_id\troom\tkind\tnoise\tsnr_db", *lines]) + "\n", encoding="utf-8")
    return kept


def _pcm(path: str | Path, start: float = 0.0, stop: float | None = None) -> NDArray[np.float32]:
    return read_segment(path, start, stop).astype(np.float32) / np.float32(32768)


def _inside(given: Path, name: str, wanted: Sequence[str]) -> Path:
    """The folder with the entries ``wanted``: ``given``, or ``given/name``."""
    for folder in (given, given / name):
        if all((folder / entry).is_dir() for entry in wanted):
            return folder
    raise CorpusError(f"{given}: no {name}: expected the folders {', '.join(wanted)} in it, or in its {name}/")


def _audio_in(folder: Path) -> list[Path]:
    files = audio_files_below(folder)
    if not files:
        raise CorpusError(f"{folder}: holds no audio")
    return files
