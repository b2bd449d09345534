"""The time left is told from the work left, most of which is at the largest scale."""

import pytest

from neural_style.runs.pace import ANY_SIZE, START, Pace


def test_at_one_size_evaluations_take_the_same_and_the_start_as_long_as_some_more():
    pace = Pace([(100, 150)], [4], 5)
    assert pace.total == 20
    assert pace.left(1, 10, 100.0) == pytest.approx(100 * 10 / (11 + START))
    assert pace.left(1, 20, 100.0) == 0


def test_what_is_left_at_larger_scales_counts_as_its_pixels():
    pace = Pace([(100, 100), (200, 500)], [2, 1], 5)
    small, large = 10_000 + ANY_SIZE, 100_000 + ANY_SIZE
    assert pace.total == 16
    assert pace.left(1, 10, 30.0) == pytest.approx(30 * (START + 6) * large / ((START + 11) * small))
    done = (START + 11) * small + (START + 1) * large
    assert pace.left(2, 11, 30.0) == pytest.approx(30 * 5 * large / done)
    assert pace.left(2, 16, 30.0) == 0


def test_a_real_run_knew_its_time_within_a_third():
    """The seconds of a kitten of 384 rows, at the end of each of its scales, on two CPU cores."""
    sizes = [(96, 128), (136, 181), (192, 256), (272, 362), (384, 512)]
    pace = Pace(sizes, [10, 10, 5, 5, 5], 5)
    ends = [(50, 34.4), (101, 77.6), (127, 114.7), (153, 170.1), (179, 266.5)]
    for scale, (evaluation, seconds) in enumerate(ends, start=1):
        assert seconds + pace.left(scale, evaluation, seconds) == pytest.approx(266.5, rel=1 / 3)
