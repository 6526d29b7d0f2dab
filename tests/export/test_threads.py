"""Threads that share a model take no more memory than there are cores."""

import threading
import time

import numpy as np

from kwskit.speech_model.onnx_model import TEXT, OnnxModel


class Session:
    """Counts how many results are computed at once."""

    def __init__(self, dim):
        self.dim, self.now, self.most, self._lock = dim, 0, 0, threading.Lock()

    def get_inputs(self):
        return []

    def run(self, names, feeds):
        with self._lock:
            self.now += 1
            self.most = max(self.most, self.now)
        time.sleep(0.02)
        with self._lock:
            self.now -= 1
        return [np.zeros((1, self.dim), np.float32)]


def test_as_many_results_at_once_as_cores(exported, monkeypatch):
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    model = OnnxModel(exported["windows"])
    session = model._sessions[TEXT] = Session(model.dim)
    threads = [threading.Thread(target=model._run, args=(TEXT,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert session.most == 2
