"""Tasks in processes of this machine."""

import os
import time
from argparse import ArgumentTypeError
from functools import partial
from itertools import islice

import pytest

from kwskit.task_pool import WorkerDied, _run, engine_address, run_tasks, stopped


def later_first(folder, number):
    """Ends after the task behind it has."""
    while number % 2 == 0 and not (folder / str(number + 1)).exists():
        time.sleep(0.01)
    (folder / str(number)).touch()
    return number * 10


def breaks_at_three(number):
    if number == 3:
        raise ValueError("three is too many")
    return number


def dies_at_three(number):
    if number == 3:
        os._exit(9)
    return number


def waits(folder, number):
    """The first ends when another has begun, and that one only when it is interrupted."""
    try:
        (folder / f"begun {number}").touch()
        while number or not (folder / "begun 1").exists():
            time.sleep(0.01)
    finally:
        (folder / f"ended {number}").touch()
    return number


def test_results_are_in_the_order_of_the_tasks_however_they_end(tmp_path):
    assert list(run_tasks(partial(later_first, tmp_path), range(8), 2)) == [0, 10, 20, 30, 40, 50, 60, 70]


def test_tasks_are_taken_as_they_are_needed():
    taken = []
    tasks = (taken.append(number) or number for number in range(1000))
    found = run_tasks(abs, tasks, 2)
    assert next(found) == 0
    found.close()
    assert len(taken) < 20


@pytest.mark.parametrize("jobs", [1, 2])
def test_what_was_done_before_a_failure_is_given_first(jobs):
    found = run_tasks(breaks_at_three, range(100), jobs)
    assert list(islice(found, 3)) == [0, 1, 2]
    with pytest.raises(ValueError, match="three is too many"):
        next(found)


def test_a_process_that_dies_is_told_of():
    with pytest.raises(WorkerDied, match="killed, or out of memory"):
        list(run_tasks(dies_at_three, range(8), 2))


def test_tasks_end_when_the_caller_leaves(tmp_path):
    found = run_tasks(partial(waits, tmp_path), range(3), 2)
    assert next(found) == 0
    found.close()
    assert (tmp_path / "ended 1").exists()
    assert not stopped()


def test_a_task_that_a_worker_takes_after_the_end_does_not_begin(monkeypatch):
    monkeypatch.setattr("kwskit.task_pool.stopped", lambda: True)
    with pytest.raises(KeyboardInterrupt):
        _run(abs, -1)


@pytest.mark.parametrize("address", ["tcp://here:1", "dask://", "dask://here", "dask://here:port"])
def test_an_address_is_that_of_a_scheduler(address):
    with pytest.raises(ArgumentTypeError, match=r"an address is dask://HOST:PORT"):
        engine_address(address)
