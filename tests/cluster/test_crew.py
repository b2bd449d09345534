"""Processes that die, machines that go and come: all that they were to do is done, in its order."""

import os
import random
import signal
import socket
import sys
import threading
import time
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import keras
import pytest

from neural_style.cluster import crew as crews
from neural_style.cluster.crew import ATTEMPTS, Crew
from neural_style.errors import InputError

pytestmark = pytest.mark.skipif(find_spec("ray") is None, reason="ray is not installed")


class Squarer:
    """A worker that squares numbers, which takes it a moment."""

    def __init__(self, backend_name, cores, gpus):
        self._done = 0

    def about(self):
        return {"host": socket.gethostname(), "versions": {}, "allowed": 10**9, "pid": os.getpid()}

    def square(self, number, seconds=0.02):
        time.sleep(seconds)
        return number**2, os.getpid()

    def dies(self, number):
        os.kill(os.getpid(), signal.SIGKILL)

    def fails(self, number):
        raise ValueError(f"{number} cannot be squared")


def squares(crew, count, owners=None, **more):
    return crew.results(lambda member, number: member.actor.square.remote(number, **more), owners or [None] * count)


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    """Has a crew look around often, and wait for all of its processes, on a slow machine too."""
    monkeypatch.setattr(crews, "LOOK_AROUND", 0.2)
    monkeypatch.setattr(crews, "PATIENCE", 120.0)


@pytest.fixture
def lines():
    return []


def test_processes_killed_at_random_moments_are_replaced_and_nothing_is_lost(lines):
    rng = random.Random(0)
    with Crew("local:2", lines.append, worker=Squarer) as crew:
        crew.gather()
        killed = []

        def kill():
            while len(killed) < 10:
                time.sleep(rng.uniform(0.05, 0.3))
                alive = [member.about["pid"] for member in crew._ready() if member.about["pid"] not in killed]
                if len(alive) == 2:
                    killed.append(rng.choice(alive))
                    os.kill(killed[-1], signal.SIGKILL)

        killer = threading.Thread(target=kill)
        killer.start()
        while killer.is_alive():
            assert [square for square, _ in squares(crew, 24)] == [n**2 for n in range(24)]
        killer.join()
        assert [square for square, _ in squares(crew, 24)] == [n**2 for n in range(24)]
    assert len(killed) == 10
    assert sum("has died: what it had in hand is done again" in line for line in lines) >= 9


def test_a_task_at_which_processes_always_die_ends_the_work(lines):
    with Crew("local:1", lines.append, worker=Squarer) as crew:
        crew.gather()
        problem = f"{ATTEMPTS} processes of the cluster died at the same tile, most likely for want of memory"
        with pytest.raises(InputError, match=problem):
            list(crew.results(lambda member, number: member.actor.dies.remote(number), [None]))


def test_a_machine_that_goes_is_done_without_and_one_that_comes_is_used(lines):
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    try:
        second = cluster.add_node(num_cpus=1)
        with Crew(cluster.address, lines.append, worker=Squarer) as crew:
            assert crew.gather()[0] == 2
            work = squares(crew, 60, seconds=0.05)
            first = [next(work) for _ in range(10)]
            cluster.remove_node(second)
            results = first + list(work)
            assert [square for square, _ in results] == [n**2 for n in range(60)]
            cluster.add_node(num_cpus=1)
            began = time.monotonic()
            while time.monotonic() - began < 90:
                if len({pid for _, pid in squares(crew, 20, seconds=0.05)}) == 2:
                    break
            else:
                pytest.fail("the machine that has come was not used")
    finally:
        cluster.shutdown()


@pytest.mark.parametrize(
    ("where", "problem"),
    [
        ("local:0", "--cluster local:0: give a number of processes, as in local:2"),
        ("local:two", "--cluster local:two: give a number of processes, as in local:2"),
        (
            "127.0.0.1:1",
            "there is no cluster at 127.0.0.1:1 (Connection refused): begin one there with ray start --head",
        ),
        ("lokal", "the cluster lokal is no address: give it like 10.0.0.1:6379, or auto"),
    ],
)
def test_where_there_is_no_cluster_it_is_said_in_a_line(lines, where, problem):
    with pytest.raises(InputError) as error, Crew(where, lines.append, worker=Squarer):
        pass
    assert str(error.value).startswith(problem)


class Older(Squarer):
    """A worker on a machine with another version of Keras."""

    def about(self):
        return super().about() | {"host": "elsewhere", "versions": {"keras": "3.0.0"}}


class Failing(Squarer):
    """A worker that cannot begin."""

    def __init__(self, backend_name, cores, gpus):
        raise ImportError("no such package")


class Stillborn(Squarer):
    """A worker whose process dies while it begins."""

    def __init__(self, backend_name, cores, gpus):
        os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize(
    ("worker", "problem"),
    [
        (Older, f"elsewhere has keras 3.0.0, but here it is {keras.__version__}: install the same on both"),
        (Failing, r"a process of the cluster cannot begin: .*no such package"),
        (Stillborn, "a process of the cluster cannot begin: "),
    ],
)
def test_what_keeps_all_processes_from_beginning_ends_the_run_in_a_line(lines, worker, problem):
    with Crew("local:1", lines.append, worker=worker) as crew, pytest.raises(InputError, match=problem):
        crew.gather()


def test_one_that_joins_with_another_version_is_left_out(lines):
    with Crew("local:1", lines.append, worker=Squarer) as crew:
        crew.gather()
        crew._local, crew._worker, crew._share = 2, Older, replace(crew._share, cpus=0)
        ends = time.monotonic() + 60
        while not any("elsewhere has keras 3.0.0" in line for line in lines) and time.monotonic() < ends:
            assert [square for square, _ in squares(crew, 20)] == [n**2 for n in range(20)]
        assert lines[-1].endswith("going on without it")
        assert len(crew._ready()) == 1


def test_where_this_machine_is_part_of_no_cluster_it_is_said_how_to_begin_one(lines, monkeypatch):
    def finds_none(*arguments, **settings):
        raise ConnectionError("Could not find any running Ray instance.")

    monkeypatch.setattr("ray.init", finds_none)
    problem = "this machine is part of no cluster: begin one with ray start --head, or give an address"
    with pytest.raises(InputError, match=problem), Crew("auto", lines.append, worker=Squarer):
        pass


def test_code_is_brought_along_unless_a_space_in_the_path_of_python_forbids(lines, monkeypatch):
    brought = []

    def session(address, cores, store, modules):
        brought.append([Path(module).name for module in modules])
        raise InputError("no cluster here")

    monkeypatch.setattr(crews, "session", session)
    for python in ("/usr/bin/python3", "/home/a user/venv/bin/python3"):
        monkeypatch.setattr(sys, "executable", python)
        with pytest.raises(InputError, match="no cluster here"), Crew("10.0.0.1:6379", lines.append):
            pass
    assert brought == [["neural_style", "models"], []]
