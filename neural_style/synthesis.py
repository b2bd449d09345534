"""Paint by minimising an objective over the pixels, as a generator of progress."""

import math
import time
from dataclasses import dataclass, field

import numpy as np
from keras import ops

from neural_style.errors import InputError
from neural_style.lbfgs import LBFGS


@dataclass(frozen=True)
class Progress:
    """The state of a run after one evaluation.

    `evaluation` counts from 0, the evaluation of the start image, which belongs to iteration 0. `total`, `terms`
    (by name, weighted, so that they add up to the total) and `gradient_norm` are of the image just evaluated,
    `best` is the lowest total so far, `seconds` the time since the run began. `ends_iteration` is true for the last
    evaluation of an iteration, `ends_run` for the last of all.
    """

    scale: int
    iteration: int
    evaluation: int
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
        """Return the best image so far, float32 RGB (height, width, 3), meant for 0..255 but not clipped to it."""
        return np.reshape(ops.convert_to_numpy(self._optimiser.best()), (*self._size, 3))


def synthesise(objective, start, iterations, evaluations=20, min_improvement=0.0, scale=1):
    """Minimise `objective` over the pixels from the image `start` and yield `Progress` after every evaluation.

    `start` is float32 RGB (height, width, 3) in 0..255. It is evaluated first; each of the `iterations` then makes
    `evaluations` more. The optimiser keeps its memory from one iteration to the next. The run ends early after an
    iteration that lowers the best loss by less than `min_improvement` percent (0: never for that reason), or when the
    optimiser cannot lower it further. `scale` is only passed on.

    Raises InputError if the loss at the start is not finite.
    """
    clock = time.monotonic()
    optimiser = LBFGS(np.ravel(start))
    last = iterations * evaluations
    best_before = math.inf
    for evaluation in range(last + 1):
        total, terms, gradient = objective.evaluate(optimiser.point())
        gradient_norm = float(ops.norm(gradient))
        if evaluation == 0:
            _check_finite(total, terms, gradient_norm)
        optimiser.tell(total, gradient)
        ends_iteration = evaluation > 0 and evaluation % evaluations == 0
        ends_run = evaluation == last or optimiser.converged
        if ends_iteration:
            improvement = 100 * (1 - optimiser.best_loss / best_before) if best_before > 0 else 0.0
            ends_run = ends_run or improvement < min_improvement
        if ends_iteration or evaluation == 0:
            best_before = optimiser.best_loss
        yield Progress(
            scale=scale,
            iteration=math.ceil(evaluation / evaluations),
            evaluation=evaluation,
            total=total,
            terms=terms,
            gradient_norm=gradient_norm,
            best=optimiser.best_loss,
            seconds=time.monotonic() - clock,
            ends_iteration=ends_iteration or (ends_run and evaluation > 0),
            ends_run=ends_run,
            _optimiser=optimiser,
            _size=objective.size,
        )
        if ends_run:
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
