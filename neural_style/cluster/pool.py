"""Tasks shared out over Ray's actors: processes that each keep what they have loaded from one task to the next."""

import os
import socket
import time
from collections import deque

from neural_style.cluster.session import machines, session, shares, use_cores
from neural_style.errors import InputError

ATTEMPTS = 3
"""How often a task is tried whose processes die, which mostly means that the machine has too little memory for it."""

POLL = 0.5
"""Seconds between two looks at how far tasks are."""


class Pool:
    """Processes that do tasks, as many at once as there are `workers`.

    While it is entered, Ray is at work: on this machine alone, or on the cluster at an address.
    """

    def __init__(self, address=None, workers=None):
        """`address` is that of a Ray cluster, "auto" for the one this machine is part of, None for this machine alone.

        Without `workers` there is one for each GPU, or where there is none, for each machine.
        """
        self._address = address
        self._asked = workers
        self.workers = workers or 1

    def __enter__(self):
        """Begin. Raises InputError if Ray is not installed, or the cluster cannot be reached."""
        self._session = session(self._address, max(os.cpu_count() or 1, self.workers))
        self._ray = self._session.__enter__()
        self.share, self.workers = shares(machines(self._ray), self._asked)
        return self

    def __exit__(self, *exception):
        self._session.__exit__(*exception)

    def outcomes(self, make, tasks, begin, at):
        """Yield (task, outcome, problem) of each of the `tasks`, in the order in which they end.

        `make(listener, part)` is called in each process, which has this part of its machine's cores, and returns a
        function from a task to its outcome; that tells listener.at(…) how far it is, which is passed on to at(…) here.
        `begin(task)` is told when a task begins. A process that dies is replaced, and its task tried again; after so
        many ATTEMPTS the outcome is None, and the problem says so in a line.
        """
        ray = self._ray
        board = ray.remote(num_cpus=0)(_Board).remote()
        actor = ray.remote(num_cpus=self.share.cpus, num_gpus=self.share.gpus, max_restarts=0)(_Actor)
        waiting, running, idle = deque((task, 1) for task in tasks), {}, []
        started = 0
        while waiting or running:
            while waiting and len(running) < self.workers:
                if not idle:
                    if started >= self.workers:
                        break
                    idle.append(actor.remote(make, board, self.share.cpus, self.share.gpus))
                    started += 1
                task, attempt = waiting.popleft()
                worker = idle.pop()
                begin(task)
                running[worker.do.remote(task)] = task, attempt, worker
            ended, _ = ray.wait(list(running), timeout=POLL)
            for news in ray.get(board.taken.remote()):
                at(*news)
            for reference in ended:
                task, attempt, worker = running.pop(reference)
                try:
                    outcome = ray.get(reference)
                except ray.exceptions.RayTaskError:
                    raise
                except ray.exceptions.RayError as error:  # It died, was killed for want of memory, or its machine was.
                    started -= 1
                    if "creation task" in str(error):  # An exception there, and it would be there again.
                        yield task, None, f"its process did not begin: {str(error).strip().splitlines()[-1]}"
                    elif attempt < ATTEMPTS:
                        waiting.appendleft((task, attempt + 1))
                    else:
                        yield task, None, f"its process was killed {ATTEMPTS} times, most likely for want of memory"
                    continue
                idle.append(worker)
                yield task, outcome, ""
        for news in ray.get(board.taken.remote()):
            at(*news)


def go_to(folder):
    """Work in a folder, in which relative paths begin. Raises InputError where it is not there."""
    try:
        os.chdir(folder)
    except OSError as error:
        host = socket.gethostname()
        raise InputError(
            f"{folder} is not there on {host}: the machines of a cluster must share their folders"
        ) from error


class _Actor:
    """A process of the pool."""

    def __init__(self, make, board, cores, gpus):
        use_cores(cores)
        # With a GPU of its own it has that one's memory, whatever the others do.
        part = 1.0 if gpus else min(1.0, cores / (os.cpu_count() or 1))
        self._do = make(_Listener(board), part)

    def do(self, task):
        return self._do(task)


class _Board:
    """Where the processes write how far they are."""

    def __init__(self):
        self._news = {}

    def put(self, name, *details):
        self._news[name] = details

    def taken(self):
        """Return the latest of each that has changed since this was last called."""
        news, self._news = self._news, {}
        return [(name, *details) for name, details in news.items()]


class _Listener:
    """What a process tells how far it is; it writes that on the board, not too often but for the end of something."""

    def __init__(self, board):
        self._board = board
        self._last = 0.0

    def at(self, name, *details):
        if len(details) > 2 or time.monotonic() - self._last > POLL:
            self._last = time.monotonic()
            self._board.put.remote(name, *details)

    def heard(self, line):
        """Pass over what is said while the process begins."""

    def download(self, done, total):
        """Pass over how far a download is."""
