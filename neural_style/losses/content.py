"""How far a painting is from its photograph."""

from dataclasses import dataclass

import numpy as np
from keras import ops

from models.vgg import COLOUR_DEVIATION
from neural_style.losses.loss import Loss


@dataclass(frozen=True)
class SquaredError:
    """The form of `ContentLoss`: m · sum((F − F_c)²), m being the target and F_c the guide of the `layer`."""

    layer: str

    @property
    def layers(self):
        return (self.layer,)

    def sums(self, features, guides):
        return {"squared_error": ops.sum(ops.square(ops.subtract(features[self.layer], guides[self.layer])))}

    def value(self, sums, targets):
        return ops.multiply(targets, sums["squared_error"])


class ContentLoss(Loss):
    """How far the features F of one layer are from the content's F_c: m · sum((F − F_c)²).

    Gatys et al. 2015, arXiv 1508.06576, equation 1, with the factor m by `kind`; C is the number of channels of the
    layer, and (H, W) the size of the generated image:

        0: m = 1
        1: m = 1 / (2 · √C · √(H·W))
        2: m = 1 / (C · H · W)
        3: m = 1 / (C · h · w · 58²), the mean over the layer's own positions h · w and channels, of features divided by
           COLOUR_DEVIATION, so that the same weight means the same at every size and layer
    """

    def __init__(self, layer, target, size, kind=0):
        """`target` is F_c, float32 (1, h, w, C); `size` is (H, W) in pixels."""
        channels, pixels = target.shape[-1], size[0] * size[1]
        factors = {0: 1.0, 1: 1 / (2 * np.sqrt(channels * pixels)), 2: 1 / (channels * pixels)}
        factors[3] = 1 / (np.size(target) * COLOUR_DEVIATION**2)
        super().__init__(SquaredError(layer), np.float32(factors[kind]), {layer: target})


def variance(target):
    """Return how much the features of a photograph, float32 (1, h, w, C), vary over positions: the mean over channels.

    Of features divided by COLOUR_DEVIATION. Photographs have 8 to 16 at conv4_2.
    """
    mean = np.mean(target, axis=(0, 1, 2), dtype="float64")
    squares = np.mean([np.mean(np.square(row, dtype="float64")) for row in target[0]])
    return float(squares - np.mean(np.square(mean))) / COLOUR_DEVIATION**2
