"""A preconditioner for images: large forms move more easily than small ones.

Changed alone, a pixel hardly changes the features of deep layers, which look at many pixels; changed with its
neighbours, it does. So an optimiser that takes all pixels for alike spends its first evaluations on grain.
"""

import numpy as np
from keras import ops

from neural_style import backend

EXPONENT = 0.5
"""A wave of twice the length may go 2^EXPONENT times as far."""

SMALLEST = 8
"""Rows or columns below which an image is not made smaller any more."""

BLOCK = 128
"""Rows of a matrix that are multiplied at once, by those columns alone that are not zero in all of them. With fewer,
more operations have to be compiled, which takes longer than the products save."""

BLOCK_ON_GPU = 512
"""The same on a GPU, which does a small product in no more time than it takes to begin one (at 400×400 there are 24
operations in place of 34)."""


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
        self._levels = []
        factor = 2**exponent - 1
        while min(size) >= SMALLEST:
            self._levels.append(_Level(size, factor))
            size, factor = self._levels[-1].smaller, 2**exponent

    def __call__(self, vector):
        # Each row has its three colours one after the other, so that all of the work is products of two matrices.
        height, width = self._size
        image = ops.transpose(ops.reshape(vector, (height, width, 3)), (0, 2, 1))
        image = self._from(0, ops.reshape(image, (height, 3 * width)))
        return ops.reshape(ops.transpose(ops.reshape(image, (height, 3, width)), (0, 2, 1)), (-1,))

    def _from(self, index, image):
        """Return P_k of an image (height, 3 · width), k being the `index`."""
        if index == len(self._levels):
            return image
        level = self._levels[index]
        return image + level.spread(self._from(index + 1, level.halved(image)))


class _Level:
    """The filter D of images of (height, width) `size`, and c · U; `smaller` is the size of what D makes of them."""

    def __init__(self, size, factor):
        """`factor` is c."""
        (height, width), (rows, columns) = size, map(_halving, size)
        self.smaller = len(rows), len(columns)
        spread = height / len(rows) * width / len(columns)  # 4, but for odd sizes
        self._size = size
        self._halve_rows, self._spread_rows = _Banded(rows), _Banded(rows.T)
        self._halve_columns, self._spread_columns = _Banded(columns), _Banded(np.float32(spread * factor) * columns.T)

    def halved(self, image):
        """Return D(image), (h, 3 · w), of an image (height, 3 · width)."""
        height, width = self.smaller
        image = ops.reshape(self._halve_rows.times(image), (3 * height, self._size[1]))
        return ops.reshape(self._halve_columns.times_transposed(image), (height, 3 * width))

    def spread(self, image):
        """Return c · U(image), (height, 3 · width), of an image (h, 3 · w)."""
        height, width = self.smaller
        image = self._spread_columns.times_transposed(ops.reshape(image, (3 * height, width)))
        return self._spread_rows.times(ops.reshape(image, (height, 3 * self._size[1])))


class _Banded:
    """A constant matrix (m, n) that is zero but for a band, in blocks of rows, each of the columns it needs."""

    def __init__(self, matrix):
        block = BLOCK if backend.on_cpu() else BLOCK_ON_GPU
        blocks = _blocks(matrix, block) if len(matrix) > block else [(matrix, slice(None))]
        self._blocks = [(backend.constant(rows), band) for rows, band in blocks]

    def times(self, values):
        """Return the product of the matrix and `values` (n, k)."""
        return _joined([ops.matmul(rows, values[band]) for rows, band in self._blocks], axis=0)

    def times_transposed(self, values):
        """Return the product of `values` (k, n) and the transpose of the matrix."""
        return _joined([ops.matmul(values[:, band], rows.T) for rows, band in self._blocks], axis=1)


def _joined(parts, axis):
    return parts[0] if len(parts) == 1 else ops.concatenate(parts, axis=axis)


def _blocks(matrix, block):
    """Yield `block` rows of a banded `matrix` after the other, each with the slice of columns that are not all zero."""
    for begin in range(0, len(matrix), block):
        rows = matrix[begin : begin + block]
        used = np.flatnonzero(rows.any(axis=0))
        band = slice(int(used[0]), int(used[-1]) + 1)
        yield np.ascontiguousarray(rows[:, band]), band


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
