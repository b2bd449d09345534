"""The processes that look at tiles, over the machines of a cluster, some of which may die."""

import os
import platform
import sys
import time
from collections import Counter, deque
from contextlib import ExitStack
from dataclasses import dataclass

from neural_style import backend
from neural_style.cluster.session import machines, room, session, shares
from neural_style.cluster.worker import TileWorker
from neural_style.errors import InputError
from neural_style.installation import ROOT

AHEAD = 2
"""Tiles that each process has in hand: one is on its way while it looks at the other."""

LOOK_AROUND = 2.0
"""Seconds between two looks at which machines there are."""

PATIENCE = 15.0
"""Seconds without any process at work, after which it is said what is waited for."""

ATTEMPTS = 3
"""How often a tile is tried whose processes die."""

STORE = 2**28
"""Bytes of the memory that processes of one machine share, for what is sent; what does not fit lies on the disk."""

LOCAL = "local"
"""In place of an address: this machine alone."""


@dataclass(eq=False)
class Member:
    """A process of the crew: Ray's handle of it, what becomes of its beginning, and what it has said of itself."""

    actor: object
    beginning: object
    about: dict | None = None


class Crew:
    """Processes that look at tiles while it is entered, one for each GPU or machine of a cluster.

    One that dies is replaced, what it had in hand is done again by another, and machines that join are used.
    """

    def __init__(self, where, say, memory=None, worker=TileWorker):
        """`where` is the address of a Ray cluster, "auto" for the one this machine is part of, or "local", "local:N":
        N processes on this machine. say(line) tells the user what goes on; `memory` are the bytes that a process may
        use for tiles, where the user gives them. Each process is a `worker`, made and asked `about` as a `TileWorker`.
        """
        self._local = _count(where)
        self._address = None if self._local else where
        self._say = say
        self._memory = memory
        self._worker = worker
        self._members, self._refused, self._stack = [], [], ExitStack()
        self._failed = 0
        self._sent = {}
        self._looked = self._told = time.monotonic()
        self._token = 0

    def __enter__(self):
        """Begin, without waiting for the processes. Raises InputError if there is no cluster, or it has no room."""
        # With code to bring along, Ray starts its processes by a shell, which no space in Python's path gets through.
        modules = [] if " " in sys.executable else [str(ROOT / name) for name in ("neural_style", "models")]
        cores = max(os.cpu_count() or 1, self._local or 1)
        self._ray = self._stack.enter_context(session(self._address, cores, STORE, modules))
        found = machines(self._ray)
        if not any(machine.get("CPU", 0) >= 1 for machine in found):
            self._stack.close()
            raise InputError(f"the cluster {self._address} has no CPU to give: add a machine, by ray start --address")
        self._share, count = shares(found, self._local)
        if self._local:
            self._local = count
        self._grow(count)
        return self

    def __exit__(self, *exception):
        self._members.clear()
        self._refused.clear()
        self._sent.clear()
        self._stack.close()

    @property
    def ray(self):
        return self._ray

    @property
    def store(self):
        """The bytes of this machine's memory that are shared for what is sent, where Ray was begun for the crew."""
        return STORE if self._local else 0

    def sent(self, key, thing):
        """Return Ray's reference of a thing that is called `key`, which is sent once."""
        if key not in self._sent:
            self._sent[key] = self._ray.put(thing)
        return self._sent[key]

    def next_token(self):
        """Return a number that no tiles had before."""
        self._token += 1
        return self._token

    def gather(self):
        """Wait for the processes, not long for the last; return (how many, the bytes that each may use for tiles)."""
        first = None
        while not self._ready() or (len(self._ready()) < len(self._members) and time.monotonic() - first < PATIENCE):
            self._tend(wait=True)
            if first is None and self._ready():
                first = time.monotonic()
        ready = self._ready()
        hosts = Counter(member.about["host"] for member in ready)
        places = ", ".join(f"{count} on {host}" for host, count in hosts.items())
        self._say(f"cluster: {len(ready)} process{'es' * (len(ready) != 1)}, each {self._describe_share()}: {places}")
        return len(ready), self._memory or min(member.about["allowed"] for member in ready)

    def _describe_share(self):
        cores = f"{self._share.cpus} core{'s' * (self._share.cpus != 1)}"
        return f"{cores} and a GPU" if self._share.gpus else cores

    def results(self, submit, owners):
        """Yield the results of tasks, as many as there are `owners`, in their order.

        `submit(member, number)` has a member do one of them and returns Ray's reference. `owners` is a list of the
        members that did them before, or None; they do them again, but for what others do that have nothing left.
        """
        waiting = {member: deque() for member in self._members}
        orphans = deque()
        for number, owner in enumerate(owners):
            waiting.get(owner, orphans).append(number)
        running, done, attempts, following = {}, {}, Counter(), 0
        while following < len(owners):
            # Dealt out in rounds: what is given away is not taken back.
            for member in self._by_load(running):
                number = self._next(member, waiting, orphans)
                if number is None:
                    break
                owners[number] = member
                running[submit(member, number)] = member, number
            ended = []
            if running:
                ended, _ = self._ray.wait(list(running), timeout=LOOK_AROUND)
            for reference in ended:
                member, number = running.pop(reference)
                try:
                    done[number] = self._ray.get(reference)
                except self._ray.exceptions.RayTaskError as error:
                    raise error.cause if isinstance(error.cause, Exception) else error from None
                except self._ray.exceptions.RayError as error:
                    attempts[number] += 1
                    if attempts[number] == ATTEMPTS:
                        raise InputError(
                            f"{ATTEMPTS} processes of the cluster died at the same tile, most likely for want of "
                            "memory: choose a smaller --tile"
                        ) from error
                    self._lose(member)
                    orphans.append(number)
                    orphans.extend(waiting.pop(member, ()))
            while following in done:
                yield done.pop(following)
                following += 1
            self._tend(wait=not running and following < len(owners))

    def _by_load(self, running):
        """Yield the members that are to get a task, one for each, those with the fewest in hand first."""
        loads = Counter(member for member, _ in running.values())
        for load in range(AHEAD):
            yield from (member for member in self._ready() if loads[member] <= load)

    def _next(self, member, waiting, orphans):
        """Return the number of the next task for a member, None if nothing is left for it."""
        own = waiting.setdefault(member, deque())
        if own:
            return own.popleft()
        if orphans:
            return orphans.popleft()
        longest = max(waiting.values(), key=len)
        return longest.pop() if longest else None

    def _ready(self):
        return [member for member in self._members if member.about is not None]

    def _grow(self, count):
        """Have as many processes as there is to be room for."""
        actor = self._ray.remote(num_cpus=self._share.cpus, num_gpus=self._share.gpus, max_restarts=0)(self._worker)
        for _ in range(count - len(self._members)):
            handle = actor.remote(backend.asked_for(), self._share.cpus, self._share.gpus)
            self._members.append(Member(handle, handle.about.remote()))

    def _lose(self, member):
        """Leave out a member that has died."""
        if member in self._members:
            self._members.remove(member)
            host = member.about["host"] if member.about else "the cluster"
            self._say(f"a process on {host} has died: what it had in hand is done again")

    def _tend(self, wait=False):
        """See who has begun, who has not come so far, and whether there are more machines than there were."""
        beginning = {member.beginning: member for member in self._members if member.about is None}
        began = []
        if beginning:
            began, _ = self._ray.wait(list(beginning), timeout=LOOK_AROUND * wait)
        elif wait and not self._ready():
            time.sleep(LOOK_AROUND)
        for reference in began:
            self._begins(beginning[reference], reference)
        now = time.monotonic()
        if now - self._looked > LOOK_AROUND:
            self._looked = now
            places = self._local or room(machines(self._ray), self._share)
            self._grow(places - len(self._refused))
        if self._ready():
            self._told = now
        elif now - self._told > PATIENCE:
            self._told = now
            self._say(
                f"waiting for room on the cluster: {self._describe_share()} of one machine must be free, and the path "
                "of its Python must have no space"
            )

    def _begins(self, member, reference):
        """Take in a member that has begun; one that cannot, or must not, ends the run if it is the first, else not."""
        try:
            about = self._ray.get(reference)
            _compare(about)
        except self._ray.exceptions.RayError as error:
            self._members.remove(member)
            self._failed += 1
            reason = str(error).strip().splitlines()[-1]
            problem = InputError(f"a process of the cluster cannot begin: {reason}")
            if self._failed < ATTEMPTS and "creation task" not in str(error):
                return  # It was killed, and may be begun anew.
            if not self._ready():
                raise problem from error
            self._refuse(member, str(problem))
        except InputError as problem:
            self._members.remove(member)
            if not self._ready():
                raise
            self._refuse(member, str(problem))
        else:
            member.about = about
            self._failed = 0

    def _refuse(self, member, problem):
        """Go on without a member; its process keeps its place, so that it is not begun anew there."""
        self._refused.append(member)
        self._say(f"warning: {problem}; going on without it")


def _count(where):
    """Return how many processes "local" or "local:N" asks for, None for an address. Raises InputError if wrong."""
    name, _, count = where.partition(":")
    if name != LOCAL:
        return None
    if count and not (count.isdecimal() and int(count)):
        raise InputError(f"--cluster {where}: give a number of processes, as in local:2")
    return int(count or max(1, os.cpu_count() or 1))


def _compare(about):
    """Raise InputError if a process has other versions than this one: its numbers might be others."""
    ours = {"Python": platform.python_version(), **backend.versions()} if about["versions"] else {}
    for name, version in about["versions"].items():
        if ours.get(name) != version:
            raise InputError(
                f"{about['host']} has {name} {version}, but here it is {ours.get(name)}: install the same on both"
            )
