"""Ray at work: on this machine alone, or on the cluster it is told of."""

import contextlib
import logging
import os
import socket
import sys
import warnings
from dataclasses import dataclass

from neural_style.errors import InputError


@dataclass(frozen=True)
class Share:
    """What each process gets: CPU cores, and a GPU or none."""

    cpus: int
    gpus: int


@contextlib.contextmanager
def session(address=None, cpus=None, store=None, modules=()):
    """Have Ray at work meanwhile: on the cluster at an `address`, "auto" for the one this machine is part of, or
    without one on this machine, with so many `cpus` to give away and a `store` of so many bytes for what is sent.

    `modules` are folders of Python packages that the cluster's processes get from here. Raises InputError if Ray is not
    installed, or the cluster cannot be reached.
    """
    ray = _ray()
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    # Its future default, which lets processes that ask for no GPU see those there are, as they would without Ray.
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    if address is None:
        settings = {"num_cpus": cpus, "include_dashboard": False, "object_store_memory": store}
    else:
        settings = {"runtime_env": {"py_modules": list(modules)}} if modules else {}
        _check(address)
    try:
        with _quiet():
            ray.init(address or "local", log_to_driver=False, logging_level="ERROR", **settings)
    except (ConnectionError, RuntimeError, ValueError, OSError) as error:
        if address == "auto" and isinstance(error, ConnectionError):
            raise InputError(
                "this machine is part of no cluster: begin one with ray start --head, or give an address"
            ) from error
        where = f"the cluster {address}" if address else "this machine"
        reason = " ".join(str(error).split())[:200]
        raise InputError(f"Ray cannot work on {where}: {reason or type(error).__name__}") from error
    try:
        yield ray
    finally:
        ray.shutdown()


ANSWERS_IN = 5.0
"""Seconds in which a machine answers that is there; Ray would wait for minutes."""


def _check(address):
    """Raise InputError if nobody answers at the address of a cluster, which is no address but "auto"."""
    host, _, port = address.rpartition("://")[2].rpartition(":")
    if not host or not port.isdecimal():
        if address != "auto":
            raise InputError(f"the cluster {address} is no address: give it like 10.0.0.1:6379, or auto")
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), ANSWERS_IN).close()
    except (OSError, OverflowError) as error:
        reason = "it does not answer" if isinstance(error, TimeoutError) else getattr(error, "strerror", None) or error
        raise InputError(
            f"there is no cluster at {address} ({reason}): begin one there with ray start --head"
        ) from error


def shares(machines, workers):
    """Return (`Share`, workers) of a cluster whose `machines` are Ray's dicts of resources.

    As many processes as are asked for, or None, get as many cores each as all of them can have; never more processes
    than there are GPUs, if there are any, or cores.
    """
    gpus = int(any(machine.get("GPU", 0) for machine in machines))
    cores = [int(machine.get("CPU", 0)) for machine in machines if machine.get("GPU", 0) or not gpus]
    most = max(1, room(machines, Share(1, gpus)))
    count = min(workers or (most if gpus else max(1, sum(own > 0 for own in cores))), most)
    enough = [cpus for cpus in range(1, max(cores) + 1) if room(machines, Share(cpus, gpus)) >= count]
    return Share(max(enough, default=1), gpus), count


def room(machines, share):
    """Return how many processes that get a `Share` each find room on machines, Ray's dicts of resources."""
    each = [(int(machine.get("CPU", 0)) // share.cpus, int(machine.get("GPU", 0))) for machine in machines]
    return sum(min(by_cpus, gpus) if share.gpus else by_cpus for by_cpus, gpus in each)


def machines(ray):
    """Return Ray's dicts of the resources of the machines that are there now."""
    return [node["Resources"] for node in ray.nodes() if node["Alive"]]


def use_cores(cores):
    """Have a backend that this process has yet to load use so many cores: it would use all of the machine."""
    os.environ["TF_NUM_INTRAOP_THREADS"] = os.environ["OMP_NUM_THREADS"] = str(cores)


def _ray():
    """Return the package, told to keep quiet. Raises InputError if it is not installed."""
    # It would print what it knows of processes that died among the results, on the standard output.
    os.environ.setdefault("RAY_DEDUP_LOGS_SKIP_REGEX", ".*")
    try:
        import ray
    except ImportError as error:
        raise InputError(
            "several processes need the Python package ray: python -m pip install -r requirements-cluster.txt"
        ) from error
    return ray


@contextlib.contextmanager
def _quiet():
    """Keep Ray from writing warnings of its own while it begins, its C++ code too: what counts is raised."""
    sys.stderr.flush()
    with warnings.catch_warnings(), open(os.devnull, "wb") as nowhere, contextlib.ExitStack() as restore:
        warnings.simplefilter("ignore")
        logging.getLogger("ray").setLevel(logging.ERROR)
        saved = os.dup(2)
        restore.callback(os.close, saved)
        restore.callback(os.dup2, saved, 2)
        os.dup2(nowhere.fileno(), 2)
        yield
