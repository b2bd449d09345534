"""Limited-memory BFGS in float32 on the device (Nocedal & Wright 2006, chapter 7).

The optimiser is asked for the point to evaluate and told the outcome. It calls nothing and keeps its whole state in
attributes, so a run may pause after any evaluation.
"""

import json
import math
from typing import NamedTuple

import numpy as np
from keras import ops

from neural_style import backend

SUFFICIENT_DECREASE = 0.1
"""δ of the approximate Wolfe conditions (Hager & Zhang 2005, equation 4.1)."""

CURVATURE = 0.9
"""σ of the Wolfe conditions: a step is long enough once the slope has risen above σ times the first one."""

LOSS_NOISE = 1e-6
"""Relative error of a loss in float32, by which a loss may rise without being worse (ε of Hager & Zhang)."""

LONGEST_SEARCH = 10
"""Evaluations after which one line search gives up."""

LONG = 1 << 24
"""Numbers in a vector beyond which work on vectors is done step by step, and inner products in pieces, for the sake of
memory; below, a step of its own costs more than its work."""

PIECE = 1 << 20
"""Numbers of a long vector in a piece."""

FIRST_CHANGE = 4.0
"""Root mean square change of the pixels, in 0..255, that the very first step tries."""


class _Trial(NamedTuple):
    """A point on the line: its step length, loss and slope (the derivative of the loss by the step length)."""

    step: float
    loss: float
    slope: float


_NUMBERS = ["loss", "converged", "_searching", "_failures", "_change", "_trials", "_step", "_slope"]
_NUMBERS += ["_direction_rms", "_stored", "_next"]
_TRIALS = ("_best", "_low", "_high")
_VECTORS = ("_x", "_gradient", "_conditioned", "_direction")
"""The attributes of `LBFGS` that make up its state, besides those of the memory."""


