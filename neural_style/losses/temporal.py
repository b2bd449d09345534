"""How far a frame of a film is from where its motion has carried the frames before."""

from dataclasses import dataclass

import numpy as np
from keras import ops

from neural_style.losses.loss import Loss
from neural_style.losses.variation import WHITE


@dataclass(frozen=True)
class WeightedSquares:
    """The form of `TemporalLoss`; the guide of "image" is ω and, as a fourth channel, c."""

    layers = ("image",)

    def sums(self, features, guides):
        # A tile comes with one more row and column where there are more, which are another's.
        image, guide = features["image"][:, :-1, :-1], guides["image"][:, :-1, :-1]
        difference = ops.subtract(image, guide[..., :3])
        return {"squares": ops.sum(ops.multiply(guide[..., 3:], ops.square(difference)))}

    def value(self, sums, targets):
        return ops.multiply(targets, sums["squares"])


class TemporalLoss(Loss):
    """How far an image x is from earlier ones, warped to where they are now: sum(c · |x − ω|²) / (3 · H · W).

    Ruder, Dosovitskiy & Brox 2016, arXiv 1604.08610, equations 7 and 8, with colours in 0..1. ω is the earlier image
    and c, in 0..1, says where it can be relied on. Of several earlier images, each is taken only where the nearer ones
    say nothing (equation 9): then ω has, at each pixel, the one that is taken. The sum runs over all pixels but the
    last row and column, as those of the other losses of "image".
    """

    def __init__(self, warped, reliable):
        """`warped` is ω, RGB (height, width, 3) in 0..255, `reliable` is c (height, width)."""
        guide = np.concatenate([warped, reliable[..., None]], axis=-1).astype("float32")[None]
        super().__init__(WeightedSquares(), np.float32(1 / (warped.size * WHITE**2)), {"image": guide})
