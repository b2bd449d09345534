"""The optimiser takes the textbook's direction, satisfies Wolfe's conditions, and survives bad losses."""

import itertools
import math

import numpy as np
import pytest
from keras import backend, ops
from scipy.optimize import fmin_l_bfgs_b, rosen, rosen_der

from neural_style.optimiser import lbfgs
from neural_style.optimiser.lbfgs import LBFGS, Vectors


def minimise(function, start, evaluations, history=10, precondition=None):
    """Run the optimiser on function(x) -> (value, gradient); return it and the values it was told."""
    optimiser = LBFGS(np.asarray(start, "float32"), history, Vectors(len(start), precondition))
    values = []
    while len(values) < evaluations and not optimiser.converged:
        value, gradient = function(np.asarray(optimiser.point(), "float64"))
        values.append(value)
        optimiser.tell(float(value), ops.convert_to_tensor(gradient, "float32"))
    return optimiser, values


def rosenbrock(x):
    return rosen(x), rosen_der(x)


def bowl(n=200, condition=1e4):
    curvatures = np.geomspace(1, condition, n)
    return lambda x: (0.5 * np.sum(curvatures * x * x), curvatures * x)


def textbook_direction(s, y, gradient, factors):
    """Nocedal & Wright 2006, algorithm 7.4, on lists of vectors, oldest first; H_0 is a multiple of diag(factors)."""
    q, alphas = gradient.copy(), []
    for a, b in zip(reversed(s), reversed(y), strict=True):
        alphas.append(a @ q / (a @ b))
        q -= alphas[-1] * b
    r = factors * q * (s[-1] @ y[-1]) / (y[-1] @ (factors * y[-1]))
    for a, b, alpha in zip(s, y, reversed(alphas), strict=True):
        r += a * (alpha - b @ r / (a @ b))
    return -r


@pytest.mark.parametrize("preconditioned", [False, True])
def test_the_direction_is_that_of_the_two_loop_recursion(preconditioned):
    function, history = bowl(50, 100), 4
    start = np.random.default_rng(0).normal(size=50)
    factors = np.geomspace(1, 5, 50) if preconditioned else np.ones(50)
    precondition = (lambda vector: vector * factors.astype("float32")) if preconditioned else None
    optimiser = LBFGS(start.astype("float32"), history, Vectors(len(start), precondition))
    points, gradients = [], []
    while len(points) < 9:
        before = optimiser.loss
        x = np.asarray(optimiser.point(), "float64")
        value, gradient = function(x)
        optimiser.tell(value, ops.convert_to_tensor(gradient, "float32"))
        if optimiser.loss != before:
            points.append(x)
            gradients.append(gradient)
    s = [b - a for a, b in itertools.pairwise(points)][-history:]
    y = [b - a for a, b in itertools.pairwise(gradients)][-history:]
    expected = textbook_direction(s, y, gradients[-1], factors)
    assert np.allclose(optimiser._direction, expected, rtol=1e-3, atol=1e-3 * np.abs(expected).max())


def test_the_minimum_of_rosenbrocks_valley_is_found():
    optimiser, _ = minimise(rosenbrock, [-1.2, 1, -0.5, 0.8], 150)
    assert np.allclose(optimiser.best(), 1, atol=1e-2)


def test_an_ill_conditioned_bowl_takes_no_more_evaluations_than_scipy_needs():
    start = np.random.default_rng(1).normal(size=200) * 10
    theirs = []
    function = bowl()

    def recorded(x):
        theirs.append(function(x)[0])
        return function(x)

    fmin_l_bfgs_b(recorded, start, m=10, maxfun=100, factr=0, pgtol=0)
    _, ours = minimise(function, start, 100)
    assert min(ours[:100]) <= 1.1 * min(theirs[:100])


def test_a_fitting_preconditioner_saves_evaluations():
    function, start = bowl(), np.random.default_rng(1).normal(size=200) * 10
    factors = (1 / np.sqrt(np.geomspace(1, 1e4, 200))).astype("float32")
    plain, _ = minimise(function, start, 40)
    fitted, _ = minimise(function, start, 40, precondition=lambda vector: vector * factors)
    assert fitted.best_loss < 0.1 * plain.best_loss


def test_accepted_losses_never_rise_beyond_rounding():
    start = np.random.default_rng(2).normal(size=200)
    optimiser = LBFGS(start.astype("float32"))
    function, last = bowl(), math.inf
    for _ in range(80):
        value, gradient = function(np.asarray(optimiser.point(), "float64"))
        optimiser.tell(value, ops.convert_to_tensor(gradient, "float32"))
        assert optimiser.loss <= last * (1 + 2e-6)
        last = optimiser.loss


