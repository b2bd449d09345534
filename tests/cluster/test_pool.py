"""Tasks are shared out over processes, which may die."""

import os
import signal
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import pytest

from neural_style.cluster.pool import ATTEMPTS, Pool
from neural_style.cluster.session import Share, shares
from neural_style.errors import InputError

needs_ray = pytest.mark.skipif(find_spec("ray") is None, reason="ray is not installed")


@pytest.mark.parametrize(
    ("machines", "workers", "expected"),
    [
        ([{"CPU": 8.0}], None, (Share(8, 0), 1)),
        ([{"CPU": 8.0}], 3, (Share(2, 0), 3)),
        ([{"CPU": 2.0}], 5, (Share(1, 0), 2)),
        ([{"CPU": 8.0}, {"CPU": 8.0}], None, (Share(8, 0), 2)),
        ([{"CPU": 8.0}, {"CPU": 2.0}], 3, (Share(2, 0), 3)),
        ([{"CPU": 16.0, "GPU": 2.0}], None, (Share(8, 1), 2)),
        ([{"CPU": 16.0, "GPU": 2.0}], 8, (Share(8, 1), 2)),
        ([{"CPU": 16.0, "GPU": 2.0}], 1, (Share(16, 1), 1)),
        ([{"CPU": 32.0}, {"CPU": 8.0, "GPU": 1.0}, {"CPU": 8.0, "GPU": 1.0}], None, (Share(8, 1), 2)),
        ([{"CPU": 2.0, "GPU": 4.0}], None, (Share(1, 1), 2)),
    ],
)
def test_cores_are_shared_out_evenly_and_each_process_has_a_gpu_of_its_own(machines, workers, expected):
    assert shares(machines, workers) == expected


def squares(listener, part):
    """Tasks are squared; -1 kills its process, and a path does unless there is a file, which it makes."""

    def do(task):
        listener.at(task, 1, 2)
        if isinstance(task, int) and task >= 0:
            return task**2
        if isinstance(task, str):
            if Path(task).exists():
                return "tried again"
            Path(task).touch()
        time.sleep(0.5)  # What it has told is on its way.
        os.kill(os.getpid(), signal.SIGKILL)

    return do


@needs_ray
def test_all_tasks_are_done_though_processes_die_and_one_that_always_does_is_given_up(tmp_path, capfd):
    dies_once, begun, heard = str(tmp_path / "died"), [], []
    with Pool(workers=2) as pool:
        ended = pool.outcomes(squares, [1, dies_once, -1, 2, 3], begun.append, lambda *news: heard.append(news))
        results = {task: (outcome, problem) for task, outcome, problem in ended}
    assert results == {
        1: (1, ""),
        2: (4, ""),
        3: (9, ""),
        dies_once: ("tried again", ""),
        -1: (None, f"its process was killed {ATTEMPTS} times, most likely for want of memory"),
    }
    assert sorted(begun, key=str) == sorted([1, 2, 3, dies_once, dies_once, *[-1] * ATTEMPTS], key=str)
    assert {(1, 1, 2), (-1, 1, 2)} <= set(heard) <= {(task, 1, 2) for task in begun}
    assert capfd.readouterr().out == ""  # Where the results go, Ray says nothing of its own.


def refuses(listener, part):
    raise OSError("no room")


@needs_ray
def test_processes_that_cannot_begin_are_told_of_and_not_tried_again():
    with Pool(workers=2) as pool:
        results = list(pool.outcomes(refuses, [1, 2], lambda task: None, print))
    assert [outcome for _, outcome, _ in results] == [None, None]
    assert all("no room" in problem for *_, problem in results)


def test_without_ray_it_is_said_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(InputError, match=r"need the Python package ray: .*-r requirements-cluster.txt"):
        Pool(workers=2).__enter__()
