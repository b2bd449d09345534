"""A preconditioner for images: large forms move more easily than small ones.

Changed alone, a pixel hardly changes the features of deep layers, which look at many pixels; changed with its
neighbours, it does. So an optimiser that takes all pixels for alike spends its first evaluations on grain.
"""

import numpy as np
from keras import ops

from neural_style import autodiff

EXPONENT = 0.5
"""A wave of twice the length may go 2^EXPONENT times as far."""

SMALLEST = 8
"""Rows or columns below which an image is not made smaller any more."""

BLOCK = 64
"""Rows of a matrix that are multiplied at once, by those columns alone that are not zero in all of them."""

BLOCK_ON_GPU = 512
"""The same on a GPU, which does a small product in no more time than it takes to begin one (at 400×400 there are 32
operations in place of 108)."""


class Pyramid:
    """The symmetric, positive definite function P_0 of image vectors, from a pyramid of ever smaller images.

    With D a filter that makes an image half as long in both dimensions, of which each new pixel is a mean of old ones
    (see `_halving`), and U = 4 Dᵀ, which spreads a new pixel over the same old ones,

        P_k = I + c_k · U P_(k+1) D    with c_0 = 2^e − 1, c_k = 2^e and e = EXPONENT

    down to images of SMALLEST rows or columns, where P is I. The factors are such that a wave twice as long is
    multiplied by 2^e.
    """

    def __init__(self, size, exponent=EXPONENT):
        """`size` is the image's (height, width); vectors are flat, of height · width · 3 numbers."""
        self._size = size
        self._exponent = exponent
        self._block = BLOCK if autodiff.on_cpu() else BLOCK_ON_GPU
        self._down = {}
        while min(size) >= SMALLEST:
            self._down.update({length: _halving(length) for length in size})
            size = tuple((length + 1) // 2 for length in size)

    def __call__(self, vector):
        # Each row has its three colours one after the other, so that all of the work is products of two matrices.
        height, width = self._size
        image = ops.transpose(ops.reshape(vector, (height, width, 3)), (0, 2, 1))
        image = self._level(ops.reshape(image, (height, 3 * width)), self._size, 2**self._exponent - 1)
        return ops.reshape(ops.transpose(ops.reshape(image, (height, 3, width)), (0, 2, 1)), (-1,))

    def _level(self, image, size, factor):
        """Return P_k of an image (height, 3 · width) of the (height, width) `size`, its c_k being `factor`."""
        if min(size) < SMALLEST:
            return image
        (height, width), (rows, columns) = size, (self._down[length] for length in size)
        half_height, half_width = len(rows), len(columns)
        smaller = ops.reshape(self._times(rows, image), (3 * half_height, width))
        smaller = ops.reshape(self._times_transposed(smaller, columns), (half_height, 3 * half_width))
        smaller = self._level(smaller, (half_height, half_width), 2**self._exponent)
        spread = height / half_height * width / half_width  # 4, but for odd sizes
        across = np.float32(spread * factor) * columns.T
        wider = self._times_transposed(ops.reshape(smaller, (3 * half_height, half_width)), across)
        return image + self._times(rows.T, ops.reshape(wider, (half_height, 3 * width)))

    def _times(self, matrix, values):
        """Return the product of a constant banded `matrix` (m, n) and `values` (n, k)."""
        if len(matrix) <= self._block:
            return ops.matmul(matrix, values)
        return ops.concatenate([ops.matmul(rows, values[band]) for rows, band in _blocks(matrix, self._block)])

    def _times_transposed(self, values, matrix):
        """Return the product of `values` (k, n) and the transpose of a constant banded `matrix` (m, n)."""
        if len(matrix) <= self._block:
            return ops.matmul(values, matrix.T)
        parts = [ops.matmul(values[:, band], rows.T) for rows, band in _blocks(matrix, self._block)]
        return ops.concatenate(parts, axis=1)


def _blocks(matrix, block):
    """Yield `block` rows of a banded `matrix` after the other, each with the slice of columns that are not all zero."""
    for begin in range(0, len(matrix), block):
        rows = matrix[begin : begin + block]
        used = np.flatnonzero(rows.any(axis=0))
        band = slice(int(used[0]), int(used[-1]) + 1)
        yield rows[:, band], band


def _halving(length):
    """Return the matrix float32 (⌈length / 2⌉, length) that makes one dimension about half as long.

    Its filter is a triangle as wide as two of the new positions to each side; what would be beyond the border is folded
    back. So every old position counts for as much as any other, at odd lengths too, and the border moves no farther
    than what is beside it. At even lengths it is [1 3 3 1]/8.
    """
    half = (length + 1) // 2
    step = length / half
    centres = (np.arange(-1, half + 1) + 0.5) * step - 0.5
    weights = np.clip(1 - np.abs(np.arange(length) - centres[:, None]) / step, 0, None)
    weights[1] += weights[0]
    weights[-2] += weights[-1]
    return (weights[1:-1] / step).astype("float32")