class LBFGS:
    """Minimise a function of a float32 vector by its values and gradients.

        optimiser = LBFGS(start)
        while not optimiser.converged:
            optimiser.tell(*value_and_gradient(optimiser.point()))
        optimiser.best()

    The line search accepts a step by the Wolfe conditions or, where float32 no longer tells losses apart, by their
    approximate form, which looks at slopes (Hager & Zhang 2005). A loss that is not finite is never accepted: the
    step shrinks. When a search fails, the memory is dropped and the search goes on from the best point.

    The two-loop recursion (Nocedal & Wright, algorithm 7.4) runs on the coefficients of the direction by the stored
    differences, in float64 on the host, from their inner products (Chen et al. 2014, "Large-scale L-BFGS using
    MapReduce"): the vectors are read twice per iteration instead of four times for each stored pair.

    With a preconditioner P (H_0 is a multiple of it), the recursion needs of the differences y of gradients only P y
    and the inner products with them. So P y is stored in place of y, which comes with P g of each accepted gradient g:
    P is applied once per iteration.
    """

    def __init__(self, start, history=20, vectors=None):
        """Begin at the vector `start`; keep `history` pairs of differences.

        `vectors` is the `Vectors` of its length, with the preconditioner if there is one.
        """
        self.converged = False
        self.loss = None
        self.gradient_norm = None
        self._searching = False
        self._x = ops.convert_to_tensor(start, "float32")
        self._vectors = vectors or Vectors(len(start))
        self._history = history
        self._pairs = ops.zeros((2 * history, len(start)), "float32")
        self._forget()
        self._best = None
        self._failures = 0
        self._change = FIRST_CHANGE

    def point(self):
        """Return the vector to evaluate next."""
        vector, step, direction = self.line()
        return vector if direction is None else self._vectors.along(vector, step, direction)

    def line(self):
        """Return (vector, step, direction), whose vector + step · direction is `point()`; the direction may be None."""
        return (self._x, self._step, self._direction) if self._searching else (self._x, 0.0, None)

    def best(self):
        """Return the vector of the lowest loss told so far, to within LOSS_NOISE."""
        if self._best is None or self._best.loss >= self.loss:
            return self._x
        return self._vectors.along(self._x, self._best.step, self._direction)

    @property
    def best_loss(self):
        """The loss of `best()`, None before the first is told."""
        return self.loss if self._best is None else min(self.loss, self._best.loss)

    def tell(self, loss, gradient):
        """Take the loss (float) and gradient (vector on the device) at `point()`; `gradient_norm` is that one's."""
        slope, self.gradient_norm = self._vectors.measures(gradient, self._direction if self._searching else gradient)
        if not self._searching:
            self._begin_search(loss, gradient, self._vectors.conditioned(gradient))
            return
        if not (math.isfinite(loss) and math.isfinite(slope)):
            loss = slope = math.inf
        trial = _Trial(self._step, loss, slope)
        self._trials += 1
        if self._is_accepted(trial):
            self._accept(trial, gradient)
            return
        if trial.loss < self.loss and (self._best is None or trial.loss < self._best.loss):
            self._best = trial
        self._narrow(trial)
        if self._trials >= LONGEST_SEARCH or self._step_is_lost():
            self._give_up()

    def state(self):
        """Yield (name, array) of all that decides what comes next, one at a time, for `restore`."""
        numbers = {name: getattr(self, name, None) for name in (*_NUMBERS, *_TRIALS)}
        yield "numbers", np.frombuffer(json.dumps(numbers).encode(), "uint8")
        yield "products", self._products
        yield "by_gradient", self._by_gradient
        for name in _VECTORS:
            vector = getattr(self, name, None)
            if vector is not None:
                yield name, ops.convert_to_numpy(vector)
        for row in self._stored_rows():
            yield f"pair_{row}", ops.convert_to_numpy(self._pairs[row])

    def restore(self, arrays):
        """Take up the state that an optimiser of the same kind gave, {name: array}. It goes on as that one would."""
        numbers = json.loads(np.asarray(arrays["numbers"]).tobytes())
        for name in _NUMBERS:
            setattr(self, name, numbers[name])
        for name in _TRIALS:
            setattr(self, name, numbers[name] and _Trial(*numbers[name]))
        self._products, self._by_gradient = arrays["products"].copy(), arrays["by_gradient"].copy()
        for name in _VECTORS:
            setattr(self, name, ops.convert_to_tensor(arrays[name], "float32") if name in arrays else None)
        for row in self._stored_rows():
            self._pairs = backend.with_row(self._pairs, row, ops.convert_to_tensor(arrays[f"pair_{row}"], "float32"))

    def _stored_rows(self):
        """Return the rows of `_pairs` that are in use."""
        return [*range(self._stored), *range(self._history, self._history + self._stored)]

    def _is_accepted(self, trial):
        """Whether `trial` satisfies the Wolfe conditions or the approximate ones."""
        if not math.isfinite(trial.loss) or trial.slope < CURVATURE * self._slope:
            return False
        decrease = trial.loss <= self.loss + SUFFICIENT_DECREASE * trial.step * self._slope
        near = trial.loss <= self.loss + LOSS_NOISE * abs(self.loss)
        return decrease or (near and trial.slope <= (2 * SUFFICIENT_DECREASE - 1) * self._slope)

    def _narrow(self, trial):
        """Choose the next step from the rejected `trial`: interpolate inside a bracket, else go further."""
        uphill = trial.loss > self.loss + LOSS_NOISE * abs(self.loss) or trial.slope >= 0
        if uphill:
            self._high = trial
        else:
            self._low = trial
        if self._high is None:
            ahead = _secant(_Trial(0.0, self.loss, self._slope), trial)
            self._step = trial.step * min(max(ahead / trial.step, 2.0), 10.0) if ahead > 0 else trial.step * 10.0
            return
        width = self._high.step - self._low.step
        inside = _cubic(self._low, self._high) if math.isfinite(self._high.loss) else self._low.step + 0.1 * width
        self._step = min(max(inside, self._low.step + 0.1 * width), self._high.step - 0.1 * width)

    def _step_is_lost(self):
        """Whether the bracket is so narrow that float32 pixels no longer differ inside it."""
        return self._high is not None and self._high.step - self._low.step <= 1e-7 * self._high.step

    def _accept(self, trial, gradient):
        """Move to `trial`, remember the pair of differences, and begin the next search."""
        self._failures = 0
        self._change = trial.step * self._direction_rms
        self._x, conditioned, self._pairs, products = self._vectors.moved(
            self._pairs, self._next, self._x, trial.step, self._direction, gradient, self._gradient, self._conditioned
        )
        self._remember(*products)
        self._begin_search(trial.loss, gradient, conditioned)

    def _give_up(self):
        """Drop the memory and go on along the gradient from the best point of the failed search."""
        self._failures += 1
        self._forget()
        if self._best is not None:
            # Its gradient was not kept: a vector for so rare a case is more than an evaluation.
            self._x, self.loss = self.best(), self._best.loss
            self._best = None
            self._searching = False
            return
        self._change *= 0.1
        self.converged = self._failures > 2
        self._begin_search(self.loss, self._gradient, self._conditioned)

    def _begin_search(self, loss, gradient, conditioned):
        """Take the point with `loss` and `gradient` as the present one and choose the direction from it.

        `conditioned` is P(gradient), None without a preconditioner.
        """
        self.loss, self._gradient, self._conditioned = loss, gradient, conditioned
        self._searching = True
        self._best = None
        self._trials = 0
        self._step = 1.0
        self._choose_direction()
        if not self._slope < 0 and self._stored:
            self._forget()
            self._choose_direction()
        if not self._slope < 0:
            self.converged = True
        if self._stored == 0 and self._direction_rms > 0:
            self._step = self._change / self._direction_rms
        self._low, self._high = _Trial(0.0, loss, self._slope), None

    def _choose_direction(self):
        """Take the direction that the memory suggests; without a memory, straight down the gradient."""
        self._direction = None  # It is not needed any more, and vectors may be large.
        self._direction, self._slope, self._direction_rms = self._vectors.direction(
            self._gradient, self._conditioned, self._pairs, *self._coefficients()
        )

    def _forget(self):
        """Drop all pairs of differences."""
        self._stored = 0
        self._next = 0
        self._products = np.zeros((2 * self._history, 2 * self._history))
        self._by_gradient = np.zeros(2 * self._history)

    def _remember(self, by_y, by_gradient):
        """Count in the pair that was stored in place of the oldest.

        `by_y` and `by_gradient` are the inner products of all pairs with the change y of the gradient and with itself.
        """
        m, row = self._history, self._next
        self._by_gradient = by_gradient
        # Those of s with older y's are never asked for.
        self._products[row] = self._products[:, row] = 0
        self._products[m + row] = self._products[:, m + row] = by_y
        self._next = (row + 1) % m
        self._stored = min(self._stored + 1, m)
        if self._products[row, m + row] <= 0:
            self._forget()  # Only rounding can do this to a step that Wolfe's conditions accepted.

    def _coefficients(self):
        """Return (coefficients, scale): the direction is coefficients · pairs + scale · P(gradient)."""
        m = self._history
        c, e = np.zeros(2 * m), np.zeros(2 * m)
        if self._stored == 0:
            return c, -1.0
        newest_first = [(self._next - 1 - age) % m for age in range(self._stored)]
        products = self._products
        # q = gradient + Σ c y is kept as its coefficients: P q = P(gradient) + c · pairs. Then r = scale · P q + Σ e s.
        # Row i of the products has those of s, row m + i those of y, with all s and, by P, with all y.
        alphas = {}
        for i in newest_first:
            alphas[i] = (self._by_gradient[i] + products[i] @ c) / products[i, m + i]
            c[m + i] -= alphas[i]
        newest = newest_first[0]
        scale = products[newest, m + newest] / products[m + newest, m + newest]
        for i in reversed(newest_first):
            beta = (scale * (self._by_gradient[m + i] + products[m + i] @ c) + products[m + i] @ e) / products[i, m + i]
            e[i] += alphas[i] - beta
        return -(scale * c + e), -scale


