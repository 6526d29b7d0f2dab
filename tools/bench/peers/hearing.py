"""A peer hears recordings as from a microphone, in this process, on one core."""

import os
import time
from pathlib import Path
from typing import Any

import numpy as np
from spotter_measurement import CHUNK, RATE, peak_memory

from kwskit.data.audio import read_blocks
from peers.peer import PeerSettings, PeerUnavailable, build

FOLDERS = ("sherpa", "vosk", "porcupine", "openwakeword")


def hear(job: dict[str, Any]) -> dict[str, Any]:
    """What a peer tells, and what it costs.

    Parameters
    ----------
    job : ``name`` and ``settings`` of the peer, ``sweep``, ``keywords``, ``core``, and ``stretches``: name of the
        recording, file, start and stop in seconds

    Returns
    -------
    ``detections``, rows of keyword, recording, start, stop, score and ``told``, the seconds of the recording that
    had been heard; ``seconds`` of all; ``cpu``, processor time in ``push`` and ``finish``; ``memory``, the highest of
    the process in MiB; ``detects``. Or ``unavailable``, the message of :class:`PeerUnavailable`
    """
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {job["core"]})
    settings: dict[str, Any] = {
        name: Path(value) if name in FOLDERS and value else value for name, value in job["settings"].items()
    }
    try:
        peer = build(job["name"], PeerSettings(**settings), job["sweep"])
        peer.enrol(job["keywords"])
    except PeerUnavailable as error:
        return {"unavailable": str(error)}
    found, seconds, cpu = [], 0.0, 0.0
    for recording, path, start, stop in job["stretches"]:
        heard = 0
        # PCM is read beside the clock; chunks of 80 ms are what a microphone brings.
        for pcm in read_blocks(path, start, stop):
            for at in range(0, len(pcm), CHUNK):
                chunk = np.array(pcm[at : at + CHUNK])
                heard += len(chunk)
                begin = time.process_time()
                told = list(peer.push(chunk))
                cpu += time.process_time() - begin
                found += [[one.keyword, recording, *one[1:], heard / RATE] for one in told]
        begin = time.process_time()
        told = list(peer.finish())
        cpu += time.process_time() - begin
        found += [[one.keyword, recording, *one[1:], heard / RATE] for one in told]
        seconds += heard / RATE
    return {
        "detections": found,
        "seconds": seconds,
        "cpu": cpu,
        "memory": peak_memory(),
        "detects": peer.detects,
    }
