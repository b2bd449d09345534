"""Paint by minimising an objective over the pixels, scale by scale, as a generator of progress."""

import math
import time
from dataclasses import dataclass, field

import numpy as np
from keras import ops

from neural_style.errors import InputError
from neural_style.lbfgs import LBFGS
from neural_style.memory import LARGE, LONGEST_HISTORY
from neural_style.pyramid import Pyramid


@dataclass(frozen=True)
class Progress:
    """The state of a run after one evaluation.

    `iteration` of `iterations` and `evaluation` of `evaluations` count over all scales, as they were planned, and
    `scale` counts from 1. Each scale begins with the evaluation of its start image, which belongs to the iteration
    before; the first of all is evaluation 0 of iteration 0. `total`, `terms` (by name, weighted, so that they add up
    to the total) and `gradient_norm` are of the image just evaluated, `best` is the scale's lowest total so far,
    `seconds` the time since the run began. `ends_iteration` is true for the last evaluation of an iteration,
    `ends_run` for the last of all.
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
    ends_run: bool
    _optimiser: LBFGS = field(repr=False)
    _size: tuple = field(repr=False)

    def image(self):
        """Return the scale's best image so far, float32 RGB (height, width, 3), meant for 0..255 but not clipped."""
        return np.reshape(ops.convert_to_numpy(self._optimiser.best()), (*self._size, 3))


def synthesise(stages, iterations, evaluations=20, min_improvement=0.0):
    """Minimise one objective after the other over the pixels and yield `Progress` after every evaluation.

    `stages` has for each scale a function that takes the image the scale before ended with, None at the first, and
    returns (objective, start, history): the start is RGB (height, width, 3) in 0..255, the history the number of pairs
    that the optimiser keeps (see `lbfgs.LBFGS`). The start is evaluated first; each of the
    scale's `iterations`, a list of their numbers, then makes `evaluations` more. The optimiser keeps its memory from
    one iteration to the next. A scale ends early after an iteration that lowers the best loss by less than
    `min_improvement` percent (0: never for that reason), or when the optimiser cannot lower it further.

    Raises InputError if the loss at a start is not finite.
    """
    clock = time.monotonic()
    image = None
    planned = sum(iterations) * evaluations + len(stages) - 1
    for number, (stage, count) in enumerate(zip(stages, iterations, strict=True)):
        objective, start, history = stage(image)
        optimiser = optimiser_of(start, history)
        iterations_before = sum(iterations[:number])
        evaluations_before = iterations_before * evaluations + number
        for state in _minimise(objective, optimiser, count, evaluations, min_improvement):
            yield Progress(
                scale=number + 1,
                iteration=iterations_before + math.ceil(state.evaluation / evaluations),
                iterations=sum(iterations),
                evaluation=evaluations_before + state.evaluation,
                evaluations=planned,
                total=state.total,
                terms=state.terms,
                gradient_norm=state.gradient_norm,
                best=optimiser.best_loss,
                seconds=time.monotonic() - clock,
                ends_iteration=state.ends_iteration,
                ends_run=state.ends and number + 1 == len(stages),
                _optimiser=optimiser,
                _size=objective.size,
            )
        image = np.reshape(ops.convert_to_numpy(optimiser.best()), (*objective.size, 3))


def optimiser_of(image, history=LONGEST_HISTORY):
    """Return the optimiser that begins at an image (height, width, 3) and keeps `history` pairs.

    LARGE images are not preconditioned, for the sake of memory.
    """
    size = image.shape[:2]
    return LBFGS(np.ravel(image), history, Pyramid(size) if math.prod(size) <= LARGE else None)


@dataclass(frozen=True)
class _State:
    """One evaluation of a scale, `evaluation` counting from 0 there; `ends` is true for its last."""

    evaluation: int
    total: float
    terms: dict
    gradient_norm: float
    ends_iteration: bool
    ends: bool


def _minimise(objective, optimiser, iterations, evaluations, min_improvement):
    """Yield a `_State` after every evaluation of one scale."""
    last = iterations * evaluations
    best_before = math.inf
    for evaluation in range(last + 1):
        total, terms, gradient = objective.evaluate(*optimiser.line())
        gradient_norm = float(ops.norm(gradient))
        if evaluation == 0:
            _check_finite(total, terms, gradient_norm)
        optimiser.tell(total, gradient)
        ends_iteration = evaluation > 0 and evaluation % evaluations == 0
        ends = evaluation == last or optimiser.converged
        if ends_iteration:
            improvement = 100 * (1 - optimiser.best_loss / best_before) if best_before > 0 else 0.0
            ends = ends or improvement < min_improvement
        if ends_iteration or evaluation == 0:
            best_before = optimiser.best_loss
        yield _State(evaluation, total, terms, gradient_norm, ends_iteration or (ends and evaluation > 0), ends)
        if ends:
            return


def _check_finite(total, terms, gradient_norm):
    """Raise InputError, naming what is not finite, if a loss or the gradient at the start is not."""
    if math.isfinite(total) and math.isfinite(gradient_norm):
        return
    broken = [f"{name} loss" for name, value in terms.items() if not math.isfinite(value)] or ["gradient of the loss"]
    raise InputError(
        f"the {' and the '.join(broken)} of the start image is not a finite number: lower its weight, "
        "or check the start image and the weights of the network"
    )