class Vectors:
    """The compiled work on vectors of one length: in few calls or, if they are LONG, in many that need less memory.

    It knows none of them, so that all optimisers of such vectors may share it.
    """

    def __init__(self, length, precondition=None):
        """Set up; functions are compiled when they are first needed.

        `precondition` is a symmetric, positive definite function from vectors to vectors of arrays, which says how far
        the directions may go before anything is known of them; without it, all alike.
        """
        self._is_long = length > LONG
        part = backend.compiled if self._is_long else lambda function: function
        self._scaled = part(lambda factor, vector: factor * vector)
        self._difference = part(lambda a, b: a - b)
        self._products = part(_products)
        self._along = backend.compiled(_along)
        self._measures = backend.compiled(_measures)
        self._direction = backend.compiled(_direction)
        self._conditioned = precondition and backend.compiled(precondition)
        self._sum = self._along if self._is_long else _along
        self._moved = self._move if self._is_long else backend.compiled(self._move, consumes_first=True)

    def along(self, x, step, direction):
        """Return x + step · direction."""
        return self._along(x, np.float32(step), direction)

    def measures(self, gradient, direction):
        """Return the inner product of both and the norm of the gradient, as floats."""
        product, square = self._summed(self._measures, gradient, direction)
        return float(product), math.sqrt(square)

    def conditioned(self, vector):
        """Return P(vector), None without a preconditioner."""
        return self._conditioned and self._conditioned(vector)

    def moved(self, pairs, row, x, step, direction, gradient, before, conditioned_before):
        """Go one step and store, in the `row` of each half of `pairs`, s = step · direction and P y.

        y is the change of the gradient from `before`, `conditioned_before` P(before). Returns x + s, P(gradient), the
        pairs, and the inner products of all of them with y and with the gradient, float64 (2, rows). The arrays passed
        in as `pairs` are used up by this. Without a preconditioner P(…) is None.
        """
        # By itself, for it is large to compile, and what the first gradient needs is compiled already.
        conditioned = self.conditioned(gradient)
        arguments = np.int32(row), x, np.float32(step), direction, gradient, before, conditioned, conditioned_before
        x, pairs, products = self._moved(pairs, *arguments)
        return x, conditioned, pairs, ops.convert_to_numpy(products).astype("float64")

    def _summed(self, function, *arrays):
        """Return function(*arrays), numpy's, that is a sum over the last dimension; of LONG arrays in pieces."""
        if not self._is_long:
            return ops.convert_to_numpy(function(*arrays))
        pieces = (slice(begin, begin + PIECE) for begin in range(0, arrays[0].shape[-1], PIECE))
        parts = (function(*(array[..., piece] for array in arrays)) for piece in pieces)
        return sum(ops.convert_to_numpy(part).astype("float64") for part in parts)

    def _move(self, pairs, row, x, step, direction, gradient, before, conditioned, conditioned_before):
        pairs = backend.with_row(pairs, row, self._scaled(step, direction))
        changed = self._difference(gradient, before)
        moved = changed if conditioned is None else self._difference(conditioned, conditioned_before)
        pairs = backend.with_row(pairs, pairs.shape[0] // 2 + row, moved)
        del moved
        if self._is_long:
            products = self._summed(self._products, pairs, changed, gradient)
        else:
            products = _products(pairs, changed, gradient)
        del changed
        return self._sum(x, step, direction), pairs, products

    def direction(self, gradient, conditioned, pairs, coefficients, scale):
        """Return d = coefficients · pairs + scale · P(gradient), its inner product with `gradient`, and its RMS.

        `conditioned` is P(gradient), None without a preconditioner.
        """
        conditioned = gradient if conditioned is None else conditioned
        factors = np.array([*coefficients, scale], "float32")
        direction, numbers = self._direction(gradient, conditioned, pairs, factors)
        slope, mean_square = ops.convert_to_numpy(numbers)
        return direction, float(slope), math.sqrt(mean_square)


def _along(x, step, direction):
    """Return x + step · direction."""
    return x + step * direction


def _measures(gradient, direction):
    """Return the inner product of both, and of the gradient with itself."""
    return ops.stack([ops.sum(gradient * direction), ops.sum(ops.square(gradient))])


def _products(pairs, *vectors):
    """Return the inner products of each of the `vectors` with all rows of `pairs` (vectors, rows)."""
    return backend.product(ops.stack(vectors), pairs, transpose_b=True)


def _direction(gradient, conditioned, pairs, factors):
    """Return d = factors · (pairs, conditioned), its inner product with `gradient`, and the mean of its squares."""
    factors = ops.convert_to_tensor(factors)
    direction = ops.matmul(factors[None, :-1], pairs)[0] + factors[-1] * conditioned
    return direction, ops.stack([ops.sum(direction * gradient), ops.mean(ops.square(direction))])


def _secant(a, b):
    """Return where the slope, taken as linear through the trials `a` and `b`, is zero; negative if it never is."""
    return b.step - b.slope * (b.step - a.step) / (b.slope - a.slope) if b.slope > a.slope else -1.0


def _cubic(a, b):
    """Return the minimiser of the cubic through two trials (Nocedal & Wright, equation 3.59), or their middle."""
    d1 = a.slope + b.slope - 3 * (a.loss - b.loss) / (a.step - b.step)
    square = d1 * d1 - a.slope * b.slope
    if not square >= 0:
        return (a.step + b.step) / 2
    d2 = math.copysign(math.sqrt(square), b.step - a.step)
    denominator = b.slope - a.slope + 2 * d2
    if denominator == 0:
        return (a.step + b.step) / 2
    return b.step - (b.step - a.step) * (b.slope + d2 - d1) / denominator