def test_progress_goes_on_where_float32_no_longer_tells_losses_apart():
    """A bowl on a loss of a thousand million: its depth is a few units in the last place of float32."""
    curvatures = np.geomspace(1, 100, 100)

    def function(x):
        return float(np.float32(1e9 + 0.5 * np.sum(curvatures * x * x))), curvatures * x

    start = np.random.default_rng(3).normal(size=100)
    optimiser, _ = minimise(function, start, 60)
    assert np.linalg.norm(curvatures * np.asarray(optimiser.best())) < 1e-3 * np.linalg.norm(curvatures * start)


def test_a_loss_that_is_not_finite_is_never_accepted():
    def cliff(x):
        if np.abs(x).max() > 3.2:
            return math.nan, np.full_like(x, math.nan)
        value = -np.sum(x)
        return value, -np.ones_like(x)

    optimiser, values = minimise(cliff, np.zeros(5), 60)
    assert any(math.isnan(value) for value in values)
    assert math.isfinite(optimiser.best_loss)
    assert np.isfinite(np.asarray(optimiser.best())).all()
    assert optimiser.best_loss < -10


def test_an_infinite_gradient_with_a_finite_loss_is_not_accepted():
    def function(x):
        return np.sum(x * x), 2 * x if np.abs(x).max() > 1 else np.full_like(x, math.inf)

    optimiser, _ = minimise(function, np.full(4, 10.0), 40)
    assert np.isfinite(np.asarray(optimiser.point())).all()
    assert np.isfinite(optimiser.best_loss)


def test_the_best_point_has_the_lowest_loss_told():
    optimiser, values = minimise(rosenbrock, [-1.2, 1.0], 23)
    assert optimiser.best_loss == min(values)
    assert rosen(np.asarray(optimiser.best(), "float64")) == pytest.approx(min(values), rel=1e-4)


def test_at_the_minimum_the_optimiser_says_that_it_has_converged():
    optimiser, values = minimise(lambda x: (float(np.sum(x * x)), 2 * x), np.zeros(6), 10)
    assert optimiser.converged
    assert values == [0.0]


def test_misleading_gradients_end_in_convergence_and_not_in_a_hang():
    optimiser, values = minimise(lambda x: (float(np.sum(x * x)), -2 * x), np.ones(6), 500)
    assert optimiser.converged
    assert optimiser.best_loss == values[0]


def test_long_vectors_are_multiplied_in_pieces(monkeypatch):
    _, values = minimise(bowl(), np.ones(200), 30)
    monkeypatch.setattr(lbfgs, "LONG", 100)
    monkeypatch.setattr(lbfgs, "PIECE", 64)
    assert minimise(bowl(), np.ones(200), 30)[1] == pytest.approx(values, rel=1e-2)


@pytest.mark.skipif(backend.backend() == "torch", reason="nothing is compiled with PyTorch")
def test_what_is_compiled_is_compiled_once_for_all_steps_and_rows():
    looks = []

    def precondition(vector):
        looks.append(vector)
        return vector * 2.0

    optimiser, _ = minimise(bowl(), np.ones(200), 60, precondition=precondition)
    assert optimiser._stored == 10
    assert len(looks) == 1


def test_the_norm_of_the_gradient_is_that_of_the_last_one_told(monkeypatch):
    function = bowl()
    for _ in ("short", "long"):
        optimiser = LBFGS(np.ones(200, "float32"))
        for _ in range(5):
            _, gradient = function(np.asarray(optimiser.point(), "float64"))
            optimiser.tell(1.0, ops.convert_to_tensor(gradient, "float32"))
            assert optimiser.gradient_norm == pytest.approx(np.linalg.norm(gradient), rel=1e-5)
        monkeypatch.setattr(lbfgs, "LONG", 100)
        monkeypatch.setattr(lbfgs, "PIECE", 64)


@pytest.mark.parametrize("preconditioned", [False, True])
@pytest.mark.parametrize("count", [1, 2, 9, 30])
def test_an_optimiser_goes_on_from_its_state_to_the_last_bit(count, preconditioned):
    function = bowl(60)
    start = np.random.default_rng(0).normal(size=60).astype("float32")
    factors = np.geomspace(1, 3, 60).astype("float32")
    precondition = (lambda vector: vector * factors) if preconditioned else None
    kind = {"history": 5, "vectors": Vectors(60, precondition)}

    def steps(optimiser, count):
        points = []
        for _ in range(count):
            points.append(np.asarray(optimiser.point()).copy())
            value, gradient = function(points[-1].astype("float64"))
            optimiser.tell(float(value), ops.convert_to_tensor(gradient, "float32"))
        return points

    optimiser = LBFGS(start, **kind)
    steps(optimiser, count)
    copy = LBFGS(np.zeros(60, "float32"), **kind)
    copy.restore({name: np.array(array) for name, array in optimiser.state()})
    assert np.array_equal(copy.best(), optimiser.best())
    for mine, theirs in zip(steps(copy, 12), steps(optimiser, 12), strict=True):
        assert np.array_equal(mine, theirs)
