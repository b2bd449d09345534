"""How rough a picture is."""

from dataclasses import dataclass

import numpy as np
from keras import ops

from neural_style.losses.loss import Loss


@dataclass(frozen=True)
class TotalVariation:
    """The form of `TotalVariationLoss`."""

    layers = ("image",)

    def sums(self, features, guides):
        image = features["image"]
        here = image[:, :-1, :-1]
        squares = ops.square(image[:, 1:, :-1] - here) + ops.square(image[:, :-1, 1:] - here)
        return {"variation": ops.sum(ops.power(squares, 1.25))}

    def value(self, sums, targets):
        return sums["variation"]


class TotalVariationLoss(Loss):
    """How rough the image is: sum((dx² + dy²)^1.25), dx and dy the differences to the right and lower neighbour.

    The sum runs over all pixels but the last row and column of `features["image"]`. A tile of an image therefore
    comes with one more row and column where there are more.
    """

    def __init__(self):
        super().__init__(TotalVariation())


WHITE = 255.0
"""The largest value of a colour."""

CHROMA = np.array([[-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]])
"""C_B and C_R of RGB, as rows (ITU-R BT.601, as JPEG has it)."""

CHROMA_FACTOR = 18.0
"""How much more the colours are smoothed than the light: their grain is what one sees as speckles."""


@dataclass(frozen=True)
class Smoothness:
    """The form of `SmoothnessLoss`, of its factor `chroma`; the target is what the sums are multiplied by."""

    chroma: float
    layers = ("image",)

    def sums(self, features, guides):
        # |d|² + c · |K d|² is the sum of squares of B d with Bᵀ B = I + c · Kᵀ K.
        basis = np.linalg.cholesky(np.eye(3) + self.chroma * CHROMA.T @ CHROMA).astype("float32")
        image = ops.matmul(features["image"], basis)
        here = image[:, :-1, :-1]
        squares = ops.square(image[:, 1:, :-1] - here) + ops.square(image[:, :-1, 1:] - here)
        return {"squares": ops.sum(squares)}

    def value(self, sums, targets):
        return ops.multiply(targets, sums["squares"])


class SmoothnessLoss(Loss):
    """How far neighbouring pixels differ: the mean of their squared differences, colours in 0..1, as

        (sum(|dx|² + |dy|²) + c · sum(|chroma(dx)|² + |chroma(dy)|²)) / (3 · H · W)

    dx and dy are the differences to the right and lower neighbour, c the factor `chroma`, and chroma(d) the colour
    differences C_B and C_R of d (ITU-R BT.601): grain is seen in colours rather than in light. The sums run over all
    pixels but the last row and column, as those of `TotalVariationLoss`.
    """

    def __init__(self, size, chroma=CHROMA_FACTOR):
        """`size` is (H, W) in pixels."""
        super().__init__(Smoothness(chroma), np.float32(1 / (3 * size[0] * size[1] * WHITE**2)))
