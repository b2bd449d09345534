"""A preconditioner for images: large forms move more easily than small ones.

Changed alone, a pixel hardly changes the features of deep layers, which look at many pixels; changed with its
neighbours, it does. So an optimiser that takes all pixels for alike spends its first evaluations on grain.
"""

import numpy as np
from keras import ops

EXPONENT = 0.5
"""A wave of twice the length may go 2^EXPONENT times as far."""

SMALLEST = 8
"""Rows or columns below which an image is not made smaller any more."""


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
        self._down = {}
        while min(size) >= SMALLEST:
            self._down.update({length: _halving(length) for length in size})
            size = tuple((length + 1) // 2 for length in size)

    def __call__(self, vector):
        # One colour after the other, so that all of the work is matrix products.
        colours = ops.transpose(ops.reshape(vector, (*self._size, 3)), (2, 0, 1))
        colours = self._level(colours, self._size, 2**self._exponent - 1)
        return ops.reshape(ops.transpose(colours, (1, 2, 0)), (-1,))

    def _level(self, colours, size, factor):
        """Return P_k of colours (3, height, width), its c_k being `factor`."""
        if min(size) < SMALLEST:
            return colours
        rows, columns = (self._down[length] for length in size)
        smaller = ops.matmul(ops.matmul(rows, colours), columns.T)
        smaller = self._level(smaller, (len(rows), len(columns)), 2**self._exponent)
        spread = size[0] / len(rows) * size[1] / len(columns)  # 4, but for odd sizes
        return colours + ops.matmul(np.float32(spread * factor) * rows.T, ops.matmul(smaller, columns))


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
