"""A run is a sequence of evaluations that lower the loss and can be looked at between any two."""

import itertools
import math

import numpy as np
import pytest
from keras import ops

from neural_style.errors import InputError
from neural_style.painting.synthesis import optimiser_of, synthesise


class Bowl:
    """A stand-in for an objective: the squared distance from a target, as two terms."""

    def __init__(self, size=(3, 4), condition=100.0):
        self.size = size
        count = size[0] * size[1] * 3
        self.target = np.random.default_rng(0).uniform(0, 255, count)
        self._curvatures = np.geomspace(1, condition, count)

    def evaluate(self, vector, step=0.0, direction=None):
        point = vector if direction is None else vector + step * direction
        difference = np.asarray(point, "float64") - self.target
        loss = float(np.sum(self._curvatures * difference**2))
        gradient = ops.convert_to_tensor(2 * self._curvatures * difference, "float32")
        return loss, {"content": 0.25 * loss, "style": 0.75 * loss}, gradient


START = np.full((3, 4, 3), 128, "float32")


def stages(*bowls):
    """One scale for each objective; those after the first start where the one before ended."""
    return [lambda before, bowl=bowl: (bowl, optimiser_of(START if before is None else before)) for bowl in bowls]


def test_the_start_is_evaluation_0_and_every_iteration_has_its_evaluations():
    steps = list(synthesise(stages(Bowl()), [3], evaluations=5))
    assert [step.evaluation for step in steps] == list(range(16))
    assert [step.iteration for step in steps] == [0] + [1] * 5 + [2] * 5 + [3] * 5
    assert [step.evaluation for step in steps if step.ends_iteration] == [5, 10, 15]
    assert [step.evaluation for step in steps if step.ends_run] == [15]


def test_an_image_as_long_as_a_scarf_is_not_preconditioned():
    """The matrix of one of its halvings would have gigabytes."""
    assert optimiser_of(np.zeros((1, 100_000, 3), "float32")).point().shape == (300_000,)


def test_no_iterations_evaluate_the_start_and_keep_it():
    (only,) = synthesise(stages(Bowl()), [0])
    assert only.evaluation == 0
    assert only.ends_run
    assert not only.ends_iteration
    assert np.array_equal(only.image(), START)


def test_the_image_is_the_best_so_far_and_nears_the_target():
    bowl = Bowl()
    steps = list(synthesise(stages(bowl), [4], evaluations=20))
    best = min(step.total for step in steps)
    assert steps[-1].best == best
    assert bowl.evaluate(steps[-1].image().ravel())[0] == pytest.approx(best, rel=1e-3, abs=1e-3)
    assert np.allclose(steps[-1].image().ravel(), bowl.target, atol=1.0)


def test_the_memory_lives_on_across_iterations():
    """Four iterations of 5 are the same run as one of 20."""
    short = [step.total for step in synthesise(stages(Bowl()), [4], evaluations=5)]
    long = [step.total for step in synthesise(stages(Bowl()), [1], evaluations=20)]
    assert short == long


def test_the_run_stops_after_an_iteration_that_improves_too_little():
    steps = list(synthesise(stages(Bowl(condition=1e4)), [50], evaluations=5, min_improvement=50))
    assert steps[-1].ends_run
    assert steps[-1].ends_iteration
    bests = [steps[0].best] + [step.best for step in steps if step.ends_iteration]
    improvements = [100 * (1 - after / before) for before, after in itertools.pairwise(bests)]
    assert improvements[-1] < 50
    assert min(improvements[:-1], default=100) >= 50
    assert len(improvements) < 50


def test_scales_count_on_and_each_starts_where_the_one_before_ended():
    steps = list(synthesise(stages(Bowl(condition=10), Bowl(condition=1e4)), [2, 1], evaluations=3))
    assert [step.scale for step in steps] == [1] * 7 + [2] * 4
    assert [step.evaluation for step in steps] == list(range(11))
    assert {step.evaluations for step in steps} == {10}
    assert [step.iteration for step in steps] == [0, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3]
    assert [step.evaluation for step in steps if step.ends_iteration] == [3, 6, 10]
    assert [step.evaluation for step in steps if step.ends_run] == [10]
    assert steps[7].total == pytest.approx(Bowl(condition=1e4).evaluate(steps[6].image().ravel())[0], rel=1e-6)


def test_a_scale_that_ends_early_does_not_end_the_run():
    steps = list(synthesise(stages(Bowl(), Bowl()), [50, 1], evaluations=5, min_improvement=99.9999))
    first = [step for step in steps if step.scale == 1]
    assert first[-1].ends_iteration
    assert first[-1].iteration < 50
    assert not first[-1].ends_run
    assert (steps[-1].iteration, steps[-1].ends_run) == (51, True)


def test_the_terms_and_the_gradient_norm_are_those_of_the_evaluation():
    bowl = Bowl()
    first = next(iter(synthesise(stages(bowl), [1])))
    loss, terms, gradient = bowl.evaluate(START.ravel())
    assert first.total == loss
    assert first.terms == terms
    assert first.gradient_norm == pytest.approx(np.linalg.norm(gradient), rel=1e-5)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_start_whose_loss_is_not_finite_is_refused_and_the_term_named(value):
    class Broken(Bowl):
        def evaluate(self, vector, step=0.0, direction=None):
            _, _, gradient = super().evaluate(vector)
            return value, {"content": 1.0, "style": value}, gradient

    with pytest.raises(InputError, match="the style loss of the start image is not a finite number"):
        next(synthesise(stages(Broken()), [1]))


@pytest.mark.parametrize("evaluation", range(13))
def test_a_run_goes_on_after_any_evaluation_of_any_scale(evaluation):
    def run(resumed=None):
        return synthesise(stages(Bowl(), Bowl(condition=10.0)), [2, 1], 4, 1.0, resumed)

    whole = [(step.evaluation, step.scale, step.total, step.ends_run) for step in run()]
    step = next(step for step in run() if step.evaluation == evaluation)
    resumed = step.position(), {name: np.array(array) for name, array in step.state()}
    assert [(s.evaluation, s.scale, s.total, s.ends_run) for s in run(resumed)] == whole[evaluation + 1 :]


class BrokenLater(Bowl):
    """Its style loss is not a number from the `first` of its evaluations to the `last`."""

    def __init__(self, first, last):
        super().__init__()
        self._numbers, self._broken = iter(range(10**6)), range(first, last)

    def evaluate(self, vector, step=0.0, direction=None):
        loss, terms, gradient = super().evaluate(vector, step, direction)
        if next(self._numbers) in self._broken:
            return math.nan, {**terms, "style": math.nan}, gradient * math.nan
        return loss, terms, gradient


def test_a_loss_that_is_no_number_for_a_while_costs_only_its_evaluations():
    steps = list(synthesise(stages(BrokenLater(5, 9)), [4], evaluations=10))
    assert len(steps) == 41
    assert steps[-1].best < 1e-3 * steps[4].best
    assert np.isfinite(steps[-1].image()).all()


def test_a_loss_that_stays_no_number_ends_the_run_with_the_name_of_its_term():
    with pytest.raises(InputError, match="the style loss does not come back to a finite number: lower --content"):
        list(synthesise(stages(BrokenLater(5, 10**6)), [100], evaluations=10))
