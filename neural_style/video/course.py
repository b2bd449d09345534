"""The course of a film: what is painted already, who paints the scenes, and how all of it becomes a film again."""

import contextlib
import os
import time
from functools import partial
from itertools import islice

from neural_style.batch.working import Ear
from neural_style.cluster.pool import Pool, go_to
from neural_style.command.interruption import Interruption
from neural_style.command.script import problem_of
from neural_style.command.workshop import Workshop
from neural_style.errors import InputError
from neural_style.tiling import memory
from neural_style.video import film as films
from neural_style.video.folder import FilmFolder
from neural_style.video.frames import BACK, Painter


def paint(work, folder, overview):
    """Paint all frames of a `Work` that are not in the `FilmFolder` yet.

    Returns 0, or the exit status of the signal that ended it. Raises InputError if a scene cannot be painted.
    """
    flags = work.flags
    left = [scene for scene in work.scenes if folder.painted(scene) < scene.end - scene.begin]
    if not left:
        return 0
    several = flags.cluster or (flags.jobs or 1) > 1
    pool = Pool(flags.cluster, flags.jobs) if several else None
    make = partial(_worker, work, str(folder.path.resolve()), os.getcwd())
    with pool or contextlib.nullcontext(), Interruption() as interruption:
        interruption.nothing_in_hand = True  # All but the frame in hand is on the disk.
        try:
            if pool is None:
                do = make(overview, 1.0)
                for problem in map(do, left):
                    if problem:
                        raise InputError(problem)
                return 0
            overview.workers = min(pool.workers, len(left))
            for _, outcome, problem in pool.outcomes(make, left, lambda scene: None, overview.at):
                if outcome or problem:
                    raise InputError(outcome or problem)
        except KeyboardInterrupt:  # `Interrupted`, or what Ray makes of it.
            return interruption.exit_status
    return 0


def _worker(work, folder, where, listener, part):
    """Return the function that paints a scene, in this process or another, which has this `part` of its machine.

    It returns the problem if there was one, in a line.
    """
    if part < 1 and work.flags.max_memory is None:
        work.flags.max_memory = int(part * memory.allowance_of_machine())
    ear = Ear(listener)
    workshop, told = Workshop(ear), set(work.warnings)

    def do(scene):
        try:
            go_to(where)
            _paint_scene(work, scene, FilmFolder(folder), Painter(work.flags, workshop, ear), told)
        except Exception as error:
            problem = problem_of(error)
            if problem is None:
                raise
            return problem
        return ""

    return do


def _paint_scene(work, scene, folder, painter, told):
    """Paint what is left of a scene; warnings that are not among the set of those `told` are."""
    ear = painter.reporter

    def add(number, paint):
        """Add what paint() returns of a frame that is not there yet."""
        if not folder.has(number):
            ear.begin(f"frame {number + 1}")
            began = time.monotonic()
            folder.add(number, *paint())
            ear.pass_on_warnings(told)
            ear.ends(time.monotonic() - began)

    every = work.flags.every
    keys = scene.keys(every)
    first = scene.begin + folder.painted(scene) - (max(BACK) + 1) * every
    between = []
    for number, frame in islice(enumerate(films.frames(work.film)), max(first, scene.begin), scene.end):
        if number not in keys:
            between.append((number, frame))
            continue
        if folder.has(number):
            painter.goes_on(frame, folder.painting(number))
        else:
            add(number, partial(painter.paint, frame))
        for position, (missing, other) in enumerate(between, 1):
            add(missing, partial(painter.carry, other, position / (len(between) + 1)))
        between = []
