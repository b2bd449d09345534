"""What the losses are checked against: random features, definitions in numpy, and finite differences."""

import numpy as np


def features(height, width, channels, seed):
    return np.random.default_rng(seed).normal(size=(1, height, width, channels)).astype("float32")


def evaluate(loss, features):
    return float(loss.value(loss.sums(features, loss.guides)))


def numerical_gradient(function, x, step=1e-2):
    """Central differences of a scalar function of an array."""
    gradient = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        upper, lower = x.copy(), x.copy()
        upper[index] += step
        lower[index] -= step
        gradient[index] = (function(upper) - function(lower)) / (2 * step)
    return gradient


def flat_gram(x, weights=1.0):
    matrix = x.astype("float64").reshape(-1, x.shape[-1])
    return matrix.T @ (matrix * np.reshape(weights, (-1, 1)))
