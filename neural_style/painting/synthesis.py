"""Paint by minimising an objective over the pixels, scale by scale, as a generator of progress."""

import math
import time
from collections import namedtuple
from dataclasses import dataclass, field

import numpy as np
from keras import ops

from neural_style.errors import InputError
from neural_style.optimiser.lbfgs import LBFGS, LONGEST_SEARCH, Vectors
from neural_style.optimiser.pyramid import Pyramid
from neural_style.tiling.memory import LARGE, LONGEST_HISTORY


@dataclass(frozen=True)
class Progress:
    """The state of a run after one evaluation.

    `iteration` of `iterations` and `evaluation` of `evaluations` count over all scales, as they were planned, and
    `scale` counts from 1. Each scale begins with the evaluation of its start image, which belongs to the iteration
    before; the first of all is evaluation 0 of iteration 0. `total`, `terms` (by name, weighted, so that they add up
    to the total) and `gradient_norm` are of the image just evaluated, `best` is the scale's lowest total so far,
    `seconds` the time since the run began. `ends_iteration` is true for the last evaluation of an iteration,
    `ends_scale` for the last of a scale, `ends_run` for the last of all.
    """

    scale: int
    iteration: int
    iterations: int
    evaluation: int
    evaluations: int
    total: float
    terms: dict
    gradient_norm: float
    best: float
    seconds: float
    ends_iteration: bool
    ends_scale: bool
    ends_run: bool
    _optimiser: LBFGS = field(repr=False)
    _size: tuple = field(repr=False)
    _ends: bool = field(repr=False, default=False)
    _best_before: float = field(repr=False, default=math.inf)

    def position(self):
        """Return where the run is, a JSON-able dict that `synthesise` goes on from, with what `state` gives."""
        return {
            "scale": self.scale,
            "evaluation": self.evaluation,
            "ends": self._ends,
            "best_before": self._best_before,
            "seconds": self.seconds,
        }

    def state(self):
        """Yield (name, array) of all that decides what comes next, one at a time."""
        return self._optimiser.state()

    def image(self):
        """Return the scale's best image so far, float32 RGB (height, width, 3), meant for 0..255 but not clipped."""
        return np.reshape(ops.convert_to_numpy(self._optimiser.best()), (*self._size, 3))


def synthesise(stages, iterations, evaluations=20, min_improvement=0.0, resumed=None):
    """Minimise one objective after the other over the pixels and yield `Progress` after every evaluation.

    `stages` has for each scale a function that takes the image the scale before ended with, RGB (height, width, 3),
    None at the first, and returns (objective, optimiser), the optimiser being at the scale's start. That is evaluated
    first; each of the scale's iterations, whose numbers are in the list `iterations`, then makes `evaluations` more.
    The optimiser keeps its memory from one to the next. A scale ends early after an iteration that lowers the best loss
    by less than `min_improvement` percent (0: never for that reason), or when the optimiser cannot lower it further.

    `resumed` is the (position, state) of a `Progress` of such a run, the state as a dict: the evaluations after that
    one follow, the same as they would have been.

    Raises InputError if the loss at a start is not finite, or is not any more and does not become so again.
    """
    position, state = resumed or ({"scale": 0, "seconds": 0.0}, None)
    clock = time.monotonic() - position["seconds"]
    image = None
    for number, (stage, _) in enumerate(zip(stages, iterations, strict=True), start=1):
        if number < position["scale"]:
            continue
        objective, optimiser = stage(image)
        goes_on = number == position["scale"]
        if goes_on:
            optimiser.restore(state)
        course = _Course(number, iterations, evaluations, min_improvement, clock)
        yield from _minimise(objective, optimiser, course, position if goes_on else None)
        image = np.reshape(ops.convert_to_numpy(optimiser.best()), (*objective.size, 3))


def optimiser_of(image, history=LONGEST_HISTORY, vectors=None):
    """Return the optimiser that begins at an image (height, width, 3) in 0..255 and keeps `history` pairs.

    `vectors` is what `vectors_of` gives for its size, made here without.
    """
    return LBFGS(np.ravel(image), history, vectors or vectors_of(image.shape[:2]))


def vectors_of(size):
    """Return the `lbfgs.Vectors` of images of (height, width) `size`.

    LARGE images, and those longer than LONGEST, are not preconditioned, for the sake of memory.
    """
    large = math.prod(size) > LARGE or max(size) > LONGEST
    return Vectors(3 * math.prod(size), None if large else Pyramid(size))


_Course = namedtuple("_Course", "number iterations evaluations min_improvement clock")
"""How the scale of this `number` goes on, by what `synthesise` was told; the run began at the time `clock`."""


LONGEST = 8192
"""Rows or columns beyond which the matrices of a `Pyramid`, while they are made, take more memory than the image."""

MOST_BROKEN = 3 * LONGEST_SEARCH
"""Evaluations in a row whose loss is not finite, after which a run has no hope."""


def _minimise(objective, optimiser, course, position=None):
    """Yield `Progress` after every evaluation of one scale, or only after those that come after a `position` in it."""
    iterations_before = sum(course.iterations[: course.number - 1])
    evaluations_before = iterations_before * course.evaluations + course.number - 1
    last = course.iterations[course.number - 1] * course.evaluations
    first, best_before, broken = 0, math.inf, 0
    if position is not None:
        first, best_before = position["evaluation"] + 1 - evaluations_before, position["best_before"]
    for evaluation in range(first, last + 1) if position is None or not position["ends"] else ():
        total, terms, gradient = objective.evaluate(*optimiser.line())
        optimiser.tell(total, gradient)
        gradient_norm = optimiser.gradient_norm
        broken = 0 if math.isfinite(total) and math.isfinite(gradient_norm) else broken + 1
        if broken and evaluation == 0:
            raise InputError(f"{_broken(terms)} of the start image is not a finite number: {_REMEDY}")
        if broken and (broken >= MOST_BROKEN or optimiser.converged):
            raise InputError(f"{_broken(terms)} does not come back to a finite number: {_REMEDY}")
        ends_iteration = evaluation > 0 and evaluation % course.evaluations == 0
        ends_early = optimiser.converged
        if ends_iteration:
            improvement = 100 * (1 - optimiser.best_loss / best_before) if best_before > 0 else 0.0
            ends_early = ends_early or improvement < course.min_improvement
        ends = ends_early or evaluation == last
        if ends_iteration or evaluation == 0:
            best_before = optimiser.best_loss
        yield Progress(
            scale=course.number,
            iteration=iterations_before + math.ceil(evaluation / course.evaluations),
            iterations=sum(course.iterations),
            evaluation=evaluations_before + evaluation,
            evaluations=sum(course.iterations) * course.evaluations + len(course.iterations) - 1,
            total=total,
            terms=terms,
            gradient_norm=gradient_norm,
            best=optimiser.best_loss,
            seconds=time.monotonic() - course.clock,
            ends_iteration=ends_iteration or (ends and evaluation > 0),
            ends_scale=ends,
            ends_run=ends and course.number == len(course.iterations),
            _optimiser=optimiser,
            _size=objective.size,
            _ends=ends_early,
            _best_before=best_before,
        )
        if ends:
            return


_REMEDY = (
    "lower --content_weight, --style_weight and that of smoothness, or check the start image and the network's weights"
)


def _broken(terms):
    """Return the name of what is not finite."""
    names = [f"{name} loss" for name, value in terms.items() if not math.isfinite(value)] or ["gradient of the loss"]
    return f"the {' and the '.join(names)}"
