"""The preconditioner is symmetric and positive definite, and lets a wave of twice the length go farther."""

import numpy as np
import pytest

from neural_style import backend
from neural_style.optimiser.pyramid import EXPONENT, Pyramid


def applied(size, image):
    return np.reshape(np.asarray(Pyramid(size)(np.ravel(image).astype("float32"))), image.shape)


@pytest.mark.parametrize("size", [(7, 30), (16, 16), (33, 50), (97, 64), (140, 201)])
def test_it_is_symmetric_and_makes_no_vector_shorter(size):
    a, b = np.random.default_rng(0).normal(size=(2, *size, 3))
    by_a, by_b = applied(size, a), applied(size, b)
    assert np.sum(a * by_b) == pytest.approx(np.sum(by_a * b), rel=1e-3)
    assert np.sum(a * by_a) >= np.sum(a * a) * (1 - 1e-6)


def test_all_its_eigenvalues_are_at_least_one():
    size = (17, 12)
    units = np.zeros((17 * 12, *size, 3), "float32")
    units.reshape(17 * 12, 17 * 12, 3)[:, :, 0] = np.eye(17 * 12)
    matrix = np.stack([applied(size, unit)[..., 0].ravel() for unit in units])
    assert np.allclose(matrix, matrix.T, atol=1e-6)
    assert np.linalg.eigvalsh(matrix.astype("float64")).min() >= 1 - 1e-5


def test_colours_do_not_mix():
    image = np.zeros((32, 40, 3))
    image[..., 1] = np.random.default_rng(0).normal(size=(32, 40))
    assert not applied((32, 40), image)[..., [0, 2]].any()


@pytest.mark.parametrize(("side", "halvings"), [(8, 1), (64, 4), (128, 5)])
def test_a_flat_colour_goes_farthest(side, halvings):
    flat = np.ones((side, side, 3))
    assert np.allclose(applied((side, side), flat), 2 ** (EXPONENT * halvings), rtol=1e-5)


@pytest.mark.parametrize("size", [(9, 9), (75, 150), (101, 67), (300, 451)])
def test_a_flat_colour_stays_flat_up_to_the_border_at_any_size(size):
    result = applied(size, np.ones((*size, 3)))
    assert np.allclose(result, result.mean(), rtol=0.04)


def test_a_wave_of_twice_the_length_goes_two_to_the_exponent_times_as_far():
    def gain(length):
        wave = np.tile(np.sin(2 * np.pi * np.arange(256) / length)[:, None, None], (1, 256, 3))
        return np.sum(wave * applied((256, 256), wave)) / np.sum(wave * wave)

    gains = [gain(length) for length in (8, 16, 32, 64)]
    for longer, shorter in zip(gains[1:], gains, strict=False):
        assert longer / shorter == pytest.approx(2**EXPONENT, rel=0.1)


@pytest.mark.parametrize("size", [(97, 64), (140, 201), (1300, 70)])
def test_on_a_gpu_it_multiplies_larger_blocks_to_the_same_end(size, monkeypatch):
    image = np.random.default_rng(0).normal(size=(*size, 3))
    in_small_blocks = applied(size, image)
    monkeypatch.setattr(backend, "on_cpu", lambda: False)
    assert np.allclose(applied(size, image), in_small_blocks, atol=1e-5)
