"""How many threads torch computes with: the machine's cores, without those that other processes keep busy."""

import subprocess
import sys
import time

import pytest
import torch

from kwskit.threads import STAT, ThreadsByLoad, core_seconds


@pytest.fixture
def threads(monkeypatch):
    """What was set, on a machine of four cores whose torch begins with four threads."""
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    now = {"threads": 4}
    monkeypatch.setattr(torch, "get_num_threads", lambda: now["threads"])
    monkeypatch.setattr(torch, "set_num_threads", lambda count: now.update(threads=count))
    monkeypatch.setattr("kwskit.threads._cores", lambda: {0, 1, 2, 3})
    return now


class Machine:
    """Counters of a machine on which others have kept ``others`` cores busy, and the process ``own``."""

    def __init__(self):
        self.now = self.worked = self.mine = 0.0

    def run(self, seconds, own, others):
        self.now += seconds
        self.mine += seconds * own
        self.worked += seconds * (own + others)

    def threads(self):
        return ThreadsByLoad(lambda: self.worked, lambda: self.mine, lambda: self.now)


@pytest.mark.parametrize(
    ("own", "others", "wanted"),
    [(4, 0, 4), (3.9, 0.3, 4), (3.2, 0.8, 3), (2.7, 1.3, 3), (2, 2, 2), (0.4, 3.6, 1), (0, 4, 1), (4.01, -0.01, 4)],
)
def test_cores_of_others_are_left_to_them(threads, own, others, wanted):
    machine = Machine()
    by_load = machine.threads()
    machine.run(2.5, own, others)
    by_load.adapt()
    assert threads["threads"] == wanted
    machine.run(10, wanted, 0)  # the others have ended
    by_load.adapt()
    assert threads["threads"] == 4


def test_a_look_takes_two_seconds_and_tells_of_these_alone(threads):
    machine = Machine()
    by_load = machine.threads()
    machine.run(100, 3, 1)
    by_load.adapt()
    for _ in range(3):
        machine.run(0.5, 1, 3)
        by_load.adapt()
        assert threads["threads"] == 3
    machine.run(0.5, 1, 3)
    by_load.adapt()
    assert threads["threads"] == 1


@pytest.mark.parametrize("chosen", ["environment", "torch"])
def test_a_number_that_was_chosen_stays(threads, monkeypatch, chosen):
    if chosen == "environment":
        monkeypatch.setenv("OMP_NUM_THREADS", "4")
    else:
        torch.set_num_threads(1)
    machine, before = Machine(), threads["threads"]
    by_load = machine.threads()
    for others in (4, 0):
        machine.run(10, 0, others)
        by_load.adapt()
        assert threads["threads"] == before


def test_the_seconds_of_some_cores():
    text = """cpu  900 0 0 900 0 0 0 0 0 0
cpu0 100 20 3 5000 700 4 5 6 70 80
cpu1 1000 0 0 0 0 0 0 0 0 0
cpu10 7 0 0 1 1 0 0 0 0 0
intr 1 2 3 4 5 6 7 8
ctxt 4
"""
    assert core_seconds(text, {0}, 100) == 1.38  # neither idle, nor waiting for a disk, nor guests, who are users too
    assert core_seconds(text, {0, 10}, 100) == 1.45
    assert core_seconds(text, {2}, 100) == 0


@pytest.mark.skipif(not STAT.exists(), reason="no /proc/stat on this system")
def test_work_of_another_process_is_seen(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    busy = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        by_load = ThreadsByLoad()
        before, (now, used, own) = by_load._last, by_load._look()
        while now - before[0] < 1:
            time.sleep(0.05)
            now, used, own = by_load._look()
    finally:
        busy.kill()
        busy.wait()
    assert used - before[1] > 0.3  # seconds of a core; less where many share it
    assert own - before[2] < 0.5
