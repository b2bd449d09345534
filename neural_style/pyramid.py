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

    With D the binomial filter [1 3 3 1]/8 of which every other row and column is kept, edges repeated, and its
    transpose,

        P_k = I + c_k · 4 Dᵀ P_(k+1) D    with c_0 = 2^e − 1, c_k = 2^e and e = EXPONENT

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
        image = ops.reshape(vector, (*self._size, 3))
        return ops.reshape(self._level(image, self._size, 2**self._exponent - 1), (-1,))

    def _level(self, image, size, factor):
        if min(size) < SMALLEST:
            return image
        rows, columns = (self._down[length] for length in size)
        smaller = ops.einsum("bw,awc->abc", columns, ops.einsum("ah,hwc->awc", rows, image))
        smaller = self._level(smaller, (len(rows), len(columns)), 2**self._exponent)
        return image + ops.einsum("ah,awc->hwc", 4 * factor * rows, ops.einsum("bw,abc->awc", columns, smaller))


def _halving(length):
    """Return the matrix float32 (⌈length / 2⌉, length) that filters by [1 3 3 1]/8 and keeps every other position."""
    result = np.zeros(((length + 1) // 2, length), "float32")
    for row, weights in enumerate(result):
        for offset, weight in zip((-1, 0, 1, 2), (1, 3, 3, 1), strict=True):
            weights[min(max(2 * row + offset, 0), length - 1)] += weight / 8
    return result
